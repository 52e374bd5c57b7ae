"""Sessions that an admin has put out, remembered beyond a restart: their keys are right for ever otherwise (H4)."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from logdrum_protocol import bounds as b


class PutOut:
    """A set of sessions, and the file that each is added to as a line of its own."""

    def __init__(self, path: Path) -> None:
        """Read the file where there is one; raises OSError."""
        self._path = path
        self._sessions = set(_read(path))

    def __contains__(self, stay: tuple[b.RoomId, b.SessionId]) -> bool:
        return stay in self._sessions

    def add(self, room: b.RoomId, session: b.SessionId) -> None:
        """Add one, for good when this returns; raises OSError, and then it holds until the hub ends."""
        self._sessions.add((room, session))
        with open(self._path, "ab", opener=_for_the_owner) as file:
            file.write(b"\n" + msgspec.json.encode((room, session)))  # in front, so that a torn line spoils no other
            file.flush()
            os.fsync(file.fileno())


def _read(path: Path) -> Iterator[tuple[b.RoomId, b.SessionId]]:
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            yield msgspec.json.decode(line, type=tuple[b.RoomId, b.SessionId])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue  # a line that a power cut has torn: nobody was told that it was kept


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
