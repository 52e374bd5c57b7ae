"""What separators are measured beside does what its name says."""

import numpy as np
import pytest
from numpy.typing import NDArray

from logdrum_engine.separation_fit.baselines import RULE_SHARE, ideal_ratio_masks, rule_share, rule_stem
from logdrum_engine.separation_fit.examples import SAMPLE_RATE
from logdrum_engine.separation_fit.measures import residual_db, sdr

Sound = NDArray[np.float32]


def tone(hz: float, level: float = 0.5, length_s: float = 1.0) -> Sound:
    t = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    return np.tile((level * np.sin(2 * np.pi * hz * t)).astype(np.float32), (2, 1))


@pytest.mark.parametrize(("low", "is_one"), [(0.4, False), (0.45, True)])
def test_the_rule_fires_from_15_percent_of_the_energy_on(low: float, is_one: bool) -> None:
    # 0.16 / 1.16 is 13.8 %, 0.2025 / 1.2025 is 16.8 %
    assert (rule_share(tone(80, low) + tone(1000, 1.0)) > RULE_SHARE) is is_one


def test_the_rules_band_ends_at_50_and_150_hz() -> None:
    assert [rule_share(tone(hz)) > 0.99 for hz in (40, 60, 140, 160)] == [False, True, True, False]


def test_the_rule_keeps_the_band_and_a_part_of_the_rest() -> None:
    expected = tone(100) + np.float32(0.3) * tone(1000)
    np.testing.assert_allclose(rule_stem(tone(100) + tone(1000)), expected, atol=1e-4)


def test_silence_is_no_log_drum_to_the_rule() -> None:
    assert rule_share(tone(100, 0.0)) == 0.0
    assert not rule_stem(tone(100, 0.0)).any()


def test_ideal_masks_part_sounds_that_share_no_bin() -> None:
    stems = np.stack([tone(60), tone(400), tone(2000), tone(9000)])
    made = ideal_ratio_masks(stems)
    assert min(sdr(truth, given) for truth, given in zip(stems, made, strict=True)) > 25


def test_ideal_masks_sum_to_the_mix() -> None:
    stems = np.random.default_rng(1).standard_normal((4, 2, 30_001)).astype(np.float32)
    assert residual_db(ideal_ratio_masks(stems), stems.sum(axis=0)) < -100


def test_ideal_masks_cannot_part_two_sounds_that_are_alike() -> None:
    stems = np.stack([tone(100), tone(100), tone(100, 0.0), tone(100, 0.0)])
    assert sdr(stems[0], ideal_ratio_masks(stems)[0]) > 40  # in phase, halves are right
    stems[1] *= -np.float32(0.5)
    assert sdr(stems[0], ideal_ratio_masks(stems)[0]) < 10  # of what cancels, a mask cannot give back
