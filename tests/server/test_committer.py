"""Group commit (D7)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from logdrum_protocol.errors import ErrorCode
from logdrum_server.committer import Committer
from logdrum_server.storage.contract import AppendEvent, KeepCheckpoint, MakeRoom, StorageError, StorageFull, Write
from logdrum_server.storage.memory import MemoryStorage


class Book:
    """A room that remembers what became of its writes."""

    def __init__(self, room: str) -> None:
        self.room = room
        self.heard: list[Sequence[Write] | ErrorCode] = []
        self.told = asyncio.Event()

    def committed(self, writes: Sequence[Write]) -> None:
        self.heard.append(writes)

    def not_committed(self, code: ErrorCode, message: str) -> None:
        self.heard.append(code)
        self.told.set()

    def event(self, seq: int) -> list[Write]:
        begin: list[Write] = [MakeRoom(self.room, 1)] if seq == 1 else []
        return [*begin, AppendEvent(self.room, seq, b"x")]


class SlowStorage(MemoryStorage):
    """Waits at each write until it is let on, and fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Semaphore(0)
        self.batches: list[int] = []
        self.fault: StorageError | None = None

    async def write(self, batch: Sequence[Write]) -> None:
        await self.gate.acquire()
        self.batches.append(len(batch))
        if self.fault is not None:
            raise self.fault
        await super().write(batch)


@asynccontextmanager
async def committing(storage: MemoryStorage) -> AsyncIterator[Committer]:
    committer = Committer(storage)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(committer.run())
        yield committer
        running.cancel()


async def test_d7_what_comes_while_one_commit_runs_goes_in_the_next_together() -> None:
    storage, book = SlowStorage(), Book("sunset")
    async with committing(storage) as committer:
        committer.put(book, book.event(1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for seq in (2, 3, 4):
            committer.put(book, book.event(seq))
        storage.gate.release()
        storage.gate.release()
        await committer.settled()
    assert storage.batches == [2, 3]
    assert len(book.heard) == 4


async def test_d7_a_refused_batch_takes_along_what_stands_on_it() -> None:
    storage, book, other = SlowStorage(), Book("sunset"), Book("sunrise")
    storage.fault = StorageFull("Full.")
    async with committing(storage) as committer:
        committer.put(book, book.event(1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        committer.put(book, book.event(2))
        committer.put(other, other.event(1))
        storage.gate.release()
        await book.told.wait()
        storage.fault = None
        storage.gate.release()
        await committer.settled()
    assert book.heard == [ErrorCode.NO_SPACE]
    assert other.heard == [other.event(1)]
    assert await storage.read_room("sunset") is None


async def test_a_storage_that_fails_otherwise_says_so() -> None:
    storage, book = SlowStorage(), Book("sunset")
    storage.fault = StorageError("The disk is on fire.")
    storage.gate.release()
    async with committing(storage) as committer:
        committer.put(book, book.event(1))
        await committer.settled()
    assert book.heard == [ErrorCode.INTERNAL]


async def test_d7_a_checkpoint_that_fails_costs_no_one_an_edit() -> None:
    def broken() -> bytes:
        raise ValueError("cannot be encoded")

    storage, book = MemoryStorage(), Book("sunset")
    async with committing(storage) as committer:
        committer.put(book, book.event(1))
        await committer.settled()
        committer.put_chore(KeepCheckpoint("sunset", 1, broken))
        committer.put(book, book.event(2))
        await committer.settled()
    assert len(book.heard) == 2
    stored = await storage.read_room("sunset")
    assert stored is not None
    assert (stored.seq, stored.checkpoint) == (2, None)


class PickyStorage(MemoryStorage):
    """Refuses every batch that one room has a part in."""

    async def write(self, batch: Sequence[Write]) -> None:
        if any(write.room == "cursed" for write in batch):
            raise StorageError("Not that one.")
        await super().write(batch)


async def test_d7_one_rooms_fault_is_not_anothers() -> None:
    cursed, lucky = Book("cursed"), Book("lucky")
    committer = Committer(PickyStorage())
    committer.put(cursed, cursed.event(1))
    committer.put(lucky, lucky.event(1))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(committer.run())
        await committer.settled()
        running.cancel()
    assert (cursed.heard, lucky.heard) == ([ErrorCode.INTERNAL], [lucky.event(1)])
