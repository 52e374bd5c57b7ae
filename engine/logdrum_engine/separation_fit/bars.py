"""The figures to reach, each read from what was measured."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from .detection import REAL
from .figures import OURS, Detection, Figures


class BenchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One number of one run of `make bench`."""

    bench: str
    subject: str
    n: int
    metric: str
    value: float
    unit: str
    run: int = 0


def rows_in(path: Path) -> Iterator[BenchRow]:
    """Read the rows that a benchmark wrote."""
    yield from (msgspec.json.decode(line, type=BenchRow) for line in path.read_bytes().splitlines() if line)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was measured."""

    figures: Figures
    rows: Sequence[BenchRow] = ()

    def of(self, subject: str, metric: str, n: int | None = None) -> list[float]:
        """Every run's value of one number of the benchmark `stems`, sorted."""
        return sorted(
            row.value
            for row in self.rows
            if (row.bench, row.subject, row.metric) == ("stems", subject, metric) and n in (None, row.n)
        )


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One figure to reach."""

    name: str
    limit: float
    unit: str
    value: Callable[[Evidence], float | None]
    at_least: bool = False

    def limit_text(self) -> str:
        """Return the limit with its direction and unit."""
        return f"{'≥' if self.at_least else '≤'} {self.limit:g} {self.unit}".strip()

    def verdict(self, evidence: Evidence) -> str:
        """Say whether it was reached."""
        value = self.value(evidence)
        if value is None:
            return "not measured"
        return "met" if (value >= self.limit if self.at_least else value <= self.limit) else "NOT MET"


def real_detection(evidence: Evidence) -> Detection | None:
    """Ours, against real sounds."""
    return next((each for each in evidence.figures.detection[OURS] if each.negatives == REAL), None)


def _improvement(evidence: Evidence) -> float | None:
    scores = evidence.figures.stems[OURS].get("log_drum")
    return None if scores is None else scores.si_sdri.median


def _auroc(evidence: Evidence) -> float | None:
    found = real_detection(evidence)
    return None if found is None else found.auroc


def _false_positives(evidence: Evidence) -> float | None:
    found = real_detection(evidence)
    return None if found is None else 100 * found.false_positives


def _streaming(evidence: Evidence) -> float | None:
    return max(evidence.figures.streaming.blocks_db, evidence.figures.streaming.cuts_db)


def _growth(evidence: Evidence) -> float | None:
    """The most memory a longer file took, beside the shortest's."""
    peaks = [each.peak_mib for each in sorted(evidence.figures.memory, key=lambda each: each.minutes)]
    return max(peaks[1:]) / peaks[0] if len(peaks) > 1 else None


def _middle(subject: str, metric: str, n: int | None = None) -> Callable[[Evidence], float | None]:
    def value(evidence: Evidence) -> float | None:
        runs = evidence.of(subject, metric, n)
        return runs[len(runs) // 2] if runs else None

    return value


def _first_stem(evidence: Evidence) -> float | None:
    """The slowest of all lengths and runs."""
    return max(evidence.of("first stem", "first_stem"), default=None)


BARS: Final = (
    Bar(
        name="log drum, SI-SDR gained over the mixture, median", limit=8.0, unit="dB", value=_improvement, at_least=True
    ),
    Bar(name="log drum told from real sounds without, AUROC", limit=0.95, unit="", value=_auroc, at_least=True),
    Bar(name="false positives among them at 90 % recall", limit=10.0, unit="%", value=_false_positives),
    Bar(
        name="notes found whose pitch is within 50 cents",
        limit=85.0,
        unit="%",
        value=lambda evidence: 100 * evidence.figures.notes.f0_share,
        at_least=True,
    ),
    Bar(
        name="sum of the stems beside the mixture, the worst mix",
        limit=-60.0,
        unit="dB",
        value=lambda evidence: evidence.figures.residual_db,
    ),
    Bar(name="cut at random beside one pass, the worst stem", limit=-50.0, unit="dB", value=_streaming),
    Bar(name="first stems of a file of any length, the slowest", limit=3.0, unit="s", value=_first_stem),
    Bar(name="real-time factor, five stems, two cores", limit=0.5, unit="", value=_middle("builtin", "rtf", 2)),
    Bar(name="peak memory of the longest file beside the shortest", limit=1.1, unit="x", value=_growth),
)
