"""Puts tapes on disk: one writer off the event loop, so that a slow disk delays no one (A4)."""

import asyncio
import hashlib
import logging
import os
import shutil
import tempfile
import wave
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from logdrum_protocol.bounds import CHANNELS, SAMPLE_RATE, AssetId, Sample
from logdrum_server.core.course import Span
from logdrum_server.tape import Tape, read_span, write_pieces

log = logging.getLogger(__name__)

_BLOCK_SAMPLES: Final = 5 * SAMPLE_RATE


class Recorder:
    """Writes what is new of every tape, and reads spans back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = asyncio.Lock()
        self._failing = False
        self.lost_pieces = 0

    def path_for(self, room: str, stream: str) -> Path:
        """Where a new stream's samples go."""
        return self._folder / f"{room}.{stream}.pcm"

    async def save(self, tapes: Iterable[Tape]) -> None:
        """Write what is not yet on disk; what a full disk refuses is given up, and can no longer be fetched."""
        async with self._lock:
            for tape in tapes:
                await self._save_one(tape)

    async def _save_one(self, tape: Tape) -> None:
        pieces, epoch = tape.unsaved(), tape.epoch
        if not pieces:
            return
        try:
            await asyncio.to_thread(write_pieces, tape.path, pieces)
            self._failing = False
        except OSError as fault:
            self._give_up(tape, len(pieces), fault)
        if tape.epoch == epoch:
            tape.saved = pieces[-1].end

    def _give_up(self, tape: Tape, pieces: int, fault: OSError) -> None:
        self.lost_pieces += pieces
        tape.first = tape.head  # what is gone from memory can no longer be fetched
        if not self._failing:
            log.error("stream audio is not kept", extra={"reason": os.strerror(fault.errno or 0)})
        self._failing = True

    async def read(self, tape: Tape, start: Sample, end: Sample) -> bytes:
        """Return the samples of a span that lies within the tape."""
        if end > tape.saved:
            await self.save([tape])
        return await asyncio.to_thread(read_span, tape.path, start, end)

    async def to_wav(self, tape: Tape, assets: Path) -> AssetId:
        """Store a whole tape as a WAV file named by its sha256, in its sound's order; raises OSError."""
        await self.save([tape])
        return await asyncio.to_thread(_store_wav, tape.path, tape.course.spans(*tape.held), assets)

    def forget(self, tape: Tape) -> None:
        """Remove a tape's file."""
        tape.path.unlink(missing_ok=True)


def blocks(spans: Iterable[Span]) -> Iterator[Span]:
    """Cut spans into what is read at a time."""
    for start, end in spans:
        for at in range(start, end, _BLOCK_SAMPLES):
            yield at, min(end, at + _BLOCK_SAMPLES)


def _store_wav(source: Path, spans: Iterable[Span], assets: Path) -> AssetId:
    with tempfile.NamedTemporaryFile(dir=assets, suffix=".part", delete=False) as part:
        try:
            _write_wav(part.name, source, spans)
            with open(part.name, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            shutil.move(part.name, assets / digest)
        except OSError:
            Path(part.name).unlink(missing_ok=True)
            raise
    return digest


def _write_wav(name: str, source: Path, spans: Iterable[Span]) -> None:
    with wave.open(name, "wb") as out:
        out.setnchannels(CHANNELS)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        for start, end in blocks(spans):
            out.writeframes(read_span(source, start, end))
