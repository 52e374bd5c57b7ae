"""The log drummer: phrases of four bars, calls, answers and turns, following the chords."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import msgspec
from msgspec.structs import replace

from .dice import Dice
from .harmony import Chord, closest
from .metre import laid
from .piece import Bar, Piece
from .score import Note, hits

LOWEST, HIGHEST = 26, 50
"""37 to 147 Hz."""
_ACCENTS = {"X": 1.0, "x": 0.88, "g": 0.92, "r": 0.75, "o": 0.5}
_GAP = 0.06
"""Least silence before the next stroke; what glides has none."""


class Hit(msgspec.Struct, frozen=True):
    """One stroke of a phrase, its pitch still relative to whatever chord it will fall on."""

    step: float
    tone: str
    velocity: float
    length: float
    glides: bool = False


def play(bar: Bar) -> Iterator[Note]:
    """Play one bar of the section's phrase, with small liberties; in a break hardly any."""
    strokes = _bar_hits(bar)
    if not strokes:
        return
    places = [bar.swung(hit.step) for hit in strokes]
    ends = [*places[1:], max(bar.steps, places[-1] + 0.25)]
    into = [*(hit.glides for hit in strokes[1:]), False]
    previous: int | None = None
    for hit, place, end, legato in zip(strokes, places, ends, into, strict=True):
        pitch = _pitch_in(bar, hit)
        start = previous if hit.glides and previous not in (None, pitch) else None
        length = end - place if legato else min(hit.length, end - place - _GAP)
        yield _note(bar, place, pitch, hit.velocity, length, start)
        previous = pitch


def land(bar: Bar) -> Iterator[Note]:
    """Strike the root and let it ring."""
    if bar.section.log:
        yield _note(bar, 0.0, pitch_of(bar.chord, "R", bar.piece), 1.0, min(8.0, bar.steps - _GAP), None)


def pitch_of(chord: Chord, tone: str, piece: Piece) -> int:
    """MIDI number of a tone of the chord, folded by octaves into the drum's range."""
    middle = 34 - round(3 * piece.direction.dark)
    root = closest(chord.root, middle)
    offset = {"R": 0, "O": 12, "F": chord.fifth, "D": chord.fifth - 12, "S": chord.seventh - 12, "T": chord.third}[tone]
    pitch = root + offset
    while pitch > HIGHEST:
        pitch -= 12
    while pitch < LOWEST:
        pitch += 12
    return pitch


def _pitch_in(bar: Bar, hit: Hit) -> int:
    return pitch_of(bar.early_chord_at(hit.step), hit.tone, bar.piece)


def _note(bar: Bar, step: float, pitch: int, velocity: float, length: float, start: int | None) -> Note:
    return Note(
        instrument="log_drum",
        step=step,
        velocity=velocity,
        length=length,
        pitches=(pitch,),
        glide_from=start,
        colour=bar.piece.patches.log_drum,
    )


def _bar_hits(bar: Bar) -> list[Hit]:
    section = bar.section
    if "log" in bar.piece.direction.out:
        return []
    if section.log == 0:
        return _pick_up(bar) if bar.left == 0 and bar.following.log else _tease(bar)
    written = _phrase(bar.piece, bar.phrase)[bar.place % 4]
    if section.log < 0.7 and bar.left:
        written = written[:3]
    return _varied(bar, written)


def _tease(bar: Bar) -> list[Hit]:
    """In the second half of a section without it, the first strokes of what is to come, from a distance."""
    if bar.place * 2 < bar.stretch.bars or not bar.following.log:
        return []
    coming = _phrase(bar.piece, 2 * bar.following.phrase)[0][:2]
    return [replace(hit, velocity=hit.velocity * 0.6, glides=False) for hit in coming]


def _pick_up(bar: Bar) -> list[Hit]:
    """Up into the section that brings it back."""
    start = max(0.0, bar.steps - 4)
    return [Hit(start + i, tone, 0.6 + 0.12 * i, 0.9) for i, tone in enumerate("DRRO") if start + i < bar.steps]


def _varied(bar: Bar, written: tuple[Hit, ...]) -> list[Hit]:
    """Leave out a stroke here, add a ghost there; the first stroke and the first bar stay as written."""
    dice = bar.dice("log")
    played: list[Hit] = []
    for number, hit in enumerate(written):
        if number and bar.place and len(written) > 3 and dice.chance(0.05):
            continue
        played.append(hit)
        has_room = hit.length > 2.2 and hit.step + 1 < bar.steps
        if has_room and dice.chance(0.05 + 0.2 * bar.piece.direction.density * bar.piece.direction.hard):
            played.append(Hit(hit.step + 1, hit.tone, hit.velocity * 0.55, 0.9))
    return played


