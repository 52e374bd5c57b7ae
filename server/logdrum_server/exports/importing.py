"""A room file becomes a room: verified to its last sound before anything is kept, and whole or not at all (X3)."""

import asyncio
import secrets
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Final

import msgspec

from logdrum_protocol import bounds as b
from logdrum_protocol.codec import encode
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Asset
from logdrum_protocol.records import Limits
from logdrum_server.assets import no_space
from logdrum_server.errors import RequestError
from logdrum_server.exports.room_reading import bad_file
from logdrum_server.exports.tasks import ReadRoomFile, Verified
from logdrum_server.exports.workshop import done
from logdrum_server.hub import Hub
from logdrum_server.storage.contract import (
    AppendEvent,
    KeepCheckpoint,
    KeepTransport,
    KeepVersion,
    MakeRoom,
    StorageError,
    StorageFull,
    Write,
)

_DECODER_SLACK: Final = 4 * 1152
"""In samples: decoders differ in how much of an MP3's padding they give."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What came in."""

    room: b.RoomId
    epoch: b.Epoch
    seq: b.Seq
    tracks: int
    clips: int
    notes: int
    assets: int
    versions: int


async def check_name(hub: Hub, room: b.RoomId) -> None:
    """Refuse a name that is taken; raises `RequestError`."""
    try:
        if room in hub.rooms or await hub.storage.read_room(room) is not None:
            raise RequestError(409, ErrorCode.NAME_TAKEN, "There is a room of this name already; choose another.")
    except StorageError as fault:
        raise RequestError(503, ErrorCode.INTERNAL, "The hub cannot read its rooms; its log says why.") from fault


async def import_room(hub: Hub, room: b.RoomId, path: Path, folder: Path) -> Imported:
    """Make a room from a room file, with `folder` for what is on its way; raises `ServerError`."""
    limits = Limits(max_asset_bytes=hub.config.max_asset_bytes)
    verified = await done(ReadRoomFile(path=str(path), limits=limits, folder=str(folder)))
    assert isinstance(verified, Verified)
    for asset in verified.assets:
        await _check_sound(hub, asset, folder / asset.asset)
    epoch = secrets.randbits(31)
    writes = await asyncio.to_thread(_writes, room, epoch, verified)
    await _to_the_end(_store(hub, room, verified.assets, folder, writes))
    return Imported(
        room=room,
        epoch=epoch,
        seq=verified.seq,
        tracks=verified.tracks,
        clips=verified.clips,
        notes=verified.notes,
        assets=len(verified.assets),
        versions=len(verified.versions),
    )


async def _check_sound(hub: Hub, asset: Asset, path: Path) -> None:
    """Have the engine decode a sound, where this hub has an engine (A5)."""
    if hub.config.engine is None:
        return
    checked = await hub.engine.check_asset(asset.asset, path)
    if checked.error is not None:
        raise bad_file(f"The sound '{asset.name}' cannot be read: {checked.error}")
    said = (asset.sample_rate, asset.channels)
    if said != (checked.sample_rate, checked.channels) or abs(asset.samples - checked.samples) > _DECODER_SLACK:
        raise bad_file(f"The sound '{asset.name}' is not as long, or not of the kind, that the file says.")


async def _to_the_end(work: Coroutine[None, None, None]) -> None:
    """Wait for work that must not be left half done, however impatient whoever asked for it is."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _store(hub: Hub, room: b.RoomId, assets: Sequence[Asset], folder: Path, writes: Sequence[Write]) -> None:
    is_kept = False
    async with hub.opening:  # nobody opens a room of this name in between
        await check_name(hub, room)
        try:
            await asyncio.to_thread(_place_sounds, hub, room, assets, folder)
            await hub.storage.write(writes)
            is_kept = True
        except StorageFull as fault:
            raise RequestError(507, ErrorCode.NO_SPACE, "The hub's disk is full; nothing was stored.") from fault
        except StorageError as fault:
            raise RequestError(500, ErrorCode.INTERNAL, "The hub could not store the room.") from fault
        except OSError as fault:
            raise no_space(fault) from fault
        finally:
            if not is_kept:
                await asyncio.to_thread(hub.assets.forget_room, room)


def _place_sounds(hub: Hub, room: b.RoomId, assets: Sequence[Asset], folder: Path) -> None:
    for asset in assets:
        hub.assets.note(room, asset)
        (folder / asset.asset).rename(hub.assets.path(asset.asset))


def _writes(room: b.RoomId, epoch: b.Epoch, verified: Verified) -> list[Write]:
    """All that makes the room, as one batch."""
    first = verified.seq - len(verified.events) + 1
    checkpoint = KeepCheckpoint(room, verified.seq, Path(verified.checkpoint).read_bytes)
    return [
        MakeRoom(room, epoch, first - 1),
        *(AppendEvent(room, seq, body) for seq, body in enumerate(verified.events, first)),
        KeepTransport(room, encode(verified.transport)),
        *(KeepVersion(room, kept.version, Path(kept.path).read_bytes) for kept in verified.versions),
        *([checkpoint] if verified.seq else []),
    ]
