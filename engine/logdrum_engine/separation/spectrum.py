"""Short-time spectra of a sound that goes on, and the way back: exact, whatever the cuts."""

from typing import Final, NamedTuple

import torch
from torch import Tensor

WINDOW: Final = 4096
HOP: Final = 1024
BINS: Final = WINDOW // 2 + 1
_OVERLAP: Final = WINDOW - HOP
# Four squared Hann windows, a hop apart, sum to this everywhere.
_GAIN: Final = 1.5


class Analysis(NamedTuple):
    """What was heard and is still needed."""

    tail: Tensor
    """From where the next frame begins, `[..., n]`; before the first sample there is silence."""
    samples: int
    """How many were heard."""


class Synthesis(NamedTuple):
    """What was made and is not yet settled."""

    overlap: Tensor
    """`[..., WINDOW - HOP]`."""
    skipped: int
    """How many samples are still to be dropped: those of before the first."""
    samples: int
    """How many were given out."""


def begin_analysis(*shape: int, device: torch.device | str = "cpu") -> Analysis:
    """Return the state before the first sample of sounds `[*shape, n]`."""
    return Analysis(torch.zeros(*shape, _OVERLAP, device=device), 0)


def analyse(state: Analysis, audio: Tensor, *, last: bool = False) -> tuple[Tensor, Analysis]:
    """Return the frames `[..., t, BINS]` that are complete; with `last`, all that touch a sample, silence after it.

    Frame `j` begins at sample `j * HOP - (WINDOW - HOP)`, so that each sample lies in four of them.
    """
    joined = torch.cat((state.tail, audio), dim=-1)
    heard = state.samples + audio.shape[-1]
    if last:
        frames = -(-joined.shape[-1] // HOP)
        joined = torch.nn.functional.pad(joined, (0, (frames - 1) * HOP + WINDOW - joined.shape[-1]))
    else:
        frames = max(0, (joined.shape[-1] - _OVERLAP) // HOP)
    after = Analysis(joined[..., frames * HOP :].clone(), heard)
    if not frames:
        return joined.new_zeros((*joined.shape[:-1], 0, BINS), dtype=torch.complex64), after
    framed = joined.unfold(-1, WINDOW, HOP)[..., :frames, :]
    return torch.fft.rfft(framed * _window(joined.device)), after


def begin_synthesis(*shape: int, late_frames: int = 0, device: torch.device | str = "cpu") -> Synthesis:
    """Return the state before the first frame of sounds `[*shape, n]`; the first `late_frames` are dropped."""
    return Synthesis(torch.zeros(*shape, _OVERLAP, device=device), _OVERLAP + late_frames * HOP, 0)


def synthesise(state: Synthesis, spectra: Tensor, *, until: int | None = None) -> tuple[Tensor, Synthesis]:
    """Return the samples `[..., n]` that no later frame touches; `until` is where the sound ends, once known."""
    frames = spectra.shape[-2]
    made = _overlap_added(state.overlap, spectra)
    settled = made[..., : frames * HOP]
    skipped = min(state.skipped, settled.shape[-1])
    given = settled[..., skipped:]
    if until is not None:
        given = given[..., : max(0, until - state.samples)]
    after = Synthesis(made[..., frames * HOP :].clone(), state.skipped - skipped, state.samples + given.shape[-1])
    return given, after


def _overlap_added(overlap: Tensor, spectra: Tensor) -> Tensor:
    frames = spectra.shape[-2]
    made = torch.nn.functional.pad(overlap, (0, frames * HOP))
    if not frames:
        return made
    sounds = torch.fft.irfft(spectra, n=WINDOW) * (_window(overlap.device) / _GAIN)
    for first in range(0, WINDOW, HOP):  # each quarter of all frames lies side by side
        made[..., first : first + frames * HOP] += sounds[..., first : first + HOP].flatten(-2)
    return made


def _window(device: torch.device) -> Tensor:
    return torch.hann_window(WINDOW, device=device)
