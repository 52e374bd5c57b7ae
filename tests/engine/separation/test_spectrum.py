"""Sounds to short-time spectra and back: nothing is lost, whatever the cuts."""

import random

import pytest
import torch
from torch import Tensor

from logdrum_engine.separation.spectrum import (
    BINS,
    HOP,
    WINDOW,
    analyse,
    begin_analysis,
    begin_synthesis,
    synthesise,
)

LENGTHS = (0, 1, HOP - 1, HOP, WINDOW - HOP, WINDOW, 50_001)


def noise(samples: int) -> Tensor:
    return torch.randn(2, samples, generator=torch.Generator().manual_seed(samples))


def there_and_back(sound: Tensor, cuts: list[int]) -> Tensor:
    analysis, synthesis = begin_analysis(2), begin_synthesis(2)
    out: list[Tensor] = []
    for piece in sound.split([*cuts, sound.shape[1] - sum(cuts)], dim=1):
        spectra, analysis = analyse(analysis, piece)
        part, synthesis = synthesise(synthesis, spectra)
        out.append(part)
    spectra, analysis = analyse(analysis, sound[:, :0], last=True)
    part, synthesis = synthesise(synthesis, spectra, until=analysis.samples)
    return torch.cat((*out, part), dim=1)


def random_cuts(samples: int, seed: int) -> list[int]:
    rng = random.Random(seed)
    cuts: list[int] = []
    while samples > 0 and len(cuts) < 40:
        cuts.append(rng.choice((0, 1, rng.randrange(HOP), rng.randrange(3 * WINDOW))))
        samples -= cuts[-1]
    return cuts if samples >= 0 else cuts[:-1]


@pytest.mark.parametrize("samples", LENGTHS)
def test_spectra_give_the_sound_back(samples: int) -> None:
    sound = noise(samples)
    back = there_and_back(sound, [])
    assert back.shape == sound.shape
    torch.testing.assert_close(back, sound, atol=1e-5, rtol=0)


@pytest.mark.parametrize("seed", range(6))
def test_how_a_sound_is_cut_makes_no_difference(seed: int) -> None:
    sound = noise(50_001)
    back = there_and_back(sound, random_cuts(sound.shape[1], seed))
    assert back.shape == sound.shape
    torch.testing.assert_close(back, sound, atol=1e-5, rtol=0)


def test_frames_come_as_soon_as_they_are_complete_and_samples_as_soon_as_they_are_settled() -> None:
    analysis, synthesis = begin_analysis(2), begin_synthesis(2)
    spectra, analysis = analyse(analysis, noise(WINDOW))
    assert spectra.shape == (2, WINDOW // HOP, BINS)
    part, synthesis = synthesise(synthesis, spectra)
    assert part.shape == (2, HOP)


def test_late_frames_are_dropped_from_the_front() -> None:
    sound = noise(5 * WINDOW)
    spectra, analysis = analyse(begin_analysis(2), sound, last=True)
    late = torch.cat((torch.ones_like(spectra[:, :3]), spectra), dim=1)
    # What is dropped must not be heard, but where frames overlap those of before the sound are: they are silent.
    late[:, :3] = 0
    back, _ = synthesise(begin_synthesis(2, late_frames=3), late, until=analysis.samples)
    torch.testing.assert_close(back, sound, atol=1e-5, rtol=0)


def test_a_tone_is_in_its_bin() -> None:
    time = torch.arange(4 * WINDOW)
    tone = torch.cos(2 * torch.pi * 40 / WINDOW * time).expand(2, -1)
    spectra, _ = analyse(begin_analysis(2), tone)
    assert spectra.abs().mean(1)[0].argmax() == 40


def test_states_are_not_written_to() -> None:
    state = begin_synthesis(2)
    spectra, _ = analyse(begin_analysis(2), noise(WINDOW), last=True)
    first, _ = synthesise(state, spectra)
    second, _ = synthesise(state, spectra)
    torch.testing.assert_close(first, second, atol=0, rtol=0)
