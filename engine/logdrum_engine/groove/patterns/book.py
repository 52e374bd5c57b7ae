"""The shape of a style's book, and how its patterns are written.

A pattern is sixteen characters, one a sixteenth of a bar of four quarters; metre.py lays it into other bars.
Drums: `X` loud, `x` middling, `o` soft, `-` hardly there, `.` silence; congas: `o` low, `O` high, `m` muted, `s` slap.
Log drum: `X` and `x` strokes, `o` a ghost, `g` a glide from the stroke before, `r` two strokes in the time of one.
Chords: `x` or a loud `X` struck, `~` held. Bass: `R` root, `F` fifth, `O` octave, `~` held.
"""

from collections.abc import Mapping

import msgspec


class LogBook(msgspec.Struct, frozen=True, kw_only=True):
    """A log drummer's phrases of four bars."""

    shape: str = "CACT"
    """Which of call, answer and turn each bar is."""
    calls: tuple[str, ...]
    answers: tuple[str, ...]
    turns: tuple[str, ...]
    tones: str = "RRRRROOOFFFDSST"
    """How often each tone of the chord is played: root, octave, fifth over and under, seventh under, third."""
    longest: float = 4.0
    """Sixteenths that a stroke is held where there is room."""
    glides: float = 0.15
    """How likely a stroke slides from the one before it, beyond those that are written."""


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """A style: its leanings, its patterns, and how much of each layer it likes."""

    name: str
    swing: tuple[float, float]
    """Least and most that every second sixteenth is late, in sixteenths."""
    jazz: float
    hard: float
    dark: float
    density: float
    floor: float
    """How likely the kick plays every beat."""
    organ: float
    """How likely an organ comps instead of the electric piano."""
    layers: Mapping[str, float] = {}
    """What each layer of a section is multiplied by, where it is not 1."""

    floors: tuple[str, ...]
    sparse: tuple[str, ...]
    shakers: tuple[str, ...]
    cabasas: tuple[str, ...] = ("..x...x...x...x.", "x.-.x.-.x.-.x.-.", "..x-..x-..x-..x-")
    rims: tuple[str, ...]
    claps: tuple[str, ...]
    snares: tuple[str, ...] = ()
    congas: tuple[str, ...]
    hats: tuple[str, ...]
    log: LogBook
    basses: tuple[str, ...]
    comps: tuple[str, ...]
    organ_comps: tuple[str, ...] = ("..x~..x~..x~..x~", "..x~..xx..x~..x.", "...x~.x....x~.x.", "x~~~~~..x~~~~...")
    motifs: tuple[str, ...]
    leads: tuple[str, ...]
