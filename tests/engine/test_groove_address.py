"""Groove is a pure function of the spec and the sample address."""

import hashlib
import os
import random
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from logdrum_engine.generator import Pcm, Spec, bar_samples
from logdrum_engine.groove import Groove
from logdrum_engine.groove.generator import BLOCK_SAMPLES, FADE_SAMPLES
from tests.engine.groove_cases import STEMS, joined, play, random_spec, total

BAR = round(bar_samples(Spec()))


@pytest.fixture(scope="module")
def groove() -> Groove:
    return Groove()


def assert_same(a: dict[str, Pcm], b: dict[str, Pcm], why: object) -> None:
    for stem in STEMS:
        assert np.array_equal(a[stem], b[stem]), (why, stem)


def test_blocks_of_any_size_give_identical_samples(groove: Groove) -> None:
    dice = random.Random(11)
    for _ in range(4):
        spec = random_spec(dice, bpm=dice.uniform(60, 200))
        first = dice.randrange(0, 60 * BAR)
        whole = groove.render(spec, first, first + 90_000)
        cuts = sorted({0, 90_000, *(dice.randrange(90_000) for _ in range(9)), 1, 2, 777})
        parts = [groove.render(spec, first + a, first + b) for a, b in pairwise(cuts)]
        assert_same({s: np.concatenate([p[s] for p in parts], axis=1) for s in STEMS}, whole, spec)


def test_a_seek_gives_what_playing_there_would_have_given(groove: Groove) -> None:
    spec = Spec(seed=5)
    played = play(groove, spec, most=120)
    fresh = Groove()
    for number in (1, 37, 95):
        sought = play(fresh, spec, start=number * BLOCK_SAMPLES, most=1)[0]
        assert sought.start_sample == played[number].start_sample
        assert_same(dict(sought.stems), dict(played[number].stems), number)


def test_a_seek_to_an_odd_address_far_away_agrees_with_its_neighbourhood(groove: Groove) -> None:
    spec, at = Spec(seed=6, bpm=113.7), 500 * BAR + 1234
    around = groove.render(spec, at - 3000, at + BLOCK_SAMPLES)
    sought = play(Groove(), spec, start=at, most=1)[0]
    assert_same(dict(sought.stems), {s: pcm[:, 3000:] for s, pcm in around.items()}, at)


def test_jobs_advanced_together_do_not_disturb_each_other(groove: Groove) -> None:
    specs = [Spec(seed=1), Spec(seed=2, bpm=100.0), Spec(seed=1, key="A minor")]
    states = [groove.begin(spec, 0) for spec in specs]
    for _ in range(3):
        results = groove.step(states)
        states = [state for _, state in results]
    for spec, (block, _) in zip(specs, results, strict=True):
        assert block is not None
        assert_same(dict(block.stems), Groove().render(spec, 2 * BLOCK_SAMPLES, 3 * BLOCK_SAMPLES), spec)


def test_where_the_piece_is_anchored_changes_nothing(groove: Groove) -> None:
    here, there = Spec(seed=3), Spec(seed=3, anchor_tick=123_457)
    assert_same(groove.render(here, 0, 20_000), groove.render(there, 0, 20_000), "anchor")


_DIGEST = """
import hashlib
from logdrum_engine.generator import Spec
from logdrum_engine.groove import Groove
stems = Groove().render(Spec(seed=77, prompt="jazzy", bars=40), 800_000, 830_000)
print(hashlib.sha256(b"".join(stem.tobytes() for stem in stems.values())).hexdigest())
"""


def test_another_process_renders_the_same_bytes(groove: Groove) -> None:
    stems = groove.render(Spec(seed=77, prompt="jazzy", bars=40), 800_000, 830_000)
    here = hashlib.sha256(b"".join(stems[s].tobytes() for s in STEMS)).hexdigest()
    env = {**os.environ, "PYTHONHASHSEED": "4242"}
    there = subprocess.run([sys.executable, "-c", _DIGEST], capture_output=True, text=True, check=True, env=env)
    assert there.stdout.strip() == here


@pytest.mark.parametrize(
    ("bars", "bpm", "metre"), [(1, 112.0, (4, 4)), (3, 113.3, (7, 8)), (2, 224.5, (3, 4)), (1, 61.7, (5, 4))]
)
def test_a_piece_of_n_bars_is_exactly_as_long_and_then_ends(
    groove: Groove, bars: int, bpm: float, metre: tuple[int, int]
) -> None:
    spec = Spec(bars=bars, bpm=bpm, numerator=metre[0], denominator=metre[1])
    blocks = play(groove, spec)
    assert sum(block.samples for block in blocks) == round(bars * bar_samples(spec))
    assert all(pcm.shape == (2, block.samples) for block in blocks for pcm in block.stems.values())
    state = groove.begin(spec, blocks[-1].start_sample + blocks[-1].samples)
    assert groove.step([state]) == [(None, state)]


def test_a_piece_ends_in_silence_without_a_click(groove: Groove) -> None:
    for seed in range(8, 12):
        mix = total(groove.render(Spec(seed=seed, bars=4), 0, round(4 * bar_samples(Spec()))))
        faded = np.max(np.abs(mix[:, -FADE_SAMPLES:]), axis=0)
        assert np.all(mix[:, -1] == 0)
        assert np.max(np.abs(np.diff(mix[:, -48:]))) < 0.01
        assert np.max(faded[-96:]) <= np.max(faded[:96]) + 0.02


def test_blocks_and_bars_join_without_steps(groove: Groove) -> None:
    """Steps are looked for where nothing is struck, in the stems without percussion."""
    spec = Spec(seed=9, bpm=112.0)
    blocks = play(groove, spec, start=20 * BAR, most=250)
    for stem in ("bass", "other"):
        pcm = joined(blocks, stem)
        change = np.max(np.abs(np.diff(pcm)), axis=0)
        joins = list(range(BLOCK_SAMPLES, pcm.shape[1], BLOCK_SAMPLES))
        joins += [round(bar * bar_samples(spec)) - 20 * BAR for bar in range(21, 31)]
        for join in joins:
            if 2_000 < join < change.size - 2_000:
                usual = np.max(np.concatenate([change[join - 1_500 : join - 3], change[join + 2 : join + 1_500]]))
                assert np.max(change[join - 2 : join + 1]) <= 1.2 * usual + 1e-4, (stem, join)


def test_caches_stay_within_their_bounds_and_change_no_sample(groove: Groove) -> None:
    small = Groove(shot_bytes=3_000_000)
    for seed in (1, 2):
        spec = Spec(seed=seed)
        for bar in range(0, 60, 15):
            a = small.render(spec, bar * BAR, bar * BAR + BLOCK_SAMPLES)
            assert_same(a, groove.render(spec, bar * BAR, bar * BAR + BLOCK_SAMPLES), (seed, bar))
            assert small.cached_bytes <= 3_000_000
    assert 0 < small.cached_bytes < groove.cached_bytes
