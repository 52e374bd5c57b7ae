"""Group commit: one writer for all rooms, and whatever has come while it wrote goes in its next batch (D7).

An fsync costs the same for one event as for a hundred. The first event waits for nothing; under load each commit takes
what has queued up behind the one before, so that throughput grows with load while the wait stays about two commits.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Final, Protocol

from logdrum_protocol.errors import ErrorCode
from logdrum_server.storage.contract import Storage, StorageError, StorageFull, Write
from logdrum_server.timings import Timings

log = logging.getLogger(__name__)

_FULL: Final = "The hub's disk is full: nothing can be changed until there is room again."
_FAILED: Final = "The hub could not store this; try again in a moment."


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
        self._queue: list[tuple[Ledger, Sequence[Write]]] = []
        self._chores: list[Write] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._failing = False

    def put(self, ledger: Ledger, writes: Sequence[Write]) -> None:
        """Commit these together and soon."""
        self._queue.append((ledger, writes))
        self._rouse()

    def put_chore(self, write: Write) -> None:
        """Commit this when no one waits for anything else; where it fails, it is only logged."""
        self._chores.append(write)
        self._rouse()

    def _rouse(self) -> None:
        self._idle.clear()
        self._wake.set()

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._wake.wait()
            if self._queue:
                await self._commit()
            elif self._chores:
                await self._do(self._chores.pop(0))
            else:
                self._wake.clear()
                self._idle.set()

    async def settled(self) -> None:
        """Wait until everything that was put is committed or refused."""
        await self._idle.wait()

    async def _commit(self) -> None:
        batch, self._queue = self._queue, []
        began = time.perf_counter()
        try:
            await self._storage.write([write for _, writes in batch for write in writes])
        except StorageError as fault:
            self._refuse(batch, fault)
            return
        self.latency.observe(time.perf_counter() - began)
        self.commits += 1
        if self._failing:
            self._failing = False
            log.info("storage takes edits again")
        for ledger, writes in batch:
            self.writes += len(writes)
            ledger.committed(writes)

    def _refuse(self, batch: list[tuple[Ledger, Sequence[Write]]], fault: StorageError) -> None:
        self.failures += 1
        if not self._failing:
            log.error("storage refuses edits", extra={"reason": str(fault)})
        self._failing = True
        ledgers = {id(ledger): ledger for ledger, _ in batch}
        # What a room has put since stands on what was refused, so it goes too.
        self._queue = [item for item in self._queue if id(item[0]) not in ledgers]
        full = isinstance(fault, StorageFull)
        for ledger in ledgers.values():
            ledger.not_committed(ErrorCode.NO_SPACE if full else ErrorCode.INTERNAL, _FULL if full else _FAILED)

    async def _do(self, chore: Write) -> None:
        try:
            await self._storage.write([chore])
        except StorageError as fault:
            log.warning("not stored", extra={"what": type(chore).__name__, "room": chore.room, "reason": str(fault)})
        except Exception:  # a checkpoint that cannot be encoded costs the next start some time, and no one anything
            log.exception("not stored", extra={"what": type(chore).__name__, "room": chore.room})
