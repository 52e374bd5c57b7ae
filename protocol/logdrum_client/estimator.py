"""The hub's clock from pings: pure arithmetic on bursts of probes (K1).

A ping's way there gives an upper bound on the difference between the clocks (hub minus local), its way back a
lower one, each off by that way's delay. The best of many ways there and the best of many ways back are found apart, not
in the same ping: with n pings of jitter J the error then shrinks like J / n, and that of the best round trip only like
J / sqrt(n). Drift tilts both bounds alike, so the rate is the tilt at which the gap between them is widest.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

BURST_PINGS: Final = 8
WINDOW_BURSTS: Final = 32
MAX_SLEW: Final = 0.0045
"""With the drift itself, the shown clock's rate stays within 0.5 % of the local one's."""
STEP_US: Final = 100_000.0
"""A larger error is stepped over: a clock that jumped, or a machine that slept."""

_MAX_SKEW: Final = 200e-6
_SKEW_COST: Final = 0.1
_SEARCH_STEPS: Final = 24
_GOLDEN: Final = (math.sqrt(5) - 1) / 2
_SPREAD_OF: Final = 4
_SAFETY: Final = 4.5


class Probe(msgspec.Struct, frozen=True):
    """One ping: sent and back in local time, received and answered in the hub's."""

    sent_us: int
    received_us: int
    answered_us: int
    back_us: int

    @property
    def round_trip_us(self) -> int:
        """Time on the way, without the hub's own."""
        return (self.back_us - self.sent_us) - (self.answered_us - self.received_us)


class Burst(msgspec.Struct, frozen=True):
    """The best of a few probes: hub minus local is between the bounds, at `at_us` of local time."""

    at_us: int
    lower_us: float
    upper_us: float
    round_trip_us: int


class Estimate(msgspec.Struct, frozen=True):
    """Hub minus local is `offset_us` at local time `at_us`, and grows by `skew` a microsecond."""

    at_us: int
    offset_us: float
    skew: float
    error_us: float
    """What the offset may well be off by, where the ways there and back are equally long at their best."""

    def hub_us(self, local_us: int) -> float:
        """The hub's time at a local time."""
        return local_us + self.offset_us + self.skew * (local_us - self.at_us)


def summarize(probes: Sequence[Probe]) -> Burst:
    """Keep the best of each direction."""
    return Burst(
        at_us=(probes[0].sent_us + probes[-1].back_us) // 2,
        lower_us=max(probe.answered_us - probe.back_us for probe in probes),
        upper_us=min(probe.received_us - probe.sent_us for probe in probes),
        round_trip_us=min(probe.round_trip_us for probe in probes),
    )


def extended(window: Sequence[Burst], burst: Burst) -> tuple[Burst, ...]:
    """The window with one more burst; bursts that contradict it, a clock having jumped, are forgotten."""
    longer = (*window, burst)[-WINDOW_BURSTS:]
    upper, lower = _bounds(longer, _skew_of(longer))
    return longer if min(upper) >= max(lower) else (burst,)


def estimate(window: Sequence[Burst]) -> Estimate:
    """Read the clock off a window of bursts, of which there is at least one."""
    skew = _skew_of(window)
    upper, lower = _bounds(window, skew)
    return Estimate(
        at_us=window[-1].at_us,
        offset_us=(min(upper) + max(lower)) / 2,
        skew=skew,
        error_us=_error(upper, [-bound for bound in lower], window[-1].round_trip_us),
    )


def _bounds(window: Sequence[Burst], skew: float) -> tuple[list[float], list[float]]:
    """Upper and lower bounds, carried to the newest burst's time."""
    now = window[-1].at_us
    upper = [burst.upper_us + skew * (now - burst.at_us) for burst in window]
    lower = [burst.lower_us + skew * (now - burst.at_us) for burst in window]
    return upper, lower


def _skew_of(window: Sequence[Burst]) -> float:
    """The tilt with the widest gap between the bounds; it has to be worth its cost, since no drift is likeliest."""
    if len(window) < 4:
        return 0.0
    span_us = window[-1].at_us - window[0].at_us

    def worth(skew: float) -> float:
        upper, lower = _bounds(window, skew)
        return min(upper) - max(lower) - _SKEW_COST * abs(skew) * span_us

    low, high = -_MAX_SKEW, _MAX_SKEW
    for _ in range(_SEARCH_STEPS):  # golden section: the worth is concave
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if worth(left) < worth(right):
            low = left
        else:
            high = right
    return (low + high) / 2


def _error(upper: Sequence[float], lower: Sequence[float], round_trip_us: int) -> float:
    """How far the next best probe is from the best says how far the best may be from the ideal."""
    if len(upper) < 3:
        return round_trip_us / 4
    return _SAFETY * max(_spacing(upper), _spacing(lower))


def _spacing(bounds: Sequence[float]) -> float:
    best = sorted(bounds)[:_SPREAD_OF]
    return (best[-1] - best[0]) / (len(best) - 1)


class HubTime(msgspec.Struct, frozen=True):
    """The clock as it is shown: heads for the estimate without ever running backwards."""

    estimate: Estimate
    gap_us: float = 0.0
    """How far the shown time was ahead of the estimate at `since_us`."""
    since_us: int = 0

    def at(self, local_us: int) -> float:
        """The hub's time at a local time, in microseconds."""
        return self.estimate.hub_us(local_us) + self.gap_at(local_us)

    def gap_at(self, local_us: int) -> float:
        """What is still to be slewed."""
        left = abs(self.gap_us) - MAX_SLEW * max(0, local_us - self.since_us)
        return math.copysign(max(0.0, left), self.gap_us)

    def toward(self, target: Estimate, local_us: int) -> "HubTime":
        """The clock from now on: slewed to a better estimate, stepped where it is grossly off."""
        gap_us = self.at(local_us) - target.hub_us(local_us)
        if abs(gap_us) > STEP_US:
            return HubTime(target)
        return replace(self, estimate=target, gap_us=gap_us, since_us=local_us)
