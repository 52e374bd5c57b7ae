"""Connections to the rooms file: how it is written, and what its faults mean."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from logdrum_server.storage.contract import StorageError, StorageFull

_BUSY_S: Final = 5.0
"""Only a foreign program can hold the file against us, a backup for one."""
_WAL_PAGES: Final = 1_000
_WAL_KEPT_BYTES: Final = 16 * 1024 * 1024

# EFBIG and EDQUOT come as a failed write, and no room for the wal's index as a code of its own.
_NO_ROOM: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)
_NO_ROOM_HERE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def connect(path: Path) -> sqlite3.Connection:
    """Open the rooms file, making it if need be; raises OSError, `sqlite3.Error`."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # it holds the keys of sessions
    return sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)


def write_through(connection: sqlite3.Connection) -> None:
    """Make a connection the one that writes; raises `sqlite3.Error`.

    It also is the only one that moves the wal into the file: up to 3.51.2 SQLite may lose pages where two do
    (https://sqlite.org/wal.html#the_wal_reset_bug). Every thousand pages is often enough that no commit waits long for
    it, and seldom enough that a page which changes with every edit is moved once for many.
    """
    if not pragma(connection, "page_count"):
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # heeded before the first page only
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",  # D7: on disk when COMMIT returns, and not only in the system's cache
        "fullfsync = ON",  # macOS: fsync alone leaves it in the drive's cache
        f"wal_autocheckpoint = {_WAL_PAGES}",
        f"journal_size_limit = {_WAL_KEPT_BYTES}",
    ):
        connection.execute(f"PRAGMA {setting}")


def read_only(connection: sqlite3.Connection) -> None:
    """Make a connection one that reads beside the writer, and never moves the wal; raises `sqlite3.Error`."""
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 0")


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """Return a number that SQLite keeps."""
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """Do what is inside whole or not at all."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite rolls some faults back by itself
            connection.execute("ROLLBACK")
        raise


def damaged(reason: str) -> sqlite3.DatabaseError:
    """Return the fault that SQLite raises for a damaged file, where we see what it does not."""
    fault = sqlite3.DatabaseError(reason)
    fault.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return fault


def storage_error(fault: Exception, path: Path) -> StorageError:
    """Say what a fault of SQLite or of the system means for whoever keeps the hub."""
    if isinstance(fault, OSError) and fault.errno not in _NO_ROOM_HERE:
        return StorageError(f"The rooms file {path} cannot be used: {os.strerror(fault.errno or 0)}.")
    code = getattr(fault, "sqlite_errorcode", 0)
    if isinstance(fault, OSError) or code in _NO_ROOM:
        return StorageFull(f"The rooms file {path} cannot grow: make room on its disk.")
    if code & 0xFF in _DAMAGED:
        return StorageError(
            f"The rooms file {path} is damaged: stop the hub and put back a copy of it, "
            "or move it away to begin anew; `sqlite3 FILE .recover` saves what can be read."
        )
    return StorageError(f"The rooms file {path} cannot be used: {fault}.")
