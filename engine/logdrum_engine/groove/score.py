"""What the composer writes and the synthesiser reads: notes, and the patterns they come from."""

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
    gain: float = 1.0
    """Of the track it is on; unlike the velocity it changes no tone."""


def hits(pattern: str) -> Iterator[tuple[float, str]]:
    """Read a pattern of strokes, a character a sixteenth, `.` for silence."""
    return ((float(step), mark) for step, mark in enumerate(pattern) if mark != ".")


def held(pattern: str) -> Iterator[tuple[float, tuple[str, float]]]:
    """Read a pattern of held notes: a mark, and `~` for each sixteenth longer that it is held."""
    for step, mark in hits(pattern):
        if mark != "~":
            rest = pattern[int(step) + 1 :]
            yield step, (mark, 1.0 + len(rest) - len(rest.lstrip("~")))


LOUDNESS = {"X": 1.0, "x": 0.75, "o": 0.5, "-": 0.3}
"""Marks of the velocity patterns."""

OVERHANG_STEPS = 8.0
"""How far past its bar's end a note may begin: echoes do."""
