"""Two hundred hubs killed with edits under way (D4, D7, H2, H4)."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.crash.arena import fight

ROUNDS = 25


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seeds", [(1, 2), (3, 4), (5, 6), (7, 8)], ids=str)
def test_d7_what_was_acknowledged_is_there_once_after_kill_9(tmp_path: Path, seeds: tuple[int, int]) -> None:
    """Two hubs at a time, each with its own room; `fight(seed, rounds, folder)` plays one again."""
    folders = [tmp_path / str(seed) for seed in seeds]
    for folder in folders:
        folder.mkdir()
    with ProcessPoolExecutor(len(seeds), mp_context=get_context("spawn")) as pool:
        for report in pool.map(fight, seeds, [ROUNDS] * len(seeds), folders):
            print(report)
            assert report.events > 1_000
            assert report.unanswered > 0, "no hub was killed at work"
            assert report.repeats > 0, "nothing was asked for again that had been done"
