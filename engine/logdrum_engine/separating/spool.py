"""The stems of a job on disk: each sample at its own place as it settles, and FLAC at the end (Q10)."""

import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import numpy as np
import numpy.typing as npt
import soundfile

from logdrum_engine.mixdown import quantized
from logdrum_engine.separation.interface import LogDrumNote
from logdrum_protocol.bounds import CHANNELS
from logdrum_protocol.engine_messages import StemFile

from .sources import CANONICAL_RATE

log = logging.getLogger(__name__)

_FRAME_BYTES: Final = 4 * CHANNELS
_BLOCK_SAMPLES: Final = 10 * CANONICAL_RATE
"""What is encoded between two looks at what else there is to do."""

_NOTES: Final = "notes.jsonl"


class Spool:
    """Files in a folder that outlive the engine; a disk that takes no more costs the files, never the job."""

    def __init__(self, folder: str | None, stems: Sequence[str], *, goes_on: bool) -> None:
        """Begin, or with `goes_on` take up what is there; without a folder nothing is kept."""
        self._folder = Path(folder or ".")
        self._files: dict[str, BinaryIO] = {}
        self.finished: tuple[StemFile, ...] = ()
        if folder is not None:
            with self._as_long_as_it_works():
                for stem in stems:
                    self._files[stem] = (self._folder / f"{stem}.f32").open("r+b" if goes_on else "w+b")

    @classmethod
    def of_live(cls, folder: str | None, stems: Sequence[str]) -> "Spool":
        """Take up what is there, or begin: before a live separation's first sample all is silence anyway."""
        is_there = folder is not None and all((Path(folder) / f"{stem}.f32").exists() for stem in stems)
        return cls(folder, stems, goes_on=is_there)

    def notes(self) -> list[LogDrumNote]:
        """Return the notes that were kept before."""
        with suppress(OSError, msgspec.MsgspecError):
            kept = (self._folder / _NOTES).read_bytes() if self._files else b""
            whole = kept[: kept.rfind(b"\n") + 1]  # the last is cut short where the engine was lost in the middle of it
            return [msgspec.json.decode(line, type=LogDrumNote) for line in whole.splitlines()]
        return []

    def write(self, start: int, stems: npt.NDArray[np.float32]) -> None:
        """Keep a span of all stems  # [stems, 2, m]."""
        with self._as_long_as_it_works():
            for file, sound in zip(self._files.values(), stems, strict=False):  # none any more: nothing is kept
                file.seek(start * _FRAME_BYTES)
                file.write(sound.T.astype("<f4", order="C").tobytes())
                file.flush()

    def write_notes(self, notes: Sequence[LogDrumNote]) -> None:
        """Keep notes besides those that are kept."""
        self._put_notes(notes, "ab")

    def cut(self, samples: int, notes: Sequence[LogDrumNote]) -> None:
        """Forget what is from a sample on, and all notes but these."""
        with self._as_long_as_it_works():
            for file in self._files.values():
                file.truncate(min(samples * _FRAME_BYTES, file.seek(0, 2)))
        self._put_notes(notes, "wb")

    def _put_notes(self, notes: Sequence[LogDrumNote], mode: str) -> None:
        with self._as_long_as_it_works():
            if self._files and (notes or mode == "wb"):
                with (self._folder / _NOTES).open(mode) as file:
                    file.write(b"".join(msgspec.json.encode(note) + b"\n" for note in notes))

    def encode(self, samples: int) -> Generator[None, None, None]:
        """Write every stem as FLAC, a block at a time, and say at the end which have been `finished`."""
        with self._as_long_as_it_works():
            finished = []
            for stem in self._files if samples else ():
                yield from self._encode(stem, samples)
                finished.append(
                    StemFile(
                        stem=stem,
                        name=f"{stem}.flac",
                        samples=samples,
                        sample_rate=CANONICAL_RATE,
                        channels=CHANNELS,
                    )
                )
            self.finished = tuple(finished)
        self._drop()

    def _encode(self, stem: str, samples: int) -> Iterator[None]:
        path = self._folder / f"{stem}.flac"
        with soundfile.SoundFile(path, "w", CANONICAL_RATE, CHANNELS, "PCM_24", format="FLAC") as flac:
            for at in range(0, samples, _BLOCK_SAMPLES):
                flac.write(quantized(self._read(stem, at, min(_BLOCK_SAMPLES, samples - at))))
                yield

    def _read(self, stem: str, start: int, samples: int) -> npt.NDArray[np.float64]:
        """A span of a stem  # [samples, 2]  with silence for what was never written."""
        frames = np.zeros((samples, CHANNELS))
        file = self._files[stem]
        file.seek(start * _FRAME_BYTES)
        kept = np.frombuffer(file.read(samples * _FRAME_BYTES), "<f4").reshape(-1, CHANNELS)
        frames[: len(kept)] = kept
        return frames

    @contextmanager
    def _as_long_as_it_works(self) -> Iterator[None]:
        try:
            yield
        except (OSError, soundfile.SoundFileError):
            log.warning("stems cannot be kept", extra={"folder": str(self._folder)}, exc_info=True)
            self._drop()

    def _drop(self) -> None:
        """Let go of the files, and of the room that they take."""
        names = [f"{stem}.f32" for stem in self._files]
        self.close()
        for name in names:
            with suppress(OSError):
                (self._folder / name).unlink()

    def close(self) -> None:
        """Let go of the files, and leave them."""
        for file in self._files.values():
            with suppress(OSError):  # what could not be written is written once more by `close`
                file.close()
        self._files = {}
