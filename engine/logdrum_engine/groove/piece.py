"""One piece: what stays the same from its first bar to its last, and one bar of it as the players see it."""

from functools import lru_cache

import msgspec

from logdrum_engine.generator import Spec

from .arrangement import SECTION_BARS, Section, section_of
from .dice import Dice
from .harmony import Chord, Key, parse_key, progressions
from .metre import Feel, feel_of
from .style import Style, style_of

LOOPS = 3
"""Chord loops a cycle of sections can call for."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """All that is decided once."""

    seed: int
    style: Style
    feel: Feel
    key: Key
    swing: float
    """How late every second sixteenth is, in sixteenths."""

    def dice(self, *labels: object) -> Dice:
        """Dice of this piece, named by the labels."""
        return Dice(self.seed, *labels)


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A bar to be played: the piece, the section, and the harmony now and next."""

    piece: Piece
    index: int
    section: Section
    chord: Chord
    next_chord: Chord

    @property
    def place(self) -> int:
        """Bar within its section."""
        return self.index % SECTION_BARS

    @property
    def steps(self) -> float:
        """Sixteenths in the bar."""
        return self.piece.feel.steps

    def dice(self, part: str) -> Dice:
        """Dice for what is different in this bar alone."""
        return self.piece.dice(part, self.index)

    def swung(self, step: float) -> float:
        """Where a step really falls: odd sixteenths late, all others where they are."""
        return step + self.piece.swing if step % 2 == 1 else step


def piece_of(spec: Spec) -> Piece:
    """Decide a piece; the same spec is always the same piece, wherever in the room it is anchored."""
    style = style_of(spec.prompt, spec.seed)
    swing = Dice(spec.seed, "swing").between(0.10, 0.26)
    return Piece(seed=spec.seed, style=style, feel=feel_of(spec), key=parse_key(spec.key), swing=swing)


def bar_of(piece: Piece, index: int) -> Bar:
    """Look up one bar."""
    section = section_of(piece.seed, index // SECTION_BARS)
    following = section_of(piece.seed, (index + 1) // SECTION_BARS)
    chord, next_chord = _chord(piece, section, index), _chord(piece, following, index + 1)
    return Bar(piece=piece, index=index, section=section, chord=chord, next_chord=next_chord)


def _chord(piece: Piece, section: Section, index: int) -> Chord:
    loop = _loops(piece, section.cycle)[section.loop % LOOPS]
    return loop[index % len(loop)]


@lru_cache(maxsize=64)
def _loops(piece: Piece, cycle: int) -> tuple[tuple[Chord, ...], ...]:
    """Chord loops of a cycle; the first stays for good, as the tune's own, and the others change."""
    home = progressions(piece.key, piece.style.jazz, piece.dice("harmony"), LOOPS)
    fresh = progressions(piece.key, piece.style.jazz, piece.dice("harmony", cycle), LOOPS)
    return (home[0], *fresh[1:]) if cycle else home
