"""What every storage promises; `tests/server/test_storage.py` holds each one to it."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import msgspec
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_server.errors import ServerError

KEPT_EVENTS = 1_000
"""Events up to the newest checkpoint that stay on disk, so that a resume can be told what it missed (H2)."""


class StorageError(ServerError):
    """The storage could not do what it was asked; nothing of it was done."""


class StorageFull(StorageError):
    """The disk takes nothing more."""


class MakeRoom(msgspec.Struct, frozen=True):
    """A room that was not there begins; before anything else of it."""

    room: b.RoomId
    epoch: b.Epoch
    seq: b.Seq = 0
    """Where its log begins: a room that comes out of a file brings a checkpoint for what was before."""


class AppendEvent(msgspec.Struct, frozen=True):
    """The next event of a room: `seq` is one more than the last."""

    room: b.RoomId
    seq: b.Seq
    body: bytes


class KeepTransport(msgspec.Struct, frozen=True):
    """The room's transport, in place of the one before."""

    room: b.RoomId
    body: bytes


class KeepCheckpoint(msgspec.Struct, frozen=True):
    """The room as it is after event `seq`, in place of the one before; of the events up to it `KEPT_EVENTS` stay.

    Where a later one is kept already, nothing changes.
    """

    room: b.RoomId
    seq: b.Seq
    encode: Callable[[], bytes]
    """Gives the body; slow for a great room, so it is called off the event loop. Its fault becomes a `StorageError`."""


class KeepVersion(msgspec.Struct, frozen=True):
    """A named version's document, in place of one of the same id."""

    room: b.RoomId
    version: b.VersionId
    encode: Callable[[], bytes]


class DropVersion(msgspec.Struct, frozen=True):
    """A version is forgotten; nothing changes where it is not there."""

    room: b.RoomId
    version: b.VersionId


class DropRoom(msgspec.Struct, frozen=True):
    """A room and all that is kept of it is forgotten; nothing changes where it is not there."""

    room: b.RoomId


Write: TypeAlias = MakeRoom | AppendEvent | KeepTransport | KeepCheckpoint | KeepVersion | DropVersion | DropRoom


class StoredRoom(msgspec.Struct, frozen=True, kw_only=True):
    """A room as it was found: the checkpoint, and the log around it."""

    epoch: b.Epoch
    seq: b.Seq
    """Of the newest event, 0 where there is none."""
    transport: bytes | None
    checkpoint: bytes | None
    checkpoint_seq: b.Seq
    """0 where there is no checkpoint."""
    events: tuple[bytes, ...]
    """The newest events that are kept, in order and without a gap, the last of them `seq`; at least every one after the
    checkpoint, and the `KEPT_EVENTS` up to it."""


class RoomSize(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a room is stored."""

    room: b.RoomId
    epoch: b.Epoch
    seq: b.Seq
    stored_bytes: int
    """Of every body that is kept."""


class Storage(Protocol):
    """Keeps rooms; its methods may be called one at a time or together, from one event loop.

    Batches are done in the order of the calls, but one that has something to encode lets others go first while it does
    that. So a checkpoint in a batch of its own holds up no edit, and whoever drops a room or a version waits first for
    what they handed over of it.
    """

    async def write(self, batch: Sequence[Write]) -> None:
        """Do all of a batch or nothing, and return when it would survive a power cut; raises `StorageError`.

        A room that is not there, a second `MakeRoom`, an event out of turn, a checkpoint of what is still to come:
        each refuses the whole batch. One that is cancelled is done or not.
        """
        ...

    async def read_room(self, room: b.RoomId) -> StoredRoom | None:
        """Return what is kept of a room, None where nothing is; raises `StorageError`."""
        ...

    async def read_version(self, room: b.RoomId, version: b.VersionId) -> bytes | None:
        """Return a version's document, None where there is none; raises `StorageError`."""
        ...

    async def sizes(self) -> tuple[RoomSize, ...]:
        """Return every room that is kept, by name; raises `StorageError`."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of every file; from then on everything raises `StorageError`."""
        ...


def encoded(batch: Sequence[Write]) -> tuple[Write, ...]:
    """Return a batch whose bodies are at hand, so that the slow part is done before a transaction begins."""
    return tuple(_encoded(write) for write in batch)


def _encoded(write: Write) -> Write:
    if not isinstance(write, KeepCheckpoint | KeepVersion):
        return write
    try:
        body = write.encode()
    except Exception as fault:  # whatever it is: one room's fault must not end the writer of all
        raise StorageError(f"What is kept of room {write.room} could not be encoded.") from fault
    return replace(write, encode=lambda: body)
