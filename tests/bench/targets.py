"""The figures to reach, as ratios within one run where a peer is what they are measured against."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from .rows import Row, Summary, select

Rows = Sequence[Row]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One figure to reach."""

    name: str
    limit: float
    unit: str
    value: Callable[[Rows], float | None]
    at_least: bool = False

    def verdict(self, value: float | None) -> str:
        """Say whether it was reached."""
        if value is None:
            return "NOT MEASURED"
        reached = value >= self.limit if self.at_least else value <= self.limit
        return "met" if reached else "NOT MET"

    def limit_text(self) -> str:
        """Return the limit with its direction and unit."""
        return f"{'≥' if self.at_least else '≤'} {self.limit:g} {self.unit}".strip()


def _median(bench: str, metric: str, n: int | None = None) -> Callable[[Rows], float | None]:
    def value(rows: Rows) -> float | None:
        summary = select(rows, bench=bench, subject="logdrum", metric=metric, n=n)
        return summary.median if summary else None

    return value


def _lowest(bench: str, metric: str, n: int) -> Callable[[Rows], float | None]:
    def value(rows: Rows) -> float | None:
        summary = select(rows, bench=bench, subject="logdrum", metric=metric, n=n)
        return summary.lowest if summary else None

    return value


def _highest(bench: str, metric: str) -> Callable[[Rows], float | None]:
    def value(rows: Rows) -> float | None:
        summary = select(rows, bench=bench, subject="logdrum", metric=metric)
        return summary.highest if summary else None

    return value


def _ratio(numerator: Summary | None, denominator: Summary | None) -> float | None:
    if numerator is None or denominator is None or denominator.median == 0:
        return None
    return numerator.median / denominator.median


def _cpu_beside_picows(rows: Rows) -> float | None:
    ours, theirs = (
        select(rows, bench="fanout", subject=subject, metric="cpu_per_message", n=400)
        for subject in ("logdrum", "picows")
    )
    return _ratio(ours, theirs)


def _stalled_beside_without(rows: Rows) -> float | None:
    stalled, without = (
        select(rows, bench="stalled", subject="logdrum", metric=metric) for metric in ("others_p99", "p99_without")
    )
    return _ratio(stalled, without)


def _worst_of_storms(rows: Rows) -> float | None:
    found = [select(rows, bench="storm", subject="logdrum", metric=metric) for metric in ("lost", "doubled")]
    return max((summary.highest for summary in found if summary is not None), default=None)


def _hour_beside_a_third(rows: Rows) -> float | None:
    late, early = (
        select(rows, bench="hour", subject="logdrum", metric=metric) for metric in ("memory_late", "memory_early")
    )
    return _ratio(late, early)


TARGETS: Final = (
    Target(name="CPU a message beside picows, n = 400", limit=1.1, unit="x", value=_cpu_beside_picows),
    Target(
        name="delivered, n = 400, the worst run",
        limit=100,
        unit="%",
        value=_lowest("fanout", "delivered", 400),
        at_least=True,
    ),
    Target(name="stalled readers: others' p99 beside without", limit=1.2, unit="x", value=_stalled_beside_without),
    Target(name="clock error p95, idle", limit=1, unit="ms", value=_median("clock-idle", "p95")),
    Target(name="clock error p95, under fan-out to 400", limit=2, unit="ms", value=_median("clock-fanout", "p95", 400)),
    Target(name="clock error p95, 40 ± 20 ms jitter", limit=2, unit="ms", value=_median("clock-jitter", "p95")),
    Target(name="submit to first chunk, p95", limit=80, unit="ms", value=_median("first-chunk", "p95")),
    Target(name="groove, one core", limit=100, unit="x real time", value=_median("groove", "realtime"), at_least=True),
    Target(name="memory after an hour of music beside a third", limit=1.1, unit="x", value=_hour_beside_a_third),
    Target(
        name="grooves whose tempo is heard within 0.2 bpm",
        limit=95,
        unit="%",
        value=_median("sound", "tempo_within"),
        at_least=True,
    ),
    Target(name="downbeats, p95 from the grid", limit=10, unit="ms", value=_median("sound", "downbeat_error_p95")),
    Target(
        name="grooves within 1 LU of -14 LUFS", limit=95, unit="%", value=_median("sound", "lufs_within"), at_least=True
    ),
    Target(
        name="stems, summed, from the mix before the master", limit=-80, unit="dB", value=_median("sound", "sum_error")
    ),
    Target(name="step at a turn beside the signal's own", limit=1, unit="x", value=_highest("sound", "turn_step")),
    Target(name="edit to everybody, durable, p99", limit=25, unit="ms", value=_median("edits", "p99")),
    Target(name="join with 2,000 clips, p95", limit=150, unit="ms", value=_median("join", "p95")),
    Target(name="storm of 200: edits lost or doubled, the worst run", limit=0, unit="", value=_worst_of_storms),
    Target(name="two pages, the same hub moment", limit=2, unit="ms", value=_median("pages", "alignment")),
)
