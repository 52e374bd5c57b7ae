"""The measures, against cases whose answer is known by hand."""

import itertools
import random

import numpy as np
import pytest

from logdrum_engine.separation.interface import LogDrumNote
from logdrum_engine.separation_fit.examples import LogNote
from logdrum_engine.separation_fit.measures import (
    CEILING_DB,
    NoteCounts,
    auroc,
    count_notes,
    false_positives,
    is_present,
    matched,
    residual_db,
    sdr,
    si_sdr,
    si_sdri,
    threshold_at,
)

RNG = np.random.default_rng(5)
NOISE = RNG.standard_normal((2, 40_000)).astype(np.float32)
# As loud as NOISE, and at right angles to it.
OTHER = RNG.standard_normal((2, 40_000)).astype(np.float32)
OTHER -= NOISE * (np.vdot(NOISE, OTHER) / np.vdot(NOISE, NOISE))
OTHER *= np.linalg.norm(NOISE) / np.linalg.norm(OTHER)


def written(onset_s: float, f0_hz: float = 50.0, glide_hz: float | None = None) -> LogNote:
    return LogNote(onset_s, f0_hz, glide_hz or f0_hz, onset_s, onset_s + 0.2, 1.0)


def heard(onset_s: float, f0_hz: float = 50.0, glide_hz: float | None = None) -> LogDrumNote:
    return LogDrumNote(
        onset_s=onset_s, length_s=0.2, f0_hz=f0_hz, glide_hz=glide_hz or f0_hz, velocity=1.0, probability=0.9
    )


def test_the_stem_itself_reaches_the_ceiling() -> None:
    assert sdr(NOISE, NOISE) == si_sdr(NOISE, NOISE) == CEILING_DB


def test_silence_scores_nought_in_sdr_and_the_least_without_a_scale() -> None:
    assert sdr(NOISE, 0 * NOISE) == 0.0
    assert si_sdr(NOISE, 0 * NOISE) == -CEILING_DB


@pytest.mark.parametrize("db", [-12.0, 0.0, 6.0, 30.0])
def test_noise_so_much_under_a_stem_is_its_sdr(db: float) -> None:
    estimate = NOISE + OTHER * np.float32(10 ** (-db / 20))
    assert sdr(NOISE, estimate) == pytest.approx(db, abs=1e-3)
    assert si_sdr(NOISE, estimate) == pytest.approx(db, abs=1e-3)


def test_a_wrong_level_costs_sdr_but_not_si_sdr() -> None:
    estimate = np.float32(0.5) * (NOISE + OTHER * np.float32(0.1))
    assert si_sdr(NOISE, estimate) == pytest.approx(20.0, abs=1e-3)
    assert sdr(NOISE, estimate) == pytest.approx(10 * np.log10(1 / (0.25 + 0.0025)), abs=1e-3)


def test_a_stem_upside_down_is_the_same_stem_without_a_scale_only() -> None:
    assert si_sdr(NOISE, -NOISE) == CEILING_DB
    assert sdr(NOISE, -NOISE) == pytest.approx(-10 * np.log10(4), abs=1e-3)


def test_the_mix_gains_nothing_on_itself() -> None:
    mix = NOISE + OTHER
    assert si_sdri(NOISE, mix, mix) == 0.0
    assert si_sdri(NOISE, NOISE + OTHER * np.float32(0.1), mix) == pytest.approx(20.0, abs=1e-3)


def test_a_stem_far_under_the_mix_is_not_in_it() -> None:
    assert is_present(NOISE * np.float32(0.01), OTHER)
    assert not is_present(NOISE * np.float32(0.001), OTHER)
    assert not is_present(0 * NOISE, OTHER)


def test_stems_that_lack_a_thousandth_are_60_db_off() -> None:
    stems = np.stack([NOISE * np.float32(0.25), NOISE * np.float32(0.749)])
    assert residual_db(stems, NOISE) == pytest.approx(-60.0, abs=0.1)
    assert residual_db(np.stack([NOISE, 0 * NOISE]), NOISE) == -200.0


