"""The report: one table a benchmark, and the figures to reach; Markdown that reads well as plain text."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from .rows import Row, Summary, select
from .suite import Bench
from .targets import TARGETS

T = TypeVar("T", bound=Hashable)


def table(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with its columns aligned."""
    widths = [max(len(line[column]) for line in (header, *body)) for column in range(len(header))]
    lines = [header, ["-" * width for width in widths], *body]
    return "\n".join(_line(cells, widths) for cells in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def number(value: float) -> str:
    """Return a number with three figures that count."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def cell(summary: Summary | None) -> str:
    """Return "median (lowest to highest)"."""
    if summary is None:
        return "—"
    if summary.lowest == summary.highest:
        return number(summary.median)
    return f"{number(summary.median)} ({number(summary.lowest)} to {number(summary.highest)})"


def bench_table(name: str, rows: Sequence[Row]) -> str:
    """Return the table of one benchmark: a line for each size and subject, a column for each metric."""
    ours = [row for row in rows if row.bench == name]
    metrics = _in_order((row.metric, row.unit) for row in ours)
    header = ["n", "subject", *(f"{metric} {unit}" for metric, unit in metrics)]
    body = [
        [str(n), subject, *(_value(ours, name, subject, metric, n) for metric, _ in metrics)]
        for n, subject in _in_order((row.n, row.subject) for row in ours)
    ]
    return table(header, body)


def _value(rows: Sequence[Row], bench: str, subject: str, metric: str, n: int) -> str:
    return cell(select(rows, bench=bench, subject=subject, metric=metric, n=n))


def _in_order(items: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(items))


def target_table(rows: Sequence[Row]) -> str:
    """Return the figures to reach, each with what was measured and whether that reaches it."""
    body = []
    for target in TARGETS:
        value = target.value(rows)
        measured = "—" if value is None else f"{number(value)} {target.unit}"
        body.append([target.name, measured, target.limit_text(), target.verdict(value)])
    return table(["figure", "measured", "to reach", "verdict"], body)


def report(benches: Sequence[Bench], rows: Sequence[Row], machine: str, troubles: Sequence[str]) -> str:
    """Return the whole report."""
    parts = ["# Benchmarks", machine]
    for bench in benches:
        if any(row.bench == bench.name for row in rows):
            parts += [f"## {bench.title}", bench.note, bench_table(bench.name, rows)]
    parts += ["## Figures to reach", target_table(rows)]
    if troubles:
        parts += ["## MISSING OR FAILED", "\n".join(f"- {trouble}" for trouble in troubles)]
    return "\n\n".join(parts) + "\n"
