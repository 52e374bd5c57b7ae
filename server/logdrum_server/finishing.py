"""Makes what jobs have finished sounds of their rooms, one after another and off the event loop (A4, J11)."""

import asyncio
import logging
from typing import Final, NamedTuple

from logdrum_protocol import bounds as b
from logdrum_protocol.engine_messages import AssetChecked
from logdrum_protocol.hub_messages import Asset
from logdrum_server.assets import AssetStore
from logdrum_server.core.effects import CloseTape
from logdrum_server.errors import RequestError
from logdrum_server.live_room import LiveRoom
from logdrum_server.recorder import Recorder
from logdrum_server.stem_folders import StemFolders
from logdrum_server.tape import Tape

log = logging.getLogger(__name__)

_CANONICAL: Final = (b.SAMPLE_RATE, b.CHANNELS)
_WAV: Final = "wav"
_FLAC: Final = "flac"


class _Finished(NamedTuple):
    room: LiveRoom
    tape: Tape
    closing: CloseTape


class Finisher:
    """Stores finished streams in the order in which they finished, and then removes what they were stored from."""

    def __init__(self, recorder: Recorder, assets: AssetStore, folders: StemFolders) -> None:
        self._recorder = recorder
        self._assets = assets
        self._folders = folders
        self._waiting: asyncio.Queue[_Finished | b.JobId] = asyncio.Queue()

    def close(self, room: LiveRoom, tape: Tape, closing: CloseTape) -> None:
        """Store a stream, and say `stream.close` then."""
        self._waiting.put_nowait(_Finished(room, tape, closing))

    def forget(self, job: b.JobId) -> None:
        """Remove what the engine wrote of a job, behind what waits to be stored of it."""
        self._waiting.put_nowait(job)

    async def run(self) -> None:
        """Carry out what waits; ends only by cancellation."""
        while True:
            match await self._waiting.get():
                case _Finished(room, tape, closing):
                    room.announce_close(tape, await self._store(room, tape, closing))
                case job:
                    await asyncio.to_thread(self._folders.remove, job)

    async def _store(self, room: LiveRoom, tape: Tape, closing: CloseTape) -> b.AssetId | None:
        """Make a finished stream an asset of its room; None where it is one already, or no whole was kept (A4)."""
        if not closing.is_sound or room.is_gone:
            return None
        try:
            held, kind = await self._from_engine(tape, closing), _FLAC
            if held is None:
                held, kind = await self._from_tape(tape), _WAV
            if held is None:
                return None
            title, by = _origin(room, tape)
            await self.keep(room, held, f"{title}.{kind}", by)
        except (OSError, RequestError):
            log.error("stream was not stored as an asset", extra={"room": room.name, "stream": tape.stream})
            return None
        return held.asset

    async def _from_engine(self, tape: Tape, closing: CloseTape) -> AssetChecked | None:
        """The file that the engine wrote of a stream; None where there is none that can be it."""
        file = closing.file
        if file is None or (file.samples, file.sample_rate, file.channels) != (closing.samples, *_CANONICAL):
            return None
        job, _, _ = tape.stream.partition(".")
        try:
            asset = await asyncio.to_thread(self._assets.adopt, self._folders.file(job, file.name))
        except OSError:
            log.warning("stem's file cannot be taken", extra={"stream": tape.stream})
            return None
        return AssetChecked(asset=asset, samples=file.samples, sample_rate=file.sample_rate, channels=file.channels)

    async def _from_tape(self, tape: Tape) -> AssetChecked | None:
        """What the hub kept of a stream, as a file; raises OSError."""
        if not tape.is_whole:
            return None
        samples = tape.samples
        asset = await self._recorder.to_wav(tape, self._assets.folder)
        return AssetChecked(asset=asset, samples=samples, sample_rate=b.SAMPLE_RATE, channels=b.CHANNELS)

    async def keep(self, room: LiveRoom, held: AssetChecked, name: str, by: b.SessionId | None) -> Asset:
        """Put a sound into a room's history; raises OSError and `RequestError`, and then the room does not hold it."""
        note = Asset(
            seq=0,
            asset=held.asset,
            name=name,
            samples=held.samples,
            sample_rate=held.sample_rate,
            channels=held.channels,
            by=by,
        )
        self._assets.note(room.name, note)  # first, so that whoever hears of it can fetch it
        try:
            return await room.record_asset(note)
        except RequestError:
            self._assets.forget(room.name, note.asset)
            self._assets.discard(note.asset)
            raise


def _origin(room: LiveRoom, tape: Tape) -> tuple[str, b.SessionId | None]:
    """What a finished stream is called as a sound, and who asked for it."""
    job, _, stem = tape.stream.partition(".")
    asked = room.state.jobs.get(job)
    return (tape.stream, None) if asked is None else (asked.title(stem), asked.view.by)
