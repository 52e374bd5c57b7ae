"""The log drummer: phrases of four bars, a call, its answer, the call again and a turn, following the chords."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import msgspec

from .dice import Dice
from .harmony import Chord, closest
from .piece import Bar, Piece
from .score import Note, laps
from .synth.low import LOG_HARD, LOG_SOFT

LOWEST, HIGHEST = 26, 50
"""37 to 147 Hz."""

_SPARSE_CALLS = ((3, 6, 10), (0, 3, 10), (6, 10, 11), (3, 7, 14), (0, 6, 11))
_CALLS = (
    (0, 3, 6, 11),
    (3, 6, 7, 10, 14),
    (2, 5, 8, 11),
    (0, 3, 7, 10),
    (3, 6, 10, 13),
    (0, 2, 6, 9, 14),
    (3, 5, 6, 11, 14),
)
_ANSWERS = (
    (0, 3, 6, 8, 11, 14),
    (3, 6, 10, 12, 13, 14),
    (2, 3, 6, 8, 10, 11, 14),
    (0, 3, 6, 10, 11, 12, 14),
    (3, 5, 6, 9, 11, 13, 14),
    (0, 3, 5, 8, 10, 13),
)
_TURNS = (
    (0, 3, 6, 10, 12, 12.5, 13, 13.5, 14),
    (3, 6, 8, 9, 10, 11, 12, 13, 14, 15),
    (0, 3, 6, 7, 10, 13, 14, 15),
    (2, 5, 8, 11, 12, 13, 13.5, 14, 15),
    (0, 6, 10, 10.5, 11, 14, 14.5, 15),
)
# How often each tone of the chord is played: root, octave, fifth over and under, seventh under, third.
_TONES = "RRRRROOOFFFDSST"


class Hit(msgspec.Struct, frozen=True):
    """One stroke of a phrase, its pitch still relative to whatever chord it will fall on."""

    step: float
    tone: str
    velocity: float
    length: float
    glides: bool


def play(bar: Bar) -> Iterator[Note]:
    """Play one bar of the section's phrase, with small liberties; in a break hardly any."""
    colour = _colour(bar.piece)
    previous: int | None = None
    for hit in _bar_hits(bar):
        chord = bar.next_chord if hit.step >= bar.steps - 1.5 else bar.chord
        pitch = pitch_of(chord, hit.tone, bar.piece)
        start = previous if hit.glides and previous not in (None, pitch) else None
        length = hit.length
        yield Note(
            instrument="log_drum",
            step=bar.swung(hit.step),
            velocity=hit.velocity,
            length=length,
            pitches=(pitch,),
            glide_from=start,
            colour=colour,
        )
        previous = pitch


def _colour(piece: Piece) -> int:
    dice = piece.dice("log colour")
    return dice.pick(LOG_HARD if dice.chance(piece.style.hard) else LOG_SOFT)


def pitch_of(chord: Chord, tone: str, piece: Piece) -> int:
    """MIDI number of a tone of the chord, folded by octaves into the drum's range."""
    middle = 34 - round(3 * piece.style.dark)
    root = closest(chord.root, middle)
    offset = {"R": 0, "O": 12, "F": chord.fifth, "D": chord.fifth - 12, "S": chord.seventh - 12, "T": chord.third}[tone]
    pitch = root + offset
    while pitch > HIGHEST:
        pitch -= 12
    while pitch < LOWEST:
        pitch += 12
    return pitch


def _bar_hits(bar: Bar) -> list[Hit]:
    section = bar.section
    if section.log == 0:
        return _pick_up(bar) if bar.place == 7 else _tease(bar)
    written = _phrase(bar.piece, section.phrase)[bar.place % 4]
    if section.log < 1:
        written = written[:3]
    return _varied(bar, written)


def _tease(bar: Bar) -> list[Hit]:
    """In the second half of a break, the first strokes of what is to come, from a distance."""
    coming = _phrase(bar.piece, bar.section.phrase + 1)[0][:2] if bar.place >= 4 else ()
    return [msgspec.structs.replace(hit, velocity=hit.velocity * 0.5) for hit in coming]


def _pick_up(bar: Bar) -> list[Hit]:
    start = max(0.0, bar.steps - 4)
    return [Hit(start + i, tone, 0.6 + 0.12 * i, 0.9, False) for i, tone in enumerate("DRRO") if start + i < bar.steps]


def _varied(bar: Bar, written: tuple[Hit, ...]) -> list[Hit]:
    """Leave out a stroke here, add a ghost there; the first stroke and the first bar stay as written."""
    dice = bar.dice("log")
    played: list[Hit] = []
    for number, hit in enumerate(written):
        if number and bar.index and dice.chance(0.05):
            continue
        played.append(hit)
        has_room = hit.length > 2.2 and hit.step + 1 < bar.steps
        if has_room and dice.chance(0.05 + 0.2 * bar.piece.style.density * bar.piece.style.hard):
            played[-1] = msgspec.structs.replace(hit, length=0.9)
            played.append(Hit(hit.step + 1, hit.tone, hit.velocity * 0.6, 0.9, False))
    return played


@lru_cache(maxsize=256)
def _phrase(piece: Piece, number: int) -> tuple[tuple[Hit, ...], ...]:
    """Write a phrase; its third bar is its first again, so that there is something to remember."""
    dice = piece.dice("log", number)
    drive = piece.style.density + 0.3 * (number % 3 == 1)
    call = dice.pick(_CALLS if dice.chance(0.35 + 0.6 * drive) else _SPARSE_CALLS)
    answer = dice.pick(_ANSWERS if dice.chance(0.3 + 0.6 * drive) else _CALLS)
    turn = dice.pick(_TURNS if dice.chance(0.35 + 0.5 * drive) else _ANSWERS)
    first = _bar_of(piece, dice, call)
    return (first, _bar_of(piece, dice, answer), first, _bar_of(piece, dice, turn))


def _bar_of(piece: Piece, dice: Dice, rhythm: tuple[float, ...]) -> tuple[Hit, ...]:
    steps = [s for lap in laps(piece.feel.steps) for s in (lap + r for r in rhythm) if s < piece.feel.steps] or [0.0]
    gaps = [b - a for a, b in pairwise([*steps, steps[-1] + 4])]
    tones = _tones(dice, len(steps))
    return tuple(_hit(piece, dice, *each) for each in zip(steps, tones, gaps, strict=True))


def _hit(piece: Piece, dice: Dice, step: float, tone: str, gap: float) -> Hit:
    """Long where there is room, clipped where it should bounce, accented off the beat."""
    bounce = dice.chance(0.2 + 0.25 * piece.style.hard)
    length = min(gap, 1.0 if bounce else 4.0) * 0.94
    accent = 1.0 if step % 4 in (2, 3) else 0.88
    glides = gap >= 1 and dice.chance(0.22)
    return Hit(step, tone, accent * dice.between(0.88, 1.0) * (0.8 if gap < 1 else 1.0), length, glides)


def _tones(dice: Dice, count: int) -> list[str]:
    """A line that starts on the root or its octave and never plays one tone three times running."""
    line = ["R" if dice.chance(0.8) else "O"]
    while len(line) < count:
        tone = dice.pick(_TONES)
        if line[-2:] != [tone, tone]:
            line.append(tone)
    return line
