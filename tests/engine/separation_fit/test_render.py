"""What every training example keeps to."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from logdrum_engine.separation_fit.examples import SAMPLE_RATE, STEMS, Example, LogNote
from logdrum_engine.separation_fit.render import render
from logdrum_engine.separation_fit.studio import Studio
from logdrum_engine.separation_fit.takes import ALIKE, Pool, pool_of
from tests.engine.separation_fit.pitch import cents
from tests.engine.separation_fit.sounds import SOUNDS

SAMPLES = 2 * SAMPLE_RATE
LOG_DRUM = STEMS.index("log_drum")


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    return pool_of(tmp_path_factory.mktemp("sounds"), takes=ALIKE)


@cache
def studio() -> Studio:
    return Studio.open(SOUNDS, "train", takes=0)


@cache
def examples() -> tuple[Example, ...]:
    return tuple(render(np.random.default_rng((4, number)), SAMPLES, studio()) for number in range(80))


def level_db(sound: np.ndarray) -> float:
    return float(10.0 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-12))


def test_equal_generators_give_equal_examples() -> None:
    first, second = (render(np.random.default_rng(11), SAMPLES, studio()) for _ in range(2))
    np.testing.assert_array_equal(first.stems, second.stems)
    assert first.notes == second.notes
    assert not np.array_equal(first.stems, examples()[0].stems)


@pytest.mark.parametrize("samples", [SAMPLE_RATE, 100_001])
def test_an_example_is_as_long_as_it_was_asked_for(samples: int) -> None:
    each = render(np.random.default_rng(1), samples, studio())
    assert each.stems.shape == (4, 2, samples)
    assert each.stems.dtype == np.float32


def test_every_mix_is_finite_and_of_a_sane_level() -> None:
    for each in examples():
        mix = each.stems.sum(axis=0)
        assert np.isfinite(each.stems).all()
        assert -42.0 < level_db(mix) < -5.9
        assert np.max(np.abs(mix)) < 2.01


def test_some_mixes_lack_a_stem_and_some_are_a_log_drum_by_itself() -> None:
    silent = np.array([[not stem.any() for stem in each.stems] for each in examples()])
    assert all(0.05 < share < 0.5 for share in silent.mean(axis=0))
    assert any(row.sum() == 3 and not row[LOG_DRUM] for row in silent)


def test_a_log_drum_is_heard_where_and_only_where_there_are_notes() -> None:
    for each in examples():
        assert bool(each.notes) == bool(each.stems[LOG_DRUM].any())
        for note in each.notes:
            assert 0.0 <= note.onset_s < note.end_s <= SAMPLES / SAMPLE_RATE
            assert note.onset_s <= note.glide_start_s <= note.end_s
            assert 35.0 < min(note.f0_hz, note.glide_hz) <= max(note.f0_hz, note.glide_hz) < 260.0
            assert 0.0 < note.velocity <= 1.0


def test_the_log_drum_begins_with_its_first_note() -> None:
    for each in examples():
        if each.notes:
            stem = np.abs(each.stems[LOG_DRUM]).max(axis=0)
            onset = round(each.notes[0].onset_s * SAMPLE_RATE)
            assert np.max(stem[onset : onset + 882]) > 10.0 * np.max(stem[: max(onset - 200, 0)], initial=0.0)


def test_notes_have_the_pitch_that_is_heard() -> None:
    errors = [error for each in examples() for error in _errors(each)]
    assert len(errors) > 80
    assert np.mean(np.array(errors) < 50.0) > 0.85


def _errors(each: Example) -> list[float]:
    """Cents that notes which neither glide nor end soon are off."""
    mono = each.stems[LOG_DRUM].mean(axis=0)
    return [
        abs(cents(_settled(mono, note), note.f0_hz))
        for note in each.notes
        if note.f0_hz == note.glide_hz and (note.end_s - note.onset_s - 0.07) * note.f0_hz > 3.0
    ]


def _settled(mono: np.ndarray, note: LogNote) -> np.ndarray:
    return mono[round((note.onset_s + 0.06) * SAMPLE_RATE) : round((note.end_s - 0.01) * SAMPLE_RATE)]


def test_takes_of_the_groove_sound_where_and_how_high_their_notes_say(pool: Pool) -> None:
    errors = []
    for take, notes in enumerate(pool.notes):
        length = pool.sounds.shape[-1]
        stems = np.stack([pool.stem(take, index, 0, length) for index in range(4)])
        assert min(level_db(stem) for stem in stems) > -60.0
        errors += _errors(Example(stems, notes))
    assert len(errors) > 30
    assert np.mean(np.array(errors) < 50.0) > 0.9


def test_an_excerpt_of_a_take_holds_no_log_drum_that_it_has_no_note_of(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_pool = Studio.open(SOUNDS, "train", takes=0)
    with_pool.pool = pool
    monkeypatch.setattr("logdrum_engine.separation_fit.render._FROM_POOL", 1.0)
    heard = [render(np.random.default_rng((5, number)), SAMPLES, with_pool) for number in range(30)]
    assert sum(bool(each.notes) for each in heard) > 15
    for each in heard:
        first = round(each.notes[0].onset_s * SAMPLE_RATE) if each.notes else SAMPLES
        stem = np.abs(each.stems[LOG_DRUM]).max(axis=0)
        assert np.max(stem[: max(first - 200, 0)], initial=0.0) <= 0.1 * np.max(stem)


def test_the_pool_is_kept(pool: Pool, tmp_path: Path) -> None:
    made = pool_of(tmp_path, takes=1)
    np.testing.assert_array_equal(made.sounds[0], pool.sounds[0])
    again = pool_of(tmp_path, takes=1)
    assert again.notes == made.notes == pool.notes[:1]
