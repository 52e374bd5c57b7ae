"""Where a hub is: from what a person types to the addresses of its rooms and streams."""

import re
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec

from logdrum_client.errors import BadAddressError

_ROOM: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SECURE: Final = {"ws": False, "http": False, "wss": True, "https": True}


class HubAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A hub's place on the network."""

    authority: str
    path: str = ""
    secure: bool = False

    def room_socket(self, room: str) -> str:
        """The WebSocket of a room (C1)."""
        return f"{'wss' if self.secure else 'ws'}://{self.authority}{self.path}/v1/rooms/{checked_room(room)}/ws"

    def stream_span(self, room: str, stream: str, from_sample: int, to_sample: int) -> str:
        """Where a span of a stream's samples can be fetched (A4)."""
        query = urlencode({"from_sample": from_sample, "to_sample": to_sample})
        return f"{self._http(room)}/streams/{stream}?{query}"

    def assets(self, room: str, name: str) -> str:
        """Where a sound of this name can be stored (A5)."""
        return f"{self._http(room)}/assets?{urlencode({'name': name})}"

    def _http(self, room: str) -> str:
        return f"{'https' if self.secure else 'http'}://{self.authority}{self.path}/v1/rooms/{checked_room(room)}"


def parse_address(url: str) -> HubAddress:
    """Read a hub's address: ws, wss, http or https, or a bare `host:port`."""
    parts = urlsplit(url if "://" in url else f"ws://{url}")
    if parts.scheme not in _SECURE or not parts.hostname or not _has_good_port(parts.netloc):
        raise BadAddressError(f"'{url}' is no hub's address; one looks like ws://127.0.0.1:8765.")
    return HubAddress(authority=parts.netloc, path=parts.path.rstrip("/"), secure=_SECURE[parts.scheme])


def checked_room(room: str) -> str:
    """Return the room's name, if it can be one (C1)."""
    if not _ROOM.fullmatch(room):
        raise BadAddressError(f"'{room}' is no room's name: 1 to 64 of a-z, 0-9 and -, not beginning with -.")
    return room


def _has_good_port(authority: str) -> bool:
    try:
        return urlsplit(f"ws://{authority}").port != 0
    except ValueError:
        return False
