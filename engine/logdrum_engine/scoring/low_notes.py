"""Strokes and notes of the low register, with what tells a log drum's from a kick's and a bass's."""

from functools import lru_cache
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import soxr  # type: ignore[import-untyped]  # it ships no types

from .listening import RATE, Signal
from .spectra import BANDS_HZ, FRAME_RATE, Curve, Onsets

LOWEST_HZ: Final = 34.0
HIGHEST_HZ: Final = 155.0
"""A log drum's fundamentals, and a little more."""
_LOW_RATE: Final = RATE / 8
_TONE: Final = round(0.110 * _LOW_RATE)
_KNOCK: Final = round(0.050 * _LOW_RATE)
_PADDED: Final = 1_024
_FLOOR: Final = 1e-9


class LowNote(msgspec.Struct, frozen=True, kw_only=True):
    """One onset below 155 Hz. The knock is what sounds in 150 to 600 Hz, the tone what sounds below."""

    frame: int
    pitch: float
    """MIDI number of the tone, with its fraction."""
    strength: float
    """Onset strength of the tone."""
    knock: float
    """Onset strength of the knock."""
    purity: float
    """Share of the low power that its strongest tone holds."""
    knock_rise_db: float
    """From just before to the onset."""
    knock_drop_db: float
    """From the onset to 50 ms later: wood is short, a piano is not."""
    knock_over_tone_db: float
    tone_rise_db: float
    """From before to 45 ms after: a bass that goes on does not rise."""
    tone_fall_db: float
    """From 45 to 150 ms after: a kick has gone by then, a bass has not fallen."""
    level_db: float
    """Against the loudest note of the span."""

    @property
    def is_stroke(self) -> bool:
        """Whether something was struck here, and the low register did not just go on."""
        return self.strength > 1.0 and self.tone_rise_db > 1.0 and self.level_db > -12.0

    @property
    def cues(self) -> tuple[float, ...]:
        """What the likeness to a log drum is judged by, each within bounds."""
        return tuple(min(high, max(low, getattr(self, name))) for name, (low, high) in CUES.items())


CUES: Final = {
    "strength": (0.0, 8.0),
    "knock": (0.0, 8.0),
    "purity": (0.3, 1.0),
    "knock_rise_db": (-10.0, 15.0),
    "knock_drop_db": (-10.0, 15.0),
    "knock_over_tone_db": (-35.0, 10.0),
    "tone_rise_db": (-8.0, 12.0),
    "tone_fall_db": (-8.0, 12.0),
    "level_db": (-25.0, 0.0),
}


def low_notes(span: Signal, onsets: Onsets) -> list[LowNote]:
    """Read every onset of the low register that has time to sound before the span ends."""
    low = np.asarray(soxr.resample(span, RATE, _LOW_RATE, quality="HQ"), dtype=np.float32)
    notes = [note for frame in _peaks(onsets.low) if (note := _note(low, onsets, int(frame))) is not None]
    loudest = max((note.level_db for note in notes), default=0.0)
    return [msgspec.structs.replace(note, level_db=note.level_db - loudest) for note in notes]


def _peaks(curve: Curve) -> npt.NDArray[np.intp]:
    """Local maxima well above the rest, at least 45 ms apart."""
    reach = round(0.045 * FRAME_RATE)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(curve, reach), 2 * reach + 1)
    is_peak = (curve >= np.max(windows, axis=1)) & (curve > 0.5 * np.std(curve) + np.mean(curve))
    return np.flatnonzero(is_peak)


def _note(low: Signal, onsets: Onsets, frame: int) -> LowNote | None:
    """Compare the moments before, at and after an onset; None where the span has not all of them."""
    onset = round(frame / FRAME_RATE * _LOW_RATE)
    moments = [
        _power(low, onset + round(after_s * _LOW_RATE), size)
        for after_s, size in ((-0.075, _KNOCK), (-0.008, _KNOCK), (0.050, _KNOCK), (0.045, _TONE), (0.150, _TONE))
    ]
    if any(moment is None for moment in moments):
        return None
    before, start, later, body, tail = (np.asarray(moment) for moment in moments)
    pitch, purity = _tone(body)
    near = slice(max(0, frame - 2), frame + 3)
    return LowNote(
        frame=frame,
        pitch=pitch,
        strength=float(np.max(onsets.low[near])),
        knock=float(np.max(onsets.wood[near])),
        purity=purity,
        knock_rise_db=_knock_db(start) - _knock_db(before),
        knock_drop_db=_knock_db(start) - _knock_db(later),
        knock_over_tone_db=_knock_db(start) - _tone_db(body),
        tone_rise_db=_tone_db(body) - _tone_db(before),
        tone_fall_db=_tone_db(body) - _tone_db(tail),
        level_db=_tone_db(body),
    )


def _power(low: Signal, start: int, size: int) -> Curve | None:
    """Power spectrum of a piece, independent of its size; None where it lies outside the span."""
    if start < 0 or start + size > low.size:
        return None
    window = np.hanning(size)
    return np.asarray(np.abs(np.fft.rfft(low[start : start + size] * window, _PADDED)) ** 2 / np.sum(window**2))


def _tone(power: Curve) -> tuple[float, float]:
    """Pitch of the strongest low tone and how much of the low power is its own."""
    hz = _hz()
    inside = np.flatnonzero((hz >= LOWEST_HZ) & (hz <= HIGHEST_HZ))
    top = int(inside[int(np.argmax(power[inside]))])
    peak_hz = (top + _vertex(*np.log(power[top - 1 : top + 2] + _FLOOR))) * _LOW_RATE / _PADDED
    own = np.abs(hz - peak_hz) < 1.5 * _LOW_RATE / _TONE
    share = float(np.sum(power[own])) / (_sum(power, 20.0, 200.0) + _FLOOR)
    return 69.0 + 12.0 * float(np.log2(peak_hz / 440.0)), min(1.0, share)


def _vertex(left: float, middle: float, right: float) -> float:
    """Where a parabola through three neighbours peaks, in bins from the middle one."""
    bend = left - 2.0 * middle + right
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0.0 else 0.0


def _knock_db(power: Curve) -> float:
    return float(10.0 * np.log10(_sum(power, *BANDS_HZ["wood"]) + _FLOOR))


def _tone_db(power: Curve) -> float:
    return float(10.0 * np.log10(_sum(power, LOWEST_HZ, HIGHEST_HZ) + _FLOOR))


def _sum(power: Curve, low_hz: float, high_hz: float) -> float:
    hz = _hz()
    return float(np.sum(power[(hz >= low_hz) & (hz < high_hz)]))


@lru_cache(maxsize=1)
def _hz() -> Curve:
    return np.asarray(np.fft.rfftfreq(_PADDED, 1 / _LOW_RATE), dtype=np.float64)
