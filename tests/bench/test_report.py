"""The pure parts of the benchmarks: statistics, rows and tables. Timings are never asserted."""

from pathlib import Path

import pytest

from .jitter import delays_s
from .report import bench_table, number, target_table
from .rows import Row, append, percentile, read, select, summarise
from .suite import QUICK, Measurement, Numbers, Settings
from .targets import TARGETS


def row(subject: str = "logdrum", metric: str = "p99", value: float = 1.0, run: int = 1, n: int = 50) -> Row:
    return Row(bench="fanout", subject=subject, n=n, metric=metric, value=value, unit="ms", run=run)


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [1.0, 2.0, 3.0, 4.0]
    assert [percentile(values, percent) for percent in (0, 50, 51, 99, 100)] == [1, 2, 3, 4, 4]


def test_percentile_of_nothing_is_none() -> None:
    assert percentile([], 99) is None


def test_summary_is_median_and_range() -> None:
    summary = summarise([3.0, 1.0, 9.0])
    assert summary is not None
    assert (summary.median, summary.lowest, summary.highest) == (3, 1, 9)


def test_summary_of_nothing_is_none() -> None:
    assert summarise([]) is None


def test_select_takes_one_number_over_its_runs() -> None:
    rows = [row(value=2), row(value=4, run=2), row(value=90, n=400), row(subject="picows", value=90)]
    summary = select(rows, bench="fanout", subject="logdrum", metric="p99", n=50)
    assert summary is not None
    assert summary.median == 3


def test_rows_come_back_from_json_lines(tmp_path: Path) -> None:
    rows = [row(), row(run=2)]
    append(tmp_path / "rows.jsonl", rows[:1])
    append(tmp_path / "rows.jsonl", rows[1:])
    assert read(tmp_path / "rows.jsonl") == rows


def test_json_lines_have_the_agreed_fields(tmp_path: Path) -> None:
    append(tmp_path / "rows.jsonl", [row()])
    assert (tmp_path / "rows.jsonl").read_bytes() == (
        b'{"bench":"fanout","subject":"logdrum","n":50,"metric":"p99","value":1.0,"unit":"ms","run":1}\n'
    )


def test_a_metric_without_a_value_makes_no_row() -> None:
    async def take() -> Numbers:
        return {}

    measurement = Measurement(bench="fanout", subject="logdrum", n=50, take=take)
    rows = measurement.rows({"p50": (None, "ms"), "delivered": (0.0, "%")}, run=1)
    assert [row.metric for row in rows] == ["delivered"]


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (0.1234, "0.12"), (12.34, "12.3"), (1234.5, "1234")])
def test_numbers_have_three_figures(value: float, text: str) -> None:
    assert number(value) == text


def test_a_table_has_a_line_for_each_subject_and_size() -> None:
    lines = bench_table("fanout", [row(), row(subject="picows"), row(n=400), row(run=2, value=3.0)]).splitlines()
    assert len(lines) == 2 + 3
    assert "2.00 (1.00 to 3.00)" in lines[2]


def test_every_figure_to_reach_is_listed_when_nothing_was_measured() -> None:
    text = target_table([])
    assert text.count("NOT MEASURED") == len(TARGETS)


def test_a_ratio_is_of_the_medians_of_one_run_of_the_program() -> None:
    cpu = [("logdrum", 10.0), ("logdrum", 12.0), ("logdrum", 11.0), ("picows", 10.0)]
    rows = [row(subject=subject, metric="cpu_per_message", value=value, n=400) for subject, value in cpu]
    assert TARGETS[0].value(rows) == pytest.approx(1.1)


@pytest.mark.parametrize(("value", "verdict"), [(1.1, "met"), (1.11, "NOT MET"), (None, "NOT MEASURED")])
def test_a_verdict_is_honest(value: float | None, verdict: str) -> None:
    assert TARGETS[0].verdict(value) == verdict


def test_jitter_is_the_same_for_the_same_seed() -> None:
    first, second = delays_s(7), delays_s(7)
    assert [next(first) for _ in range(50)] == [next(second) for _ in range(50)]


def test_jitter_stays_within_20_to_60_ms() -> None:
    delays = delays_s(1)
    assert all(0.02 <= next(delays) <= 0.06 for _ in range(1000))


def test_quick_is_smaller_in_everything() -> None:
    full = Settings()
    assert (QUICK.runs, QUICK.fanout_seconds, max(QUICK.fanout_sizes)) < (full.runs, full.fanout_seconds, 400)
