"""What the contract's writes and reads are in SQL; no threads, no transactions."""

import sqlite3
from collections.abc import Sequence
from typing import Final, assert_never

import msgspec

from logdrum_protocol import bounds as b
from logdrum_server.storage.connection import damaged, pragma
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
)

_ROOM: Final = "SELECT id, epoch, seq, checkpoint_seq, stored_bytes, transport FROM rooms WHERE name = ?"
_SPARE_PAGES: Final = 256
_STEP_PAGES: Final = 32


class _Row(msgspec.Struct):
    """A room's row while a batch is under way; written back once, at its end."""

    id: int
    epoch: int
    seq: int
    checkpoint_seq: int
    stored_bytes: int
    transport: bytes | None


class Batch:
    """Writes of one transaction, in order."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._rows: dict[b.RoomId, _Row] = {}

    def run(self, writes: Sequence[Write]) -> None:
        """Do them all; raises `StorageError`, `sqlite3.Error`."""
        for write in writes:
            self._do(write)
        self._sql.executemany(
            "UPDATE rooms SET seq = ?, checkpoint_seq = ?, stored_bytes = ?, transport = ? WHERE id = ?",
            [(row.seq, row.checkpoint_seq, row.stored_bytes, row.transport, row.id) for row in self._rows.values()],
        )
        _give_back(self._sql)

    def _do(self, write: Write) -> None:
        match write:
            case MakeRoom():
                self._make(write)
            case DropRoom():
                self._drop(write.room)
            case AppendEvent():
                self._append(write, self._row(write.room))
            case KeepTransport():
                self._keep_transport(write, self._row(write.room))
            case KeepCheckpoint():
                self._keep_checkpoint(write, self._row(write.room))
            case KeepVersion():
                self._keep_version(write, self._row(write.room))
            case DropVersion():
                self._drop_version(write.version, self._row(write.room))
            case _:
                assert_never(write)

    def _row(self, room: b.RoomId) -> _Row:
        row = self._rows.get(room)
        if row is None:
            found = self._sql.execute(_ROOM, (room,)).fetchone()
            if found is None:
                raise StorageError(f"There is no room {room}.")
            row = self._rows[room] = _Row(*found)
        return row

    def _make(self, write: MakeRoom) -> None:
        made = self._sql.execute(
            "INSERT INTO rooms (name, epoch, seq, checkpoint_seq, stored_bytes) VALUES (?, ?, ?, 0, 0)"
            " ON CONFLICT DO NOTHING",
            (write.room, write.epoch, write.seq),
        )
        if not made.rowcount:
            raise StorageError(f"There is a room {write.room} already.")

    def _drop(self, room: b.RoomId) -> None:
        self._rows.pop(room, None)
        for table in ("events", "checkpoints", "versions"):
            self._sql.execute(f"DELETE FROM {table} WHERE room = (SELECT id FROM rooms WHERE name = ?)", (room,))  # noqa: S608
        self._sql.execute("DELETE FROM rooms WHERE name = ?", (room,))

    def _append(self, write: AppendEvent, row: _Row) -> None:
        if write.seq != row.seq + 1:
            raise StorageError(f"Event {write.seq} of room {write.room} cannot follow event {row.seq}.")
        self._sql.execute("INSERT INTO events VALUES (?, ?, ?)", (row.id, write.seq, write.body))
        row.seq = write.seq
        row.stored_bytes += len(write.body)

    def _keep_transport(self, write: KeepTransport, row: _Row) -> None:
        row.stored_bytes += len(write.body) - len(row.transport or b"")
        row.transport = write.body

    def _keep_checkpoint(self, write: KeepCheckpoint, row: _Row) -> None:
        if write.seq > row.seq:
            raise StorageError(f"Room {write.room} is at event {row.seq}, before a checkpoint of {write.seq}.")
        if write.seq < row.checkpoint_seq:
            return
        body = write.encode()
        row.stored_bytes += len(body) - self._length("checkpoints WHERE room = ?", row.id)
        self._sql.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?)", (row.id, body))
        row.checkpoint_seq = write.seq
        self._forget_events(row, write.seq - KEPT_EVENTS)

    def _forget_events(self, row: _Row, newest: b.Seq) -> None:
        row.stored_bytes -= self._length("events WHERE room = ? AND seq <= ?", row.id, newest)
        self._sql.execute("DELETE FROM events WHERE room = ? AND seq <= ?", (row.id, newest))

    def _keep_version(self, write: KeepVersion, row: _Row) -> None:
        body = write.encode()
        self._drop_version(write.version, row)
        self._sql.execute("INSERT INTO versions VALUES (?, ?, ?)", (row.id, write.version, body))
        row.stored_bytes += len(body)

    def _drop_version(self, version: b.VersionId, row: _Row) -> None:
        row.stored_bytes -= self._length("versions WHERE room = ? AND version = ?", row.id, version)
        self._sql.execute("DELETE FROM versions WHERE room = ? AND version = ?", (row.id, version))

    def _length(self, rows: str, *values: object) -> int:
        (total,) = self._sql.execute(f"SELECT coalesce(sum(length(body)), 0) FROM {rows}", values).fetchone()  # noqa: S608
        return int(total)


def _give_back(connection: sqlite3.Connection) -> None:
    """Return a few pages to the disk where more than a quarter of the file is empty; the rest is for what comes."""
    spare = pragma(connection, "freelist_count")
    if spare > _SPARE_PAGES and spare * 4 > pragma(connection, "page_count"):
        for _ in range(_STEP_PAGES):
            connection.execute("PRAGMA incremental_vacuum(1)")  # Python takes one step of it, which is one page


def read_room(connection: sqlite3.Connection, room: b.RoomId) -> StoredRoom | None:
    """Return what is kept of a room; within a transaction, so that its parts belong together."""
    found = connection.execute(_ROOM, (room,)).fetchone()
    if found is None:
        return None
    row = _Row(*found)
    events = connection.execute("SELECT seq, body FROM events WHERE room = ? ORDER BY seq", (row.id,)).fetchall()
    checkpoint = connection.execute("SELECT body FROM checkpoints WHERE room = ?", (row.id,)).fetchone()
    _check_whole(row, [seq for seq, _ in events], checkpoint is not None)
    return StoredRoom(
        epoch=row.epoch,
        seq=row.seq,
        transport=row.transport,
        checkpoint=None if checkpoint is None else checkpoint[0],
        checkpoint_seq=row.checkpoint_seq,
        events=tuple(body for _, body in events),
    )


def _check_whole(row: _Row, seqs: Sequence[b.Seq], has_checkpoint: bool) -> None:
    """H2: recovery is never partial; what a damaged file lost must not pass for history."""
    first = max(row.checkpoint_seq - KEPT_EVENTS, 0) + 1
    if seqs != [*range(first, row.seq + 1)] or (row.checkpoint_seq and not has_checkpoint):
        raise damaged("a part of the room is missing")


def read_version(connection: sqlite3.Connection, room: b.RoomId, version: b.VersionId) -> bytes | None:
    """Return a version's document."""
    found = connection.execute(
        "SELECT body FROM versions JOIN rooms ON rooms.id = room WHERE name = ? AND version = ?", (room, version)
    ).fetchone()
    return None if found is None else found[0]


def sizes(connection: sqlite3.Connection) -> tuple[RoomSize, ...]:
    """Return every room, from what is counted as it is written."""
    rows = connection.execute("SELECT name, epoch, seq, stored_bytes FROM rooms ORDER BY name")
    return tuple(RoomSize(room=room, epoch=epoch, seq=seq, stored_bytes=size) for room, epoch, seq, size in rows)
