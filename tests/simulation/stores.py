"""Where sounds are kept: audio, files and folders that are only pretended, for the real `Finisher`."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from logdrum_protocol import bounds as b
from logdrum_protocol.hub_messages import Asset
from logdrum_server.tape import Tape
from tests.simulation.separations import FOLDER
from tests.simulation.sound import Turns

END: Final = "the end of what was asked so far"
"""The folder of no job, whose removal says that everything before it was carried out."""


class SimulatedRecorder:
    """Keeps audio in memory, and what it is asked for it checks."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._audio: dict[str, bytearray] = {}

    def path_for(self, room: str, stream: str) -> Path:
        """As `Recorder.path_for`."""
        return Path(stream)

    async def save(self, tapes: Iterable[Tape]) -> None:
        """As `Recorder.save`."""
        for tape in tapes:
            for piece in tape.unsaved():
                kept = self._audio.setdefault(tape.stream, bytearray())
                kept.extend(bytes(max(0, piece.end - len(kept))))
                kept[piece.start : piece.end] = piece.pcm
                tape.saved = piece.end

    async def read(self, tape: Tape, start: b.Sample, end: b.Sample) -> bytes:
        """As `Recorder.read`."""
        if end > tape.saved:
            await self.save([tape])
        if tape.stream not in self._audio:
            raise FileNotFoundError(tape.stream)
        return bytes(self._audio[tape.stream][start:end])

    async def to_wav(self, tape: Tape, assets: Path) -> b.AssetId:
        """As `Recorder.to_wav`; what is stored is what was rendered."""
        job, _, stem = tape.stream.partition(".")
        stored = b""
        for start, end in tape.course.spans(*tape.held):
            kept = await self.read(tape, start, end)
            assert kept == self._turns.sound(job, stem, start, end - start), f"{tape.stream} is kept as something else"
            stored += kept
        assert len(stored) == tape.samples, f"{tape.stream} is stored with {len(stored)} of {tape.samples}"
        return hashlib.sha256(stored).hexdigest()

    def forget(self, tape: Tape) -> None:
        """As `Recorder.forget`."""
        self._audio.pop(tape.stream, None)


class SimulatedFolders:
    """Folders of separations: which there are, and what engines have written there."""

    def __init__(self) -> None:
        self.standing: set[b.JobId] = set()
        self.written: set[tuple[b.JobId, str]] = set()
        self.ends = 0

    def make(self, job: b.JobId) -> str:
        """As `StemFolders.make`."""
        self.standing.add(job)
        return f"{FOLDER}/{job}"

    def file(self, job: b.JobId, name: str) -> Path:
        """As `StemFolders.file`."""
        if job not in self.standing or (job, name) not in self.written:
            raise FileNotFoundError(name)
        return Path(FOLDER, job, name)

    def remove(self, job: b.JobId) -> None:
        """As `StemFolders.remove`."""
        self.ends += job == END
        self.standing.discard(job)
        self.written -= {file for file in self.written if file[0] == job}


class SimulatedAssets:
    """Files by their hash, and which of them the room is noted to hold."""

    folder = Path("assets")

    def __init__(self) -> None:
        self.noted: dict[b.AssetId, Asset] = {}

    def adopt(self, file: Path) -> b.AssetId:
        """As `AssetStore.adopt`."""
        return hashlib.sha256(str(file).encode()).hexdigest()

    def note(self, room: b.RoomId, asset: Asset) -> None:
        """As `AssetStore.note`."""
        self.noted[asset.asset] = asset

    def forget(self, room: b.RoomId, asset: b.AssetId) -> None:
        """As `AssetStore.forget`."""
        self.noted.pop(asset, None)

    def discard(self, asset: b.AssetId) -> None:
        """As `AssetStore.discard`."""
