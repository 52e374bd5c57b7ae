"""The band: every player's notes of one bar, a function of the piece and the bar's number alone."""

from collections.abc import Callable, Iterable

from . import bass, drums, keys, log_drum
from .piece import Bar, Piece, bar_of
from .score import Note

Player = Callable[[Bar], Iterable[Note]]

_PLAYERS: tuple[Player, ...] = (drums.play, log_drum.play, bass.play, keys.play)
_LANDING: tuple[Player, ...] = (drums.land, log_drum.land, bass.land, keys.land)


def compose(piece: Piece, index: int) -> list[Note]:
    """Write one bar, as its players are told to play it; bars before the first are silent.

    What a player's touch adds (strums, echoes, a place in the room for who is no drum) is not written: see touch.py.
    """
    if index < 0:
        return []
    bar = bar_of(piece, index)
    return [note for play in (_LANDING if bar.lands else _PLAYERS) for note in play(bar)]
