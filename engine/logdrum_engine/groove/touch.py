"""A player's touch: what nobody writes down but everybody hears, added to composed and to edited notes alike."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from .score import Note

TICKS_A_STEP = 240.0
"""How fine a composed sixteenth is written at a tempo from 80 to 160."""

LOUD = 100
"""MIDI velocity of a note at 1.0."""

LEGATO = frozenset(("log_drum", "bass"))
"""One voice each: a note that begins while another sounds ends it and glides from it."""

_LEADS = frozenset(("kalimba", "organ", "bell", "flute"))
_LEAD_PLACE = -0.1
_ECHOES = ((3.0, 0.38, 0.65), (6.0, 0.18, -0.45))
"""Steps later, how loud, and how far aside."""
_STRUM_STEPS, _LONGEST_STRUM = 0.03, 0.25
_MIDDLE, _HANDS_APART, _WIDEST = 63, 30.0, 0.6
"""Pitch heard in the middle of the piano, semitones from there to its side, and how far aside that goes."""


def touched(notes: Iterable[Note], ticks_a_step: float = TICKS_A_STEP) -> list[Note]:
    """Perform the written notes of one bar, in an order that depends on nothing but theirs.

    They are first rounded to what can be written, so that a section sounds the same as its notation.
    """
    moments: dict[tuple[str, float], list[Note]] = {}
    for note in _reached([rounded(note, ticks_a_step) for note in notes], ticks_a_step):
        moments.setdefault((note.instrument, note.step), []).append(note)
    return [heard for (instrument, _), chord in moments.items() for heard in _performed(instrument, chord)]


def rounded(note: Note, ticks_a_step: float) -> Note:
    """Return a note with the place, length and loudness that a tick and a MIDI velocity can say."""
    return replace(
        note,
        step=_whole_ticks(note.step, ticks_a_step),
        length=max(1 / ticks_a_step, _whole_ticks(note.length, ticks_a_step)),
        velocity=velocity_of(note) / LOUD,
    )


def velocity_of(note: Note) -> int:
    """MIDI velocity of a note, 1 to 127."""
    return max(1, min(127, round(note.velocity * LOUD)))


def legato(notes: Iterable[Note], ticks_a_step: float) -> list[Note]:
    """Play each instrument of one voice as one line: a note ends where the next begins, if it has not before."""
    line = _reached(list(notes), ticks_a_step)
    for at, _, gap in _successive(line, ticks_a_step):
        if line[at].length > gap > 0:
            line[at] = replace(line[at], length=gap)
    return line


def _reached(notes: list[Note], ticks_a_step: float) -> list[Note]:
    """Hold every note until the one that glides from it; nothing is cut, for two tracks may play one instrument."""
    played = list(notes)
    for at, following, gap in _successive(notes, ticks_a_step):
        if glides(notes[at], notes[following]):
            played[at] = replace(notes[at], length=gap)
    return played


def _successive(notes: Sequence[Note], ticks_a_step: float) -> Iterator[tuple[int, int, float]]:
    """Pairs of places of the notes that follow each other on an instrument of one voice, and the steps between."""
    for instrument in LEGATO:
        line = [at for at, note in enumerate(notes) if note.instrument == instrument]
        line.sort(key=lambda at: (notes[at].step, notes[at].pitches))
        for at, following in pairwise(line):
            yield at, following, _whole_ticks(notes[following].step - notes[at].step, ticks_a_step)


def glides(note: Note, following: Note) -> bool:
    """Whether the next note of an instrument of one voice slides away from this one."""
    return following.glide_from in note.pitches and following.step > note.step


def _whole_ticks(steps: float, ticks_a_step: float) -> float:
    return round(steps * ticks_a_step) / ticks_a_step


def _performed(instrument: str, chord: Sequence[Note]) -> Iterable[Note]:
    """Play what one player begins at one moment."""
    match instrument:
        case "piano":
            return _strummed(chord)
        case "shaker":
            return [replace(note, colour=note.colour - note.colour // 2 % 2 * 2 + _turn(note) * 2) for note in chord]
        case "cabasa":
            return [replace(note, colour=_turn(note)) for note in chord]
        case _:
            return _sung(chord) if instrument in _LEADS else chord


def _turn(note: Note) -> int:
    """Which of two sounds comes next, so that no two neighbours are the same."""
    return int(note.step) // 2 % 2


def _strummed(chord: Sequence[Note]) -> Iterator[Note]:
    """Upwards and not quite together, low notes left and high ones right; a chord blooms in the hall."""
    for number, note in enumerate(sorted(chord, key=lambda note: note.pitches)):
        late = min(_STRUM_STEPS * number, _LONGEST_STRUM)
        spread = (note.pitches[0] - _MIDDLE) / _HANDS_APART
        yield replace(note, step=note.step + late, pan=_aside(note, max(-_WIDEST, min(_WIDEST, spread))))
    if len(chord) > 1:
        yield _bloom(chord)


def _bloom(chord: Sequence[Note]) -> Note:
    """The hall's answer, fuller the longer the chord is held."""
    loudest = max(chord, key=lambda note: note.velocity)
    held = max(note.length for note in chord)
    pitches = sorted({pitch for note in chord for pitch in note.pitches})
    velocity = loudest.velocity * min(1.0, 0.3 + held / 6)
    return replace(loudest, instrument="bloom", velocity=velocity, length=1.0, pitches=tuple(pitches), colour=1)


def _sung(chord: Sequence[Note]) -> Iterator[Note]:
    """A melody echoes, a chord would blur: an echo that is written cannot depend on where a render began."""
    for note in chord:
        yield replace(note, pan=_aside(note, _LEAD_PLACE))
    if len(chord) == 1:
        yield from (_echo(chord[0], *each) for each in _ECHOES)


def _echo(note: Note, later: float, level: float, place: float) -> Note:
    return replace(note, step=note.step + later, velocity=note.velocity * level, pan=_aside(note, _LEAD_PLACE + place))


def _aside(note: Note, pan: float) -> float:
    """Where the note is heard from: its player's place, moved by the part's own pan."""
    return max(-1.0, min(1.0, note.pan + pan))
