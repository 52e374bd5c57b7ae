"""What can be fetched of a room as a file, and how a room file becomes a room (X1)."""

import asyncio
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

import msgspec
from aiohttp import web

from logdrum_protocol import bounds as b
from logdrum_protocol.errors import ErrorCode
from logdrum_server.assets import no_space
from logdrum_server.entry import HUB, enter, is_admin, room_name
from logdrum_server.errors import RequestError
from logdrum_server.exports.importing import check_name, import_room
from logdrum_server.exports.making import Made, Maker, make_dawproject, make_midi, make_mix, make_room_file, make_stems

log = logging.getLogger(__name__)

WORK_FOLDER: Final = "exports"
MAX_ROOM_FILE_BYTES: Final = 8 * 1024**3
_AT_ONCE: Final = 2
_BLOCK_BYTES: Final = 1024 * 1024
_PATIENCE_S: Final = 60.0

_places: Final = web.AppKey("export places", asyncio.Semaphore)
"""Exports that are made, and room files that are read, at a time; the others wait, and the music goes on."""


def add_export_routes(app: web.Application) -> None:
    """Add the addresses of exports and imports; before any that takes every path."""
    app.on_startup.append(_start)
    app.router.add_get("/v1/rooms/{room}/export/{file}", _export)
    app.router.add_post("/v1/rooms/{room}/import", _import)


async def _start(app: web.Application) -> None:
    """Make the folder in which files are made, and empty it of what a killed hub left."""
    app[_places] = asyncio.Semaphore(_AT_ONCE)
    folder = app[HUB].config.data / WORK_FOLDER
    await asyncio.to_thread(_empty, folder)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def _maker(room: b.RoomId, file: str, kind: str) -> Maker:
    """What makes the file of this name; raises `RequestError`."""
    if kind not in ("wav", "flac"):
        raise RequestError(400, ErrorCode.BAD_PARAMS, "'format' is wav or flac.")
    makers: dict[str, Maker] = {
        f"{room}.logdrum": make_room_file,
        f"{room}.mid": make_midi,
        f"{room}.dawproject": make_dawproject,
        "mix.wav": partial(make_mix, kind="wav"),
        "mix.flac": partial(make_mix, kind="flac"),
        "stems.zip": partial(make_stems, kind="flac" if kind == "flac" else "wav"),
    }
    if file not in makers:
        raise RequestError(404, ErrorCode.NOT_FOUND, f"There is no such export; there are {', '.join(makers)}.")
    return makers[file]


async def _export(request: web.Request) -> web.StreamResponse:
    """Make a file and send it; it has left the disk before its first byte is sent, and lives while it is open."""
    if not is_admin(request):
        enter(request)
    room = room_name(request)
    make = _maker(room, request.match_info["file"], request.query.get("format", "wav"))
    async with _work(request) as folder:
        try:
            async with request.app[_places]:
                made = await make(request.app[HUB], room, folder)
            file = made.path.open("rb")
        except OSError as fault:
            log.exception("export failed", extra={"room": room})
            raise no_space(fault) from fault
    with file:
        return await _send(request, made, file)


@asynccontextmanager
async def _work(request: web.Request) -> AsyncIterator[Path]:
    """A folder of one's own, for as long as it takes."""
    data = request.app[HUB].config.data
    folder = tempfile.TemporaryDirectory(dir=(data / WORK_FOLDER).resolve(), ignore_cleanup_errors=True)
    try:
        yield Path(folder.name)
    finally:
        folder.cleanup()


async def _send(request: web.Request, made: Made, file: BinaryIO) -> web.StreamResponse:
    headers = {**made.headers, "content-type": made.media_type, "content-disposition": _disposition(made.name)}
    response = web.StreamResponse(headers=headers)
    response.content_length = os.fstat(file.fileno()).st_size
    await response.prepare(request)
    while block := await asyncio.to_thread(file.read, _BLOCK_BYTES):
        await _write(response, block)
    await response.write_eof()
    return response


async def _write(response: web.StreamResponse, block: bytes) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await response.write(block)
    except TimeoutError as fault:
        raise ConnectionError("The receiver does not read.") from fault


def _disposition(name: str) -> str:
    """Room names are plain ASCII, and so are these."""
    return f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(name)}"


async def _import(request: web.Request) -> web.Response:
    """Make a room of the file that is the body (X3)."""
    hub, room = request.app[HUB], room_name(request)
    _enter_to_make(request)
    _check_size(request.content_length or 0)
    await check_name(hub, room)
    async with _work(request) as folder:
        path = folder / "room"
        await _receive(request, path)
        async with request.app[_places]:
            imported = await import_room(hub, room, path, folder)
    log.info("room imported", extra={"room": room, "seq": imported.seq})
    return web.json_response(msgspec.to_builtins(imported), status=201)


def _enter_to_make(request: web.Request) -> None:
    """Only an owner of the new room, or who has the hub's own key, may make it (H6)."""
    if not is_admin(request) and enter(request).role not in (None, "owner"):
        raise RequestError(403, ErrorCode.FORBIDDEN, "Only an owner makes a room from a file.")


def _check_size(size: int) -> None:
    if size > MAX_ROOM_FILE_BYTES:
        message = f"A room file may have {MAX_ROOM_FILE_BYTES // 1024**3} GiB."
        raise RequestError(413, ErrorCode.TOO_LARGE, message)


async def _receive(request: web.Request, path: Path) -> None:
    size = 0
    try:
        with path.open("wb") as file:
            async for block in _blocks(request):
                size += len(block)
                _check_size(size)
                await asyncio.to_thread(file.write, block)
    except ConnectionError:
        raise  # the sender's fault, not the disk's
    except OSError as fault:
        raise no_space(fault) from fault


async def _blocks(request: web.Request) -> AsyncIterator[bytes]:
    while not request.content.at_eof():
        try:
            async with asyncio.timeout(_PATIENCE_S):
                block = await request.content.readany()
        except TimeoutError as fault:
            raise ConnectionError("The sender has stopped.") from fault
        yield block