def test_auroc_is_how_often_a_positive_is_above_a_negative() -> None:
    assert auroc([0.8, 0.9], [0.1, 0.2]) == 1.0
    assert auroc([0.1], [0.2, 0.3]) == 0.0
    assert auroc([0.5, 0.5], [0.5]) == 0.5


def test_auroc_with_ties_is_what_counting_every_pair_gives() -> None:
    draw = random.Random(3)
    yes, no = ([draw.randrange(6) / 5 + lift for _ in range(40)] for lift in (0.2, 0.0))
    won = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in itertools.product(yes, no)]
    assert auroc(yes, no) == pytest.approx(sum(won) / len(won))


def test_false_positives_are_counted_where_nine_of_ten_positives_are_found() -> None:
    positives = [0.05, *(0.5 + 0.01 * step for step in range(9))]
    assert threshold_at(0.9, positives) == 0.5
    assert false_positives(0.9, positives, [0.0, 0.4, 0.5, 0.9]) == 0.5


def test_where_nothing_is_told_apart_every_negative_fires() -> None:
    assert false_positives(0.9, [0.0] * 10, [0.0] * 4) == 1.0


def test_notes_are_paired_within_50_ms() -> None:
    counts = count_notes([written(1.0), written(2.0)], [heard(1.049), heard(2.051)])
    assert (counts.struck, counts.precision, counts.recall, counts.f1) == (1, 0.5, 0.5, 0.5)


def test_a_note_heard_twice_counts_once() -> None:
    counts = count_notes([written(1.0)], [heard(0.98), heard(1.02)])
    assert (counts.struck, counts.precision, counts.recall) == (1, 0.5, 1.0)


def test_as_many_notes_are_paired_as_can_be() -> None:
    draw = random.Random(11)
    for _ in range(200):
        truth = [written(draw.randrange(12) / 40) for _ in range(draw.randrange(5))]
        given = [heard(draw.randrange(12) / 40) for _ in range(draw.randrange(5))]
        assert len(matched(truth, given)) == _most_pairs([n.onset_s for n in truth], [n.onset_s for n in given])


def _most_pairs(truth: list[float], given: list[float]) -> int:
    """Try everything."""
    if not truth:
        return 0
    first, *rest = truth
    near = [i for i, at in enumerate(given) if first - 0.05 <= at <= first + 0.05]
    return max([_most_pairs(rest, given), *(1 + _most_pairs(rest, given[:i] + given[i + 1 :]) for i in near)])


def test_a_pitch_is_right_within_50_cents_and_an_octave_is_told_apart() -> None:
    truth = [written(1.0), written(2.0), written(3.0)]
    counts = count_notes(truth, [heard(1.0, 50 * 2 ** (49 / 1200)), heard(2.0, 50 * 2 ** (51 / 1200)), heard(3.0, 100)])
    assert (counts.pitched, counts.octaves) == (1, 1)
    assert counts.f0_share == pytest.approx(1 / 3)


def test_a_glide_is_judged_by_where_it_ends() -> None:
    truth = [written(1.0, 50, 75), written(2.0, 50, 75), written(3.0)]
    counts = count_notes(truth, [heard(1.0, 50, 75), heard(2.0, 50, 50), heard(3.0, 50, 75)])
    assert (counts.glides, counts.arrived) == (2, 1)


def test_without_notes_nothing_is_divided_by_nought() -> None:
    counts = count_notes([], [])
    assert (counts.precision, counts.recall, counts.f1, counts.f0_share) == (0, 0, 0, 0)


def test_counts_of_several_sounds_add_up() -> None:
    one = count_notes([written(1.0)], [heard(1.0)])
    assert one + one == NoteCounts(written=2, heard=2, struck=2, pitched=2)
