"""The newest events of a room as frames: what a member who comes back is sent of what was missed (H2)."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from logdrum_protocol.bounds import Seq

MAX_EVENTS: Final = 1_000
MAX_BYTES: Final = 512 * 1024
"""Half a connection's budget, so that the whole of it can be queued for someone who comes back."""


class Backlog:
    """Frames of consecutive events, the newest last; what is older is dropped and said to be missing."""

    def __init__(self, seq: Seq = 0) -> None:
        self.seq = seq
        """Of the newest event."""
        self._frames: deque[bytes] = deque()
        self._bytes = 0

    def append(self, seq: Seq, frame: bytes) -> None:
        """Add the next event."""
        assert seq == self.seq + 1 or not self._frames, "a gap would be told to nobody"
        self.seq = seq
        self._frames.append(frame)
        self._bytes += len(frame)
        while self._frames and (len(self._frames) > MAX_EVENTS or self._bytes > MAX_BYTES):
            self._bytes -= len(self._frames.popleft())

    def covers(self, seq: Seq) -> bool:
        """Whether every event after `seq` is here."""
        return self.seq - len(self._frames) <= seq <= self.seq

    def since(self, seq: Seq) -> Iterable[bytes]:
        """Every event after `seq`, in order."""
        missed = self.seq - seq
        return list(self._frames)[len(self._frames) - missed :]
