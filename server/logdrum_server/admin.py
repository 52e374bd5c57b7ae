"""The admin API, behind a key of its own: who is here and how they fare; put out, close, forget, drain."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Final

import msgspec
from aiohttp import web

from logdrum_protocol import bounds as b
from logdrum_protocol.document import DEFAULTS
from logdrum_protocol.errors import ErrorCode
from logdrum_server import __version__
from logdrum_server.entry import HUB, is_admin, room_name
from logdrum_server.errors import RequestError
from logdrum_server.hub import Hub
from logdrum_server.live_room import LiveRoom
from logdrum_server.metrics import lag_bytes
from logdrum_server.services import Peer
from logdrum_server.storage.contract import RoomSize, StorageError
from logdrum_server.views import CommitView, HubView, JobView, MemberView, RoomDetails, RoomView

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_WRONG_KEY: Final = "The admin API asks for `Authorization: Bearer` and what admin.key in the hub's data folder says."
_NO_ROOM: Final = "There is no such room."


class Caller(msgspec.Struct, frozen=True):
    """Where a connection comes from, and since when."""

    address: str | None
    since_us: b.Micros


CALLERS: Final = web.AppKey("callers", MutableMapping[Peer, Caller])


class _Kick(msgspec.Struct, frozen=True):
    session: b.SessionId


def add_admin_routes(app: web.Application) -> None:
    """Serve the admin API."""
    app[CALLERS] = {}
    for method, path, handler in (
        ("GET", "/v1/admin/rooms", _rooms),
        ("GET", "/v1/admin/rooms/{room}", _room),
        ("DELETE", "/v1/admin/rooms/{room}", _forget),
        ("POST", "/v1/admin/rooms/{room}/kick", _kick),
        ("POST", "/v1/admin/rooms/{room}/close", _close),
        ("POST", "/v1/admin/drain", _drain),
    ):
        app.router.add_route(method, path, for_admins(handler))


def for_admins(handler: Handler) -> Handler:
    """Return a handler that answers to the admin key alone."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if not is_admin(request):
            raise RequestError(401, ErrorCode.BAD_TOKEN, _WRONG_KEY)
        return await handler(request)

    return guarded


async def _rooms(request: web.Request) -> web.Response:
    hub = request.app[HUB]
    sizes = {size.room: size for size in await _sizes(hub)}
    live = [_view(room, sizes.pop(room.name, None)) for room in list(hub.rooms.values())]
    stored = [_stored_view(size) for size in sizes.values()]
    return _json(_hub_view(hub, sorted((*live, *stored), key=lambda view: view.room)))


async def _room(request: web.Request) -> web.Response:
    hub, name = request.app[HUB], room_name(request)
    size = next((size for size in await _sizes(hub) if size.room == name), None)
    room = hub.rooms.get(name)
    if room is not None:
        return _json(_details(room, size, request.app[CALLERS]))
    if size is None:
        raise RequestError(404, ErrorCode.NOT_FOUND, _NO_ROOM)
    return _json(RoomDetails(room=_stored_view(size)))


async def _kick(request: web.Request) -> web.Response:
    hub, name = request.app[HUB], room_name(request)
    try:
        session = msgspec.json.decode(await request.read(), type=_Kick).session
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise RequestError(400, ErrorCode.BAD_MESSAGE, 'The body is {"session": "…"}.') from fault
    if not hub.kick(name, session):
        raise RequestError(404, ErrorCode.NOT_FOUND, "There is no such member in this room.")
    log.info("member put out", extra={"room": name, "session": session})
    try:
        await asyncio.to_thread(hub.doors.put_out.add, name, session)
    except OSError as fault:
        message = "The member is put out, but the hub's disk did not take it: a restart lets the session come back."
        raise RequestError(507, ErrorCode.NO_SPACE, message) from fault
    return web.json_response({"status": "put out"})


async def _close(request: web.Request) -> web.Response:
    hub, name = request.app[HUB], room_name(request)
    if not await hub.close_room(name):
        raise RequestError(404, ErrorCode.NOT_FOUND, "There is no such room in memory.")
    return web.json_response({"status": "closed"})


