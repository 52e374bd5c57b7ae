"""Group commit: one writer for all rooms, and whatever has come while it wrote goes in its next batch (D7).

An fsync costs the same for one event as for a hundred. The first event waits for nothing; under load each commit takes
what has queued up behind the one before, so that throughput grows with load while the wait stays about two commits.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol, TypeAlias

from logdrum_protocol.errors import ErrorCode
from logdrum_server.storage.contract import Storage, StorageError, StorageFull, Write
from logdrum_server.timings import Timings

log = logging.getLogger(__name__)

_FULL: Final = "The hub's disk is full: nothing can be changed until there is room again."
_FAILED: Final = "The hub could not store this; try again in a moment."


_Item: TypeAlias = tuple["Ledger", Sequence[Write]]


class Ledger(Protocol):
    """Whose events are committed."""

    def committed(self, writes: Sequence[Write]) -> None:
        """These are on disk."""
        ...

    def not_committed(self, code: ErrorCode, message: str) -> None:
        """None of what was put and not yet committed is on disk, nor will it be."""
        ...


class Committer:
    """Writes what rooms put, in order, and tells them what became of it."""

    def __init__(self, storage: Storage) -> None:
        self.latency = Timings()
        self.commits = 0
        self.writes = 0
        self.failures = 0
        self._storage = storage
        self._queue: list[_Item] = []
        self._chores: deque[Write] = deque()
        self._put = asyncio.Event()
        self._put_chore = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._open = 0
        self._failing = False

    def put(self, ledger: Ledger, writes: Sequence[Write]) -> None:
        """Commit these together and soon."""
        self._queue.append((ledger, writes))
        self._opened(self._put)

    def put_chore(self, write: Write) -> None:
        """Commit this beside what members wait for; where it fails, it is only logged."""
        self._chores.append(write)
        self._opened(self._put_chore)

    def _opened(self, put: asyncio.Event) -> None:
        self._open += 1
        self._idle.clear()
        put.set()

    def _closed(self, items: int) -> None:
        self._open -= items
        if not self._open:
            self._idle.set()

    async def settled(self) -> None:
        """Wait until everything that was put is committed or refused."""
        await self._idle.wait()

    async def run(self) -> None:
        """Commit until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_committing())
            tasks.create_task(self._keep_doing_chores())

    async def _keep_committing(self) -> None:
        while True:
            await self._put.wait()
            self._put.clear()
            while self._queue:
                batch, self._queue = self._queue, []
                await self._commit(batch)
                self._closed(len(batch))

    async def _keep_doing_chores(self) -> None:
        while True:
            await self._put_chore.wait()
            self._put_chore.clear()
            while self._chores:
                await self._do(self._chores.popleft())
                self._closed(1)

    async def _commit(self, batch: list[_Item]) -> None:
        try:
            await self._write(batch)
        except StorageError as fault:
            ledgers = list(dict.fromkeys(ledger for ledger, _ in batch))
            if len(ledgers) == 1 or isinstance(fault, StorageFull):
                self._refuse(ledgers, fault)
                return
            for each in ledgers:  # it may be the fault of one: that one alone shall bear it
                await self._commit([item for item in batch if item[0] is each])

    async def _write(self, batch: list[_Item]) -> None:
        began = time.perf_counter()
        await self._storage.write([write for _, writes in batch for write in writes])
        self.latency.observe(time.perf_counter() - began)
        self.commits += 1
        if self._failing:
            self._failing = False
            log.info("storage takes edits again")
        for ledger, writes in batch:
            self.writes += len(writes)
            ledger.committed(writes)

    def _refuse(self, ledgers: list[Ledger], fault: StorageError) -> None:
        self.failures += 1
        if not self._failing:
            log.error("storage refuses edits", extra={"reason": str(fault)})
        self._failing = True
        # What a room has put since stands on what was refused, so it goes too.
        left = [item for item in self._queue if item[0] not in ledgers]
        self._closed(len(self._queue) - len(left))
        self._queue = left
        full = isinstance(fault, StorageFull)
        for ledger in ledgers:
            ledger.not_committed(ErrorCode.NO_SPACE if full else ErrorCode.INTERNAL, _FULL if full else _FAILED)

    async def _do(self, chore: Write) -> None:
        try:
            await self._storage.write([chore])
        except StorageError as fault:
            log.warning("not stored", extra={"what": type(chore).__name__, "room": chore.room, "reason": str(fault)})
