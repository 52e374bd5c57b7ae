"""The bar as the composer sees it: sixteenths at a tempo near the genre's, whatever the room's metre and tempo are."""

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar

import msgspec

from logdrum_engine.generator import SAMPLE_RATE, TICKS_PER_QUARTER, Spec, bar_samples

from .errors import GrooveError

SLOWEST_BPM = 80.0
"""Tempi are folded by octaves into [80, 160): at 224 the groove plays half time, at 56 double time."""

SHORTEST_BAR_S = 1.0

T = TypeVar("T")


class Feel(msgspec.Struct, frozen=True, kw_only=True):
    """One composed bar: a power of two times the room's bar, so that every composed bar line is on the room's grid."""

    bar_samples: float
    bar_ticks: float
    room_bars: float
    """How many of the room's bars it is: a power of two."""
    steps: float
    """Sixteenths in the bar at the folded tempo; not whole in metres such as 7/32."""
    groups: tuple[int, ...]
    """Sixteenths between one felt beat and the next."""
    compound: bool = False
    """Whether its beats divide by three."""

    @property
    def step_samples(self) -> float:
        """Length of a sixteenth."""
        return self.bar_samples / self.steps

    @property
    def beats(self) -> tuple[int, ...]:
        """Steps on which the felt beats fall."""
        return tuple(sum(self.groups[:i]) for i in range(len(self.groups)))


def feel_of(spec: Spec) -> Feel:
    """Fold the spec's tempo and metre into a bar to compose in."""
    _check(spec)
    octave = -math.floor(math.log2(spec.bpm / SLOWEST_BPM))
    samples = bar_samples(spec) / 2.0**octave
    steps = 16.0 * spec.numerator / spec.denominator
    doublings = max(0, math.ceil(math.log2(SHORTEST_BAR_S * SAMPLE_RATE / samples)))
    compound = spec.denominator >= 8 and spec.numerator % 3 == 0
    scaled = steps * 2.0**doublings
    room_bars = 2.0 ** (doublings - octave)
    return Feel(
        bar_samples=bar_samples(spec) * room_bars,
        bar_ticks=4.0 * TICKS_PER_QUARTER * spec.numerator / spec.denominator * room_bars,
        room_bars=room_bars,
        steps=scaled,
        groups=_groups(scaled, 6 if compound else 4),
        compound=compound,
    )


def laid(line: Iterable[tuple[float, T]], feel: Feel, turn: int) -> list[tuple[float, T]]:
    """Lay a line of sixteen sixteenths into a bar, beat by beat.

    A bar of three leaves out the line's third beat, one of five begins it again on its fourth, and one of two plays its
    halves in `turn`; a beat of six sixteenths is felt in three, and the last one of a bar may be long.
    """
    by_step: dict[int, list[tuple[float, T]]] = {}
    for step, item in line:
        by_step.setdefault(int(step), []).append((step % 1, item))
    return [
        (place + late * width, item)
        for source, place, width in _slots(feel, turn % 4)
        for late, item in by_step.get(source, ())
        if place + late * width < feel.steps
    ]


@lru_cache(maxsize=64)
def _slots(feel: Feel, turn: int) -> tuple[tuple[int, int, int], ...]:
    """Step of the line, place in the bar and sixteenths to the next, for all that is played."""
    slots = []
    for beat, begin, length in zip(_beats_of_line(len(feel.groups), turn), feel.beats, feel.groups, strict=True):
        offsets = _offsets(length, feel.compound)
        ends = (*(place for place, _ in offsets[1:]), length)
        slots += [(4 * beat + o, begin + place, end - place) for (place, o), end in zip(offsets, ends, strict=True)]
    return tuple(slots)


def _beats_of_line(count: int, turn: int) -> tuple[int, ...]:
    """Which of the line's four beats each felt beat plays; the last one ends as the line does, for it leads on."""
    match count:
        case 1:
            return (turn,)
        case 2:
            return (0, 1) if turn % 2 == 0 else (2, 3)
        case 5:
            return (0, 1, 2, 0, 3)
        case _:
            return (*(beat % 4 for beat in range(count - 1)), 3)


def _offsets(length: int, compound: bool) -> tuple[tuple[int, int], ...]:
    """Place and sixteenth of all that is played of a line's beat in a felt one; a long one has its end twice."""
    if compound and length == 6:
        return ((0, 0), (2, 1), (4, 2), (5, 3))
    whole, tail = divmod(length, 4)
    offsets = list(range(4)) * whole + list(range(4 - tail, 4)) if whole else list(range(tail))
    return tuple(enumerate(offsets))


def _check(spec: Spec) -> None:
    if not (math.isfinite(spec.bpm) and 1.0 <= spec.bpm <= 10_000.0):
        raise GrooveError(f"cannot play at {spec.bpm} bpm")
    if spec.numerator < 1 or spec.denominator < 1 or spec.numerator > 64 * spec.denominator:
        raise GrooveError(f"cannot play in {spec.numerator}/{spec.denominator}")
    if spec.bars is not None and spec.bars < 0:
        raise GrooveError(f"cannot play {spec.bars} bars")


def _groups(steps: float, size: int) -> tuple[int, ...]:
    """Split a bar into beats; what is left over makes the last beat long, as 7/8 is felt 2+2+3."""
    whole = max(1, math.floor(steps))
    if whole < 2 * size:
        return (whole,)
    count = whole // size
    return (size,) * (count - 1) + (size + whole % size,)
