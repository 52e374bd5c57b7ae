"""Audio as a member hears it: one stem, or all stems of a job added up, without gaps."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from logdrum_client.errors import AudioGone
from logdrum_client.feed import Feed
from logdrum_client.fetch import SPAN_SAMPLES, FetchSpan
from logdrum_client.line import BYTES_PER_SAMPLE, Hole, Piece, Span, StreamEvent, StreamLine
from logdrum_client.view import StreamView
from logdrum_protocol.hub_messages import Chunk, StreamClose, StreamEpoch
from logdrum_protocol.timeline import tick_of

Frames: TypeAlias = npt.NDArray[np.int16]
"""Stereo samples as `[samples, 2]`."""

_LOW: Final = -32_768
_HIGH: Final = 32_767


class Audio(msgspec.Struct, frozen=True, kw_only=True):
    """Some consecutive samples, 48 kHz stereo."""

    stem: str | None
    """None for the mix of all stems."""
    epoch: int
    start_sample: int
    tick: float
    """Where the first sample belongs in the music (A1)."""
    data: bytes
    """Interleaved s16le."""

    @property
    def samples(self) -> int:
        """Length in samples per channel."""
        return len(self.data) // BYTES_PER_SAMPLE

    @property
    def frames(self) -> Frames:
        """The samples as a read-only numpy array `[samples, 2]`."""
        return np.frombuffer(self.data, "<i2").reshape(-1, 2)


class StemReader:
    """Reads one stream by its addresses, fetching what the connection left out."""

    def __init__(
        self, stream: StreamView, events: Feed[StreamEvent], fetch: FetchSpan, from_sample: int, *, is_whole: bool
    ) -> None:
        """Begin at `from_sample`; `is_whole` says that `events` holds all since the stream opened."""
        self._stream = stream
        self._round = stream.round
        self._events = events
        self._fetch = fetch
        self._line = StreamLine(stream.opened.epoch, stream.opened.bpm, from_sample)
        self._spans = self._read()
        self._is_whole = is_whole
        self._left: Span | None = None

    @property
    def stem(self) -> str:
        """The stem's name."""
        return self._stream.opened.stem

    async def next_span(self) -> Span | None:
        """Return the next samples; None at the end."""
        left, self._left = self._left, None
        return left if left is not None else await anext(self._spans, None)

    async def read(self, wanted: Span) -> Frames | None:
        """Return what this stream has at the addresses of `wanted`, silence where it has nothing.

        None says that its epoch has moved on, so that `wanted` is void or soon will be.
        """
        frames = np.zeros((wanted.samples, 2), np.int16)
        while (span := await self.next_span()) is not None:
            if span.epoch > wanted.epoch or span.start_sample >= wanted.end_sample:
                self._left = span
                return None if span.epoch > wanted.epoch else frames
            if span.epoch < wanted.epoch:
                continue
            _lay(span.cut(wanted.start_sample, wanted.end_sample), frames, wanted.start_sample)
            if span.end_sample >= wanted.end_sample:
                self._left = span.cut(wanted.end_sample, span.end_sample)
                return frames
        return frames

    def audio(self, span: Span, stem: str | None, data: bytes) -> Audio:
        """Name the place of some samples."""
        start = self._place(span.start_sample)
        tick = tick_of(start, self._stream.opened.anchor_tick, self._line.bpm)
        return Audio(stem=stem, epoch=span.epoch, start_sample=start, tick=tick, data=data)

    def _place(self, count: int) -> int:
        return count if self._round is None else self._round.place(count)

    async def _read(self) -> AsyncIterator[Span]:
        if not self._is_whole:
            async for span in self._fill(self._missed()):
                yield span
        if self._line.ended:
            return
        async for event in self._events:
            async for span in self._fill(self._line.take(self._counted(event))):
                yield span
            if self._line.ended:
                return

    def _missed(self) -> Iterator[Piece]:
        """What came before anybody listened."""
        yield from self._line.catch_up(self._stream.head_sample, optional=True)
        if self._stream.closed:
            yield from self._line.take(self._counted(self._stream.closed))

    def _counted(self, event: StreamEvent) -> StreamEvent:
        """The same with its samples counted on, so that what comes later lies later (`Round`)."""
        if self._round is None:
            return event
        match event:
            case StreamClose(samples=samples) if samples == self._round.samples:
                return replace(event, samples=self._round.end)
            case StreamClose(samples=samples):
                return replace(event, samples=self._round.count(samples))
            case Chunk() | StreamEpoch():
                return replace(event, start_sample=self._round.count(event.start_sample))

    async def _fill(self, pieces: Iterable[Piece]) -> AsyncIterator[Span]:
        for piece in pieces:
            match piece:
                case Span():
                    yield piece
                case Hole():
                    async for span in self._fetched(piece):
                        yield span

    async def _fetched(self, hole: Hole) -> AsyncIterator[Span]:
        start = hole.from_sample
        while start < hole.to_sample:
            at = self._place(start)
            samples = min(SPAN_SAMPLES, hole.to_sample - start, self._until_turn(at))
            try:
                data = await self._fetch(self._stream.opened.stream, at, at + samples)
            except AudioGone:
                if not hole.optional:
                    raise
                return
            yield Span(hole.epoch, start, data)
            start += samples

    def _until_turn(self, sample: int) -> int:
        """How many samples can be asked for at once: up to the sound's end."""
        return SPAN_SAMPLES if self._round is None else self._round.samples - sample


async def stem_audio(reader: StemReader) -> AsyncIterator[Audio]:
    """Yield one stem."""
    while (span := await reader.next_span()) is not None:
        if span.samples:
            yield reader.audio(span, reader.stem, span.data)


async def mixed_audio(readers: Sequence[StemReader]) -> AsyncIterator[Audio]:
    """Yield the sum of stems, clipped; spans that a new epoch makes void while they are added up are left out."""
    first, *others = readers
    while (span := await first.next_span()) is not None:
        parts = [await other.read(span) for other in others]
        present = [part for part in parts if part is not None]
        if span.samples and len(present) == len(others):
            yield first.audio(span, None, _sum([_frames(span.data), *present]))


def _sum(parts: Sequence[Frames]) -> bytes:
    total = np.sum(parts, axis=0, dtype=np.int32)
    clipped: Frames = np.clip(total, _LOW, _HIGH).astype("<i2")
    return clipped.tobytes()


def _frames(data: bytes) -> Frames:
    return np.frombuffer(data, "<i2").reshape(-1, 2)


def _lay(span: Span, frames: Frames, start_sample: int) -> None:
    at = span.start_sample - start_sample
    frames[at : at + span.samples] = _frames(span.data)
