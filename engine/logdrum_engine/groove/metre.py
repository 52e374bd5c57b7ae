"""The bar as the composer sees it: sixteenths at a tempo near the genre's, whatever the room's metre and tempo are."""

import math

import msgspec

from logdrum_engine.generator import SAMPLE_RATE, Spec, bar_samples

from .errors import GrooveError

SLOWEST_BPM = 80.0
"""Tempi are folded by octaves into [80, 160): at 224 the groove plays half time, at 56 double time."""

SHORTEST_BAR_S = 1.0


class Feel(msgspec.Struct, frozen=True, kw_only=True):
    """One composed bar: a power of two times the room's bar, so that every composed bar line is on the room's grid."""

    bar_samples: float
    steps: float
    """Sixteenths in the bar at the folded tempo; not whole in metres such as 7/32."""
    groups: tuple[int, ...]
    """Sixteenths between one felt beat and the next."""

    @property
    def step_samples(self) -> float:
        """Length of a sixteenth."""
        return self.bar_samples / self.steps

    @property
    def beats(self) -> tuple[int, ...]:
        """Steps on which the felt beats fall."""
        return tuple(sum(self.groups[:i]) for i in range(len(self.groups)))

    @property
    def is_common(self) -> bool:
        """Whether the bar is sixteen sixteenths in fours, for which the patterns were written."""
        return self.groups == (4, 4, 4, 4)

    def sample_of(self, bar: int, step: float) -> int:
        """Address of a step, rounded from the ideal grid so that no error adds up."""
        return round((bar + step / self.steps) * self.bar_samples)


def feel_of(spec: Spec) -> Feel:
    """Fold the spec's tempo and metre into a bar to compose in."""
    _check(spec)
    octave = -math.floor(math.log2(spec.bpm / SLOWEST_BPM))
    samples = bar_samples(spec) / 2.0**octave
    steps = 16.0 * spec.numerator / spec.denominator
    doublings = max(0, math.ceil(math.log2(SHORTEST_BAR_S * SAMPLE_RATE / samples)))
    compound = spec.denominator >= 8 and spec.numerator % 3 == 0
    scaled = steps * 2.0**doublings
    return Feel(bar_samples=samples * 2.0**doublings, steps=scaled, groups=_groups(scaled, 6 if compound else 4))


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
