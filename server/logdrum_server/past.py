"""What a joiner is told of a room's past: a snapshot that is made once for many, and the events since it (H2)."""

import asyncio
from collections.abc import Sequence
from typing import Final, cast

import msgspec

from logdrum_protocol.bounds import Seq
from logdrum_protocol.hub_messages import Snapshot
from logdrum_server.backlog import Backlog
from logdrum_server.core.history import History
from logdrum_server.core.people import snapshot
from logdrum_server.lanes import ws_frame

_GREAT_BYTES: Final = 256 * 1024
_FRESH: Final = 100
"""Events after which the snapshot of a great room is made anew: until then it is cheaper to send those as well."""


class Past:
    """A room's backlog, and its snapshot as bytes.

    To encode a hundred thousand notes takes a tenth of a second. It happens on a thread, from a history that nobody
    changes, and while it lasts nobody else in the room waits for it.
    """

    def __init__(self, seq: Seq = 0) -> None:
        self.backlog = Backlog(seq)
        self._kept: tuple[Seq, bytes] | None = None
        self._making = asyncio.Lock()

    def reopen(self, seq: Seq, events: Sequence[bytes]) -> None:
        """Begin with the newest events that are on disk."""
        first = seq - len(events)
        self.backlog = Backlog(first)
        for at, body in enumerate(events, first + 1):
            self.backlog.append(at, ws_frame(body))

    async def prepare(self, history: History) -> None:
        """Make sure that there is a snapshot to begin from."""
        async with self._making:
            if not self._is_fresh():
                self._kept = history.seq, await asyncio.to_thread(_encoded, history)

    def _is_fresh(self) -> bool:
        if self._kept is None:
            return False
        seq, body = self._kept
        return self.backlog.covers(seq) and self.backlog.seq - seq <= (_FRESH if len(body) > _GREAT_BYTES else 0)

    def snapshot(self) -> tuple[Seq, Snapshot] | None:
        """Return the snapshot at hand, None where there is none that the backlog leads on from."""
        if self._kept is None or not self.backlog.covers(self._kept[0]):
            return None
        seq, body = self._kept
        return seq, cast("Snapshot", msgspec.Raw(body))  # within a welcome, the very bytes that a Snapshot would give


def _encoded(history: History) -> bytes:
    return msgspec.msgpack.encode(snapshot(history))
