"""What holds for every separator, whatever its nets say."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from logdrum_engine.separation.interface import STEMS, Audio, Separator, Turn
from logdrum_engine.separation.spleeter import Vocals
from tests.engine.separation.nets import music
from tests.engine.separation.separators import (
    Pulled,
    off_db,
    pulled,
    tiny_builtin,
    tiny_demucs,
    tiny_five,
    tiny_vocal_net,
)

SAMPLES = 100_000
EXACT_DB = -100.0

KINDS: dict[str, Callable[[], Separator[Any]]] = {
    "vocals": lambda: Vocals(tiny_vocal_net()),
    "builtin": tiny_builtin,
    "demucs": tiny_demucs,
    "demucs, bag and shifts": lambda: tiny_demucs(members=2, shifts=1, overlap=0.4),
    "five": tiny_five,
}


@pytest.fixture(scope="module", params=KINDS)
def separator(request: pytest.FixtureRequest) -> Separator[Any]:
    return KINDS[request.param]()


@pytest.fixture(scope="module")
def whole(separator: Separator[Any]) -> Pulled:
    return pulled(separator, music(SAMPLES))


def cuts_of(seed: int, samples: int) -> list[int]:
    """Turns of any length: single samples, none at all, seconds."""
    rng = random.Random(seed)
    cuts = [0, *(rng.randrange(samples + 1) for _ in range(rng.randrange(1, 9))), samples]
    return sorted(cuts + [min(samples, cut + rng.choice((0, 1, 1024))) for cut in cuts])


def residual_db(separated: Pulled, audio: Audio) -> float:
    return off_db(separated.stems.sum(0), audio)


@pytest.mark.parametrize("seed", range(2))
def test_how_the_sound_is_cut_into_turns_makes_no_difference(
    separator: Separator[Any], whole: Pulled, seed: int
) -> None:
    cut = pulled(separator, music(SAMPLES), cuts_of(seed, SAMPLES))

    for stem, expected in zip(cut.stems, whole.stems, strict=True):
        assert off_db(stem, expected) < EXACT_DB
    assert [note.onset_s for note in cut.notes] == pytest.approx([note.onset_s for note in whole.notes], abs=1e-3)


def test_as_much_comes_out_as_went_in_and_sums_to_it(separator: Separator[Any], whole: Pulled) -> None:
    assert whole.stems.shape == (len(separator.stems), 2, SAMPLES)
    assert whole.stems.dtype == np.float32
    assert residual_db(whole, music(SAMPLES)) < EXACT_DB


def test_stems_have_something_in_them(separator: Separator[Any], whole: Pulled) -> None:
    assert (np.abs(whole.stems).max(axis=(1, 2)) > 1e-4).all()


def test_the_rest_is_last_and_the_order_is_the_usual_one(separator: Separator[Any]) -> None:
    assert separator.stems[-1] == "other"
    assert separator.stems == tuple(stem for stem in STEMS if stem in separator.stems)


def test_jobs_in_one_step_do_not_hear_each_other(separator: Separator[Any]) -> None:
    sounds = [music(80_000, seed=1), music(30_000, seed=2), music(1_000, seed=3)]

    answers = separator.step([Turn(state=separator.begin(), audio=sound, last=True) for sound in sounds])

    for sound, (answer, _) in zip(sounds, answers, strict=True):
        assert off_db(answer.stems, pulled(separator, sound).stems) < EXACT_DB


def test_a_state_can_be_gone_on_from_twice(separator: Separator[Any]) -> None:
    audio = music(90_000)
    [(_, state)] = separator.step([Turn(state=separator.begin(), audio=audio[:, :70_001], last=False)])

    first, second = (
        separator.step([Turn(state=state, audio=audio[:, 70_001:], last=True)])[0][0].stems for _ in range(2)
    )

    np.testing.assert_array_equal(first, second)


SOUNDS: dict[str, Audio] = {
    "silence": np.zeros((2, 50_000), np.float32),
    "DC": np.full((2, 50_000), 0.7, np.float32),
    "clipped noise": np.clip(np.random.default_rng(1).normal(0, 3, (2, 50_000)), -1, 1).astype(np.float32),
    "a tenth of a second": music(4_410),
    "one sample": np.ones((2, 1), np.float32),
    "nothing": np.zeros((2, 0), np.float32),
    "one side": music(50_000) * np.array([[1], [0]], np.float32),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_any_sound_is_answered_by_finite_stems_that_sum_to_it(separator: Separator[Any], name: str) -> None:
    audio = SOUNDS[name]

    stems = pulled(separator, audio).stems

    assert stems.shape == (len(separator.stems), 2, audio.shape[1])
    assert np.isfinite(stems).all()
    np.testing.assert_allclose(stems.sum(0), audio, atol=1e-5 * max(1.0, float(np.abs(stems).max(initial=0.0))))


def test_silence_falls_apart_into_silence(separator: Separator[Any]) -> None:
    assert np.abs(pulled(separator, SOUNDS["silence"]).stems).max() < 1e-4


def test_a_turn_that_brings_nothing_settles_nothing(separator: Separator[Any]) -> None:
    audio = music(60_000)
    [(_, state)] = separator.step([Turn(state=separator.begin(), audio=audio, last=False)])

    [(answer, _)] = separator.step([Turn(state=state, audio=audio[:, :0], last=False)])

    assert answer.stems.shape == (len(separator.stems), 2, 0)


def test_memory_of_a_job_does_not_grow(separator: Separator[Any]) -> None:
    audio, state, kept = music(separator.block_samples), separator.begin(), list[int]()
    for _ in range(6):
        [(_, state)] = separator.step([Turn(state=state, audio=audio, last=False)])
        kept.append(elements(state))

    assert max(kept[4:]) - max(kept[2:4]) < separator.block_samples  # where blocks and frames end is not the same


def elements(kept: Any) -> int:
    """Count the numbers in a state."""
    if isinstance(kept, tuple):
        return sum(elements(part) for part in kept)
    return int(np.prod(kept.shape)) if hasattr(kept, "shape") else 1
