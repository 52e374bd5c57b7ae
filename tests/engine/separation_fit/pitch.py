"""Measuring a pitch by the slow, obvious way."""

import numpy as np
from numpy.typing import NDArray

from logdrum_engine.separation_fit.examples import SAMPLE_RATE

_LOWEST_HZ, _HIGHEST_HZ = 30.0, 300.0


def cents(sound: NDArray[np.float32], expected_hz: float) -> float:
    """How far the first strong peak of a mono sound's autocorrelation is from a pitch."""
    return float(1200.0 * np.log2(_pitch(sound) / expected_hz))


def _pitch(sound: NDArray[np.float32]) -> float:
    steady = sound - sound.mean()
    alike = np.fft.irfft(np.abs(np.fft.rfft(steady, 2 * steady.size)) ** 2)[: steady.size]
    alike /= np.arange(steady.size, 0, -1)
    shortest, longest = int(SAMPLE_RATE / _HIGHEST_HZ), min(int(SAMPLE_RATE / _LOWEST_HZ), steady.size - 2)
    lags = np.arange(shortest + 1, longest)
    is_peak = (alike[lags] > alike[lags - 1]) & (alike[lags] >= alike[lags + 1])
    peaks = lags[is_peak & (alike[lags] > 0.9 * alike[lags].max())]
    lag = int(peaks[0]) if peaks.size else longest
    before, here, after = alike[lag - 1 : lag + 2]
    return float(SAMPLE_RATE / (lag + 0.5 * (before - after) / (before - 2 * here + after)))
