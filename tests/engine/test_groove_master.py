"""The master: every piece at one loudness, nothing beyond the ceiling, and stems that still add up to the mix."""

import random

import numpy as np
import pyloudnorm
import pytest
from scipy import signal

from logdrum_engine.generator import SAMPLE_RATE, Pcm, Spec, bar_samples
from logdrum_engine.groove import Groove, loudness, master
from logdrum_engine.groove.master import CEILING, TILE_SAMPLES
from logdrum_engine.groove.mixer import Stems
from logdrum_protocol.records import Notation, Part, PlayedNote
from tests.engine.groove_cases import random_spec, total

BAR = round(bar_samples(Spec()))


@pytest.fixture(scope="module")
def groove() -> Groove:
    return Groove()


def lufs(pcm: Pcm) -> float:
    return float(pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(pcm.T.astype(np.float64)))


def decibels(amplitude: float) -> float:
    return 20 * float(np.log10(max(amplitude, 1e-12)))


def noise(seed: int, level: float) -> Stems:
    """A tile of four equal stems that together are as loud as this at most."""
    dice = np.random.default_rng(seed)
    return (dice.uniform(-1, 1, (4, 2, TILE_SAMPLES)) * level / 4).astype(np.float32)


def limited(*tiles: Stems) -> Pcm:
    """The middle one of three tiles as it leaves the limiter."""
    before, here, after = map(master.excess, tiles)
    return np.asarray((tiles[1] * master.gain(before, here, after)).sum(axis=0))


def test_a_piece_of_any_style_is_at_minus_fourteen_lufs(groove: Groove) -> None:
    dice = random.Random(51)
    for prompt in ("private school, jazzy", "hard sgija", "dark sparse quantum"):
        spec = random_spec(dice, prompt=prompt, bpm=dice.uniform(106, 117), bars=16)
        mix = total(groove.render(spec, 0, round(16 * bar_samples(spec))))
        assert abs(lufs(mix) - -14.0) <= 1.0, spec


def test_without_half_the_band_it_is_still_about_as_loud(groove: Groove) -> None:
    for prompt in ("no drums", "no log drum"):
        mix = total(groove.render(Spec(seed=6, prompt=prompt, bars=16), 0, 16 * BAR))
        assert abs(lufs(mix) - -14.0) <= 2.0, prompt


def test_a_lone_sound_is_not_turned_up_without_end() -> None:
    assert loudness.makeup_db([[]], BAR) == 0.0
    quiet = Groove().events(Groove().begin(notes(1), 0), 0, BAR)
    assert loudness.makeup_db([quiet], BAR) == loudness.MOST_DB


def notes(velocity: int) -> Spec:
    written = tuple(PlayedNote(0, tick, 240, 70, velocity) for tick in range(0, 3_840, 480))
    return Spec(notation=Notation(parts=(Part(instrument="drums"),), notes=written))


def test_edited_notes_keep_their_loudness_whatever_is_put_beside_them(groove: Groove) -> None:
    assert groove.makeup_db(notes(20)) == groove.makeup_db(notes(120)) == pytest.approx(loudness.GIVEN_NOTES_DB)


def test_the_sum_never_goes_beyond_the_ceiling(groove: Groove) -> None:
    dice = random.Random(52)
    for _ in range(10):
        spec = random_spec(dice, bpm=dice.choice((20.0, 80.0, 112.0, 159.0, 320.0, 999.0)))
        first = dice.randrange(0, 64) * 96_000
        assert np.max(np.abs(total(groove.render(spec, first, first + 48_000)))) <= CEILING * 1.0001, spec


def test_what_a_converter_makes_between_the_samples_does_not_clip(groove: Groove) -> None:
    for prompt in ("hard sgija busy", "bacardi party"):
        mix = total(groove.render(Spec(seed=2, prompt=prompt), 24 * BAR, 28 * BAR))
        assert np.max(np.abs(signal.resample_poly(mix, 4, 1, axis=1))) < 1.0


def test_stems_add_up_to_the_mix_before_the_limiter_once_its_gain_is_undone(groove: Groove) -> None:
    """Every stem is turned down by the one curve that the sum asks for."""
    state = groove.begin(Spec(seed=3, prompt="hard sgija busy"), 0)
    for tile in range(200, 210):
        before, here, after = (groove.before_master(state, tile + place) for place in (-1, 0, 1))
        curve = master.gain(*map(master.excess, (before, here, after)))
        stems = groove.render(Spec(seed=3, prompt="hard sgija busy"), tile * TILE_SAMPLES, (tile + 1) * TILE_SAMPLES)
        for stem, dry in zip(stems.values(), here, strict=True):
            assert np.array_equal(stem, dry * curve)
        residue = total(stems) / curve - here.sum(axis=0)
        assert decibels(np.max(np.abs(residue))) < -80


@pytest.mark.parametrize("level", [1.0, 2.0, 20.0])
def test_the_limiter_holds_its_ceiling(level: float) -> None:
    for seed in range(8):
        assert np.max(np.abs(limited(*(noise(3 * seed + place, level) for place in range(3))))) <= CEILING * 1.00001


def test_what_is_below_the_ceiling_passes_untouched() -> None:
    tiles = [noise(place, 0.8) for place in range(3)]
    assert np.array_equal(limited(*tiles), tiles[1].sum(axis=0))


def test_the_gain_has_no_steps_and_tiles_join() -> None:
    tiles = [noise(seed, level) for seed, level in enumerate((0.5, 0.5, 6.0, 0.5, 0.5))]
    needs = [master.excess(tile) for tile in tiles]
    curve = np.concatenate([master.gain(*needs[place : place + 3]) for place in range(3)])
    assert np.max(np.abs(np.diff(curve))) < 0.01
    assert np.min(curve) < 0.3


def test_a_peak_is_seen_ahead_and_let_go_within_a_tile() -> None:
    peak = noise(1, 0.1)
    peak[:, :, 2_400] = 0.5
    quiet = [noise(place, 0.1) for place in (2, 3, 4, 5)]
    needs = [master.excess(tile) for tile in (*quiet[:2], peak, *quiet[2:])]
    assert np.all(master.gain(*needs[0:3]) == 1)
    curve = master.gain(*needs[1:4])
    assert curve[2_400 - 240] < 1 < 1.2 * curve[2_400] + 1
    assert curve[2_400] == np.min(curve) <= CEILING / 2 * 1.00001
    assert np.all(np.diff(curve[2_500:]) >= 0)
    assert curve[0] == 1
