"""The last thing before the room: one look-ahead limiter whose gain is the same for every stem.

Its gain at an address is a function of the mix within a tenth of a second around it and of nothing before, so a seek
gives what playing there would have given, and stems turned down alike still add up to the mix.
"""

import numpy as np

from logdrum_engine.generator import Pcm

from .mixer import Stems
from .synth.waves import Signal, rise

TILE_SAMPLES = 4_800
"""A limited tile depends on itself and its two neighbours."""
CEILING = 0.89
"""About -1 dBFS, for the samples and for what a converter makes between them."""
HANDOVER_SAMPLES = 144
"""Over which the gain before a turn becomes the gain after it."""

_STEP = 64
_STEPS = TILE_SAMPLES // _STEP
_ATTACK, _RELEASE = 7, 70


def _reach() -> Signal:
    """How far a peak pulls down its neighbourhood: in over nine milliseconds, out over ninety."""
    attack = rise(np.arange(_ATTACK, dtype=np.float32), _ATTACK)
    release = rise(np.arange(_RELEASE, dtype=np.float32), _RELEASE)
    return np.concatenate([attack, np.ones(1, np.float32), release[::-1]])


_REACH = _reach()[::-1].copy()  # as a sliding window meets it: the peak that is furthest behind comes first
_PLACES = np.arange(_STEP, dtype=np.float32) / np.float32(_STEP)


def excess(stems: Stems) -> Signal:
    """Return how far the sum of a tile goes over the ceiling, as a fraction of it, for every few samples."""
    mix = stems.sum(axis=0)  # [2, samples]
    peaks = np.abs(mix).max(axis=0)
    peaks[1:-2] = np.maximum(peaks[1:-2], np.abs(_halfway(mix)).max(axis=0))
    peaks = peaks.reshape(_STEPS, _STEP).max(axis=1)
    return np.asarray(np.maximum(peaks * np.float32(1 / CEILING) - np.float32(1), np.float32(0)))


def gain(before: Signal, here: Signal, after: Signal) -> Signal:
    """Return the gain of a tile from the excess of the one before, its own, and that of the one after.

    Continuous, and never above what any of its samples needs: each edge between two steps takes the larger of what the
    two need, from wherever in its reach a peak pulls hardest, and the samples lie between two edges.
    """
    if not (before.any() or here.any() or after.any()):
        return np.ones(TILE_SAMPLES, np.float32)
    needs = np.concatenate([before, here, after])
    edges = np.maximum(needs[:-1], needs[1:])[_STEPS - 1 - _RELEASE : 2 * _STEPS + _ATTACK]
    pulled = (np.lib.stride_tricks.sliding_window_view(edges, _REACH.size) * _REACH).max(axis=1)
    return np.asarray(np.float32(1) / (np.float32(1) + _between(pulled)))


def held(wanted: Signal, stems: Stems) -> Signal:
    """Lower a gain where the sum would still go over the ceiling."""
    peaks = np.abs(stems.sum(axis=0)).max(axis=0)
    return np.asarray(np.minimum(wanted, np.float32(CEILING) / np.maximum(peaks, np.float32(CEILING))))


def handed_over(old: Signal, new: Signal, since: int) -> Signal:
    """Go from one gain curve to another, `since` samples after the turn at their first."""
    x = np.clip(np.arange(since, since + new.size), 0, HANDOVER_SAMPLES).astype(np.float32)
    share = rise(x, HANDOVER_SAMPLES)
    return np.asarray(old * (1 - share) + new * share)


def _halfway(mix: Pcm) -> Pcm:
    """What lies between samples, by the four nearest: what a converter will make of them, but for a tile's edges."""
    inner, outer = mix[:, 1:-2] + mix[:, 2:-1], mix[:, :-3] + mix[:, 3:]
    return np.asarray(inner * np.float32(9 / 16) - outer * np.float32(1 / 16))


def _between(edges: Signal) -> Signal:
    """Draw straight lines from edge to edge."""
    low, high = edges[:-1, np.newaxis], edges[1:, np.newaxis]
    return np.asarray(low + (high - low) * _PLACES).reshape(-1)
