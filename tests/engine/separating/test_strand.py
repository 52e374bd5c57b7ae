"""One sound on its way through a separator."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import fftconvolve

from logdrum_engine.separating.fifo import Sound
from logdrum_engine.separating.strand import Pulled, StemError, Strand, given_stems
from logdrum_engine.separation.interface import SAMPLE_RATE, STEMS
from tests.engine.separating.band_split import BandSplit, band
from tests.engine.separating.sound_files import noise, song

RATES = [8_000, 22_050, 44_100, 48_000, 96_000, 192_000]


def pull(separator: BandSplit, strand: Strand, sound: Sound, cuts: Sequence[int] = ()) -> list[Pulled]:
    """Feed a sound in pieces and take everything."""
    edges = [0, *cuts, sound.shape[1]]
    return [
        pulled
        for start, end in pairwise(edges)
        for pulled in taken(separator, strand, sound[:, start:end], end == edges[-1])
    ]


def taken(separator: BandSplit, strand: Strand, sound: Sound, last: bool) -> Iterator[Pulled]:
    strand.feed(sound, last=last)
    while turns := strand.turns():
        yield strand.take(separator.step(turns))


def separated(sound: Sound, rate: int, stems: tuple[str, ...] = (), cuts: Sequence[int] = ()) -> np.ndarray:
    separator = BandSplit()
    strand = Strand(separator, sample_rate=rate, channels=len(sound), stems=stems)
    return np.concatenate([pulled.stems for pulled in pull(separator, strand, sound, cuts)], axis=2)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("samples", [0, 1, 10, 4_800, 60_017])
def test_as_much_comes_out_as_goes_in_and_the_stems_sum_to_it(rate: int, samples: int) -> None:
    sound = noise(samples)
    stems = separated(sound, rate)
    assert stems.shape == (5, 2, samples)
    assert stems.dtype == np.float32
    assert np.abs(stems.sum(axis=0, dtype=np.float64) - sound).max(initial=0) < 2e-8


@pytest.mark.parametrize("rate", RATES)
def test_the_stems_lie_where_the_sound_has_them(rate: int) -> None:
    """A tone in the middle of a band comes out with the filter's gain and not a hundredth of a sample late."""
    times = np.arange(2 * rate) / rate
    tone = np.exp(2j * np.pi * 250 * times)
    (low,) = separated(0.5 * tone.real[None].astype(np.float32), rate)[3]
    middle = slice(rate // 2, 3 * rate // 2)
    seen = np.vdot(tone[middle], low[middle]) / np.vdot(tone[middle], 0.5 * tone.real[middle])
    delay = -np.angle(seen) / (2 * np.pi * 250) * rate
    gain = np.abs(np.vdot(np.exp(2j * np.pi * 250 * np.arange(513) / SAMPLE_RATE), band(3)))
    assert abs(delay) < 0.01
    assert np.abs(seen) == pytest.approx(gain, rel=1e-4)


def test_a_sound_of_the_separators_rate_is_not_resampled() -> None:
    sound = noise(30_000)
    expected = fftconvolve(sound, band(0)[None], mode="same", axes=1)
    assert np.allclose(separated(sound, 44_100)[0], expected, atol=1e-6)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_how_a_sound_is_cut_makes_no_difference(rate: int) -> None:
    sound = song(70_000, rate=rate)
    cuts = sorted(np.random.default_rng(4).integers(0, 70_000, 30).tolist())
    assert np.allclose(separated(sound, rate, cuts=cuts), separated(sound, rate), atol=1e-6)


@pytest.mark.parametrize("channels", range(1, 9))
def test_every_channel_is_separated_by_itself(channels: int) -> None:
    sound = song(30_000, channels)
    together = separated(sound, 48_000)
    assert together.shape == (5, channels, 30_000)
    for channel in range(channels):
        assert np.allclose(together[:, channel], separated(sound[channel : channel + 1], 48_000)[:, 0], atol=1e-6)


def test_j3_other_holds_what_the_stems_asked_for_leave() -> None:
    sound = song(20_000)
    everything = separated(sound, 48_000)
    some = separated(sound, 48_000, ("log_drum", "vocals"))
    assert np.array_equal(some[:2], everything[[0, 3]])
    assert np.allclose(some[2], everything[[1, 2, 4]].sum(axis=0), atol=1e-6)


def test_j3_stems_come_in_the_separators_order_and_other_is_last() -> None:
    assert given_stems(STEMS, ("log_drum", "vocals")) == ("vocals", "log_drum", "other")
    assert given_stems(STEMS, ()) == given_stems(STEMS, ("other",)) == STEMS


def test_j3_a_stem_that_is_not_there_is_refused() -> None:
    with pytest.raises(StemError, match="'guitar'"):
        Strand(BandSplit(), sample_rate=48_000, channels=2, stems=("guitar",))


def test_a_turn_brings_no_more_than_a_block() -> None:
    separator = BandSplit(block_samples=1_000)
    strand = Strand(separator, sample_rate=48_000, channels=2)
    pull(separator, strand, noise(20_000))
    assert separator.longest_turn == 1_000


def test_nothing_is_due_before_a_block_is_there() -> None:
    strand = Strand(BandSplit(block_samples=8_192), sample_rate=44_100, channels=2)
    strand.feed(noise(8_191))
    assert strand.turns() == ()
    strand.feed(noise(1))
    assert [turn.audio.shape for turn in strand.turns()] == [(2, 8_192)]


def test_several_strands_share_a_step() -> None:
    separator = BandSplit()
    sounds = [noise(7_000, 2, seed=1), noise(7_000, 1, seed=2)]
    strands = [Strand(separator, sample_rate=48_000, channels=len(sound)) for sound in sounds]
    for strand, sound in zip(strands, sounds, strict=True):
        strand.feed(sound, last=True)
    answers = separator.step([turn for strand in strands for turn in strand.turns()])
    for strand, sound, answer in zip(strands, sounds, answers, strict=True):
        assert np.array_equal(strand.take([answer]).stems, separated(sound, 48_000))


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_notes_pass_through_each_once(channels: int) -> None:
    separator = BandSplit()
    strand = Strand(separator, sample_rate=48_000, channels=channels)
    heard = [note.onset_s for pulled in pull(separator, strand, noise(120_000, channels)) for note in pulled.notes]
    assert heard == [0.0, 1.0, 2.0]


def test_what_waits_does_not_grow() -> None:
    """After each second, as much is missing from what came out: what the separator and the resamplers hold back."""
    separator = BandSplit()
    strand = Strand(separator, sample_rate=48_000, channels=2)
    held, out = [], 0
    for second in range(1, 8):
        out += sum(pulled.stems.shape[2] for pulled in taken(separator, strand, noise(48_000), False))
        held.append(second * 48_000 - out)
    assert max(held) < 48_000 * (separator.latency + separator.block_samples + 1_000) / 44_100
