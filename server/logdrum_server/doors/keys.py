"""The keys that tokens are signed with: one is current, older ones verify until they are retired (H5)."""

import fcntl
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from logdrum_server.doors import secret_file
from logdrum_server.errors import ServerError

log = logging.getLogger(__name__)

_SECRET_BYTES: Final = 32
_MAX_KEYS: Final = 64

Kid: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z", description="a key's id")]
_Secret: TypeAlias = Annotated[bytes, Meta(min_length=_SECRET_BYTES)]


class KeyRingError(ServerError):
    """The key ring cannot be read, or not be changed as it was asked."""


class KeyRing(msgspec.Struct, frozen=True):
    """Every key that verifies, and the one that signs."""

    current: Kid
    keys: dict[Kid, _Secret]

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError("the current key is not among the keys")

    def rotated(self) -> "KeyRing":
        """The same ring with a new key that signs from now on."""
        if len(self.keys) >= _MAX_KEYS:
            raise KeyRingError(f"There are {_MAX_KEYS} keys already; retire some first.")
        kid = _new_kid()
        return KeyRing(current=kid, keys={**self.keys, kid: secrets.token_bytes(_SECRET_BYTES)})

    def without(self, kid: str) -> "KeyRing":
        """The same ring less one key: its tokens open nothing any more."""
        if kid not in self.keys:
            raise KeyRingError(f"There is no key '{kid}'; --list shows those there are.")
        if kid == self.current:
            raise KeyRingError(f"'{kid}' is the key that signs; rotate first, then retire it.")
        return KeyRing(current=self.current, keys={other: key for other, key in self.keys.items() if other != kid})


def _new_kid() -> str:
    return secrets.token_hex(4)


def _new_ring() -> KeyRing:
    kid = _new_kid()
    return KeyRing(current=kid, keys={kid: secrets.token_bytes(_SECRET_BYTES)})


class KeyFile:
    """The ring on disk; whoever changes the file need tell nobody, for it is read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ring: KeyRing | None = None
        self._mark: tuple[int, int, int] | None = None

    def ring(self) -> KeyRing | None:
        """The ring as the file has it now; None where there is none that can be read: then nothing verifies."""
        try:
            status = self._path.stat()
        except OSError:
            self._ring = self._mark = None
            return None
        mark = (status.st_mtime_ns, status.st_ino, status.st_size)
        if mark != self._mark:
            self._mark, self._ring = mark, self._read_or_log()
        return self._ring

    def _read_or_log(self) -> KeyRing | None:
        try:
            return self.read()
        except KeyRingError:
            log.exception("no token can be verified")
            return None

    def read(self) -> KeyRing:
        """Return the ring; raises `KeyRingError`."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=KeyRing)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as fault:
            raise KeyRingError(f"The key ring {self._path} cannot be read.") from fault

    def read_or_make(self) -> KeyRing:
        """Return the ring, made now where there is none yet; raises `KeyRingError`."""
        try:
            if not self._path.exists():
                secret_file.make(self._path, msgspec.json.encode(_new_ring()))
        except OSError as fault:
            raise self._unwritable(fault) from fault
        return self.read()

    def change(self, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
        """Replace the ring by another, one process at a time; raises `KeyRingError`."""
        try:
            with self._locked():
                ring = change(self.read_or_make())
                secret_file.replace(self._path, msgspec.json.encode(ring))
        except OSError as fault:
            raise self._unwritable(fault) from fault
        return ring

    def _unwritable(self, fault: OSError) -> KeyRingError:
        return KeyRingError(f"The key ring {self._path} cannot be written: {os.strerror(fault.errno or 0)}.")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
