"""What figures are measured on: as it is said to be, and the same every time."""

from functools import cache

import numpy as np

from logdrum_engine.separation_fit import held_out
from logdrum_engine.separation_fit.examples import SAMPLE_RATE, STEMS, Example, Signal
from tests.engine.separation_fit.sounds import SOUNDS

LOG_DRUM = STEMS.index("log_drum")


@cache
def negatives() -> tuple[tuple[str, Signal], ...]:
    return tuple(held_out.negatives(SOUNDS))


def mixes(count: int, seed: int) -> list[Example]:
    return list(held_out.mixes(count, seed, SOUNDS))


def test_there_are_many_and_various_negatives() -> None:
    kinds = {name.split(":")[0] for name, _ in negatives()}
    assert len(negatives()) >= 150
    assert len({name for name, _ in negatives()}) == len(negatives())
    assert {"kick", "tom", "tabla", "conga", "bass", "other", "bassline", "bass line", "break", "pattern 0"} <= kinds


def test_every_negative_is_heard_and_lasts_three_to_six_seconds() -> None:
    for name, sound in negatives():
        assert sound.dtype == np.float32, name
        assert 3 * SAMPLE_RATE <= sound.shape[1] <= 6 * SAMPLE_RATE, name
        assert np.isfinite(sound).all(), name
        assert 0.05 < np.max(np.abs(sound)) <= 1.0, name


def test_mixes_are_six_seconds_long_and_depend_on_seed_and_number_alone() -> None:
    few, more, others = mixes(3, 1), mixes(6, 1), mixes(3, 2)
    for one, same, other in zip(few, more, others, strict=False):
        assert one.stems.shape == (4, 2, 6 * SAMPLE_RATE)
        np.testing.assert_array_equal(one.stems, same.stems)
        assert not np.array_equal(one.stems, other.stems)


def test_every_positive_holds_a_log_drum_half_of_them_nothing_else() -> None:
    found = list(held_out.positives(8, 1, SOUNDS))
    for number, each in enumerate(found):
        assert each.notes
        assert each.stems[LOG_DRUM].any()
        assert each.stems[[0, 1, 3]].any() == (number % 2 == 1)
