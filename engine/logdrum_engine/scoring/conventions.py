"""What is usual in amapiano, written by hand from its literature; how much each convention counts is fitted.

108 to 115 BPM, log drums in melodies between the beats, shakers on every sixteenth, a light swing, a kick that is
steady or sparse, sevenths and ninths. None is necessary: the genre is older than its log drum.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from .low_notes import LowNote
from .measures import Measures

USUAL_BPM: Final = (108.0, 115.0)
_MANY_NOTES: Final = 3.0
"""Log-drum notes a bar that are plenty."""

_LIKE: Final = 0.8
"""A note this likely is taken for a log drum's: of held-out ones two thirds are, and one in 25 of other low notes."""
_UNLIKE: Final = 0.5

_Range: TypeAlias = tuple[float, float, float, float]
"""Where a convention is not kept any more, from where to where it is, and where it is not again."""
_LOW_END: Final[_Range] = (0.12, 0.28, 0.46, 0.60)
_PERCUSSION: Final[_Range] = (0.08, 0.26, 0.46, 0.60)
_LATE: Final[_Range] = (0.0, 0.08, 0.28, 0.40)

Likely: TypeAlias = npt.NDArray[np.float64]
"""Of each low note, how likely it is a log drum's."""
LogDrumLikeness: TypeAlias = Callable[[Sequence[LowNote]], Likely]


class Reading(msgspec.Struct, frozen=True):
    """How far one convention is kept, from 0 to 1, or None where that cannot be told; and why, for a producer."""

    name: str
    value: float | None
    reason: str


NAMES: Final = ("tempo", "log_drum", "syncopation", "percussion", "shaker", "swing", "kick", "chords")


def readings(measures: Measures, likeness: LogDrumLikeness) -> tuple[Reading, ...]:
    """Hold a span, or a whole file, against the conventions, in the order of `NAMES`."""
    likely = likeness(measures.notes)
    rhythmic = (_syncopation(measures), _percussion(measures), _shaker(measures), _swing(measures))
    steadiness = _ramp(measures.clarity, 0.10, 0.40)
    return (
        _tempo(measures, steadiness),
        _log_drum(measures, likely),
        *(_steadied(reading, steadiness) for reading in rhythmic),
        _steadied(_kick(measures, likely), steadiness),
        _chords(measures),
    )


def _steadied(reading: Reading, steadiness: float) -> Reading:
    """Without a steady pulse the grid is a guess, and what falls on it is worth no more."""
    if reading.value is None or steadiness >= 1.0:
        return reading
    return Reading(reading.name, reading.value * steadiness, f"{reading.reason}; the pulse is not steady")


def _tempo(measures: Measures, steadiness: float) -> Reading:
    low, high = USUAL_BPM
    side = "within" if low <= measures.bpm <= high else "below" if measures.bpm < low else "above"
    value = _between(measures.bpm, low - 10, low, high, high + 10) * steadiness
    pulse = "" if steadiness >= 1.0 else "; the pulse is not steady"
    return Reading("tempo", value, f"{measures.bpm:.1f} BPM, {side} {low:g} to {high:g}{pulse}")


def _log_drum(measures: Measures, likely: Likely) -> Reading:
    """Notes that begin with a knock, hold a pitch and fade, in a melody: one pitch alone is a kick or a tom."""
    chosen = np.flatnonzero(likely > _LIKE)
    count = len(chosen)
    pitches = _variety([measures.notes[i].pitch for i in chosen])
    value = _ramp(count / measures.bars, 0.3, _MANY_NOTES) * _ramp(pitches, 1.0, 2.5)
    notes = f"log-drum-like notes: {count} in {measures.bars:.0f} bars"
    if not count:
        return Reading("log_drum", value, f"{notes}; none is needed")
    off = float(np.mean([measures.is_odd[i] for i in chosen]))
    return Reading("log_drum", value, f"{notes}, about {pitches:.0f} pitches, {off:.0%} on the off-sixteenths")


def _variety(pitches: Sequence[float]) -> float:
    """Number of semitones in use, each counted by how much it is used."""
    if not pitches:
        return 0.0
    _, counts = np.unique(np.round(pitches), return_counts=True)
    shares = counts / counts.sum()
    return float(np.exp(-np.sum(shares * np.log(shares))))


def _syncopation(measures: Measures) -> Reading:
    value = _between(measures.low_end, *_LOW_END)
    return Reading("syncopation", value, f"low end: {_off_sixteenths(measures.low_end, _LOW_END)}")


def _percussion(measures: Measures) -> Reading:
    value = _between(measures.percussion, *_PERCUSSION)
    return Reading("percussion", value, f"rims, claps and hands: {_off_sixteenths(measures.percussion, _PERCUSSION)}")


def _off_sixteenths(share: float, usual: _Range) -> str:
    """Say how much falls on the sixteenths that are no eighths, which drummers count "e" and "a"."""
    return f"{share:.0%} on the off-sixteenths, {usual[1]:.0%} to {usual[2]:.0%} is usual"


def _shaker(measures: Measures) -> Reading:
    if measures.shaker is None:
        return Reading("shaker", None, "nothing above 5 kHz to hear shakers in")
    value = _ramp(measures.shaker, 0.35, 0.90)
    return Reading("shaker", value, f"shakers or hats on {measures.shaker:.0%} of the sixteenths")


def _swing(measures: Measures) -> Reading:
    if measures.swing is None:
        return Reading("swing", None, "too little on the off-sixteenths to tell the swing")
    late = f"off-sixteenths {measures.swing:.0%} of a sixteenth late, {_LATE[1]:.0%} to {_LATE[2]:.0%} is usual"
    return Reading("swing", _between(measures.swing, *_LATE), late)


def _kick(measures: Measures, likely: Likely) -> Reading:
    """Steady on every beat, or few; in between it belongs to other genres."""
    kicks = [i for i in np.flatnonzero(likely < _UNLIKE) if measures.notes[i].is_stroke]
    a_bar = len(kicks) / measures.bars
    on_beat = float(np.mean([measures.is_beat[i] for i in kicks])) if kicks else 0.0
    steady = _ramp(on_beat, 0.5, 0.85) * _ramp(a_bar, 1.5, 3.2)
    sparse = _between(a_bar, 0.1, 0.6, 2.5, 4.5)
    return Reading("kick", max(steady, sparse), f"kicks: {a_bar:.1f} a bar, {on_beat:.0%} on the beat")


def _chords(measures: Measures) -> Reading:
    if measures.richness is None:
        return Reading("chords", None, "no chords to hear")
    value = _ramp(measures.richness, 0.03, 0.13)
    kind = "sevenths and ninths" if value > 0.6 else "some sevenths" if value > 0.25 else "triads or single lines"
    return Reading("chords", value, f"chords: {kind}")


def _ramp(x: float, zero: float, one: float) -> float:
    return float(np.clip((x - zero) / (one - zero), 0.0, 1.0))


def _between(x: float, zero_low: float, one_low: float, one_high: float, zero_high: float) -> float:
    """1 in the usual range, falling to 0 on both sides of it."""
    return min(_ramp(x, zero_low, one_low), _ramp(x, zero_high, one_high))
