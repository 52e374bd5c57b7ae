"""Rooms in one SQLite file; its writes on one thread and its reads on another, so that no read delays a commit."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from logdrum_protocol import bounds as b
from logdrum_server.storage import tables
from logdrum_server.storage.connection import connect, read_only, storage_error, transaction
from logdrum_server.storage.contract import (
    KeepCheckpoint,
    KeepVersion,
    RoomSize,
    StorageError,
    StoredRoom,
    Write,
    encoded,
)
from logdrum_server.storage.lock import FileLock
from logdrum_server.storage.migrations import migrate

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class SqliteStorage:
    """The contract in a file that is locked against other hubs; made with it open, raising `StorageError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closed = False
        try:
            self._lock = FileLock(path.with_suffix(".lock"))
        except OSError as fault:
            raise storage_error(fault, path) from fault
        try:
            self._writer, self._reader = _open(path)
        except BaseException:
            self._lock.release()
            raise
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="rooms-writer")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="rooms-reader")

    async def write(self, batch: Sequence[Write]) -> None:
        """Do all of a batch or nothing, in one transaction; what must be encoded is, before it begins."""
        writes = tuple(batch)
        if any(isinstance(write, KeepCheckpoint | KeepVersion) for write in writes):
            writes = await self._on(self._reading, encoded, writes)
        await self._on(self._writing, self._commit, writes)

    def _commit(self, writes: Sequence[Write]) -> None:
        with transaction(self._writer):
            tables.Batch(self._writer).run(writes)

    async def read_room(self, room: b.RoomId) -> StoredRoom | None:
        """Return what is kept of a room."""
        return await self._on(self._reading, self._read_room, room)

    def _read_room(self, room: b.RoomId) -> StoredRoom | None:
        with transaction(self._reader, "DEFERRED"):
            return tables.read_room(self._reader, room)

    async def read_version(self, room: b.RoomId, version: b.VersionId) -> bytes | None:
        """Return a version's document."""
        return await self._on(self._reading, tables.read_version, self._reader, room, version)

    async def sizes(self) -> tuple[RoomSize, ...]:
        """Return every room, by name."""
        return await self._on(self._reading, tables.sizes, self._reader)

    async def _on(self, thread: ThreadPoolExecutor, act: Callable[[*Ts], T], *values: *Ts) -> T:
        if self._closed:
            raise StorageError(f"The rooms file {self._path} is closed.")
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, act, *values)
        except sqlite3.Error as fault:
            raise storage_error(fault, self._path) from fault

    async def close(self) -> None:
        """Finish what is under way and let go of the file."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        for thread in (self._reading, self._writing):
            thread.shutdown()
        for connection in (self._reader, self._writer):  # the writer moves the wal into the file
            connection.close()
        self._lock.release()


def _open(path: Path) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    try:
        with ExitStack() as opened:
            writer = opened.enter_context(closing(connect(path)))
            migrate(writer, path)
            reader = opened.enter_context(closing(connect(path)))
            read_only(reader)
            opened.pop_all()
            return writer, reader
    except (OSError, sqlite3.Error) as fault:
        raise storage_error(fault, path) from fault
