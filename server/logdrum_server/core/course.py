"""The order in which a stream's samples come: those of a separation begin within its sound, and end where they began.

Between hub and engine they count on past the sound's end (Q10); members and HTTP know only the sound's own (A2).
"""

import math

import msgspec

from logdrum_protocol.bounds import Sample, Samples

Span = tuple[Sample, Sample]


class Course(msgspec.Struct, frozen=True):
    """A stream's way from `entry` to its end, and on from 0 to `entry`; straight ahead from 0, or without a length."""

    entry: Sample = 0
    length: Samples | None = None

    @property
    def turn(self) -> float:
        """The place behind which addresses begin with 0; never where the way is straight."""
        return math.inf if self.length is None or not self.entry else self.length

    @property
    def end(self) -> Sample | None:
        """The place behind the last sample; None where there is none."""
        return None if self.length is None else self.entry + self.length

    def address(self, place: Sample) -> Sample:
        """Which sample of the sound comes at a place."""
        return place if place < self.turn or self.length is None else place - self.length

    def place(self, sample: Sample) -> Sample:
        """When a sample of the sound comes; past everything for one that it does not have."""
        if self.turn == math.inf:
            return sample
        assert self.length is not None
        if sample >= self.length:
            return self.entry + self.length
        return sample if sample >= self.entry else sample + self.length

    def spans(self, start: Sample, end: Sample) -> list[Span]:
        """The places of a run of the sound's samples, in the sound's order."""
        if self.turn == math.inf or start >= self.entry:
            return [(start, end)]
        assert self.length is not None
        before = (start + self.length, min(end, self.entry) + self.length)
        return [before] if end <= self.entry else [before, (self.entry, end)]

    def reach(self, head: Sample) -> Sample:
        """How far into the sound anything before a head goes."""
        return head if head < self.turn or self.length is None else self.length
