"""What a mixing desk does: levels, equalisers, rooms, width and saturation of each stem, and one limiter for all."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from .examples import SAMPLE_RATE, Signal
from .studio import ROOMS, Studio, padded_size

Rng = np.random.Generator
Stems = NDArray[np.float32]

_USUAL_DB: Final = (0.0, -5.0, 3.0, -6.0)
_LOUDEST_DB, _QUIETEST_DB = -6.0, -30.0
_BLOCK: Final = 64


def mastered(rng: Rng, stems: Stems, studio: Studio) -> Stems:
    """Mix stems [4, 2, n]: what is done to the sum is done alike to each of them."""
    _saturate(rng, stems)
    _balance(rng, stems)
    _equalise(rng, stems, studio)
    _level(rng, stems)
    if rng.random() < 0.4:
        _limit(rng, stems)
    return stems


def loudness(stem: Signal) -> float:
    """Level where a stem sounds: what is more than 40 dB under its loudest moment does not count."""
    blocks = stem[..., : stem.shape[-1] // 1024 * 1024].reshape(2, -1, 1024)
    power = np.mean(blocks * blocks, axis=(0, 2))
    loudest = float(np.max(power, initial=0.0))
    return float(np.sqrt(np.mean(power[power > 1e-4 * loudest]))) if loudest > 1e-12 else 0.0


def _saturate(rng: Rng, stems: Stems) -> None:
    for stem in stems:
        push = rng.uniform(0.3, 2.5)
        if rng.random() < 0.25 and (level := float(np.max(np.abs(stem)))) > 1e-6:
            np.tanh(stem * np.float32(push / level), out=stem)


def _balance(rng: Rng, stems: Stems) -> None:
    """Every stem's usual level give or take 5 dB; the log drum's from 10 under it to 4 over it."""
    for index, (stem, usual_db) in enumerate(zip(stems, _USUAL_DB, strict=True)):
        gain_db = usual_db + (rng.uniform(-10.0, 4.0) if index == 2 else rng.uniform(-5.0, 5.0))
        if (level := loudness(stem)) > 0.0:
            stem *= np.float32(10.0 ** (gain_db / 20) / level)


def _equalise(rng: Rng, stems: Stems, studio: Studio) -> None:
    """Colour, rooms, width and place, all in one go over the spectrum; what is mono is computed once."""
    n = stems.shape[-1]
    size = padded_size(n)
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE).astype(np.float32)
    octaves = np.log2(np.maximum(hz, 20.0) / np.float32(640.0))
    master = _curve(rng, octaves, 2.0) * _band(rng, hz)
    heard = [index for index in range(len(stems)) if stems[index].any()]
    if not heard:
        return
    channels = [stems[index, : _channels(stems[index])] for index in heard]
    spectra = np.split(_spectra(channels, size), np.cumsum([len(each) for each in channels])[:-1])
    placed = [
        _coloured(rng, spectrum, index, studio, size) * (_curve(rng, octaves, 5.0) * master)
        for index, spectrum in zip(heard, spectra, strict=True)
    ]
    sounds = np.split(_sounds(np.concatenate(placed), size)[:, :n], np.cumsum([len(each) for each in placed])[:-1])
    for index, sound in zip(heard, sounds, strict=True):
        np.multiply(sound, _pan(rng, index), out=stems[index])


def _spectra(channels: Sequence[Signal], size: int) -> NDArray[np.complex64]:
    padded = np.zeros((sum(len(each) for each in channels), size), np.float32)
    np.concatenate(channels, out=padded[:, : channels[0].shape[-1]])
    # Twice as fast as numpy's or scipy's at these sizes.
    return np.asarray(torch.fft.rfft(torch.from_numpy(padded)).numpy(), dtype=np.complex64)


def _sounds(spectra: NDArray[np.complex64], size: int) -> Signal:
    return np.asarray(torch.fft.irfft(torch.from_numpy(spectra), size).numpy(), dtype=np.float32)


def _channels(stem: Signal) -> int:
    return 1 if np.array_equal(stem[0], stem[1]) else 2


def _coloured(
    rng: Rng, spectrum: NDArray[np.complex64], index: int, studio: Studio, size: int
) -> NDArray[np.complex64]:
    """A stem's spectra in a room of some width: drums and keys often, a log drum now and then."""
    if rng.random() < (0.5, 0.0, 0.12, 0.6)[index]:
        wet = np.float32(rng.uniform(0.05, 0.5))
        room = studio.room(int(rng.integers(ROOMS)), size) * wet
        room += 1.0
        spectrum = spectrum * room
    if len(spectrum) == 1:
        return spectrum
    width = rng.uniform(0.3, 1.3) if index in (0, 3) else rng.uniform(0.0, 1.0)
    near, far = np.float32(0.5 + 0.5 * width), np.float32(0.5 - 0.5 * width)
    return near * spectrum + far * spectrum[::-1]


def _pan(rng: Rng, index: int) -> Signal:
    """Gains of left and right: low stems stay near the middle."""
    pan = float(np.clip(rng.normal(0.0, 0.12 if index == 3 else 0.03), -0.4, 0.4))
    return np.array([[1.0 - pan], [1.0 + pan]], np.float32)


def _curve(rng: Rng, octaves: Signal, most_db: float) -> Signal:
    """A tilt and a shelf."""
    if rng.random() < 0.3:
        return np.ones_like(octaves)
    tilt = rng.uniform(-0.3, 0.3) * most_db * octaves
    shelf = rng.uniform(-most_db, most_db) / (1.0 + np.exp((octaves - rng.uniform(-3.5, 3.5)) * 3.0))
    return np.asarray(10.0 ** (np.clip(tilt + shelf, -12.0, 12.0) / 20), dtype=np.float32)


def _band(rng: Rng, hz: Signal) -> Signal:
    """What codecs leave, for some."""
    if rng.random() < 0.75:
        return np.ones_like(hz)
    top = rng.uniform(10_000, 16_000)
    return np.asarray(np.clip((top - hz) / 400.0 + 1.0, 0.0, 1.0), dtype=np.float32)


def _level(rng: Rng, stems: Stems) -> None:
    """Set the level of the sum, without a peak far over full scale."""
    mix = stems.sum(axis=0)
    level, peak = float(np.sqrt(np.mean(mix * mix))), float(np.max(np.abs(mix), initial=0.0))
    if level > 1e-9:
        gain = 10.0 ** (rng.uniform(_QUIETEST_DB, _LOUDEST_DB) / 20) / level
        stems *= np.float32(min(gain, 2.0 / peak))


def _limit(rng: Rng, stems: Stems) -> None:
    """One gain for all stems, which is down before a peak comes."""
    n = stems.shape[-1]
    mix = np.abs(stems.sum(axis=0)).max(axis=0)
    peaks = np.pad(mix, (0, -n % _BLOCK)).reshape(-1, _BLOCK).max(axis=1)
    ceiling = rng.uniform(0.4, 1.0) * float(np.max(peaks, initial=1e-9))
    wanted = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    reach = int(rng.integers(4, 40))
    padded = np.pad(wanted, reach, constant_values=1.0)
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    smooth = np.convolve(
        np.pad(lowest, reach // 2, mode="edge"), np.ones(reach // 2 * 2 + 1) / (reach // 2 * 2 + 1), "valid"
    )
    centres = np.arange(smooth.size) * _BLOCK + _BLOCK / 2
    stems *= np.interp(np.arange(n), centres, smooth).astype(np.float32)
