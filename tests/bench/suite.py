"""What a benchmark is made of: settings for all, and measurements, one run of one subject each."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TypeAlias

import msgspec

from .rows import Row

Numbers: TypeAlias = Mapping[str, tuple[float | None, str]]
"""Value and unit of each metric; None where a metric has no value."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How much to measure."""

    runs: int = 5
    fanout_sizes: tuple[int, ...] = (50, 200, 400)
    fanout_seconds: float = 6.0
    stalled_size: int = 50
    stalled_seconds: float = 12.0
    idle_size: int = 400
    idle_seconds: float = 30.0
    clock_seconds: float = 10.0
    clock_size: int = 400
    submissions: int = 30
    groove_seconds: float = 60.0
    grooves: int = 40
    """Random grooves that are listened to, a run."""
    hour_seconds: float = 3_600.0
    edits_seconds: float = 10.0
    visits: int = 25
    joins: int = 40
    storm_size: int = 200


QUICK = Settings(
    runs=1,
    fanout_sizes=(20,),
    fanout_seconds=2.0,
    stalled_size=20,
    stalled_seconds=2.0,
    idle_size=20,
    idle_seconds=2.0,
    clock_seconds=3.0,
    clock_size=20,
    submissions=3,
    groove_seconds=10.0,
    grooves=3,
    hour_seconds=60.0,
    edits_seconds=2.0,
    visits=2,
    joins=5,
    storm_size=20,
)


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one subject: where its numbers belong, and how to take them."""

    bench: str
    subject: str
    n: int
    take: Callable[[], Awaitable[Numbers]]
    missing: str | None = None
    """Why the subject cannot run here, if it cannot."""

    def rows(self, numbers: Numbers, run: int) -> list[Row]:
        """Return the rows of what was taken."""
        return [
            Row(bench=self.bench, subject=self.subject, n=self.n, metric=metric, value=value, unit=unit, run=run)
            for metric, (value, unit) in numbers.items()
            if value is not None
        ]


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """A benchmark: one round of measurements, repeated once a run, so that drift hits every subject."""

    name: str
    title: str
    note: str
    round: Callable[[Settings, int], Iterator[Measurement]]
    """Given the number of the run, which seeds what is random."""
