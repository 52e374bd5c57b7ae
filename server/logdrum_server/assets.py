"""Sounds stored in a room: files named by their sha256, and a note of each in the room's folder (A5)."""

import asyncio
import errno
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from logdrum_protocol import bounds as b
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Asset
from logdrum_server.errors import RequestError

_ID: Final = re.compile(r"[0-9a-f]{64}")
_NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class AssetStore:
    """The assets of every room of this hub."""

    def __init__(self, data: Path, max_bytes: int) -> None:
        self.folder = data / "assets"
        self._rooms = data / "rooms"
        self._max_bytes = max_bytes

    async def receive(self, blocks: AsyncIterator[bytes]) -> b.AssetId:
        """Stream an upload to disk under a running hash; raises `RequestError`, and leaves nothing behind then."""
        digest, size = hashlib.sha256(), 0
        part = Path(tempfile.mkstemp(dir=self.folder, suffix=".part")[1])
        try:
            with part.open("wb") as file:  # noqa: ASYNC230  # opening is quick; writing is on a thread
                async for block in blocks:
                    size += len(block)
                    self._check_size(size)
                    digest.update(block)
                    await asyncio.to_thread(file.write, block)
                await asyncio.to_thread(_to_disk, file)
            part.rename(self.folder / digest.hexdigest())
        except OSError as fault:
            raise no_space(fault) from fault
        finally:
            part.unlink(missing_ok=True)
        return digest.hexdigest()

    def adopt(self, file: Path) -> b.AssetId:
        """Take a finished file out of its folder into the store; raises OSError, and blocks."""
        with file.open("r+b") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
            _to_disk(opened)
        file.replace(self.folder / digest)
        return digest

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            message = f"A sound may have {self._max_bytes // 1024 // 1024} MiB."
            raise RequestError(413, ErrorCode.TOO_LARGE, message)

    def path(self, asset: b.AssetId) -> Path:
        """Where an asset's bytes are."""
        return self.folder / asset

    def note(self, room: b.RoomId, asset: Asset) -> None:
        """Write down that a room holds an asset; raises OSError."""
        folder = self._rooms / room
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{asset.asset}.json").write_bytes(msgspec.json.encode(asset))

    def find(self, room: b.RoomId, asset: str) -> Path:
        """Return the file of an asset that the room holds; raises `RequestError`."""
        held = _ID.fullmatch(asset) and (self._rooms / room / f"{asset}.json").exists()
        if not held:
            raise RequestError(404, ErrorCode.NOT_FOUND, "This room has no such sound.")
        return self.path(asset)

    def forget(self, room: b.RoomId, asset: b.AssetId) -> None:
        """A room does not hold an asset any more."""
        (self._rooms / room / f"{asset}.json").unlink(missing_ok=True)

    def forget_room(self, room: b.RoomId) -> None:
        """A room holds nothing any more; what no other room holds goes from disk."""
        for note in (self._rooms / room).glob("*.json"):
            note.unlink()
            self.discard(note.stem)

    def discard(self, asset: b.AssetId) -> None:
        """Remove an upload that turned out to hold no sound, unless some room holds it."""
        if not any(self._rooms.glob(f"*/{asset}.json")):
            self.path(asset).unlink(missing_ok=True)


def _to_disk(file: BinaryIO) -> None:
    """What a room's history names must survive what the history survives."""
    file.flush()
    os.fsync(file.fileno())


def no_space(fault: OSError) -> RequestError:
    """What a failed write is to the one who asked."""
    if fault.errno in _NO_SPACE:
        return RequestError(507, ErrorCode.NO_SPACE, "The hub's disk is full; nothing was stored.")
    return RequestError(500, ErrorCode.INTERNAL, "The hub could not store the file.")
