"""Timeline arithmetic: hub time to ticks to samples and back, the same in hub, client and page (T2, A1).

Positions between events are floats; addresses on the wire are integers that are rounded once, from the ideal grid, and
never summed up: rounded lengths that are added drift (1.6 s an hour was seen elsewhere at 44.1 kHz).
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from logdrum_protocol.bounds import SAMPLE_RATE, TICKS_PER_QUARTER
from logdrum_protocol.hub_messages import Transport
from logdrum_protocol.records import Loop

_MICROS_PER_MINUTE: Final = 60_000_000


def ticks_per_us(bpm: float) -> float:
    """Ticks that pass in one microsecond of play."""
    return bpm * TICKS_PER_QUARTER / _MICROS_PER_MINUTE


def beat_ticks(denominator: int) -> int:
    """Length of one beat, the signature's lower figure."""
    return 4 * TICKS_PER_QUARTER // denominator


def bar_ticks(numerator: int, denominator: int) -> int:
    """Length of one bar."""
    return numerator * beat_ticks(denominator)


def next_boundary(tick: float, grid_ticks: int) -> int:
    """First multiple of `grid_ticks` at or after `tick`."""
    return math.ceil(tick / grid_ticks) * grid_ticks


def wrap(tick: float, start: float, loop: Loop | None) -> float:
    """Fold an unwrapped position into the loop; play that began at or past the loop's end is left alone (T2)."""
    if loop is None or start >= loop.end_tick or tick < loop.end_tick:
        return tick
    return loop.start_tick + (tick - loop.end_tick) % (loop.end_tick - loop.start_tick)


def unwrapped_at(transport: Transport, at_us: float) -> float:
    """Position as if there were no loop, in ticks."""
    if not transport.playing or at_us <= transport.anchor_us:
        return float(transport.anchor_tick)
    return transport.anchor_tick + (at_us - transport.anchor_us) * ticks_per_us(transport.bpm)


def position_at(transport: Transport, at_us: float) -> float:
    """Musical position at a moment of hub time, in ticks (T2)."""
    return wrap(unwrapped_at(transport, at_us), transport.anchor_tick, transport.loop)


def moment_of(transport: Transport, unwrapped_tick: float) -> float:
    """Hub time at which an unwrapped position is reached; the inverse of `unwrapped_at` while playing."""
    return transport.anchor_us + (unwrapped_tick - transport.anchor_tick) / ticks_per_us(transport.bpm)


def effective(history: Sequence[Transport], at_us: float) -> Transport:
    """The transport in force at a moment: the newest whose anchor has come, else the oldest known (T5)."""
    for transport in reversed(history):
        if transport.anchor_us <= at_us:
            return transport
    return history[0]


def samples_per_tick(bpm: float) -> float:
    """Samples in one tick."""
    return SAMPLE_RATE * 60 / (bpm * TICKS_PER_QUARTER)


def sample_of(tick: float, anchor_tick: int, bpm: float) -> float:
    """Address in a stream of what sounds at `tick`; negative before the stream begins (A1)."""
    return (tick - anchor_tick) * samples_per_tick(bpm)


def tick_of(sample: float, anchor_tick: int, bpm: float) -> float:
    """Musical position of a stream's sample (A1)."""
    return anchor_tick + sample / samples_per_tick(bpm)


class Round(msgspec.Struct, frozen=True):
    """A stream that may begin within its length, and behind its end goes on with its first sample (A2).

    Its samples are *counted* on from where it begins, so that what comes later has the higher number (Q10).
    """

    entry_sample: int
    samples: int

    @property
    def end(self) -> int:
        """The count behind the last sample that comes."""
        return self.entry_sample + self.samples

    def count(self, sample: int) -> int:
        """Count a sample of the sound."""
        return sample if sample >= self.entry_sample else sample + self.samples

    def place(self, count: int) -> int:
        """Return the sample of the sound that has this count."""
        return count if count < self.samples else count - self.samples
