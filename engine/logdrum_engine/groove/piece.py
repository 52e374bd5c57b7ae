"""One piece: what stays the same from its first bar to its last, and one bar of it as the players see it."""

import math
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from logdrum_engine.generator import Spec
from logdrum_protocol.records import Harmony

from .arrangement import LOOP_BARS, Form, Stretch, stretch_of
from .dice import Dice
from .direction import Direction, direct
from .harmony import Chord, Key, chord_of, key_of
from .metre import Feel, feel_of, laid
from .patches import Patches
from .patterns import Book
from .sections import Section, weighed

T = TypeVar("T")


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """All that is decided once."""

    seed: int
    direction: Direction
    feel: Feel
    form: Form
    harmony: Harmony
    """What another piece needs to fit to this one."""
    first_chord: int
    """Bar of the harmony in which bar 0 falls."""

    @property
    def key(self) -> Key:
        """The key all players are in."""
        return key_of(self.harmony)

    @property
    def patches(self) -> Patches:
        """The sounds it is played with."""
        return self.direction.patches

    @property
    def ends_at_bar(self) -> float | None:
        """Where it ends, in composed bars: after `spec.bars`, or after an outro that was asked for; None if never.

        Whoever renders it must stop at sample `round(ends_at_bar * feel.bar_samples)`, which for a piece of
        `spec.bars` is the length that anybody can work out from the spec.
        """
        return self.form.ends_at_bar

    def dice(self, *labels: object) -> Dice:
        """Dice of this piece, named by the labels."""
        return Dice(self.seed, *labels)

    def stretch(self, index: int) -> Stretch:
        """The section that a bar is in, where it begins and how long it is."""
        return stretch_of(self.form, index)


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A bar to be played: the piece, the section, and the harmony now and next."""

    piece: Piece
    index: int
    stretch: Stretch
    section: Section
    """What plays."""
    following: Section
    """What plays after the section's end."""
    chord: Chord
    next_chord: Chord

    @property
    def place(self) -> int:
        """Bar within its section."""
        return self.index - self.stretch.first

    @property
    def left(self) -> int:
        """Bars of its section that are still to come."""
        return self.stretch.bars - 1 - self.place

    @property
    def phrase(self) -> int:
        """Which phrase plays: long sections have two."""
        return 2 * self.section.phrase + self.place // 8 % 2

    @property
    def lands(self) -> bool:
        """Whether it is the last of the piece, one stroke that rings."""
        return self.section.lands and self.left == 0

    @property
    def book(self) -> Book:
        """The style's patterns."""
        return self.piece.direction.book

    @property
    def steps(self) -> float:
        """Sixteenths in the bar."""
        return self.piece.feel.steps

    def dice(self, part: str) -> Dice:
        """Dice for what is different in this bar alone."""
        return self.piece.dice(part, self.index)

    def laid(self, line: Iterable[tuple[float, T]]) -> list[tuple[float, T]]:
        """Lay a line of sixteen sixteenths into this bar's metre."""
        return laid(line, self.piece.feel, self.place)

    def swung(self, step: float) -> float:
        """Where a step really falls: odd sixteenths late, all others where they are."""
        return step + self.piece.direction.swing if step % 2 == 1 else step


def piece_of(spec: Spec) -> Piece:
    """Decide a piece; raises GrooveError for a spec that nobody can play.

    The same spec is the same piece wherever in the room it is anchored, unless it shares its harmony with others.
    """
    feel = feel_of(spec)
    direction = direct(spec)
    harmony = direction.harmony
    return Piece(
        seed=spec.seed,
        direction=direction,
        feel=feel,
        form=_form(spec, direction, feel),
        harmony=harmony,
        first_chord=math.floor((spec.anchor_tick - harmony.anchor_tick) / feel.bar_ticks + 0.5),
    )


def bar_of(piece: Piece, index: int) -> Bar:
    """Look up one bar."""
    stretch = piece.stretch(index)
    following = piece.stretch(stretch.first + stretch.bars)
    at = piece.first_chord + index
    return Bar(
        piece=piece,
        index=index,
        stretch=stretch,
        section=_played(piece.direction, stretch.section_at(index)),
        following=_played(piece.direction, following.section),
        chord=chord_of(piece.harmony, at),
        next_chord=chord_of(piece.harmony, at + 1),
    )


def _played(direction: Direction, section: Section) -> Section:
    return weighed(section, direction.out, direction.asked, direction.weights)


def _form(spec: Spec, direction: Direction, feel: Feel) -> Form:
    """Count bars as the composer does, from which on a section is asked for rounded up to the next."""
    length = None if spec.bars is None else spec.bars / feel.room_bars
    asked_bar = math.ceil(spec.section_bar / feel.room_bars)
    loops = spec.bars is not None and spec.bars <= LOOP_BARS
    return Form(seed=spec.seed, length=length, loops=loops, asked=direction.section, asked_bar=asked_bar)
