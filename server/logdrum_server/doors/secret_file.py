"""Files that only their owner may read, made and replaced whole."""

import os
import tempfile
from pathlib import Path


def read_or_make(path: Path, fresh: bytes) -> bytes:
    """Return what a file holds, which is `fresh` where there was none; whoever makes it first wins. Raises OSError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        make(path, fresh)
    return path.read_bytes()


def make(path: Path, content: bytes) -> None:
    """Make a file, and leave one alone that is there already; raises OSError."""
    part = _part(path, content)
    try:
        os.link(part, path)  # unlike a rename, it never replaces
    except FileExistsError:
        pass
    finally:
        part.unlink()


def replace(path: Path, content: bytes) -> None:
    """Put a file in place of another at one stroke; raises OSError."""
    _part(path, content).rename(path)


def _part(path: Path, content: bytes) -> Path:
    """Write a whole file beside `path`, on disk and readable by its owner alone, as mkstemp makes them."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
