"""The shape of the rooms file, as the steps that lead there; a step that was released is never changed."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from logdrum_server.storage.connection import pragma, transaction, write_through
from logdrum_server.storage.contract import StorageError

APPLICATION_ID: Final = 0x4C_44_52_4D
"""`LDRM`: what the file says it is (https://sqlite.org/pragma.html#pragma_application_id)."""

Step: TypeAlias = tuple[str, ...]

STEPS: Final[tuple[Step, ...]] = (
    (
        """CREATE TABLE rooms (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            epoch INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            checkpoint_seq INTEGER NOT NULL,
            stored_bytes INTEGER NOT NULL,
            transport BLOB
        )""",
        # Small rows that are read in the order of their key lie in the key's own tree.
        """CREATE TABLE events (
            room INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (room, seq)
        ) WITHOUT ROWID""",
        # Great ones lie apart, so that counting up a room does not write them again.
        "CREATE TABLE checkpoints (room INTEGER PRIMARY KEY, body BLOB NOT NULL)",
        """CREATE TABLE versions (
            room INTEGER NOT NULL,
            version TEXT NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (room, version)
        )""",
        f"PRAGMA application_id = {APPLICATION_ID}",
    ),
)
"""Step `n` makes format `n + 1`, the file's `user_version`, from the one before."""


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[Step] = STEPS) -> None:
    """Take a file for writing and bring it to the newest format, each step whole or not at all.

    Raises `StorageError` for a file that is not ours or is newer than we are, which is left as it was; `sqlite3.Error`.
    """
    found = pragma(connection, "user_version")
    if found > len(steps):
        raise StorageError(
            f"The rooms file {path} is of format {found}, and this Logdrum reads up to {len(steps)}: "
            "it was written by a newer one; update, or choose another folder with --data."
        )
    if _is_foreign(connection):
        raise StorageError(f"{path} is a database of another program: choose another folder with --data.")
    write_through(connection)
    for version, step in enumerate(steps[found:], found + 1):
        with transaction(connection):
            for statement in (*step, f"PRAGMA user_version = {version}"):
                connection.execute(statement)


def _is_foreign(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables) and pragma(connection, "application_id") != APPLICATION_ID
