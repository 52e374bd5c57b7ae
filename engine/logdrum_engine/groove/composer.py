"""The band: every player's notes of one bar, a function of the piece and the bar's number alone."""

from collections.abc import Callable, Iterable

from . import bass, drums, keys, log_drum
from .piece import Bar, Piece, bar_of
from .score import Note

_PLAYERS: tuple[tuple[str, Callable[[Bar], Iterable[Note]]], ...] = (
    ("drums", drums.play),
    ("log_drum", log_drum.play),
    ("bass", bass.play),
    ("other", keys.play),
)


def compose(piece: Piece, index: int) -> list[Note]:
    """Write one bar; bars before the first are silent."""
    if index < 0:
        return []
    bar = bar_of(piece, index)
    return [note for stem, play in _PLAYERS if stem not in piece.style.muted for note in play(bar)]
