"""A histogram that costs an addition to fill: what is timed often is read seldom."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class Timings:
    """How often something took how long, or was how much; each bound includes itself."""

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.count = 0
        self.total = 0.0
        self.longest = 0.0

    def observe(self, amount: float) -> None:
        """Count one: seconds, unless the bounds are of something else."""
        self._counts[bisect_left(self._bounds, amount)] += 1
        self.count += 1
        self.total += amount
        self.longest = max(self.longest, amount)

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """How many were at most each bound, the last of them infinity, as Prometheus counts."""
        below = 0
        for bound, count in zip((*self._bounds, float("inf")), self._counts, strict=True):
            below += count
            yield bound, below

    def quantile(self, share: float) -> float:
        """The bound under which this share of all lies; of those beyond every bound, the longest."""
        for bound, below in self.cumulative():
            if below and below >= share * self.count:
                return min(bound, self.longest)
        return 0.0
