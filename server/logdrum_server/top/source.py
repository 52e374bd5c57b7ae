"""Asks a hub's admin API, and says in a sentence why there is no answer."""

import http.client
import os
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from logdrum_server.errors import ServerError, StartError
from logdrum_server.views import HubView, RoomDetails

_PATIENCE_S: Final = 3.0
_SHOWN_ROOMS: Final = 8

V = TypeVar("V")


class Look(msgspec.Struct, frozen=True):
    """A hub at one moment, with the details of its busiest rooms."""

    hub: HubView
    rooms: tuple[RoomDetails, ...]


class HubAway(ServerError):
    """No hub answers; there may be one again soon."""


class KeyRefused(ServerError):
    """The hub does not take this key."""


class Source:
    """One hub's admin API."""

    def __init__(self, url: str, key_file: Path) -> None:
        self._url = url
        self._key_file = key_file
        self._parts = urlsplit(url)

    def look(self) -> Look:
        """Return the hub as it is now; raises `ServerError`."""
        connection = self._connection()
        try:
            hub = self._get(connection, "/v1/admin/rooms", HubView)
            if hub is None:
                raise HubAway(f"What answers at {self._url} is no hub of this version.")
            rooms = [self._get(connection, f"/v1/admin/rooms/{name}", RoomDetails) for name in _busiest(hub)]
            return Look(hub, tuple(room for room in rooms if room is not None))
        except (OSError, http.client.HTTPException) as fault:
            raise HubAway(f"No hub answers at {self._url}.") from fault
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(self._parts.hostname or "", self._parts.port, timeout=_PATIENCE_S)

    def _get(self, connection: http.client.HTTPConnection, path: str, view: type[V]) -> V | None:
        """Return what is at a path, None where nothing is: a room may go between two questions."""
        connection.request("GET", path, headers={"authorization": f"Bearer {self._key()}"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 401:
            raise KeyRefused(f"The hub at {self._url} does not take the key in {self._key_file}.")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise HubAway(f"The hub at {self._url} answers with status {answer.status}.")
        try:
            return msgspec.json.decode(body, type=view)
        except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
            raise HubAway(f"What answers at {self._url} is no hub of this version.") from fault

    def _key(self) -> str:
        """The key as the file has it now: a hub that comes back may have another."""
        try:
            key = self._key_file.read_text(encoding="ascii").strip()
        except OSError as fault:
            reason = os.strerror(fault.errno or 0)
            message = f"The admin key {self._key_file} cannot be read: {reason}. Name the hub's folder with --data."
            raise StartError(message) from fault
        except UnicodeDecodeError as fault:
            raise StartError(f"There is no admin key in {self._key_file}.") from fault
        if not key.isprintable():
            raise StartError(f"There is no admin key in {self._key_file}.")
        return key


def _busiest(hub: HubView) -> list[str]:
    live = sorted((room for room in hub.rooms if room.in_memory), key=lambda room: -room.connections)
    return [room.room for room in live[:_SHOWN_ROOMS]]
