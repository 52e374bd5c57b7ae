"""What falls where on the grid: how full the sixteenths are, and how much falls between the eighths."""

from typing import Final

import numpy as np

from .pulse import Pulse
from .spectra import FRAME_RATE, Curve

_REACH: Final = round(0.025 * FRAME_RATE)
_AUDIBLE: Final = 0.22
"""Of a strong stroke: the quiet strokes of a shaker count too."""
_FAINT: Final = 0.12
"""Strokes between the eighths that are fainter than this share of the others say nothing about swing."""


def slots_of(pulse: Pulse, frames: int) -> tuple[Curve, Curve]:
    """Frames of the even sixteenths and of the odd ones, which swing."""
    step = pulse.beat_frames / 4
    first = pulse.first_beat % (2 * step)
    even = np.arange(first, frames - 2 * step, 2 * step)
    return even, even + step * (1 + pulse.swing)


def strokes_at(curve: Curve, slots: Curve) -> Curve:
    """Strongest onset near each slot."""
    at = np.round(slots).astype(int)[:, None] + np.arange(-_REACH, _REACH + 1)
    return np.asarray(np.max(curve[np.clip(at, 0, curve.size - 1)], axis=1))


def fullness(curve: Curve, pulse: Pulse) -> float:
    """Share of the sixteenths on which something begins and is not just going on between them."""
    even, odd = slots_of(pulse, curve.size)
    slots = np.concatenate([even, odd])
    strokes = strokes_at(curve, slots)
    strong = float(np.percentile(strokes, 90))
    if strong <= 0:
        return 0.0
    between = strokes_at(curve, np.concatenate([even, odd]) + pulse.beat_frames / 8)
    noise = float(np.mean(between)) / strong
    return float(np.mean(strokes > _AUDIBLE * strong)) * float(np.clip(1.6 - 2 * noise, 0.0, 1.0))


def between_eighths(curve: Curve, pulse: Pulse) -> float:
    """Share of the onset strength that falls on odd sixteenths: half where all are alike, none where it is square."""
    even, odd = slots_of(pulse, curve.size)
    on, off = float(np.sum(strokes_at(curve, even))), float(np.sum(strokes_at(curve, odd)))
    return off / max(1e-9, on + off)


def swing_of(curve: Curve, pulse: Pulse) -> float | None:
    """Lateness of the odd sixteenths, None where too few sound to tell."""
    return pulse.swing if between_eighths(curve, pulse) > _FAINT else None
