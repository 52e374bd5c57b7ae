"""What every instrument is made of; all of it pure, so that a one-shot is the same wherever it is made."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from logdrum_engine.generator import SAMPLE_RATE, Pcm

Signal = npt.NDArray[np.float32]
"""`[samples]`"""
Cycles = npt.NDArray[np.float64]
"""`[samples]` of phase in turns: double precision, for a turn count of thousands has no bits left for the angle."""

_TURN = np.float32(2 * np.pi)


def samples_of(duration_s: float) -> int:
    """Round a duration to samples."""
    return round(duration_s * SAMPLE_RATE)


def axis(samples: int) -> Signal:
    """Times in seconds from the note's onset."""
    return np.arange(samples, dtype=np.float32) / np.float32(SAMPLE_RATE)


def turns(samples: int, hz: float) -> Cycles:
    """Phase of a steady tone."""
    return np.arange(samples, dtype=np.float64) * (hz / SAMPLE_RATE)


def sine(cycles: Cycles, offset: Signal | float = 0.0) -> Signal:
    """Sine of a phase in turns, with an offset in radians: the modulator of an FM pair."""
    angle: Signal = np.asarray(cycles - np.floor(cycles), dtype=np.float32) * _TURN + np.float32(offset)
    return np.asarray(np.sin(angle), dtype=np.float32)


def fall(t: Signal, tau_s: float) -> Signal:
    """Exponential decay from 1."""
    return np.asarray(np.exp(t * np.float32(-1.0 / tau_s)), dtype=np.float32)


def rise(t: Signal, attack_s: float) -> Signal:
    """Rounded ramp from 0 to 1."""
    x = np.minimum(t * np.float32(1.0 / attack_s), np.float32(1.0))
    return np.asarray(x * x * (np.float32(3.0) - np.float32(2.0) * x), dtype=np.float32)


def close(shot: Pcm | Signal, release_s: float) -> None:
    """Fade the end of a one-shot to zero, in place."""
    count = min(samples_of(release_s), shot.shape[-1])
    ramp = rise(axis(count), max(count, 1) / SAMPLE_RATE)[::-1]
    shot[..., shot.shape[-1] - count :] *= ramp


def hz_of(midi: float) -> float:
    """Frequency of a MIDI number."""
    return float(440.0 * 2.0 ** ((midi - 69.0) / 12.0))


def driven(x: Signal) -> Signal:
    """Saturate an instrument towards 1, for the harmonics."""
    return np.asarray(np.tanh(x), dtype=np.float32)


def soft(x: Pcm, ceiling: Pcm) -> Pcm:
    """Saturate without memory; never beyond the ceiling.

    A rational curve and not tanh: its four operations round the same way on every machine and in every block size.
    """
    y: Pcm = np.clip(x / ceiling, np.float32(-3.0), np.float32(3.0))
    square = y * y
    y *= square + np.float32(27.0)
    y /= square * np.float32(9.0) + np.float32(27.0)
    y *= ceiling
    return y


def noise(samples: int, seed: int, band: Callable[[Signal], Signal]) -> Signal:
    """White noise through a spectrum curve, at an RMS of 1."""
    white = np.random.Generator(np.random.PCG64(seed)).standard_normal(samples, dtype=np.float32)
    spectrum = np.fft.rfft(white) * band(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE).astype(np.float32))
    shaped = np.fft.irfft(spectrum, samples).astype(np.float32)
    return np.asarray(shaped / np.sqrt(np.mean(shaped**2) + 1e-12), dtype=np.float32)


def band(low_hz: float, high_hz: float, slope: float = 3.0) -> Callable[[Signal], Signal]:
    """Spectrum curve of a band with soft edges."""

    def curve(f: Signal) -> Signal:
        safe = np.maximum(f, np.float32(1.0))
        return np.asarray(
            1.0 / np.sqrt((1.0 + (low_hz / safe) ** (2 * slope)) * (1.0 + (safe / high_hz) ** (2 * slope)))
        )

    return curve


def fft_size(samples: int) -> int:
    """Return a length that is no shorter, and quick to transform."""
    power = 1 << (samples - 1).bit_length()
    return next(size for size in (power * 5 // 8, power * 3 // 4, power) if size >= samples)


def mono(signal: Signal) -> Pcm:
    """One channel, which the mixer spreads by the note's pan."""
    return signal[np.newaxis, :]


def stereo(left: Signal, right: Signal) -> Pcm:
    """Two channels."""
    return np.stack((left, right))


def in_room(dry: Signal, tail_s: float, wet: float, low_hz: float = 350.0) -> Pcm:
    """Add a small synthetic room; the one-shot grows by the tail, and so needs no reverb that remembers."""
    length = dry.shape[0] + samples_of(tail_s)
    size = fft_size(length)
    wash = np.fft.irfft(np.fft.rfft(dry, size) * _room(tail_s, low_hz, size), size)[:, :length].astype(np.float32)
    wash *= np.float32(wet)
    wash[:, : dry.shape[0]] += dry
    return wash


@lru_cache(maxsize=64)
def _room(tail_s: float, low_hz: float, size: int) -> npt.NDArray[np.complex64]:
    """Spectrum of decaying noise, one per ear, without lows so that the bottom stays mono."""
    samples = samples_of(tail_s)
    t = axis(samples)
    envelope = fall(t, tail_s / 5.0) * rise(t, 0.004)
    ears = np.stack([noise(samples, seed, band(low_hz, 6500.0, 1.0)) * envelope for seed in (11, 12)])
    close(ears, tail_s * 0.3)
    ears /= np.sqrt(np.sum(ears**2, axis=1, keepdims=True))
    return np.asarray(np.fft.rfft(ears, size), dtype=np.complex64)
