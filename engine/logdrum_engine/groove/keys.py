"""The keys: electric piano or organ comping, pads, runs of the right hand, and a small lead."""

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from logdrum_engine.generator import SAMPLE_RATE

from .harmony import Chord, closest
from .metre import laid
from .piece import Bar, Piece
from .score import Note, held
from .synth.voice import LONGEST_NOTE_S

_LEAD_LOW, _LEAD_HIGH = 67, 84
_ORGAN_WEIGHT = 0.62
"""An organ does not fade, so it is played more softly."""


def play(bar: Bar) -> Iterator[Note]:
    """Play the keys, the pad and the lead for one bar."""
    for player in (_comp, _pad, _run, _lead):
        yield from player(bar)


def land(bar: Bar) -> Iterator[Note]:
    """Hold the chord."""
    if bar.section.keys:
        for begin, end in bar.parts_of(0.0, bar.steps - 0.1):
            yield from _chord(bar, bar.chord_at(begin), begin, end - begin, 0.9 * bar.section.keys)
    if bar.section.pad:
        yield from _pad(bar)


def _comp(bar: Bar) -> Iterator[Note]:
    """Two rhythms that take turns; a chord just before the next one is that already."""
    if not bar.section.keys:
        return
    shelf = bar.book.organ_comps if bar.piece.direction.comp == "organ" else bar.book.comps
    rhythm = bar.piece.dice("comp", bar.section.phrase).deal(shelf, 2)[bar.place % 2]
    dice = bar.dice("comp")
    run = _run_steps(bar)
    line = [stroke for stroke in bar.laid(held(rhythm)) if stroke[0] not in run]
    steps = [*(step for step, _ in line), bar.steps + 1]
    for number, ((step, (mark, length)), end) in enumerate(zip(line, steps[1:], strict=True)):
        if number == 0 or not dice.chance(0.1):
            chord = bar.early_chord_at(step)
            velocity = dice.between(0.72, 0.92) * (1.1 if mark == "X" else 1.0) * (0.9 if length < 2 else 1.0)
            presence = bar.section.keys * (0.8 + 0.3 * bar.piece.direction.jazz)
            until = min(step + length + 0.5, end)
            if chord == bar.chord:  # and no longer than it is in time
                _, until = next(bar.parts_of(step, until))
            yield from _chord(bar, chord, step, until - step, velocity * presence)


def _chord(bar: Bar, chord: Chord, step: float, length: float, velocity: float) -> Iterator[Note]:
    """Strike a chord, the melody in its top voice a little louder."""
    name = bar.piece.direction.comp
    level = velocity * (_ORGAN_WEIGHT if name == "organ" else 1.0)
    place = bar.swung(step)
    for pitch in chord.voicing:
        weight = 1.0 if pitch == chord.voicing[-1] else 0.85
        yield Note(instrument=name, step=place, velocity=level * weight, length=length, pitches=(pitch,))


def _pad(bar: Bar) -> Iterator[Note]:
    """Hold the chord, struck again where the bar is longer than a note may be."""
    if not bar.section.pad:
        return
    longest = 0.8 * LONGEST_NOTE_S * SAMPLE_RATE / bar.piece.feel.step_samples
    count = int(bar.steps // longest) + 1
    edges = [bar.steps * number / count for number in range(count + 1)]
    for begin, end in (part for edge in pairwise(edges) for part in bar.parts_of(*edge)):
        chord = bar.chord_at(begin)
        yield Note(
            instrument="pad",
            step=begin,
            length=end - begin,
            velocity=bar.section.pad,
            pitches=(closest(chord.root, 50), *chord.voicing),
            colour=bar.piece.patches.pad,
        )


def _run(bar: Bar) -> Iterator[Note]:
    """A few notes of the right hand into a new phrase."""
    dice = bar.dice("run")
    ladder = _ladder(bar.piece, 70, 86)
    at = dice.below(len(ladder) - 4)
    line = [ladder[at + i] for i in dice.pick(((3, 2, 1, 0), (0, 1, 2, 3), (2, 3, 1, 0), (0, 2, 1, 3)))]
    level = 0.8 * bar.section.keys * (_ORGAN_WEIGHT if bar.piece.direction.comp == "organ" else 1.0)
    for step, pitch in zip(_run_steps(bar), line, strict=False):
        place = bar.swung(step)
        yield Note(instrument=bar.piece.direction.comp, step=place, velocity=level, length=1.4, pitches=(pitch,))


def _run_steps(bar: Bar) -> tuple[float, ...]:
    """Where the right hand leaves the chords for a run, in some bars of jazzier pieces."""
    jazz = bar.piece.direction.jazz
    if bar.place % 4 != 3 or not bar.section.keys or not bar.dice("runs").chance(jazz - 0.2):
        return ()
    start = max(0.0, float(math.floor(bar.steps) - 6))
    return tuple(start + number for number in range(4) if start + number < bar.steps)


def _lead(bar: Bar) -> Iterator[Note]:
    """A motif in the first bar of four and an answer in the third; the others are room for their echoes."""
    if not bar.section.lead or bar.place % 2:
        return
    for step, length, pitch in _motif(bar.piece, bar.phrase, bar.place % 4):
        yield Note(
            instrument=bar.piece.direction.lead,
            step=bar.swung(step),
            velocity=bar.section.lead,
            length=length,
            pitches=(pitch,),
        )


@lru_cache(maxsize=128)
def _motif(piece: Piece, phrase: int, place: int) -> tuple[tuple[float, float, int], ...]:
    """Write a walk along the key's pentatonic, in steps more often than in leaps, that comes to rest."""
    dice = piece.dice("motif", phrase, place)
    ladder = _ladder(piece, _LEAD_LOW, _LEAD_HIGH)
    top = len(ladder) - 1
    at = top // 2 + dice.below(3) - 1
    line = []
    for step, (_, length) in laid(held(dice.pick(piece.direction.book.motifs)), piece.feel, place):
        line.append((step, length * 0.9, ladder[at]))
        at = top - abs(top - abs(at + dice.pick((-2, -1, -1, 1, 1, 2))))  # turns round at either end
    return tuple(line)


def _ladder(piece: Piece, low: int, high: int) -> list[int]:
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in piece.key.pentatonic]
