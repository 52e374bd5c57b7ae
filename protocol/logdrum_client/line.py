"""One stream's audio put in line by its addresses: no gap, no overlap, whatever the network left out (A2, A3, A4)."""

from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec
from msgspec.structs import replace

from logdrum_protocol.hub_messages import Chunk, StreamClose, StreamEpoch

BYTES_PER_SAMPLE: Final = 4


class Span(msgspec.Struct, frozen=True):
    """Consecutive samples of a stream, s16le stereo."""

    epoch: int
    start_sample: int
    data: bytes

    @property
    def samples(self) -> int:
        """Length in samples per channel."""
        return len(self.data) // BYTES_PER_SAMPLE

    @property
    def end_sample(self) -> int:
        """The sample after the last."""
        return self.start_sample + self.samples

    def cut(self, start_sample: int, end_sample: int) -> "Span":
        """What of it is within the bounds."""
        start = min(max(start_sample, self.start_sample), self.end_sample)
        end = max(start, min(end_sample, self.end_sample))
        first, last = start - self.start_sample, end - self.start_sample
        return Span(self.epoch, start, self.data[first * BYTES_PER_SAMPLE : last * BYTES_PER_SAMPLE])


class Hole(msgspec.Struct, frozen=True):
    """Samples that did not come, and have to be fetched."""

    epoch: int
    from_sample: int
    to_sample: int
    optional: bool
    """Whether they may never have existed: before a jump to another epoch, or where a stream ended early."""


Piece: TypeAlias = Span | Hole
StreamEvent: TypeAlias = Chunk | StreamEpoch | StreamClose


class StreamLine:
    """Where in a stream one listener is."""

    def __init__(self, epoch: int, bpm: float, next_sample: int) -> None:
        self.bpm = bpm
        self.next_sample = next_sample
        self.ended = False
        self._turns = [(0, epoch)]
        """Where each epoch that still sounds begins, in order."""
        self._old_until: int | None = None
        """Up to where audio of earlier epochs is good; None while no turn has been heard of."""

    @property
    def epoch(self) -> int:
        """The present epoch."""
        return self._turns[-1][1]

    def take(self, event: StreamEvent) -> Iterator[Piece]:
        """Yield what the event adds, in order; a new epoch may lead back to an earlier address."""
        match event:
            case Chunk():
                yield from self._chunk(event)
            case StreamEpoch():
                self._turn(event.epoch, event.start_sample, event.bpm)
            case StreamClose():
                yield from self.catch_up(event.samples, optional=True)
                self.ended = True

    def catch_up(self, sample: int, *, optional: bool = False) -> Iterator[Hole]:
        """Yield what is missing up to an address."""
        if self.next_sample < sample:
            for start, end, epoch in self._owned(self.next_sample, sample):
                yield Hole(epoch, start, end, optional)
            self.next_sample = sample

    def _chunk(self, chunk: Chunk) -> Iterator[Piece]:
        if chunk.epoch > self.epoch:  # the turn itself was lost with a connection
            self._turn(chunk.epoch, chunk.start_sample, self.bpm)
        span = Span(chunk.epoch, chunk.start_sample, chunk.data)
        if chunk.epoch < self.epoch and self._old_until is not None:
            span = span.cut(0, self._old_until)
        span = span.cut(self.next_sample, span.end_sample)
        if span.samples == 0:
            return
        yield from self.catch_up(span.start_sample, optional=span.start_sample == self._old_until)
        for start, end, epoch in self._owned(span.start_sample, span.end_sample):
            yield replace(span.cut(start, end), epoch=epoch)
        self.next_sample = span.end_sample

    def _turn(self, epoch: int, start_sample: int, bpm: float) -> None:
        if epoch <= self.epoch:
            return
        if bpm != self.bpm:  # A3: addresses are counted anew, everything before is void
            self._turns, self._old_until, self.next_sample = [(0, epoch)], 0, start_sample
        else:
            self._turns = [turn for turn in self._turns if turn[0] < start_sample] + [(start_sample, epoch)]
            self._old_until, self.next_sample = start_sample, min(self.next_sample, start_sample)
        self.bpm = bpm

    def _owned(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Cut a span where epochs begin; the same address is of the same epoch in every stem, however it came."""
        nexts = [at for at, _ in self._turns[1:]] + [end]
        for (at, epoch), until in zip(self._turns, nexts, strict=True):
            first, last = max(at, start), min(until, end)
            if first < last:
                yield first, last, epoch
