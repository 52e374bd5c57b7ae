"""Rooms in memory: the contract in its plainest form, for tests and the simulation."""

from collections.abc import Sequence
from functools import reduce
from typing import TypeAlias, assert_never

import msgspec
from immutables import Map
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_server.storage.contract import (
    KEPT_EVENTS,
    AppendEvent,
    DropRoom,
    DropVersion,
    KeepCheckpoint,
    KeepTransport,
    KeepVersion,
    MakeRoom,
    RoomSize,
    StorageError,
    StoredRoom,
    Write,
    encoded,
)


class _Kept(msgspec.Struct, frozen=True):
    """All that is kept of one room."""

    epoch: b.Epoch
    seq: b.Seq = 0
    transport: bytes | None = None
    checkpoint: bytes | None = None
    checkpoint_seq: b.Seq = 0
    events: Map[b.Seq, bytes] = Map()
    versions: Map[b.VersionId, bytes] = Map()

    def stored_bytes(self) -> int:
        bodies = (self.transport or b"", self.checkpoint or b"", *self.events.values(), *self.versions.values())
        return sum(map(len, bodies))


Rooms: TypeAlias = Map[b.RoomId, _Kept]


class MemoryStorage:
    """The contract, as long as the process lives; it never waits, so that a simulation decides every order."""

    def __init__(self) -> None:
        self._rooms: Rooms = Map()
        self._closed = False

    async def write(self, batch: Sequence[Write]) -> None:
        """Do all of a batch or nothing."""
        self._check_open()
        self._rooms = reduce(_after, encoded(batch), self._rooms)

    async def read_room(self, room: b.RoomId) -> StoredRoom | None:
        """Return what is kept of a room."""
        self._check_open()
        kept = self._rooms.get(room)
        return None if kept is None else _stored(kept)

    async def read_version(self, room: b.RoomId, version: b.VersionId) -> bytes | None:
        """Return a version's document."""
        self._check_open()
        kept = self._rooms.get(room)
        return None if kept is None else kept.versions.get(version)

    async def sizes(self) -> tuple[RoomSize, ...]:
        """Return every room, by name."""
        self._check_open()
        return tuple(
            RoomSize(room=room, epoch=kept.epoch, seq=kept.seq, stored_bytes=kept.stored_bytes())
            for room, kept in sorted(self._rooms.items())
        )

    async def close(self) -> None:
        """Answer nothing more."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError("The storage is closed.")


def _stored(kept: _Kept) -> StoredRoom:
    return StoredRoom(
        epoch=kept.epoch,
        seq=kept.seq,
        transport=kept.transport,
        checkpoint=kept.checkpoint,
        checkpoint_seq=kept.checkpoint_seq,
        events=tuple(body for _, body in sorted(kept.events.items())),
    )


def _after(rooms: Rooms, write: Write) -> Rooms:
    match write:
        case MakeRoom():
            return _make(rooms, write)
        case DropRoom():
            return rooms.delete(write.room) if write.room in rooms else rooms
        case _:
            return rooms.set(write.room, _changed(_find(rooms, write.room), write))


def _make(rooms: Rooms, write: MakeRoom) -> Rooms:
    if write.room in rooms:
        raise StorageError(f"There is a room {write.room} already.")
    return rooms.set(write.room, _Kept(write.epoch, write.seq))


def _find(rooms: Rooms, room: b.RoomId) -> _Kept:
    kept = rooms.get(room)
    if kept is None:
        raise StorageError(f"There is no room {room}.")
    return kept


def _changed(kept: _Kept, write: AppendEvent | KeepTransport | KeepCheckpoint | KeepVersion | DropVersion) -> _Kept:
    match write:
        case AppendEvent():
            return _appended(kept, write)
        case KeepTransport():
            return replace(kept, transport=write.body)
        case KeepCheckpoint():
            return _compacted(kept, write)
        case KeepVersion():
            return replace(kept, versions=kept.versions.set(write.version, write.encode()))
        case DropVersion():
            there = write.version in kept.versions
            return replace(kept, versions=kept.versions.delete(write.version)) if there else kept
        case _:
            assert_never(write)


def _appended(kept: _Kept, write: AppendEvent) -> _Kept:
    if write.seq != kept.seq + 1:
        raise StorageError(f"Event {write.seq} of room {write.room} cannot follow event {kept.seq}.")
    return replace(kept, seq=write.seq, events=kept.events.set(write.seq, write.body))


def _compacted(kept: _Kept, write: KeepCheckpoint) -> _Kept:
    if write.seq > kept.seq:
        raise StorageError(f"Room {write.room} is at event {kept.seq}, before a checkpoint of {write.seq}.")
    if write.seq < kept.checkpoint_seq:
        return kept
    events = kept.events.mutate()
    for seq in kept.events:
        if seq <= write.seq - KEPT_EVENTS:
            del events[seq]
    return replace(kept, checkpoint=write.encode(), checkpoint_seq=write.seq, events=events.finish())
