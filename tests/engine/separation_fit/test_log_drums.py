"""A log drum sounds what its notes say."""

import numpy as np
import pytest
from msgspec.structs import replace

from logdrum_engine.separation_fit.examples import SAMPLE_RATE, LogNote
from logdrum_engine.separation_fit.log_drums import HELD_OUT, TRAIN, Ranges, line, patch_of
from tests.engine.separation_fit.pitch import cents

BOTH = pytest.mark.parametrize("ranges", [TRAIN, HELD_OUT], ids=["train", "held out"])


def steady(onset_s: float, hz: float, length_s: float = 0.35) -> LogNote:
    return LogNote(onset_s, hz, hz, onset_s, onset_s + length_s, 0.9)


@BOTH
def test_the_pitch_is_that_of_the_note_once_it_has_settled(ranges: Ranges) -> None:
    rng = np.random.default_rng(5)
    errors = []
    for hz in rng.uniform(36.7, 147.0, 150):
        sound = line(patch_of(rng, ranges), [steady(0.0, hz, 0.4)], SAMPLE_RATE, rng)
        errors.append(abs(cents(sound[round(0.15 * SAMPLE_RATE) : round(0.35 * SAMPLE_RATE)], hz)))
    assert np.median(errors) < 10.0
    assert np.mean(np.array(errors) < 50.0) > 0.9


@BOTH
def test_it_falls_into_its_pitch(ranges: Ranges) -> None:
    rng = np.random.default_rng(6)
    for _ in range(20):
        pure = replace(patch_of(rng, ranges), index=0.0, second_index=0.0, partials=(0.0, 0.0), knock=0.0, click=0.0)
        turns = upward_crossings(line(pure, [steady(0.0, 60.0)], SAMPLE_RATE, rng))
        assert turns[0] < 0.98 * SAMPLE_RATE / 60.0
        assert np.diff(turns)[4] == pytest.approx(SAMPLE_RATE / 60.0, rel=0.02)


def upward_crossings(sound: np.ndarray) -> np.ndarray:
    return np.flatnonzero((sound[:-1] < 0.0) & (sound[1:] >= 0.0))


def test_a_glide_leads_from_its_first_pitch_to_its_second() -> None:
    rng = np.random.default_rng(7)
    first, second = [], []
    for _ in range(40):
        patch = patch_of(rng, Ranges(**{**fields(TRAIN), "decay_s": ((0.9, 0.9),)}))
        sound = line(patch, [LogNote(0.0, 82.0, 110.0, 0.25, 0.8, 1.0)], SAMPLE_RATE, rng)
        first.append(abs(cents(sound[round(0.1 * SAMPLE_RATE) : round(0.25 * SAMPLE_RATE)], 82.0)))
        second.append(abs(cents(sound[round(0.45 * SAMPLE_RATE) : round(0.6 * SAMPLE_RATE)], 110.0)))
    assert np.mean(np.array(first) < 50.0) > 0.9
    assert np.mean(np.array(second) < 50.0) > 0.9


def fields(ranges: Ranges) -> dict[str, object]:
    return {name: getattr(ranges, name) for name in ranges.__struct_fields__}


@BOTH
def test_there_is_silence_before_a_note_and_sound_at_once_after_it(ranges: Ranges) -> None:
    rng = np.random.default_rng(8)
    for onset_s in rng.uniform(0.1, 0.5, 30):
        sound = line(patch_of(rng, ranges), [steady(onset_s, 70.0)], SAMPLE_RATE, rng)
        onset = round(onset_s * SAMPLE_RATE)
        assert not sound[:onset].any()
        assert np.max(np.abs(sound[onset : onset + 441])) > 0.1


def test_a_note_is_over_soon_after_its_end_and_does_not_click() -> None:
    rng = np.random.default_rng(9)
    for _ in range(30):
        sound = line(patch_of(rng, TRAIN), [steady(0.1, 55.0, 0.2)], SAMPLE_RATE, rng)
        assert not sound[round(0.33 * SAMPLE_RATE) :].any()
        last = int(np.flatnonzero(sound)[-1])
        assert np.max(np.abs(np.diff(sound[last - 400 : last + 2]))) < 0.06
