"""What a separator is measured beside: the rule of thumb that it replaces, and the most that masks can do."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from logdrum_engine.separation.spectrum import analyse, begin_analysis, begin_synthesis, synthesise

from .examples import SAMPLE_RATE

Sound = NDArray[np.float32]

RULE_BAND_HZ: Final = (50.0, 150.0)
RULE_SHARE: Final = 0.15
"""More than this share of the energy in the band is a log drum, by the rule."""
RULE_REST: Final = 0.3
"""What the rule leaves of everything outside the band."""


def rule_share(mix: Sound) -> float:
    """Share of a sound's energy between 50 and 150 Hz: over 0.15 the energy rule calls it a log drum."""
    power = np.square(np.abs(np.fft.rfft(mix.astype(np.float64)))).sum(axis=0)
    return float(power[_band(mix)].sum() / max(float(power.sum()), 1e-30))


def rule_stem(mix: Sound) -> Sound:
    """What the energy rule gives for the log drum: the band as it is, the rest at 0.3."""
    spectrum = np.fft.rfft(mix)
    spectrum[:, ~_band(mix)] *= RULE_REST
    return np.asarray(np.fft.irfft(spectrum, mix.shape[-1]), dtype=np.float32)


def _band(mix: Sound) -> NDArray[np.bool_]:
    hz = np.fft.rfftfreq(mix.shape[-1], 1 / SAMPLE_RATE)
    return np.asarray((hz >= RULE_BAND_HZ[0]) & (hz <= RULE_BAND_HZ[1]))


def ideal_ratio_masks(stems: Sound) -> Sound:
    """Pull a mix apart by its stems' own powers in each bin: more than a net that masks spectra of this kind can know.

    On the transform of our net. Masks of powers (the IRM2 of SiSEC 2018, Stöter et al.), which score above magnitudes'.
    """
    spectra = _spectra(torch.from_numpy(stems))  # [stems, 2, t, bins]
    powers = spectra.abs().square()
    masks = powers / powers.sum(dim=0, keepdim=True).clamp_min(1e-20)
    made, _ = synthesise(begin_synthesis(*stems.shape[:2]), masks * spectra.sum(dim=0), until=stems.shape[-1])
    return np.asarray(made.numpy(), dtype=np.float32)


def _spectra(sounds: Tensor) -> Tensor:
    frames, _ = analyse(begin_analysis(*sounds.shape[:-1]), sounds, last=True)
    return frames
