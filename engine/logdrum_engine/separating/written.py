"""What was heard of a log drum, as notes of the room (J12)."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import msgspec

from logdrum_engine.separation.interface import LogDrumNote
from logdrum_protocol import bounds as b
from logdrum_protocol.engine_messages import NotesWritten, WriteNotes
from logdrum_protocol.records import Notation, Part, PlayedNote
from logdrum_protocol.timeline import bar_ticks, tick_of

from .midi import key_of, one_voice

LOG_DRUM: Final = "log_drum"
_SUREST: Final = 0.5
"""What is less probable is left out."""

_GLIDES_FROM: Final = 0.5
"""Keys; less is how a note settles, not a glide."""

_OVERLAP_TICKS: Final = 24
"""How far a note reaches into the one that it glides to, so that it is played as a glide again (J8)."""

_NO_DRUM: Final = "This separation gives no log drum: ask for 'log_drum' among its stems."
_NOTHING: Final = "No log drum has been heard in this so far."


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a separation's log drum, and where it is in the room."""

    stems: tuple[str, ...]
    notes: Sequence[LogDrumNote]
    """Times count from the stream's sample 0."""
    anchor_tick: int
    bpm: float
    numerator: int
    denominator: int
    is_whole: bool
    """Whether there may be notes before the first that was heard: the clip is there from the sound's beginning then."""

    def tick(self, at_s: float) -> float:
        """Where in the room a moment of the sound is."""
        return tick_of(at_s * b.SAMPLE_RATE, self.anchor_tick, self.bpm)


def written(question: WriteNotes, heard: Heard) -> NotesWritten:
    """Answer with all the notes that were heard (Q9)."""
    if LOG_DRUM not in heard.stems:
        return NotesWritten(job=question.job, op_id=question.op_id, error=_NO_DRUM)
    sure = [note for note in heard.notes if note.probability >= _SUREST]
    notes = list(one_voice(sure)) if sure else []
    if not notes:
        return NotesWritten(job=question.job, op_id=question.op_id, error=_NOTHING)
    bar = bar_ticks(heard.numerator, heard.denominator)
    start_tick = int(heard.tick(0 if heard.is_whole else notes[0].onset_s) // bar * bar)
    played = _played(notes, heard, start_tick)
    end_tick = max(note.tick + note.length_ticks for note in played)
    return NotesWritten(
        job=question.job,
        op_id=question.op_id,
        name="log drum",
        start_tick=start_tick,
        length_ticks=-(-end_tick // bar) * bar,
        notation=Notation(parts=(Part(instrument=LOG_DRUM),), notes=played),
    )


def _played(notes: Sequence[LogDrumNote], heard: Heard, start_tick: int) -> tuple[PlayedNote, ...]:
    keys = (key for note in notes for key in _keys(note, heard, start_tick))
    once = {(note.tick, note.pitch): note for note in islice(keys, b.MAX_PLAYED_NOTES)}
    return tuple(once.values())


def _keys(note: LogDrumNote, heard: Heard, start_tick: int) -> Iterator[PlayedNote]:
    """One note, or two where it glides: the pitch moves over the second half."""
    start, middle, end = (
        round(heard.tick(note.onset_s + part * note.length_s)) - start_tick for part in (0.0, 0.5, 1.0)
    )
    velocity = min(127, max(1, round(note.velocity * 127)))
    if abs(key_of(note.glide_hz) - key_of(note.f0_hz)) < _GLIDES_FROM or not start < middle < end:
        yield PlayedNote(0, start, max(1, end - start), _pitch(note.f0_hz), velocity)
        return
    overlap = min(_OVERLAP_TICKS, end - middle - 1)
    yield PlayedNote(0, start, middle - start + overlap, _pitch(note.f0_hz), velocity)
    yield PlayedNote(0, middle, end - middle, _pitch(note.glide_hz), velocity)


def _pitch(f0_hz: float) -> int:
    return min(127, max(0, round(key_of(f0_hz))))
