"""Every storage there is, for the contract's one suite."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from logdrum_server.storage.contract import AppendEvent, KeepCheckpoint, KeepVersion, MakeRoom, Storage, Write
from logdrum_server.storage.memory import MemoryStorage
from logdrum_server.storage.sqlite import SqliteStorage

ROOM: Final = "sunset"


class Kind(msgspec.Struct, frozen=True):
    """One implementation: how it is opened in a folder, and whether it is there again afterwards."""

    name: str
    open: Callable[[Path], Storage]
    durable: bool


KINDS: Final = (
    Kind("memory", lambda _: MemoryStorage(), durable=False),
    Kind("sqlite", lambda folder: SqliteStorage(folder / "rooms.db"), durable=True),
)


@asynccontextmanager
async def opened(kind: Kind, folder: Path) -> AsyncIterator[Storage]:
    """A storage, closed at the end."""
    storage = kind.open(folder)
    try:
        yield storage
    finally:
        await storage.close()


def make(room: str = ROOM, epoch: int = 7) -> MakeRoom:
    return MakeRoom(room, epoch)


def body_of(seq: int) -> bytes:
    return f"event {seq}".encode()


def events(first: int, last: int, room: str = ROOM) -> list[Write]:
    """The events from `first` to `last`, each with a body that tells which it is."""
    return [AppendEvent(room, seq, body_of(seq)) for seq in range(first, last + 1)]


def checkpoint(seq: int, room: str = ROOM) -> KeepCheckpoint:
    return KeepCheckpoint(room, seq, lambda: f"checkpoint {seq}".encode())


def version(name: str, body: bytes = b"document", room: str = ROOM) -> KeepVersion:
    return KeepVersion(room, name, lambda: body)
