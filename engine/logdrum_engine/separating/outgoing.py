"""What is ready to be sent, in blocks and as far as credit allows (Q3, Q10)."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from logdrum_protocol.bounds import CHANNELS
from logdrum_protocol.timeline import Round

from .rounding import Steps, clipped, in_steps
from .sources import CANONICAL_RATE, StereoReader, StereoSum

BLOCK_SAMPLES: Final = CANONICAL_RATE // 4
_MIX_SAMPLES: Final = 5 * CANONICAL_RATE
"""How much of a sound goes out between two steps of its separator."""


def blocks(start: int, end: int, way: Round | None) -> Iterator[tuple[int, int]]:
    """Cut a span of counts into blocks, none of which lies across the sound's last sample and its first."""
    while start < end:
        turn = way.samples if way is not None and start < way.samples else end
        block_end = min(start + BLOCK_SAMPLES, turn, end)
        yield start, block_end
        start = block_end


class Outgoing:
    """Stems that have settled and wait for credit."""

    def __init__(self, start: int, stems: int, way: Round | None) -> None:
        self.at = start
        """The count that is sent next."""
        self._way = way
        self._steps: Steps = np.zeros((stems, CHANNELS, 0), np.int64)

    @property
    def end(self) -> int:
        """The count up to which all has settled."""
        waiting: int = self._steps.shape[2]
        return self.at + waiting

    def put(self, steps: Steps) -> None:
        """Add what has settled  # [stems, 2, m]."""
        self._steps = np.concatenate((self._steps, steps), axis=2)

    def pull(self, credit: int) -> Iterator[tuple[int, Steps]]:
        """Take all blocks that there is credit for."""
        for start, end in blocks(self.at, min(credit, self.end), self._way):
            taken, self._steps = np.split(self._steps, [end - start], axis=2)
            self.at = end
            yield start, taken


class Mix:
    """The sound that is separated, as one more stem ahead of the others (J11)."""

    def __init__(self, sound: StereoSum, way: Round, start: int) -> None:
        self.at = start
        """The count that is sent next."""
        self._sound = sound
        self._way = way
        self._reader: StereoReader | None = None

    @property
    def end(self) -> int:
        """The count behind its last sample."""
        return self._way.end

    def pull(self, credit: int) -> Iterator[tuple[int, Steps]]:
        """Read the blocks that there is credit for, some at a time."""
        for start, end in blocks(self.at, min(credit, self.end, self.at + _MIX_SAMPLES), self._way):
            if self._reader is None or start == self._way.samples:
                self.close()
                self._reader = self._sound.at(self._way.place(start))
            self.at = end
            yield start, clipped(in_steps(self._reader.read(end - start)))

    def close(self) -> None:
        """Let go of the files."""
        if self._reader is not None:
            self._reader.close()
