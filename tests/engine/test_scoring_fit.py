"""How the score is fitted: what it may learn from, what it may not, and that it tells what it has never heard."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from logdrum_engine.scoring.model import Model, load_model
from logdrum_engine.scoring.score import conformance_of
from logdrum_engine.scoring_fit.command import fit_command
from logdrum_engine.scoring_fit.evaluation import clips_in
from logdrum_engine.scoring_fit.learn import auroc, fit_logistic
from logdrum_engine.scoring_fit.ledger import Ledger
from logdrum_engine.scoring_fit.takes import (
    AMAPIANO,
    HELD_OUT_KITS,
    HELD_OUT_LOG_DRUMS,
    NEAR_KIN,
    OTHERS,
    Measured,
    is_of,
    make,
    orders,
)
from tests.engine.scoring_cases import file_of, groove

RENDERS = 12


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fit") / "model.json"
    assert fit_command(["--renders", str(RENDERS), "--seed", "5", "--out", str(out), "--date", "2026-01-01"]) == 0
    return out


@pytest.fixture(scope="module")
def unheard() -> list[Measured]:
    """Takes of a seed that nothing was fitted on, and of patches that were held out."""
    ordered = [order for order in orders(80, 77) if order.side == "held out" and order.kind != NEAR_KIN]
    return [take for take in map(make, ordered) if take.spans]


def test_the_shipped_model_tells_amapiano_from_others_it_has_never_heard(unheard: list[Measured]) -> None:
    values = np.array([conformance_of(load_model(AMAPIANO), take.spans).value for take in unheard])
    is_amapiano = np.array([take.kind == AMAPIANO for take in unheard])
    assert len(unheard) > 16
    assert auroc(values[is_amapiano], values[~is_amapiano]) >= 0.95


def test_the_shipped_model_tells_log_drums_from_other_low_notes(unheard: list[Measured]) -> None:
    notes = [note for take in unheard for span in take.spans for note in span.notes]
    is_log_drum = np.array([label for take in unheard for span in take.log_drums for label in span])
    likely = load_model(AMAPIANO).log_drum.likeness(notes)
    assert auroc(likely[is_log_drum], likely[~is_log_drum]) >= 0.85


def test_the_shipped_model_says_how_it_did() -> None:
    results = load_model(AMAPIANO).results
    assert results is not None
    assert results.auroc >= 0.95
    assert results.auroc_real is not None
    assert {verdicts.threshold for verdicts in results.real_verdicts} == {0.3, 0.5, 0.7}


def test_only_renders_of_known_kinds_were_fitted_on() -> None:
    results = load_model(AMAPIANO).results
    assert results is not None
    assert set(results.fitted) == {AMAPIANO, *OTHERS}
    assert not set(results.fitted) & set(results.real)


def test_real_clips_do_not_change_what_is_fitted(fitted: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.json"
    shutil.copy(f"{fitted}.takes", f"{out}.takes")
    (tmp_path / "clips" / "source").mkdir(parents=True)
    file_of(tmp_path / "clips" / "source" / "a.wav", groove(bars=5))
    arguments = ["--renders", str(RENDERS), "--seed", "5", "--out", str(out), "--date", "2026-01-01"]
    assert fit_command([*arguments, "--real", str(tmp_path / "clips")]) == 0
    without, beside = (msgspec.json.decode(path.read_bytes(), type=Model) for path in (fitted, out))
    assert beside.results is not None
    assert beside.results.real == {"source": 1}
    assert (beside.fit, beside.refits, beside.log_drum) == (without.fit, without.refits, without.log_drum)


def test_the_same_command_fits_the_same_model(fitted: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.json"
    fit_command(["--renders", str(RENDERS), "--seed", "5", "--out", str(out), "--date", "2026-01-01"])
    assert out.read_bytes() == fitted.read_bytes()


def test_what_is_held_out_shares_no_patch_with_what_is_fitted_on() -> None:
    held_out, fitted_on = (
        {(kit, log) for kit in range(16) for log in range(6) if is_of(side, kit, log)}
        for side in ("held out", "fitted")
    )
    assert held_out == {(kit, log) for kit in HELD_OUT_KITS for log in HELD_OUT_LOG_DRUMS}
    assert not {kit for kit, _ in held_out} & {kit for kit, _ in fitted_on}
    assert not {log for _, log in held_out} & {log for _, log in fitted_on}


def test_half_of_each_side_is_amapiano_and_its_nearest_kin_is_never_fitted_on() -> None:
    ordered = orders(80, 1)
    for side, count in (("fitted", 60), ("held out", 20)):
        kinds = [order.kind for order in ordered if order.side == side and order.kind != NEAR_KIN]
        assert (len(kinds), kinds.count(AMAPIANO)) == (count, count // 2)
    assert {order.side for order in ordered if order.kind == NEAR_KIN} == {"held out"}


def test_no_two_takes_are_filed_under_one_name() -> None:
    names = [order.name for order in (*orders(80, 1), *orders(80, 2))]
    assert len(set(names)) == len(names)


class _Square(msgspec.Struct):
    value: int


def test_a_ledger_goes_on_where_it_was_broken_off(tmp_path: Path) -> None:
    path = tmp_path / "squares"
    made: list[int] = []

    def square(number: int) -> _Square:
        made.append(number)
        return _Square(number**2)

    ledger = Ledger[int, _Square](path, _Square, str, square)
    first = ledger.entries([1, 2, 3])
    assert [next(first).value, next(first).value] == [1, 4]
    del first
    path.write_bytes(path.read_bytes() + b'["3", {"val')
    assert [entry.value for entry in ledger.entries([1, 2, 3, 4])] == [1, 4, 9, 16]
    assert [entry.value for entry in ledger.entries([4, 3])] == [16, 9]
    assert made == [1, 2, 3, 4]


def test_real_clips_are_taken_in_turns_from_each_source(tmp_path: Path) -> None:
    pulse = np.tile(np.array([[0.5, -0.5]], dtype=np.float32), (1, 40_000))
    for name in ("a/1.wav", "a/2.wav", "a/3.wav", "b/deep/1.flac"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        file_of(tmp_path / name, pulse, 8_000)
    file_of(tmp_path / "a" / "0 short.wav", pulse[:, :8_000], 8_000)
    names = [str(path.relative_to(tmp_path)) for path in clips_in(tmp_path, most=3)]
    assert names == ["a/1.wav", "b/deep/1.flac", "a/2.wav"]


def test_auroc_is_the_chance_that_a_positive_scores_higher() -> None:
    assert auroc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert auroc(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == 0.5
    assert auroc(np.array([1.0, 1.0]), np.array([0.0, 1.0, 2.0, 1.0])) == 0.5
    assert auroc(np.array([0.5]), np.array([0.0, 1.0, 2.0, 3.0])) == 0.25


def test_a_logistic_fit_finds_the_line_that_made_the_labels() -> None:
    dice = np.random.default_rng(8)
    cases = dice.normal(size=(20_000, 3))
    labels = dice.random(20_000) < 1 / (1 + np.exp(-(cases @ [2.0, -1.0, 0.0])))
    line = fit_logistic(cases, labels, ridge=1e-3)
    assert line.weights == pytest.approx([2.0, -1.0, 0.0], abs=0.1)


def test_no_weight_is_under_its_floor_and_without_cases_to_learn_from_it_stays_where_it_is_drawn() -> None:
    dice = np.random.default_rng(8)
    cases = np.column_stack([dice.normal(size=500), np.zeros(500)])
    line = fit_logistic(cases, cases[:, 0] < 0, towards=1.5, ridge=1.0, lowest=0.0)
    assert line.weights == pytest.approx([0.0, 1.5], abs=1e-6)
