"""Run the benchmarks: `python -m tests.bench` from the root of the checkout."""

import argparse
import asyncio
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from . import rows as results
from .clock import CLOCK_FANOUT, CLOCK_IDLE, CLOCK_JITTER
from .edits import EDITS
from .fanout import FANOUT, IDLE, STALLED_READERS
from .first_chunk import FIRST_CHUNK
from .groove import GROOVE, HOUR
from .join import JOIN
from .machine import LOAD_CORE, ROOT, SERVER_CORE, BenchError, filesystem
from .memory import MEMORY
from .pages import PAGES
from .report import report
from .rows import Row
from .separate import STEMS
from .sound import SOUND
from .storm import STORM
from .suite import QUICK, Bench, Measurement, Settings
from .talk import say

_ALL: Final = (
    FANOUT,
    STALLED_READERS,
    IDLE,
    EDITS,
    JOIN,
    STORM,
    MEMORY,
    CLOCK_IDLE,
    CLOCK_FANOUT,
    CLOCK_JITTER,
    FIRST_CHUNK,
    GROOVE,
    HOUR,
    SOUND,
    STEMS,
    PAGES,
)
_PACKAGES: Final = ("aiohttp", "hypercorn", "picows", "pycrdt", "uvloop", "websockets")
_RESULTS: Final = ROOT / "bench-results"


class Session:
    """One run of the program: what was measured, and what could not be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows: list[Row] = []
        self.troubles: list[str] = []
        self.failed = False

    def add(self, rows: Sequence[Row]) -> None:
        """Keep rows, on disk at once."""
        self.rows += rows
        results.append(self._path, rows)

    async def take(self, measurement: Measurement, run: int) -> None:
        """Take one measurement; one that fails is told and does not end the others."""
        where = f"{measurement.bench} {measurement.subject} n={measurement.n}"
        if measurement.missing is not None:
            self._trouble(f"MISSING: {where}: {measurement.missing}")
            return
        began = time.monotonic()
        try:
            rows = measurement.rows(await measurement.take(), run)
        except BenchError as fault:
            self.failed = True
            self._trouble(f"FAILED: {where} run {run}: {fault}")
            return
        self.add(rows)
        say(f"run {run}  {where}  {time.monotonic() - began:.0f} s  {_brief(rows)}")

    def _trouble(self, text: str) -> None:
        if text not in self.troubles:
            say(text)
            self.troubles.append(text)


def _brief(rows: Sequence[Row]) -> str:
    return "  ".join(f"{row.metric}={row.value:.4g} {row.unit}".strip() for row in rows)


async def run(benches: Sequence[Bench], settings: Settings, session: Session) -> None:
    """Go through every benchmark, run by run."""
    for bench in benches:
        for number in range(1, settings.runs + 1):
            for measurement in bench.round(settings, number):
                await session.take(measurement, number)


def machine() -> str:
    """Say what this was measured on."""
    model = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown CPU")
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    cores = f"server on core {min(SERVER_CORE)}, load generator on core {min(LOAD_CORE)}"
    return (
        f"{time.strftime('%Y-%m-%d %H:%M')}, {model}, {os.cpu_count()} cores ({cores}), Linux {platform.release()}, "
        f"Python {platform.python_version()}, {packages}, SQLite {sqlite3.sqlite_version}, data on {filesystem()}; "
        f"load at the start {os.getloadavg()[0]:.2f}. Each figure is the median of its runs, with their range."
    )


def _cpuinfo() -> list[str]:
    return Path("/proc/cpuinfo").read_text().splitlines()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Logdrum beside its peers.")
    parser.add_argument("--quick", action="store_true", help="a smoke test: one short run of each, small n")
    parser.add_argument("--only", metavar="NAME,…", help=f"of {', '.join(bench.name for bench in _ALL)}; prefixes do")
    parser.add_argument("--runs", type=int, help="how often each is measured")
    parser.add_argument("--seconds", type=float, help="length of each window")
    parser.add_argument("--add", type=Path, action="append", default=[], metavar="FILE", help="rows measured elsewhere")
    return parser.parse_args(arguments)


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the settings that the options ask for."""
    settings = QUICK if options.quick else Settings()
    changes: dict[str, float] = {}
    if options.runs is not None:
        changes["runs"] = options.runs
    if options.seconds is not None:
        windows = ("fanout_seconds", "stalled_seconds", "idle_seconds", "clock_seconds", "edits_seconds")
        changes |= dict.fromkeys(windows, options.seconds)
    return msgspec.structs.replace(settings, **changes)


def chosen(names: str | None) -> list[Bench]:
    """Return the benchmarks whose names begin with one of those given, or all."""
    if names is None:
        return list(_ALL)
    prefixes = tuple(names.split(","))
    return [bench for bench in _ALL if bench.name.startswith(prefixes)]


def main(arguments: Sequence[str]) -> int:
    """Measure, write and print; 1 where something could not be measured."""
    options = parse(arguments)
    benches = chosen(options.only)
    stem = _RESULTS / time.strftime("%Y%m%d-%H%M%S")
    session = Session(stem.with_suffix(".jsonl"))
    on = machine()
    for path in options.add:
        session.add(results.read(path))
    try:
        asyncio.run(run(benches, settings_of(options), session))
    except KeyboardInterrupt:
        session.failed = True
    text = report(_ALL, session.rows, on, session.troubles)
    stem.with_suffix(".md").write_text(text)
    say(f"\n{text}\nwritten to {stem.relative_to(ROOT)}.md and .jsonl")
    return int(session.failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
