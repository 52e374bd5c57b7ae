"""A whole piece on paper: its notes, and the sections and chords to read above them."""

import math
from collections.abc import Iterator

import msgspec

from logdrum_engine.generator import TICKS_PER_QUARTER, Spec
from logdrum_protocol.records import Notation, PlayedNote
from logdrum_protocol.timeline import bar_ticks

from .errors import GrooveError
from .notation import written
from .piece import Piece, bar_of, piece_of


class Mark(msgspec.Struct, frozen=True):
    """A word at a tick: the name of a section or a chord."""

    tick: int
    text: str


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of limited length, its ticks counted from the first bar."""

    title: str
    seed: int
    bpm: float
    numerator: int
    denominator: int
    key: str
    """Such as `F minor`."""
    length_ticks: int
    sections: tuple[Mark, ...]
    chords: tuple[Mark, ...]
    notation: Notation

    @property
    def length_s(self) -> float:
        """How long it lasts."""
        return self.length_ticks * 60.0 / (self.bpm * TICKS_PER_QUARTER)

    @property
    def bar_ticks(self) -> int:
        """Length of the room's bar."""
        return bar_ticks(self.numerator, self.denominator)


def chart_of(spec: Spec) -> Chart:
    """Write down a whole piece; one without an end raises GrooveError."""
    piece = piece_of(spec)
    bars = piece.ends_at_bar
    if not bars:
        raise GrooveError("a chart needs a number of bars")
    end = round(bars * piece.feel.bar_ticks)
    whole = spec.notation or written(piece, 0, math.ceil(bars))
    return Chart(
        title=spec.prompt,
        seed=spec.seed,
        bpm=spec.bpm,
        numerator=spec.numerator,
        denominator=spec.denominator,
        key=piece.key.name,
        length_ticks=end,
        sections=tuple(_sections(piece, math.ceil(bars))),
        chords=tuple(_chords(piece, math.ceil(bars))),
        notation=msgspec.structs.replace(whole, notes=tuple(_until(end, whole))),
    )


def _sections(piece: Piece, bars: int) -> Iterator[Mark]:
    bar = 0
    while bar < bars:
        stretch = piece.stretch(bar)
        yield Mark(round(bar * piece.feel.bar_ticks), stretch.section.kind)
        bar = max(bar + 1, stretch.first + stretch.bars)


def _chords(piece: Piece, bars: int) -> Iterator[Mark]:
    """Name every change of chord."""
    last = ""
    for bar in range(bars):
        name = bar_of(piece, bar).chord.symbol
        if name != last:
            yield Mark(round(bar * piece.feel.bar_ticks), name)
        last = name


def _until(end: int, notation: Notation) -> Iterator[PlayedNote]:
    """Cut the notes where the piece ends."""
    for note in notation.notes:
        if note.tick < end:
            yield PlayedNote(note.part, note.tick, min(note.length_ticks, end - note.tick), note.pitch, note.velocity)
