"""One piece: what stays the same from its first bar to its last, and one bar of it as the players see it."""

import math
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from logdrum_engine.generator import Spec
from logdrum_protocol.records import Harmony

from .arrangement import LOOP_BARS, Form, Stretch, stretch_of
from .dice import Dice
from .direction import Direction, direct
from .harmony import Chord, Key, chord_of, home_of, key_of
from .metre import Feel, feel_of, laid
from .patches import Patches
from .patterns import Book
from .sections import Section, weighed

T = TypeVar("T")

_EARLY_STEPS, _SHORTEST_WITH_EARLY = 2, 4
"""How early whoever anticipates the next chord goes to it, in bars that are longer than that."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """All that is decided once."""

    seed: int
    direction: Direction
    feel: Feel
    form: Form
    harmony: Harmony
    """What another piece needs to fit to this one."""
    first_chord: int
    """Bar of the harmony in which bar 0 begins."""
    turn: float
    """Step of every bar at which the next bar of the harmony begins: the bar line, but for some that are several of the
    room's, where the harmony is another piece's."""
    comes_home: bool
    """Whether its last stroke is the tonic's, as no other piece has led the harmony elsewhere."""

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
        return _lands(self.stretch, self.index)

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

    def chord_at(self, step: float) -> Chord:
        """The chord that the harmony has at a step."""
        return self.chord if step < self.piece.turn else self.next_chord

    def early_chord_at(self, step: float) -> Chord:
        """The chord of who anticipates: just before the next one it is that already."""
        return self.chord_at(step + _EARLY_STEPS if self.steps > _SHORTEST_WITH_EARLY else step)

    def parts_of(self, step: float, end: float) -> Iterator[tuple[float, float]]:
        """Begin and end of what is held from a step on, in two where the chord changes meanwhile."""
        turn = self.piece.turn
        if step < turn < end and self.chord != self.next_chord:
            yield step, turn
            step = turn
        yield step, end

    def swung(self, step: float) -> float:
        """Where a step really falls: odd sixteenths late, and what is between two of them as far between as ever."""
        if step >= self.steps:
            return step
        before = math.floor(step)
        after = min(before + 1.0, self.steps)
        begin, end = self._swung_sixteenth(before), self._swung_sixteenth(after)
        return begin + (end - begin) * (step - before) / (after - before)

    def _swung_sixteenth(self, step: float) -> float:
        return step + self.piece.direction.swing if step % 2 == 1 and step < self.steps else step


def piece_of(spec: Spec) -> Piece:
    """Decide a piece; raises GrooveError for a spec that nobody can play.

    The same spec is the same piece wherever in the room it is anchored, unless it shares its harmony with others.
    """
    feel = feel_of(spec)
    direction = direct(spec)
    harmony = direction.harmony
    first_chord, turn = _chord_grid(spec.anchor_tick - harmony.anchor_tick, feel)
    return Piece(
        seed=spec.seed,
        direction=direction,
        feel=feel,
        form=_form(spec, direction, feel),
        harmony=harmony,
        first_chord=first_chord,
        turn=turn,
        comes_home=harmony is not spec.harmony,
    )


def _chord_grid(ticks: int, feel: Feel) -> tuple[int, float]:
    """Bar of the harmony, and the step at which its next one begins, for a piece so far from the harmony's anchor.

    Both begin on bar lines of the room, so where a bar is several of the room's the one may begin within the other's.
    """
    grid = max(1, round(feel.room_bars))
    first, late = divmod(math.floor(grid * ticks / feel.bar_ticks + 0.5), grid)
    return first, feel.steps * (grid - late) / grid


def bar_of(piece: Piece, index: int) -> Bar:
    """Look up one bar."""
    stretch = piece.stretch(index)
    following = piece.stretch(stretch.first + stretch.bars)
    return Bar(
        piece=piece,
        index=index,
        stretch=stretch,
        section=_played(piece.direction, stretch.section_at(index)),
        following=_played(piece.direction, following.section),
        chord=_chord_of(piece, index),
        next_chord=_chord_of(piece, index + 1),
    )


def _chord_of(piece: Piece, index: int) -> Chord:
    """The harmony's, but that a piece whose harmony is its own comes home with its last stroke."""
    chord = chord_of(piece.harmony, piece.first_chord + index)
    if piece.comes_home and _lands(piece.stretch(index), index):
        return home_of(piece.harmony, chord_of(piece.harmony, piece.first_chord + index - 1))
    return chord


def _lands(stretch: Stretch, index: int) -> bool:
    return stretch.section.lands and index == stretch.first + stretch.bars - 1


def _played(direction: Direction, section: Section) -> Section:
    return weighed(section, direction.out, direction.asked, direction.weights)


def _form(spec: Spec, direction: Direction, feel: Feel) -> Form:
    """Count bars as the composer does, from which on a section is asked for rounded up to the next."""
    length = None if spec.bars is None else spec.bars / feel.room_bars
    asked_bar = math.ceil(spec.section_bar / feel.room_bars)
    loops = spec.bars is not None and spec.bars <= LOOP_BARS
    return Form(seed=spec.seed, length=length, loops=loops, asked=direction.section, asked_bar=asked_bar)
