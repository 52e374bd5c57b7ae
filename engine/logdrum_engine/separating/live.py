"""A generation on its way through a separator while it is made: its streams are fed, and summed first (Q10)."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from logdrum_engine.errors import RefusalError
from logdrum_engine.separation.catalogue import AnySeparator
from logdrum_protocol.bounds import CHANNELS
from logdrum_protocol.engine_messages import FeedJob
from logdrum_protocol.errors import ErrorCode

from .fifo import Fifo
from .passage import Answers, AnyTurn, Passage, Settled
from .rounding import from_steps
from .sources import CANONICAL_RATE
from .strand import Strand

_MAX_BEHIND_SAMPLES: Final = 60 * CANONICAL_RATE
"""How much music may wait to be separated; more comes only where the music is quicker than the separator."""

_TOO_SLOW: Final = "This machine separates more slowly than the music plays: have it do fewer things at once."

Frames = npt.NDArray[np.int32]
"""Steps of 16 bits, `[n, 2]`; sums of several streams go beyond full scale."""


class Together:
    """Streams that belong together, summed as they come; what one of them lacks is silence.

    The hub feeds them in turn, the one that is the furthest behind first: when one comes again, all have come.
    """

    def __init__(self, start_sample: int) -> None:
        self.at = start_sample
        """Where the next of the sum begins."""
        self._heads: dict[str, int] = {}
        self._have_all_come = False
        self._sum: Frames = np.zeros((0, CHANNELS), np.int32)

    def add(self, stem: str, start: int, frames: npt.NDArray[np.int16]) -> None:
        """Take a piece of one stream  # [n, 2]; what it has of samples that were taken is late, and left out."""
        if not self._heads:
            self.at = min(self.at, start)
        self._have_all_come |= stem in self._heads
        late = max(0, self.at - start)
        heard, first = frames[late:], start + late - self.at
        self._grow(first + len(heard))
        self._sum[first : first + len(heard)] += heard
        self._heads[stem] = start + len(frames)

    def pull(self) -> Frames:
        """Take what every stream has."""
        return self._take(min(self._heads.values()) - self.at) if self._have_all_come else self._sum[:0]

    def pull_until(self, end: int) -> Frames:
        """Take everything before `end`."""
        self._grow(end - self.at)
        return self._take(end - self.at)

    def _grow(self, frames: int) -> None:
        missing = max(0, frames - len(self._sum))
        self._sum = np.pad(self._sum, ((0, missing), (0, 0))) if missing else self._sum

    def _take(self, frames: int) -> Frames:
        taken, self._sum = np.split(self._sum, [max(0, frames)])
        self.at += len(taken)
        return taken


class LiveSound:
    """Is fed, and gives out what is from `start_sample` on, hearing what came before it."""

    def __init__(self, start_sample: int, separator: AnySeparator, stems: tuple[str, ...]) -> None:
        self._start = start_sample
        self._separator = separator
        self._stems = stems
        self._strand = Strand(separator, sample_rate=CANONICAL_RATE, channels=CHANNELS, stems=stems)
        self._streams = Together(start_sample)
        self._waiting = Fifo(CHANNELS)
        self._passage: Passage | None = None
        self._has_news = False
        self._is_fed_up = False

    def again(self, start_sample: int) -> "LiveSound":
        """Return one that is fed anew."""
        return LiveSound(start_sample, self._separator, self._stems)

    @property
    def reach(self) -> int:
        """Up to which sample there is music."""
        return self._streams.at

    @property
    def is_over(self) -> bool:
        """Whether the source has ended and everything was given."""
        return self._is_fed_up and not self.turns()

    def feed(self, piece: FeedJob) -> None:
        """Take a piece of one of the source's streams; raises `RefusalError` where too much waits already."""
        if self._is_fed_up:
            return
        if self._behind(piece.start_sample + piece.samples) > _MAX_BEHIND_SAMPLES:
            raise RefusalError(ErrorCode.ENGINE_ERROR, _TOO_SLOW)
        frames = np.frombuffer(piece.data, "<i2").reshape(piece.samples, CHANNELS)
        self._streams.add(piece.stem, piece.start_sample, frames)
        self._hear(self._streams.pull())

    def end(self, end_sample: int) -> None:
        """Nothing more is fed, and the music is so long."""
        if not self._is_fed_up:
            self._hear(self._streams.pull_until(end_sample))
            self._has_news = self._is_fed_up = True

    def turns(self) -> Sequence[AnyTurn]:
        """What the separator is to be given next; none before more has been fed."""
        if self._passage is None:
            return ()
        if self._has_news and not self._passage.turns():
            self._passage.feed(self._waiting.pull(self._waiting.samples), last=self._is_fed_up)
            self._has_news = False
        return self._passage.turns()

    def take(self, answers: Answers) -> Settled:
        """Return what the answers settle."""
        assert self._passage is not None
        return self._passage.take(answers)

    def close(self) -> None:
        """Nothing is open."""

    def _hear(self, frames: Frames) -> None:
        if len(frames) == 0:
            return
        if self._passage is None:
            heard_from = self._streams.at - len(frames)
            self._passage = Passage(self._strand, heard_from=heard_from, given_from=self._start)
        self._waiting.put(from_steps(frames.T))
        self._has_news = True

    def _behind(self, end: int) -> int:
        """How much would wait to be separated if music came up to `end`."""
        return end - (self._start if self._passage is None else self._passage.at)
