"""The pulse: tempo, where the sixteenths fall, and how late every second one is."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from .spectra import FRAME_RATE, Curve, Onsets

SLOWEST_BPM: Final = 80.0
"""A tempo is one of an octave, [80, 160): 56 and 224 are 112 counted otherwise."""

_BPMS: Final = SLOWEST_BPM * 2.0 ** np.arange(0.0, 1.0, 1 / 600)
_LEVELS: Final = ((1.0, 0.6), (2.0, 1.0), (4.0, 1.0))
"""Beats, eighths and sixteenths, and what a peak at each is worth."""
_PADDED: Final = 1 << 16
BEAT_BINS: Final = 96
"""Parts of a beat that onsets are gathered in: five to six milliseconds."""
_STEP: Final = BEAT_BINS // 4
_MOST_SWING: Final = 10
_ODD: Final = 0.8


class Pulse(msgspec.Struct, frozen=True):
    """The grid of one span."""

    bpm: float
    clarity: float
    """0 where nothing repeats with the beat, to 1 where everything does."""
    first_beat: float
    """Frame of a beat."""
    swing: float
    """How late every second sixteenth is, in sixteenths."""

    @property
    def beat_frames(self) -> float:
        """Length of a beat."""
        return 60.0 * FRAME_RATE / self.bpm


def tempo_of(spans: Sequence[Onsets]) -> float:
    """Estimate the one tempo of all spans."""
    scores = np.sum([_salience(onsets.total) for onsets in spans], axis=0)
    return _refined(spans, float(_BPMS[int(np.argmax(scores))]))


def _salience(curve: Curve) -> Curve:
    """How well each tempo explains a curve: its spectrum at beats and their parts, times its echo after whole beats."""
    spectrum = np.abs(np.fft.rfft(curve - np.mean(curve), _PADDED))
    hz = _BPMS / 60.0
    comb = sum(worth * spectrum[np.round(hz * level * _PADDED / FRAME_RATE).astype(int)] for level, worth in _LEVELS)
    echo = np.fft.irfft(spectrum**2)
    echo = echo / max(1e-9, float(echo[0]))
    lags = FRAME_RATE / hz
    echoes = sum(np.interp(lags * beats, np.arange(echo.size), echo) for beats in (1, 2, 4))
    return np.asarray(comb / max(1e-9, float(np.max(comb))) * np.maximum(echoes, 0.02))


def _refined(spans: Sequence[Onsets], bpm: float) -> float:
    """Sharpen a tempo at the level of sixteenths and eighths."""
    near = bpm * np.linspace(0.985, 1.015, 121)
    heights = np.zeros_like(near)
    for onsets in spans:
        time_s = np.arange(onsets.total.size) / FRAME_RATE
        curve = onsets.total - np.mean(onsets.total)
        for level, worth in _LEVELS[1:]:
            turns = np.exp(-2j * np.pi * np.outer(near * level / 60.0, time_s))
            heights += worth * np.abs(turns @ curve)
    return float(near[int(np.argmax(heights))])


def pulse_of(onsets: Onsets, bpm: float) -> Pulse:
    """Lay the grid of a tempo over a span."""
    beat = 60.0 * FRAME_RATE / bpm
    profile = folded(onsets.total, beat, 0.0, BEAT_BINS)
    offset, late = _best_grid(profile)
    kicks = folded(onsets.low, beat, offset * beat / BEAT_BINS, BEAT_BINS)
    # Swing tells eighths from the sixteenths between them; without it the kick has to.
    step = _strongest(kicks, (0, 2) if late > 1 else (0, 1, 2, 3))
    first = (offset / BEAT_BINS + step / 4) * beat % beat
    return Pulse(bpm, _clarity(onsets.total, beat), first, late / _STEP)


def folded(curve: Curve, period: float, first: float, bins: int) -> Curve:
    """Lay the periods of a curve over each other; bin 0 is centred on `first`."""
    at = np.floor(((np.arange(curve.size) - first) / period % 1.0) * bins + 0.5).astype(int) % bins
    counts = np.maximum(np.bincount(at, minlength=bins), 1)
    return np.asarray(np.bincount(at, weights=curve, minlength=bins) / counts)


def _best_grid(profile: Curve) -> tuple[int, int]:
    """Offset and lateness, in bins, at which the sixteenths gather most."""
    smooth = np.convolve(np.tile(profile, 3), [0.25, 0.5, 1.0, 0.5, 0.25], mode="same")[BEAT_BINS : 2 * BEAT_BINS]
    even = smooth + np.roll(smooth, -2 * _STEP)
    # What is only on eighths is on the even ones.
    sums = np.stack([even + _ODD * np.roll(even, -_STEP - late) for late in range(_MOST_SWING)])
    late, offset = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return int(offset), int(late)


def _strongest(kicks: Curve, steps: Sequence[int]) -> int:
    """The sixteenth on which most is struck."""
    reach = np.arange(-3, 4)
    return max(steps, key=lambda step: float(np.sum(kicks[(step * _STEP + reach) % BEAT_BINS])))


def _clarity(curve: Curve, beat: float) -> float:
    """Correlation of a curve with itself a beat, two and four later, the best of the three."""
    centred = curve - np.mean(curve)
    whole = max(1e-9, float(np.mean(centred**2)))
    lags = [round(beat * beats) + aside for beats in (1, 2, 4) for aside in range(-2, 3)]
    echoes = [float(np.mean(centred[:-lag] * centred[lag:])) / whole for lag in lags if lag < centred.size]
    return float(np.clip(max(echoes, default=0.0), 0.0, 1.0))
