"""What the composer writes and the synthesiser reads: notes, and the patterns they come from."""

import math
from collections.abc import Iterator

import msgspec

STEMS = ("drums", "log_drum", "bass", "other")


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a bar; `step` is in sixteenths from the bar line, never negative."""

    instrument: str
    step: float
    velocity: float = 1.0
    length: float = 1.0
    """Sixteenths until release; percussion ignores it."""
    pitches: tuple[int, ...] = ()
    """MIDI numbers; several for an instrument that sounds a whole chord at once."""
    glide_from: int | None = None
    colour: int = 0
    """Which of the instrument's sounds."""
    pan: float = 0.0
    """-1 left to 1 right."""


def hits(pattern: str, steps: float) -> Iterator[tuple[int, str]]:
    """Read a pattern, a character a sixteenth, `.` for silence; it repeats or is cut to fit the bar."""
    for step in range(math.ceil(steps)):
        mark = pattern[step % len(pattern)]
        if mark != ".":
            yield step, mark


def laps(steps: float) -> range:
    """Where a line written for sixteen sixteenths begins again in a longer bar."""
    return range(0, math.ceil(steps), 16)


LOUDNESS = {"X": 1.0, "x": 0.75, "o": 0.5, "-": 0.3}
"""Marks of the velocity patterns."""

OVERHANG_STEPS = 8.0
"""How far past its bar's end a note may begin: echoes do."""