async def _forget(request: web.Request) -> web.Response:
    hub, name = request.app[HUB], room_name(request)
    try:
        was_there = await hub.forget_room(name)
    except StorageError as fault:
        raise _storage_fault(fault) from fault
    if not was_there:
        raise RequestError(404, ErrorCode.NOT_FOUND, _NO_ROOM)
    log.info("room forgotten", extra={"room": name})
    return web.json_response({"status": "forgotten"})


async def _drain(request: web.Request) -> web.Response:
    log.info("draining")
    await request.app[HUB].drain()
    return web.json_response({"status": "drained"})


async def _sizes(hub: Hub) -> Iterable[RoomSize]:
    try:
        return await hub.storage.sizes()
    except StorageError as fault:
        raise _storage_fault(fault) from fault


def _storage_fault(fault: StorageError) -> RequestError:
    log.error("storage refused an admin", extra={"reason": str(fault)})
    return RequestError(503, ErrorCode.INTERNAL, "The hub's storage did not do this; its log says why.")


def _json(view: msgspec.Struct) -> web.Response:
    return web.Response(body=msgspec.json.encode(view), content_type="application/json")


def _hub_view(hub: Hub, rooms: Iterable[RoomView]) -> HubView:
    return HubView(
        version=__version__,
        now_us=hub.clock.now_us(),
        draining=hub.draining,
        engine="none" if hub.config.engine is None else "absent" if hub.ready is None else "ready",
        engine_restarts=hub.engine.restarts,
        commits=_commits(hub),
        events=hub.counts.events,
        rejects=hub.counts.rejects,
        resumes={str(outcome): count for outcome, count in hub.counts.resumes.items()},
        turned_away={str(reason): count for reason, count in hub.counts.turned_away.items()},
        rooms=tuple(rooms),
    )


def _commits(hub: Hub) -> CommitView:
    committer = hub.committer
    return CommitView(
        commits=committer.commits,
        writes=committer.writes,
        failures=committer.failures,
        p50_s=committer.latency.quantile(0.5),
        p99_s=committer.latency.quantile(0.99),
        longest_s=committer.latency.longest,
    )


def _stored_view(size: RoomSize) -> RoomView:
    return RoomView(room=size.room, in_memory=False, epoch=size.epoch, seq=size.seq, stored_bytes=size.stored_bytes)


def _view(room: LiveRoom, size: RoomSize | None) -> RoomView:
    lags = [lag_bytes(peer) for peer in room.peers.values()]
    document = room.state.settled.document
    return RoomView(
        room=room.name,
        in_memory=True,
        epoch=room.state.epoch,
        seq=room.state.settled.seq,
        stored_bytes=0 if size is None else size.stored_bytes,
        members=len(room.state.sessions),
        connections=len(room.peers),
        entities={kind: document.count(kind) for kind in DEFAULTS},
        jobs=Counter(job.view.state for job in room.state.jobs.values()),
        lag_bytes=sum(lags),
        lag_bytes_max=max(lags, default=0),
        blocked=sum(peer.lanes.blocked for peer in room.peers.values()),
        gap_samples=room.gaps(),
        received=room.received,
        published=room.published,
    )


def _details(room: LiveRoom, size: RoomSize | None, callers: MutableMapping[Peer, Caller]) -> RoomDetails:
    return RoomDetails(
        room=_view(room, size),
        members=tuple(_member(room, session, callers) for session in room.state.sessions),
        jobs=tuple(
            JobView(
                job=job.job,
                kind=job.view.kind,
                by=job.view.by,
                state=job.view.state,
                progress=job.view.progress,
                prompt=job.view.params.prompt or "",
            )
            for job in room.state.jobs.values()
        ),
    )


def _member(room: LiveRoom, session: b.SessionId, callers: MutableMapping[Peer, Caller]) -> MemberView:
    member, peer = room.state.sessions[session].member, room.peers.get(session)
    if peer is None:
        return MemberView(session=session, name=member.name, role=member.role, connected=False)
    caller = callers.get(peer)
    return MemberView(
        session=session,
        name=member.name,
        role=member.role,
        connected=True,
        address=None if caller is None else caller.address,
        since_us=None if caller is None else caller.since_us,
        lag_bytes=lag_bytes(peer),
        blocked=peer.lanes.blocked,
        gap_samples=peer.lanes.gap_samples,
    )
