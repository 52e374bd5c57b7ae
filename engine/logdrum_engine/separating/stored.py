"""Stored sounds on their way through a separator: from where they are heard to their end, then what is before."""

import math
from collections.abc import Generator, Iterator, Sequence
from typing import Final, NamedTuple

from logdrum_engine.separation.catalogue import AnySeparator
from logdrum_engine.separation.interface import SAMPLE_RATE
from logdrum_protocol.timeline import Round

from .passage import Answers, AnyTurn, Passage, Settled
from .sources import CANONICAL_RATE, StereoSum
from .strand import Strand

CONTEXT_SAMPLES: Final = 3 * CANONICAL_RATE
"""What is heard on either side of a leg that begins or ends within the sound."""

_MEETING: Final = CANONICAL_RATE // math.gcd(CANONICAL_RATE, SAMPLE_RATE)
"""Where samples of the separator's rate coincide with ours: resampling sounds the same, begun at any of these."""

_READ_SAMPLES: Final = CANONICAL_RATE


class Leg(NamedTuple):
    """Which samples of the sound are given out in one go, and which are heard for that."""

    given_from: int
    given_to: int
    heard_from: int
    heard_to: int


def legs_of(way: Round, start: int) -> Iterator[Leg]:
    """Lay out what is left of a sound at a count: up to its end, and from its beginning up to the entry."""
    if start < way.samples:
        yield Leg(start, way.samples, _heard_from(start), way.samples)
    begin = max(0, start - way.samples)
    if begin < way.entry_sample:
        heard_to = min(way.samples, way.entry_sample + CONTEXT_SAMPLES)
        yield Leg(begin, way.entry_sample, _heard_from(begin), heard_to)


def _heard_from(sample: int) -> int:
    return max(0, sample - CONTEXT_SAMPLES) // _MEETING * _MEETING


class StoredSound:
    """Reads files no faster than the separator hears them."""

    def __init__(
        self, sound: StereoSum, way: Round, start: int, separator: AnySeparator, stems: tuple[str, ...]
    ) -> None:
        self._sound = sound
        self._separator = separator
        self._stems = stems
        self._passages = self._read(legs_of(way, start))
        self._passage = next(self._passages, None)

    def turns(self) -> Sequence[AnyTurn]:
        """What the separator is to be given next."""
        return () if self._passage is None else self._passage.turns()

    @property
    def is_over(self) -> bool:
        """Whether everything was given."""
        return self._passage is None

    def take(self, answers: Answers) -> Settled:
        """Return what the answers settle, and read on."""
        assert self._passage is not None
        settled = self._passage.take(answers)
        self._passage = next(self._passages, None)
        return settled

    def close(self) -> None:
        """Let go of the files."""
        self._passages.close()

    def _read(self, legs: Iterator[Leg]) -> Generator[Passage, None, None]:
        """Yield the passage that has turns to be taken, again and again."""
        for leg in legs:
            strand = Strand(self._separator, sample_rate=CANONICAL_RATE, channels=2, stems=self._stems)
            passage = Passage(strand, heard_from=leg.heard_from, given_from=leg.given_from, given_to=leg.given_to)
            left = leg.heard_to - leg.heard_from
            with self._sound.at(leg.heard_from) as reader:
                while left and passage.at < leg.given_to:
                    sound = reader.read(min(left, _READ_SAMPLES))
                    left -= sound.shape[1]
                    passage.feed(sound, last=left == 0)
                    while passage.turns():
                        yield passage
