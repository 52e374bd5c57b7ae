"""One hub a data folder: a lock that ends with the process that holds it, however that ends."""

import contextlib
import fcntl
import os
from pathlib import Path

from logdrum_server.storage.contract import StorageError


class FileLock:
    """Held from its making until `release`."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 20).decode()
            os.close(self._file)
            raise StorageError(_taken(path, holder)) from None
        with contextlib.suppress(OSError):  # a courtesy, which a full disk may refuse
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let the next one have it; the file stays, because removing it would let two in."""
        os.close(self._file)


def _taken(path: Path, holder: str) -> str:
    return (
        f"The folder {path.parent} is in use by another hub (process {holder or 'unknown'}): "
        "stop that one, or choose another folder with --data."
    )
