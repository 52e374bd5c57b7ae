"""Chord colour: how much better sevenths and ninths explain what is heard than triads do."""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from .listening import RATE, Signal
from .spectra import Curve, spectrogram

_WINDOW: Final = 4_096
_HOP: Final = 2_048
_LOWEST_HZ, _HIGHEST_HZ = 155.0, 1_400.0
"""Above bass and log drum, below most partials."""
_FAINT: Final = 3e-3
_SEGMENT_FRAMES: Final = 12
"""1.1 seconds: about half a bar."""

_TRIADS: Final = ((0, 4, 7), (0, 3, 7))
_RICHER: Final = ((0, 4, 7, 11), (0, 3, 7, 10), (0, 4, 7, 10), (0, 3, 7, 10, 2), (0, 4, 7, 11, 2), (0, 4, 7, 9, 2))


def richness(span: Signal) -> float | None:
    """Mean advantage of the best seventh or ninth over the best triad, as cosines; None where nothing is pitched."""
    magnitudes = spectrogram(span, _WINDOW, _HOP)
    if _share(magnitudes) < _FAINT:
        return None
    chroma = _chroma(magnitudes)
    segments = [chroma[at : at + _SEGMENT_FRAMES].sum(axis=0) for at in range(0, len(chroma), _SEGMENT_FRAMES)]
    loud = [s for s in segments if np.linalg.norm(s) > 0.2 * max(np.linalg.norm(t) for t in segments)]
    pitched = [s / np.linalg.norm(s) for s in loud if np.max(s) > 1.6 * np.mean(s) > 0]
    if len(pitched) < 3:
        return None
    gains = [float(np.max(_templates(_RICHER) @ s) - np.max(_templates(_TRIADS) @ s)) for s in pitched]
    return float(np.mean(gains))


def _share(magnitudes: npt.NDArray[np.float32]) -> float:
    """Share of the power that is in the register of chords."""
    first, last = _bins()
    return float(np.sum(magnitudes[:, first:last] ** 2) / (np.sum(magnitudes**2) + 1e-12))


def _chroma(magnitudes: npt.NDArray[np.float32]) -> Curve:
    """Roots of the spectral peaks' magnitudes by pitch class  # [frames, 12]."""
    first, last = _bins()
    inner = magnitudes[:, first:last]
    is_peak = (inner > magnitudes[:, first - 1 : last - 1]) & (inner >= magnitudes[:, first + 1 : last + 1])
    peaks = np.sqrt(np.where(is_peak, inner, 0.0))
    classes = np.round(69 + 12 * np.log2(np.arange(first, last) * RATE / _WINDOW / 440.0)).astype(int) % 12
    sums = np.zeros((len(inner), 12))
    for pitch in range(12):
        sums[:, pitch] = peaks[:, classes == pitch].sum(axis=1)
    return sums


def _bins() -> tuple[int, int]:
    return round(_LOWEST_HZ * _WINDOW / RATE), round(_HIGHEST_HZ * _WINDOW / RATE)


@lru_cache(maxsize=2)
def _templates(chords: tuple[tuple[int, ...], ...]) -> Curve:
    rows = np.zeros((12 * len(chords), 12))
    for number, chord in enumerate(chords):
        for root in range(12):
            rows[number * 12 + root, [(root + tone) % 12 for tone in chord]] = 1.0
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))
