"""Stems in 16 bits that sum to a mix in 16 bits."""

import numpy as np
import pytest

from logdrum_engine.separating.rounding import FULL_SCALE, clipped, from_steps, in_steps, s16le, summing_to


def sound(*shape: int, peak: float = 0.3, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-peak, peak, shape).astype(np.float32)


def test_rounded_stems_sum_to_the_rounded_mix() -> None:
    stems = sound(5, 2, 4_000)
    mix = in_steps(stems.sum(axis=0))
    rounded = summing_to(mix, stems)
    assert np.array_equal(rounded.sum(axis=0), mix)
    assert abs(rounded[:-1] - stems[:-1] * FULL_SCALE).max() <= 0.51
    assert abs(rounded[-1] - stems[-1] * FULL_SCALE).max() <= 3


@pytest.mark.parametrize("peak", [1.0, 2.0, 8.0])
def test_they_do_so_wherever_16_bits_can_hold_such_a_sum(peak: float) -> None:
    stems = sound(5, 2, 4_000, peak=peak)
    mix = clipped(in_steps(stems.sum(axis=0)))
    rounded = summing_to(mix, stems)
    assert abs(rounded).max() <= FULL_SCALE
    assert np.array_equal(rounded.sum(axis=0), mix)


def test_beyond_what_all_stems_together_can_hold_they_come_as_near_as_they_can() -> None:
    mix = np.full((2, 1), 3 * FULL_SCALE)
    assert summing_to(mix, np.zeros((2, 2, 1), np.float32)).tolist() == [[[FULL_SCALE]] * 2] * 2


def test_what_was_16_bits_comes_out_as_it_was() -> None:
    steps = np.arange(-4 * FULL_SCALE, 4 * FULL_SCALE + 1)
    assert np.array_equal(in_steps(from_steps(steps)), steps)


def test_a1_bytes_are_interleaved() -> None:
    assert np.frombuffer(s16le(np.array([[1, 2], [3, 4]])), "<i2").tolist() == [1, 3, 2, 4]
