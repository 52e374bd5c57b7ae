"""Spectra of a span, and how much begins to sound in each of four registers at each moment."""

from functools import lru_cache
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from .listening import RATE, Signal

Curve = npt.NDArray[np.float64]
"""One number a frame."""
Spectrogram = npt.NDArray[np.float32]
"""Magnitudes, `[frames, bins]`."""

HOP: Final = 128
FRAME_RATE: Final = RATE / HOP
"""172 frames a second: swing is a matter of ten milliseconds."""
_WINDOW: Final = 512

BANDS_HZ: Final = {
    "low": (30.0, 150.0),
    "wood": (150.0, 600.0),
    "middle": (600.0, 4_500.0),
    "high": (5_000.0, 11_000.0),
}
"""Kick, bass and log drum; the log drum's knock and the chords; claps, rims and hands; shakers and hats."""


class Onsets(msgspec.Struct, frozen=True):
    """Onset strength of each band, each of variance 1."""

    low: Curve
    wood: Curve
    middle: Curve
    high: Curve
    high_share: float
    """Share of the power that is in the high band: next to nothing where the file has been cut off below it."""

    @property
    def total(self) -> Curve:
        """All bands together."""
        return np.asarray(self.low + 0.5 * self.wood + self.middle + self.high)


def onsets_of(span: Signal) -> Onsets:
    """Measure a span."""
    magnitudes = spectrogram(span, _WINDOW, HOP)
    hz = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    power = np.mean(np.square(magnitudes), axis=0)
    in_high = (hz >= BANDS_HZ["high"][0]) & (hz < BANDS_HZ["high"][1])
    curves = {name: _flux(magnitudes[:, (hz >= low) & (hz < high)]) for name, (low, high) in BANDS_HZ.items()}
    return Onsets(**curves, high_share=float(np.sum(power[in_high]) / max(1e-12, float(np.sum(power)))))


def spectrogram(span: Signal, window: int, hop: int) -> Spectrogram:
    """Magnitudes of frames centred on multiples of the hop."""
    padded = np.pad(span, (window // 2, window // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    return np.asarray(np.abs(np.fft.rfft(frames * _hann(window), axis=1)) / window, dtype=np.float32)


def _flux(bins: Spectrogram) -> Curve:
    """Rises of the compressed magnitudes over two frames, less their running mean: a fade-in is no onset."""
    scale = np.float32(100.0 / max(1e-9, float(np.mean(bins)) * 100.0))
    compressed = np.log1p(bins * scale)
    rises = np.zeros(len(bins))
    rises[2:] = np.mean(np.maximum(compressed[2:] - compressed[:-2], 0.0), axis=1)
    width = round(0.4 * FRAME_RATE)
    clear = np.maximum(rises - np.convolve(rises, np.full(width, 1 / width), mode="same"), 0.0)
    return np.asarray(clear / max(1e-9, float(np.std(clear))))


@lru_cache(maxsize=8)
def _hann(size: int) -> Signal:
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size), dtype=np.float32)