@lru_cache(maxsize=256)
def _phrase(piece: Piece, number: int) -> tuple[tuple[Hit, ...], ...]:
    """Write a phrase; its call comes back as it was, so that there is something to remember."""
    dice = piece.dice("log", number)
    book = piece.direction.book.log
    said = {
        part: _toned(piece, dice, _figure(piece, dice, shelf))
        for part, shelf in (("C", book.calls), ("A", book.answers), ("T", book.turns))
    }
    return tuple(_bar_of(piece, said[part], turn) for turn, part in enumerate(book.shape))


def _figure(piece: Piece, dice: Dice, shelf: Sequence[str]) -> str:
    density = piece.direction.log_density
    return _bent(dice, _thinned(dice, _chosen(dice, shelf, density), density), piece.direction.rolls)


def _chosen(dice: Dice, shelf: Sequence[str], density: float) -> str:
    """Take three patterns from the shelf and of those the one that is as dense as is wanted."""
    dealt = sorted(dice.deal(shelf, 3), key=_weight)
    return dealt[min(len(dealt) - 1, int(max(0.0, dice.between(density - 0.35, density + 0.35)) * len(dealt)))]


def _thinned(dice: Dice, pattern: str, density: float) -> str:
    """Leave out strokes, or put some in, where even the style's own patterns are not what is wanted."""
    more, less = 0.4 * max(0.0, density - 0.5), 0.8 * max(0.0, 0.5 - density)
    rolled = [(mark, dice.unit()) for mark in pattern]
    return "".join("." if mark == "x" and u < less else "x" if mark == "." and u < more else mark for mark, u in rolled)


def _weight(pattern: str) -> int:
    return sum(2 if mark == "r" else 1 for mark in pattern if mark != ".")


def _bent(dice: Dice, pattern: str, rolls: float) -> str:
    """Move a stroke by a sixteenth, so that no two pieces share a figure; then roll as much as is wanted."""
    marks = list(pattern)
    free = [at for at in range(2, 15) if marks[at] == "x" and "." in (marks[at - 1], marks[at + 1])]
    if free and dice.chance(0.6):
        at = dice.pick(free)
        to = at + 1 if marks[at + 1] == "." and (marks[at - 1] != "." or dice.chance(0.5)) else at - 1
        marks[to], marks[at] = marks[at], "."
    return "".join("r" if mark == "x" and at >= 8 and dice.chance(rolls) else mark for at, mark in enumerate(marks))


def _toned(piece: Piece, dice: Dice, pattern: str) -> tuple[tuple[float, Hit], ...]:
    """Give every stroke its tone: from the root or its octave on, never the same for three strokes running."""
    book, glides = piece.direction.book.log, piece.direction.glides
    line: list[tuple[float, Hit]] = []
    last = ["", "R" if dice.chance(0.8) else "O"]
    for step, mark in _strokes(pattern):
        tone = last[1] if not line or step % 1 else dice.pick(book.tones)
        while line and not step % 1 and last == [tone, tone]:
            tone = dice.pick(book.tones)
        last = [last[1], tone]
        slides = mark == "g" or (bool(line) and step % 1 == 0 and dice.chance(book.glides + glides))
        accent = _ACCENTS[mark] * dice.between(0.9, 1.0)
        line.append((step, Hit(step, tone, accent, 1.0 if dice.chance(0.25) else book.longest, slides)))
    return tuple(line)


def _strokes(pattern: str) -> Iterator[tuple[float, str]]:
    """Read a log drum's pattern, a roll as two strokes."""
    for step, mark in hits(pattern):
        yield step, mark
        if mark == "r":
            yield step + 0.5, mark


def _bar_of(piece: Piece, line: tuple[tuple[float, Hit], ...], turn: int) -> tuple[Hit, ...]:
    """Lay a line into a bar of the piece and hold each stroke while there is room."""
    strokes = laid(line, piece.feel, turn) or [(0.0, Hit(0.0, "R", 0.9, 4.0))]
    gaps = [b - a for (a, _), (b, _) in pairwise([*strokes, (strokes[-1][0] + 4, strokes[-1][1])])]
    return tuple(
        replace(hit, step=step, length=min(gap, hit.length) * 0.94)
        for (step, hit), gap in zip(strokes, gaps, strict=True)
    )
