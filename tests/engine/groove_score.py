"""What the tests of the written music share: bars of notes, without a sample of audio."""

from logdrum_engine.generator import Spec
from logdrum_engine.groove.composer import compose
from logdrum_engine.groove.direction import direct
from logdrum_engine.groove.piece import piece_of
from logdrum_engine.groove.score import Note

STYLES = ("", "private school", "sgija", "bacardi", "quantum")


def bars_of(spec: Spec, bars: range) -> list[list[Note]]:
    piece = piece_of(spec)
    return [compose(piece, bar) for bar in bars]


def line_of(spec: Spec, bars: range, instrument: str) -> list[tuple[int, float, tuple[int, ...]]]:
    """Bar, step and pitches of all that one instrument plays."""
    return [
        (bar, note.step, note.pitches)
        for bar, notes in zip(bars, bars_of(spec, bars), strict=True)
        for note in notes
        if note.instrument == instrument
    ]


def players(spec: Spec, bars: range) -> set[str]:
    return {note.instrument for notes in bars_of(spec, bars) for note in notes}


def choices(prompt: str, added: str = "", **fixed: object) -> dict[str, tuple[str, str]]:
    """Value and reason of each choice; of several of one name the first."""
    spec = Spec(prompt=prompt, added=added, **fixed)  # type: ignore[arg-type]
    return {choice.what: (choice.value, choice.why) for choice in reversed(direct(spec).choices)}
