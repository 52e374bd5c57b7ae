"""A stretch of a sound on its way through a separator: more is heard than is given out, so that no end is heard."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from logdrum_engine.separation.interface import LogDrumNote, Separated, Turn

from .fifo import Fifo, Sound
from .sources import CANONICAL_RATE
from .strand import Strand

AnyTurn: TypeAlias = Turn[Any]
Answers: TypeAlias = Sequence[tuple[Separated, Any]]

_NO_END: Final = 2**62


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """A span of all stems that is final."""

    start: int
    """Which sample of the sound is the first."""
    sound: Sound
    """What they sum to, `[2, m]`."""
    stems: npt.NDArray[np.float32]
    """`[stems, 2, m]`"""
    notes: tuple[LogDrumNote, ...]
    """Times count from the sound's sample 0."""


class Passage:
    """Feeds a strand from one sample of the sound on, and gives out a part of what comes of it."""

    def __init__(self, strand: Strand[Any], *, heard_from: int, given_from: int, given_to: int = _NO_END) -> None:
        self._strand = strand
        self._fed = Fifo(2)
        self._heard_from = heard_from
        self._given_from = given_from
        self._given_to = given_to
        self.at = heard_from
        """Up to which sample all has settled."""
        self._turns: Sequence[AnyTurn] = ()

    def feed(self, sound: Sound, *, last: bool = False) -> None:
        """Go on with the sound  # [2, n]; only where there are no turns left to take."""
        self._fed.put(sound)
        self._strand.feed(sound, last=last)

    def turns(self) -> Sequence[AnyTurn]:
        """What the separator is to be given next; the same until it is taken."""
        if not self._turns:
            self._turns = self._strand.turns()
        return self._turns

    def take(self, answers: Answers) -> Settled:
        """Return what the answers settle of the part that is given out."""
        pulled = self._strand.take(answers)
        self._turns = ()
        samples = pulled.stems.shape[2]
        start, self.at = self.at, self.at + samples
        given = slice(*(min(max(end - start, 0), samples) for end in (self._given_from, self._given_to)))
        return Settled(
            start=start + given.start,
            sound=self._fed.pull(samples)[:, given],
            stems=pulled.stems[:, :, given],
            notes=tuple(note for heard in pulled.notes if self._is_given(note := self._placed(heard))),
        )

    def _placed(self, note: LogDrumNote) -> LogDrumNote:
        return replace(note, onset_s=note.onset_s + self._heard_from / CANONICAL_RATE)

    def _is_given(self, note: LogDrumNote) -> bool:
        return self._given_from <= note.onset_s * CANONICAL_RATE < self._given_to
