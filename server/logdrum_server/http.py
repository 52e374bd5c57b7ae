"""Everything on the one port that is not a WebSocket: the page, streams, assets, health and metrics (A4, A5, E2)."""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from logdrum_protocol.bounds import SUBPROTOCOL, RoomId, SessionId
from logdrum_protocol.errors import CloseCode, ErrorCode
from logdrum_protocol.records import ResumePoint
from logdrum_server.admin import CALLERS, Caller, add_admin_routes
from logdrum_server.connection import CLOSE_S, HEARTBEAT_S, Connection
from logdrum_server.core.course import Span
from logdrum_server.entry import HUB, check_origin, enter, enter_to_change, room_name
from logdrum_server.errors import EngineUnavailable, RequestError
from logdrum_server.exports.routes import add_export_routes
from logdrum_server.headers import PAGE_POLICY, add_headers, preflight
from logdrum_server.hub import Hub
from logdrum_server.live_room import LiveRoom
from logdrum_server.metrics import registry
from logdrum_server.recorder import blocks
from logdrum_server.storage.contract import StorageError
from logdrum_server.tape import BYTES_PER_SAMPLE, Tape

log = logging.getLogger(__name__)

_NO_PAGE: Final = "The page is not built: run `make page` in the checkout, or pass --page with its folder.\n"
_PAGE_HEADERS: Final = {"content-security-policy": PAGE_POLICY, "cache-control": "no-cache"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(hub: Hub) -> web.Application:
    """Return the application that serves a hub."""
    app = web.Application(middlewares=[_errors], client_max_size=hub.config.max_asset_bytes)
    app[HUB] = hub
    app.on_response_prepare.append(add_headers)
    app.router.add_get("/v1/rooms/{room}/ws", _socket)
    app.router.add_get("/v1/rooms/{room}/streams/{stream}", _stream)
    app.router.add_post("/v1/rooms/{room}/assets", _upload)
    app.router.add_get("/v1/rooms/{room}/assets/{asset}", _asset)
    app.router.add_options("/v1/rooms/{rest:.+}", preflight)
    add_admin_routes(app)
    add_export_routes(app)
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/", _page)
    app.router.add_get("/r/{room}", _page)
    app.router.add_get("/{file:.+}", _page_file)
    return app


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every failure as `{code, message}`; the log gets the traceback, the peer never (E1, E2)."""
    try:
        return await handler(request)
    except RequestError as fault:
        return _refusal(fault.status, fault.code, fault.message)
    except EngineUnavailable as fault:
        return _refusal(503, ErrorCode.NO_ENGINE, str(fault))
    except web.HTTPException as fault:
        if fault.status < 400:
            raise
        code = ErrorCode.NOT_FOUND if fault.status == 404 else ErrorCode.BAD_MESSAGE
        return _refusal(fault.status, code, f"{fault.reason}.")
    except ConnectionError:
        raise  # the peer has gone; there is no one to answer
    except Exception:
        log.exception("request failed", extra={"path": request.path})
        return _refusal(500, ErrorCode.INTERNAL, "The hub could not answer this; its log says why.")


def _refusal(status: int, code: ErrorCode, message: str) -> web.Response:
    headers = {hdrs.WWW_AUTHENTICATE: "Bearer"} if status == 401 else None
    return web.json_response({"code": code, "message": message}, status=status, headers=headers)


async def _socket(request: web.Request) -> web.StreamResponse:
    hub, name, address = request.app[HUB], room_name(request), request.remote
    offered = [item.strip() for item in request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",")]
    if SUBPROTOCOL not in offered:
        raise RequestError(400, ErrorCode.BAD_SUBPROTOCOL, f"Connect by WebSocket with subprotocol '{SUBPROTOCOL}'.")
    check_origin(request)
    if not hub.doors.addresses.enter(address):
        hub.counts.turned_away["address"] += 1
        raise RequestError(429, ErrorCode.RATE_LIMITED, "There are too many connections from this address.")
    try:
        return await _converse(hub, name, request)
    finally:
        hub.doors.addresses.leave(address)


async def _converse(hub: Hub, name: RoomId, request: web.Request) -> web.StreamResponse:
    ws = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        heartbeat=HEARTBEAT_S,
        timeout=CLOSE_S,
        max_msg_size=hub.config.max_message_bytes,
        compress=False,
        autoclose=False,  # after a close frame of ours, none of aiohttp's: browsers take that for an error
    )
    if hub.draining:
        await ws.prepare(request)
        await ws.close(code=CloseCode.DRAINING, message=b"The hub is going down; come back in a moment.")
        return ws
    connection = Connection(hub, name, ws)
    request.app[CALLERS][connection] = Caller(request.remote, hub.clock.now_us())
    try:
        await connection.run(request)
    finally:
        del request.app[CALLERS][connection]
    return ws


async def _stream(request: web.Request) -> web.StreamResponse:
    hub = request.app[HUB]
    room = hub.rooms.get(enter(request).room)
    tape = room.find_tape(request.match_info["stream"]) if room is not None else None
    if tape is None:
        raise RequestError(404, ErrorCode.NOT_FOUND, "This room has no such stream.")
    spans = _spans(request, tape)
    response = web.StreamResponse(headers={"content-type": "application/octet-stream", "x-logdrum-codec": "pcm_s16le"})
    response.content_length = sum(end - start for start, end in spans) * BYTES_PER_SAMPLE
    first, *others = blocks(spans)
    audio = await hub.recorder.read(tape, *first)  # before the answer begins: it may not be there after all
    await response.prepare(request)
    await response.write(audio)
    for span in others:
        await response.write(await hub.recorder.read(tape, *span))
    await response.write_eof()
    return response


def _spans(request: web.Request, tape: Tape) -> list[Span]:
    """Where the samples that a request asks for are on the tape, in the sound's order (A2, A4)."""
    first, last = tape.held
    start, end = _sample(request, "from_sample", first), _sample(request, "to_sample", last)
    spans = tape.course.spans(start, end)
    if start >= end or end > tape.samples or any(stop > tape.head for _, stop in spans):
        raise RequestError(416, ErrorCode.BAD_RANGE, f"The stream holds samples {first} to {last}.")
    if any(begin < tape.first for begin, _ in spans):
        raise RequestError(410, ErrorCode.GONE, f"Samples before {first} are no longer kept.")
    return spans


def _sample(request: web.Request, name: str, otherwise: int) -> int:
    value = request.query.get(name, str(otherwise))
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise RequestError(400, ErrorCode.BAD_RANGE, f"'{name}' is a whole number of samples.")
    return int(value)


async def _upload(request: web.Request) -> web.Response:
    hub, admitted = request.app[HUB], enter_to_change(request)
    room = await hub.find_room(admitted.room)
    if room is None:
        raise RequestError(404, ErrorCode.NOT_FOUND, "There is no such room yet; join it first.")
    _check_upload(request, room)
    asset = await hub.assets.receive(request.content.iter_chunked(256 * 1024))
    note = await hub.add_asset(room.name, asset, request.query.get("name", "")[:256], _uploader(request, room))
    fields = {name: getattr(note, name) for name in ("asset", "samples", "sample_rate", "channels")}
    return web.json_response(fields, status=201)


def _check_upload(request: web.Request, room: LiveRoom) -> None:
    """Refuse what could not be kept before it is sent (A5)."""
    limits = room.state.limits
    if (request.content_length or 0) > limits.max_asset_bytes:
        message = f"A sound may have {limits.max_asset_bytes // 1024 // 1024} MiB."
        raise RequestError(413, ErrorCode.TOO_LARGE, message)
    if len(room.state.settled.assets) >= limits.max_assets:
        raise RequestError(409, ErrorCode.TOO_MANY, f"A room keeps {limits.max_assets} sounds.")


def _uploader(request: web.Request, room: LiveRoom) -> SessionId | None:
    """The session that its headers prove to have sent this, if any (A5)."""
    session, key = (request.headers.get(f"x-logdrum-{name}", "") for name in ("session", "key"))
    is_right = room.holds(ResumePoint(session=session, key=key, epoch=room.state.epoch, seq=0))
    return session if is_right else None


async def _asset(request: web.Request) -> web.StreamResponse:
    path = request.app[HUB].assets.find(enter(request).room, request.match_info["asset"])
    return web.FileResponse(path, headers={"content-type": _media_type(path)})


def _media_type(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(8)
    if head[4:] == b"ftyp":
        return "audio/mp4"
    return {b"RIFF": "audio/wav", b"fLaC": "audio/flac", b"OggS": "audio/ogg"}.get(head[:4], "audio/mpeg")


async def _healthz(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _readyz(request: web.Request) -> web.Response:
    hub = request.app[HUB]
    waiting = hub.draining or (hub.config.engine is not None and hub.ready is None)
    state = "draining" if hub.draining else "engine" if waiting else "ready"
    return web.json_response({"status": state}, status=503 if waiting else 200)


async def _metrics(request: web.Request) -> web.Response:
    hub = request.app[HUB]
    try:
        sizes = await hub.storage.sizes()
    except StorageError:
        sizes = None  # of a storage that fails the rest is wanted all the more
    body = generate_latest(registry(hub, sizes))
    return web.Response(body=body, headers={"content-type": CONTENT_TYPE_LATEST})


async def _page(request: web.Request) -> web.StreamResponse:
    page = request.app[HUB].config.page
    if page is None:
        return web.Response(text=_NO_PAGE, status=404)
    return web.FileResponse(page / "index.html", headers=_PAGE_HEADERS)


async def _page_file(request: web.Request) -> web.StreamResponse:
    page = request.app[HUB].config.page
    if page is not None:
        path = _file_in(page, request.match_info["file"])
        if path is not None:
            return web.FileResponse(path, headers=_PAGE_HEADERS)
    raise RequestError(404, ErrorCode.NOT_FOUND, "There is nothing at this address.")


def _file_in(folder: Path, name: str) -> Path | None:
    """The file of that name, None where there is none, or where nothing can be called that."""
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError):
        return None
