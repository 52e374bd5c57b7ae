"""What every HTTP route asks of a request: which hub, which room, and whether its sender may (C1, C8, H6)."""

import re
from typing import Final

from aiohttp import hdrs, web

from logdrum_protocol import bounds as b
from logdrum_protocol.errors import ErrorCode
from logdrum_server.doors import Pass, TokenRefused
from logdrum_server.errors import RequestError
from logdrum_server.hub import Hub

HUB: Final = web.AppKey("hub", Hub)

_ROOM: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_FOREIGN: Final = "Pages from elsewhere may not speak to this hub; start it with --origin {0} if they should."


def room_name(request: web.Request) -> b.RoomId:
    """Return the room that a request names, whether or not there is one; raises `RequestError` (C1)."""
    name = request.match_info["room"]
    if not _ROOM.fullmatch(name):
        message = "A room's name has 1 to 64 of a-z, 0-9 and '-', and begins with a letter or digit."
        raise RequestError(400, ErrorCode.BAD_ROOM, message)
    return name


def check_origin(request: web.Request) -> None:
    """Turn away the pages of others; raises `RequestError` (C8)."""
    hub, origin = request.app[HUB], request.headers.get(hdrs.ORIGIN)
    if not hub.doors.origins.admits(origin, request.host):
        hub.counts.turned_away["origin"] += 1
        raise RequestError(403, ErrorCode.BAD_ORIGIN, _FOREIGN.format(origin))


def enter(request: web.Request) -> Pass:
    """Return what a request's token, or its absence, opens; raises `RequestError` (C8, H6)."""
    hub, room = request.app[HUB], room_name(request)
    check_origin(request)
    if not hub.doors.origins.knows(request.host):  # a rebound page reads from "itself", and says no origin at that
        raise RequestError(403, ErrorCode.BAD_ORIGIN, _FOREIGN.format(f"{request.scheme}://{request.host}"))
    try:
        return hub.doors.admit(_token(request), room)
    except TokenRefused as fault:
        hub.counts.turned_away["token"] += 1
        raise RequestError(401, ErrorCode.BAD_TOKEN, str(fault)) from fault


def enter_to_change(request: web.Request) -> Pass:
    """The same for what a listener may not do (D8)."""
    admitted = enter(request)
    if admitted.role == "listener":
        raise RequestError(403, ErrorCode.FORBIDDEN, "A listener changes nothing in a room.")
    return admitted


def bearer(request: web.Request) -> str | None:
    """What comes as `Authorization: Bearer`."""
    scheme, _, credentials = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


def is_admin(request: web.Request) -> bool:
    """Whether a request brings the hub's own key."""
    return request.app[HUB].doors.is_admin(bearer(request) or "")


def _token(request: web.Request) -> str | None:
    return bearer(request) or request.query.get("token")
