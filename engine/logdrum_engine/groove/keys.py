"""The keys: electric piano comping, pads, and a small lead with echoes."""

from collections.abc import Iterator
from functools import lru_cache

from logdrum_engine.generator import SAMPLE_RATE

from .dice import Dice
from .harmony import closest
from .piece import Bar, Piece
from .score import Note, laps
from .synth.voice import LONGEST_NOTE_S

# Step and length in sixteenths of each chord of the bar.
_COMPS = (
    ((0, 2.5), (3, 2.0), (6, 4.5), (11, 2.0), (14, 2.0)),
    ((0, 5.5), (7, 1.5), (10, 4.0)),
    ((2, 1.6), (6, 1.6), (10, 1.6), (14, 1.6)),
    ((0, 2.6), (6, 6.0), (14, 2.0)),
    ((3, 2.5), (6, 2.0), (11, 4.0)),
    ((0, 1.5), (3, 1.5), (6, 3.0), (10, 2.6), (13, 2.5)),
    ((0, 7.5), (11, 1.5), (14, 2.0)),
    ((0, 3.0), (7, 5.0), (13, 1.4)),
)
_MOTIFS = (
    (0, 3, 6, 10),
    (2, 3, 6, 9, 11),
    (0, 2, 3, 6, 8),
    (4, 6, 7, 10, 14),
    (3, 6, 7, 9, 12),
    (0, 6, 8, 11, 14),
)
_LEADS = ("kalimba", "organ", "bell", "flute", "kalimba")
_LEAD_LOW, _LEAD_HIGH = 67, 84
_ECHOES = ((3.0, 0.38, 0.55), (6.0, 0.18, -0.55))
"""Steps later, how loud, and where."""


def play(bar: Bar) -> Iterator[Note]:
    """Play the keys, the pad and the lead for one bar."""
    for player in (_comp, _pad, _run, _lead):
        yield from player(bar)


def _comp(bar: Bar) -> Iterator[Note]:
    """Two rhythms that take turns; a chord on the last two steps is already the next bar's."""
    if not bar.section.keys:
        return
    rhythm = bar.piece.dice("comp", bar.section.loop).deal(_COMPS, 2)[bar.index % 2]
    dice = bar.dice("comp")
    for number, (step, length) in enumerate((lap + s, held) for lap in laps(bar.steps) for s, held in rhythm):
        if step < bar.steps and (number == 0 or not dice.chance(0.1)):
            yield from _stab(bar, dice, step, length)


def _stab(bar: Bar, dice: Dice, step: float, length: float) -> Iterator[Note]:
    chord = bar.next_chord if step >= bar.steps - 2 and bar.steps > 4 else bar.chord
    presence = bar.section.keys * (0.8 + 0.3 * bar.piece.style.jazz)
    velocity = presence * dice.between(0.72, 1.0) * (0.9 if length < 2 else 1.0)
    place = bar.swung(step)
    for number, pitch in enumerate(chord.voicing):
        strum = 0.03 * number
        weight = 1.0 if pitch == chord.voicing[-1] else 0.85
        pan = (pitch - 63) / 30
        yield Note(
            instrument="piano", step=place + strum, velocity=velocity * weight, length=length, pitches=(pitch,), pan=pan
        )
    yield Note(
        instrument="bloom", step=place, velocity=velocity * min(1.0, 0.3 + length / 6), pitches=chord.voicing, colour=1
    )


def _pad(bar: Bar) -> Iterator[Note]:
    """Hold the chord, struck again where the bar is longer than a note may be."""
    if not bar.section.pad:
        return
    longest = 0.8 * LONGEST_NOTE_S * SAMPLE_RATE / bar.piece.feel.step_samples
    parts = int(bar.steps // longest) + 1
    length = bar.steps / parts
    colour = 2 - round(2 * bar.piece.style.dark)
    pitches = (closest(bar.chord.root, 50), *bar.chord.voicing)
    for part in range(parts):
        yield Note(
            instrument="pad",
            step=part * length,
            length=length,
            velocity=bar.section.pad,
            pitches=pitches,
            colour=colour,
        )


def _run(bar: Bar) -> Iterator[Note]:
    """A few notes of the piano's right hand into a new phrase, in jazzier pieces."""
    dice = bar.dice("run")
    if bar.place % 4 != 3 or not bar.section.keys or not dice.chance(bar.piece.style.jazz):
        return
    ladder = _ladder(bar.piece, 70, 86)
    at = dice.below(len(ladder) - 4)
    line = [ladder[at + i] for i in dice.pick(((3, 2, 1, 0), (0, 1, 2, 3), (2, 3, 1, 0), (0, 2, 1, 3)))]
    for number, pitch in enumerate(line):
        step = max(0.0, bar.steps - 6) + number * 1.0
        yield Note(instrument="piano", step=bar.swung(step), velocity=0.8, length=1.4, pitches=(pitch,), pan=0.2)


def _lead(bar: Bar) -> Iterator[Note]:
    """A motif in the first bar of four, an answer in the third, and their echoes."""
    if not bar.section.lead or bar.place % 2:
        return
    name = bar.piece.style.lead or bar.piece.dice("lead").pick(_LEADS)
    for step, length, pitch in _motif(bar.piece, bar.section.phrase, bar.place % 4):
        note = Note(
            instrument=name, step=bar.swung(step), velocity=bar.section.lead, length=length, pitches=(pitch,), pan=-0.1
        )
        yield note
        yield from _echoes(note)


def _echoes(note: Note) -> Iterator[Note]:
    """Repeats of a note: an echo that is written cannot depend on where a render began."""
    for later, level, pan in _ECHOES:
        yield Note(
            instrument=note.instrument,
            step=note.step + later,
            velocity=note.velocity * level,
            length=note.length,
            pitches=note.pitches,
            pan=pan,
        )


@lru_cache(maxsize=128)
def _motif(piece: Piece, phrase: int, place: int) -> tuple[tuple[float, float, int], ...]:
    """Write a walk along the key's pentatonic, in steps more often than in leaps."""
    dice = piece.dice("motif", phrase, place)
    ladder = _ladder(piece, _LEAD_LOW, _LEAD_HIGH)
    top = len(ladder) - 1
    at = top // 2 + dice.below(3) - 1
    line = []
    for step in [s for s in dice.pick(_MOTIFS) if s < piece.feel.steps]:
        line.append((float(step), dice.pick((0.9, 1.4, 1.8)), ladder[at]))
        at = top - abs(top - abs(at + dice.pick((-2, -1, -1, 1, 1, 2))))  # turns round at either end
    return tuple(line)


def _ladder(piece: Piece, low: int, high: int) -> list[int]:
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in piece.key.pentatonic]
