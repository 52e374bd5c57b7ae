"""Results: one row a number, as JSON lines, and what five runs of the same number come to."""

import math
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One number of one run."""

    bench: str
    subject: str
    n: int
    metric: str
    value: float
    unit: str
    run: int = 0


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What the runs of one number come to."""

    median: float
    lowest: float
    highest: float


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the nearest-rank percentile of values that are sorted; None where there are none."""
    if not values:
        return None
    rank = math.ceil(len(values) * percent / 100)
    return values[max(rank, 1) - 1]


def summarise(values: Sequence[float]) -> Summary | None:
    """Return median and range, None where nothing was measured."""
    if not values:
        return None
    return Summary(median=statistics.median(values), lowest=min(values), highest=max(values))


def select(rows: Iterable[Row], *, bench: str, subject: str, metric: str, n: int | None = None) -> Summary | None:
    """Return the summary of one number over its runs."""
    return summarise(
        [
            row.value
            for row in rows
            if (row.bench, row.subject, row.metric) == (bench, subject, metric) and n in (None, row.n)
        ]
    )


def append(path: Path, rows: Iterable[Row]) -> None:
    """Add rows to a file of JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.writelines(msgspec.json.encode(row) + b"\n" for row in rows)


def read(path: Path) -> list[Row]:
    """Return the rows of a file of JSON lines."""
    decoder = msgspec.json.Decoder(Row)
    return [decoder.decode(line) for line in path.read_bytes().splitlines() if line]
