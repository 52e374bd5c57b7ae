"""A disk that takes its time, refuses, and outlives the hub: a `Committer` whose every step the simulation decides."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Event
from logdrum_server.committer import Ledger
from logdrum_server.storage.contract import AppendEvent, KeepCheckpoint, StoredRoom, Write
from logdrum_server.storage.memory import MemoryStorage

T = TypeVar("T")
Put = tuple[Ledger, Sequence[Write]]


class Disk:
    """What is on it, and the log of everything that ever was."""

    def __init__(self, decode: Callable[[bytes], Event]) -> None:
        self.log: list[Event] = []
        """Every event that is on disk, whether or not anybody was told."""
        self.refusals = 0
        self._decode = decode
        self._storage = MemoryStorage()
        self._queue: list[Put] = []
        self._written: list[Put] = []
        self._chores: list[Write] = []

    def put(self, ledger: Ledger, writes: Sequence[Write]) -> None:
        """As `Committer.put`."""
        self._queue.append((ledger, writes))

    def put_chore(self, write: Write) -> None:
        """As `Committer.put_chore`."""
        self._chores.append(write)

    @property
    def is_idle(self) -> bool:
        return not (self._queue or self._written or self._chores)

    def write(self) -> None:
        """Commit all that was put; nobody is told yet. One batch is on its way at a time."""
        if not self._written and self._queue:
            self._written, self._queue = self._queue, []
            self._keep([write for _, writes in self._written for write in writes])

    def _keep(self, writes: Sequence[Write]) -> None:
        run_now(self._storage.write(writes))
        self.log += [self._decode(write.body) for write in writes if isinstance(write, AppendEvent)]

    def announce(self) -> None:
        """Tell who put what was written."""
        written, self._written = self._written, []
        for ledger, writes in written:
            ledger.committed(writes)

    def refuse(self) -> None:
        """Take nothing of what was put."""
        if not self._written and self._queue:
            batch, self._queue = self._queue, []
            self._refuse(batch, ErrorCode.NO_SPACE)

    def fail(self, *, keeps: bool) -> None:
        """Break down over what was put, which may be on it all the same."""
        if not self._written and self._queue:
            batch, self._queue = self._queue, []
            if keeps:
                self._keep([write for _, writes in batch for write in writes])
            self._refuse(batch, ErrorCode.INTERNAL)

    def _refuse(self, batch: list[Put], code: ErrorCode) -> None:
        self.refusals += 1
        for ledger in {id(ledger): ledger for ledger, _ in batch}.values():
            ledger.not_committed(code, "The disk takes nothing.")

    def do_chores(self) -> None:
        """Do what nobody waits for."""
        if not self._queue and not self._written:
            chores, self._chores = self._chores, []
            for chore in chores:
                run_now(self._storage.write([chore]))

    def lose_power(self) -> None:
        """What was not written is gone, and who was to be told is not."""
        self._queue, self._written, self._chores = [], [], []

    def keep_checkpoint(self, room: str, seq: int, body: Callable[[], bytes]) -> None:
        """Put a checkpoint where no thousand events have passed."""
        self.put_chore(KeepCheckpoint(room, seq, body))

    def read_room(self, room: str) -> StoredRoom | None:
        return run_now(self._storage.read_room(room))

    def read_version(self, room: str, version: str) -> bytes | None:
        return run_now(self._storage.read_version(room, version))


def run_now(work: Coroutine[Any, Any, T]) -> T:
    """Run what never waits."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what the coroutine returns
    raise AssertionError("nothing waits here")
