"""Makes each kind of export in a folder: the hub brings what it has, others do the work (X2 to X6)."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import msgspec

from logdrum_protocol import bounds as b
from logdrum_protocol.errors import ErrorCode
from logdrum_server.errors import RequestError
from logdrum_server.exports.archive import add_file, entry
from logdrum_server.exports.mix_order import Format
from logdrum_server.exports.source import read_kept
from logdrum_server.exports.tasks import (
    Kept,
    KeptVersion,
    ListVersions,
    MakeDawproject,
    MakeMidi,
    MakeRoomFile,
    MixAccount,
    PlanMix,
    Planned,
    Versions,
)
from logdrum_server.exports.workshop import done
from logdrum_server.hub import Hub


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is ready to be sent."""

    path: Path
    name: str
    media_type: str
    headers: Mapping[str, str] = {}


Maker = Callable[[Hub, b.RoomId, Path], Awaitable[Made]]
"""Makes an export of a room in a folder; raises `ServerError`, OSError."""


async def make_room_file(hub: Hub, room: b.RoomId, folder: Path) -> Made:
    """Make the whole room (X2)."""
    kept, path = await read_kept(hub, room), folder / "room"
    versions = await _fetch_versions(hub, kept, folder)
    await done(MakeRoomFile(kept=kept, versions=versions, out=str(path)))
    return Made(path=path, name=f"{room}.logdrum", media_type="application/vnd.logdrum.room+zip")


async def _fetch_versions(hub: Hub, kept: Kept, folder: Path) -> tuple[KeptVersion, ...]:
    """Put each version's document into a file; one that was deleted a moment ago is left out."""
    listed, fetched = await done(ListVersions(kept=kept)), []
    assert isinstance(listed, Versions)
    for number, version in enumerate(listed.versions):
        body = await hub.read(hub.storage.read_version(kept.room, version), kept.room)
        if body is not None:
            path = folder / f"version-{number}"
            await asyncio.to_thread(path.write_bytes, body)
            fetched.append(KeptVersion(version, str(path)))
    return tuple(fetched)


async def make_midi(hub: Hub, room: b.RoomId, folder: Path) -> Made:
    """Make a Standard MIDI File of the notes (X4)."""
    path = folder / "midi"
    await done(MakeMidi(kept=await read_kept(hub, room), out=str(path)))
    return Made(path=path, name=f"{room}.mid", media_type="audio/midi")


async def make_dawproject(hub: Hub, room: b.RoomId, folder: Path) -> Made:
    """Make a DAWproject (X5)."""
    path = folder / "dawproject"
    await done(MakeDawproject(kept=await read_kept(hub, room), out=str(path)))
    return Made(path=path, name=f"{room}.dawproject", media_type="application/zip")


async def make_mix(hub: Hub, room: b.RoomId, folder: Path, kind: Format) -> Made:
    """Make the mix (X6)."""
    planned = await _plan(hub, room, folder, kind, stems=False)
    gain_db = await _render(hub, planned)
    headers = {"X-Logdrum-Mix": _in_brief(planned.account, gain_db)}
    return Made(path=folder / "mix", name=f"{room} mix.{kind}", media_type=f"audio/{kind}", headers=headers)


async def make_stems(hub: Hub, room: b.RoomId, folder: Path, kind: Format) -> Made:
    """Make a zip with a stem of each track that is heard (X6)."""
    planned, path = await _plan(hub, room, folder, kind, stems=True), folder / "stems"
    gain_db = await _render(hub, planned)
    files = [folder / name for name in planned.account.files]
    account = msgspec.json.encode({"gain_db": gain_db, **msgspec.to_builtins(planned.account)})
    await asyncio.to_thread(_pack, path, files, msgspec.json.format(account))
    headers = {"X-Logdrum-Mix": _in_brief(planned.account, gain_db)}
    return Made(path=path, name=f"{room} stems.zip", media_type="application/zip", headers=headers)


async def _plan(hub: Hub, room: b.RoomId, folder: Path, kind: Format, *, stems: bool) -> Planned:
    kept, mix = await read_kept(hub, room), secrets.token_hex(8)
    planned = await done(PlanMix(kept=kept, mix=mix, format=kind, folder=str(folder), stems=stems))
    assert isinstance(planned, Planned)
    return planned


async def _render(hub: Hub, planned: Planned) -> float:
    rendered = await hub.engine.render_mix(planned.order)
    if rendered.error is not None:
        raise RequestError(500, ErrorCode.ENGINE_ERROR, rendered.error)
    return rendered.gain_db


def _in_brief(account: MixAccount, gain_db: float) -> str:
    """What a header can hold of it: how many, not which."""
    lists = {name: len(getattr(account, name)) for name in ("tracks", "silenced")}
    return msgspec.json.encode({"gain_db": gain_db, "bpm": account.bpm, "samples": account.samples, **lists}).decode()


def _pack(path: Path, files: Sequence[Path], account: bytes) -> None:
    """Move files into an archive, one at a time, so that the disk holds hardly more than them."""
    with ZipFile(path, "w") as archive:
        archive.writestr(entry("stems.json", ZIP_STORED), account)
        for file in files:
            add_file(archive, entry(file.name, ZIP_STORED), file)
            file.unlink()
