"""The bass player: long roots under the chords, out of the log drum's way."""

from collections.abc import Iterator

from .harmony import closest
from .piece import Bar
from .score import Note, laps

# Step, length in sixteenths, and whether it is the root (R) or the fifth (F).
_LINES = (
    ((0, 7.5, "R"), (10, 5.5, "R")),
    ((0, 15.0, "R"),),
    ((0, 5.5, "R"), (8, 3.5, "R"), (14, 1.8, "F")),
    ((2, 5.5, "R"), (10, 5.5, "R")),
    ((0, 2.8, "R"), (6, 8.0, "R")),
    ((0, 9.5, "R"), (11, 4.0, "F")),
)


def play(bar: Bar) -> Iterator[Note]:
    """Play one bar; a line is cut where the metre is shorter and held where it is longer."""
    line = bar.piece.dice("bass", bar.section.loop).pick(_LINES)
    root = closest(bar.chord.root, 34)
    for step, length, tone in [(lap + s, held, t) for lap in laps(bar.steps) for s, held, t in line]:
        if bar.section.bass and step < bar.steps:
            pitch = root if tone == "R" else _fifth(root, bar.chord.fifth)
            held = min(length, bar.steps - step - 0.1)
            yield Note(
                instrument="bass",
                step=bar.swung(step),
                length=max(held, 0.2),
                pitches=(pitch,),
                velocity=bar.section.bass,
            )


def _fifth(root: int, fifth: int) -> int:
    return root + fifth - 12 if root + fifth - 12 >= 28 else root + fifth
