"""The benchmark of stems asks each question of every subject, and cleans up."""

from pathlib import Path

import numpy as np
import pytest

from logdrum_engine.separation_fit.bars import BARS, Evidence, rows_in

from .rows import append
from .separate import STEMS, Pull, Pulled, numbers
from .separate_peers import SOURCES, random_weights
from .separate_worker import apply_model, difference_db, htdemucs
from .suite import QUICK, Measurement, Settings

NOISE = np.random.default_rng(2).standard_normal((2, 3 * 44_100)).astype(np.float32)


def asked(settings: Settings) -> list[Measurement]:
    return list(STEMS.round(settings, 1))


def test_one_core_and_two_are_compared_and_files_of_every_length() -> None:
    subjects = [(measurement.subject, measurement.n) for measurement in asked(Settings())]
    assert {("builtin", 1), ("builtin", 2), ("own net", 1), ("vocal net", 2)} < set(subjects)
    assert [n for subject, n in subjects if subject == "first stem"] == [10, 180, 1800]


def test_demucs_own_comes_before_ours_which_is_held_against_it() -> None:
    assert [measurement.subject for measurement in asked(QUICK)][-2:] == ["apply_model", "htdemucs"]


def test_the_sounds_are_gone_after_the_last_measurement() -> None:
    rounds = STEMS.round(QUICK, 1)
    first = next(rounds)
    folder: Path = first.take.args[1]
    assert folder.is_dir()
    list(rounds)
    assert not folder.exists()


def test_what_was_not_measured_has_no_number() -> None:
    told = numbers(Pulled(audio_s=10.0, wall_s=4.0, first_s=0.5))
    assert {metric: value for metric, (value, _) in told.items() if value is not None} == {
        "rtf": 0.4,
        "first_stem": 0.5,
    }


def test_the_model_card_reads_the_rows_that_are_written(tmp_path: Path) -> None:
    [measurement] = [each for each in asked(Settings()) if (each.subject, each.n) == ("builtin", 2)]
    for run, wall_s in enumerate((4.0, 9.0, 4.5)):
        append(tmp_path / "rows.jsonl", measurement.rows(numbers(Pulled(audio_s=10.0, wall_s=wall_s)), run))
    [bar] = [bar for bar in BARS if bar.name.startswith("real-time factor")]
    assert bar.value(Evidence(figures=None, rows=list(rows_in(tmp_path / "rows.jsonl")))) == 0.45


def test_the_worst_stem_is_the_difference_and_the_rest_of_the_mix_is_none_of_them() -> None:
    theirs = np.random.default_rng(1).standard_normal((4, 2, 1_000)).astype(np.float32)
    ours = dict(zip(SOURCES, theirs.copy(), strict=True))
    ours["bass"] *= np.float32(1.1)
    ours["other"] *= 0
    assert round(difference_db(ours, theirs)) == -20


def test_ours_gives_what_demucs_own_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"channels": 16, "bottom_channels": 32, "segment": 1.0, "t_layers": 1}
    monkeypatch.setattr("tests.bench.separate_peers.SIZES", small)
    random_weights(tmp_path)
    monkeypatch.setattr("tests.bench.separate_worker._at_separators_rate", lambda _: NOISE)
    pull = Pull(what="", folder=str(tmp_path), seconds=3, threads=1, began_s=0.0)
    theirs, ours = apply_model(pull), htdemucs(pull)
    assert ours.difference_db is not None
    assert ours.difference_db < -60
    assert theirs.audio_s == ours.audio_s == 3.0
    assert theirs.first_s == theirs.wall_s > 0.0
    assert 0.0 < ours.first_s < ours.wall_s
