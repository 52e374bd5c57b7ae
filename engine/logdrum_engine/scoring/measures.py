"""All that is measured in one span, before anybody says what is usual."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from .chords import richness
from .listening import Signal
from .low_notes import LowNote, low_notes
from .pulse import Pulse, pulse_of, tempo_of
from .rhythm import between_eighths, fullness, swing_of
from .spectra import FRAME_RATE, Onsets, onsets_of

_MUFFLED: Final = 1e-5
"""Share of the power above 5 kHz under which a file has been cut off there."""


class Heard(msgspec.Struct, frozen=True):
    """A span as far as it can be analysed without the tempo of the whole file."""

    onsets: Onsets
    notes: tuple[LowNote, ...]
    richness: float | None


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """Measures of a span; None where something cannot be told from it."""

    bpm: float
    clarity: float
    bars: float
    notes: tuple[LowNote, ...]
    is_odd: tuple[bool, ...]
    """Of each low note: whether it falls on an odd sixteenth."""
    is_beat: tuple[bool, ...]
    shaker: float | None
    swing: float | None
    percussion: float
    low_end: float
    richness: float | None


def hear(span: Signal) -> Heard:
    """Analyse a span."""
    onsets = onsets_of(span)
    return Heard(onsets, tuple(low_notes(span, onsets)), richness(span))


def measures_of(heard: Sequence[Heard]) -> tuple[Measures, ...]:
    """Measure the spans of a file, which has one tempo."""
    bpm = tempo_of([each.onsets for each in heard])
    return tuple(_measure(each, bpm) for each in heard)


def _measure(heard: Heard, bpm: float) -> Measures:
    """Measure a span against the grid of the file's tempo."""
    onsets = heard.onsets
    pulse = pulse_of(onsets, bpm)
    steps = [_step_of(note, pulse) for note in heard.notes]
    return Measures(
        bpm=bpm,
        clarity=pulse.clarity,
        bars=onsets.low.size / FRAME_RATE / (240.0 / bpm),
        notes=heard.notes,
        is_odd=tuple(step % 2 == 1 for step in steps),
        is_beat=tuple(step % 4 == 0 for step in steps),
        shaker=fullness(onsets.high, pulse) if onsets.high_share > _MUFFLED else None,
        swing=swing_of(onsets.middle + onsets.high, pulse),
        percussion=between_eighths(onsets.middle, pulse),
        low_end=between_eighths(onsets.low, pulse),
        richness=heard.richness,
    )


def _step_of(note: LowNote, pulse: Pulse) -> int:
    """Sixteenth nearest to a note, counted from the beat."""
    beats = (note.frame - pulse.first_beat) / pulse.beat_frames
    whole = float(np.floor(beats * 2 + 0.25)) / 2  # the eighth it belongs to
    odd = beats - whole > (1 + pulse.swing) / 8
    return round(whole * 4) + int(odd)


def merged(spans: Sequence[Measures]) -> Measures:
    """Measures of a whole file: its notes together, and the means of what each span could tell."""
    return Measures(
        bpm=spans[0].bpm,
        clarity=float(np.mean([span.clarity for span in spans])),
        bars=sum(span.bars for span in spans),
        notes=tuple(note for span in spans for note in span.notes),
        is_odd=tuple(odd for span in spans for odd in span.is_odd),
        is_beat=tuple(beat for span in spans for beat in span.is_beat),
        shaker=_mean([span.shaker for span in spans]),
        swing=_mean([span.swing for span in spans]),
        percussion=float(np.mean([span.percussion for span in spans])),
        low_end=float(np.mean([span.low_end for span in spans])),
        richness=_mean([span.richness for span in spans]),
    )


def _mean(known: Sequence[float | None]) -> float | None:
    told = [value for value in known if value is not None]
    return float(np.mean(told)) if told else None
