"""The bass player: long roots under the chords, out of the log drum's way."""

from collections.abc import Iterator

from .harmony import Chord, closest
from .piece import Bar
from .score import Note, held

_MIDDLE, _LOWEST = 34, 28


def play(bar: Bar) -> Iterator[Note]:
    """Play one bar; no note is held into the next one."""
    if not bar.section.bass:
        return
    line = bar.laid(held(bar.piece.dice("bass", bar.section.phrase).pick(bar.book.basses)))
    steps = [*(step for step, _ in line), bar.steps]
    for (step, (tone, length)), end in zip(line, steps[1:], strict=True):
        yield from _held(bar, tone, step, min(step + length, end))


def land(bar: Bar) -> Iterator[Note]:
    """Hold the root."""
    if bar.section.bass:
        yield from _held(bar, "R", 0.0, bar.steps)


def _held(bar: Bar, tone: str, step: float, end: float) -> Iterator[Note]:
    for begin, until in bar.parts_of(step, end):
        yield Note(
            instrument="bass",
            step=bar.swung(begin),
            length=max(until - begin - 0.1, 0.2),
            pitches=(_pitch(bar.chord_at(begin), tone),),
            velocity=bar.section.bass,
        )


def _pitch(chord: Chord, tone: str) -> int:
    root = closest(chord.root, _MIDDLE)
    if tone == "R":
        return root
    above = root + (12 if tone == "O" else chord.fifth)
    return above - 12 if tone == "F" and above - 12 >= _LOWEST else above
