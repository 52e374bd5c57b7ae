"""What of a room is behind HTTP addresses: audio that did not come over the socket, and sounds (A4, A5, H6)."""

import asyncio
import http.client
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from logdrum_client.address import HubAddress
from logdrum_client.errors import AudioGone, HubUnreachable, RequestRefused
from logdrum_client.line import BYTES_PER_SAMPLE
from logdrum_protocol import bounds as b

SPAN_SAMPLES: Final = 10 * 48_000
"""Most that is asked for at once: 1.9 MB."""

_TIMEOUT_S: Final = 10.0
_UPLOAD_TIMEOUT_S: Final = 120.0
"""Without a byte moving; the hub looks through a long sound before it answers."""
_MAX_ANSWER: Final = 65_536
_GONE: Final = (404, 410, 416)

FetchSpan: TypeAlias = Callable[[str, int, int], Awaitable[bytes]]
"""Returns samples `from` to `to` of a stream, or raises `AudioGone`."""


class _Refusal(msgspec.Struct):
    code: str
    message: str


class _Stored(msgspec.Struct):
    asset: b.AssetId


class HttpRefusal(RequestRefused):
    """The hub answered with a status that is no success."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code, message)
        self.status = status


class RoomFiles:
    """Fetches and stores what belongs to one room."""

    def __init__(self, address: HubAddress, room: str, token: str | None = None) -> None:
        self._address = address
        self._room = room
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        # No proxy, as for the socket: both must come from the same hub.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    async def span(self, stream: str, from_sample: int, to_sample: int) -> bytes:
        """Return samples of a stream, all of them; `AudioGone` where the hub does not hold them (A4)."""
        url = self._address.stream_span(self._room, stream, from_sample, to_sample)
        request = urllib.request.Request(url, headers=self._headers)  # noqa: S310  # the hub's own address
        limit = SPAN_SAMPLES * BYTES_PER_SAMPLE + 1
        try:
            audio = await asyncio.to_thread(self._call, request, _TIMEOUT_S, limit)
        except HttpRefusal as refusal:
            raise AudioGone(refusal.message) if refusal.status in _GONE else refusal from None
        if len(audio) != (to_sample - from_sample) * BYTES_PER_SAMPLE:
            raise AudioGone("The hub does not hold all of the audio that was asked for.")
        return audio

    async def store(self, path: Path, member: Mapping[str, str]) -> b.AssetId:
        """Store a sound, in the name of the member whom these headers prove, and return its id (A5)."""
        return await asyncio.to_thread(self._store, path, member)

    def _store(self, path: Path, member: Mapping[str, str]) -> b.AssetId:
        with path.open("rb") as file:
            headers = {
                **self._headers,
                **member,
                "Content-Type": "application/octet-stream",
                "Content-Length": str(path.stat().st_size),
            }
            url = self._address.assets(self._room, path.name)
            request = urllib.request.Request(url, data=file, headers=headers, method="POST")  # noqa: S310
            answer = self._call(request, _UPLOAD_TIMEOUT_S, _MAX_ANSWER)
        try:
            return msgspec.json.decode(answer, type=_Stored).asset
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise HubUnreachable("What answered an upload is no hub.") from None

    def _call(self, request: urllib.request.Request, timeout_s: float, max_bytes: int) -> bytes:
        try:
            with self._opener.open(request, timeout=timeout_s) as response:
                body: bytes = response.read(max_bytes)
                return body
        except urllib.error.HTTPError as fault:
            raise _refused(fault) from None
        except (OSError, http.client.HTTPException) as fault:
            raise HubUnreachable("The hub does not answer a request.") from fault


def _refused(fault: urllib.error.HTTPError) -> HttpRefusal:
    try:
        refusal = msgspec.json.decode(fault.read(_MAX_ANSWER), type=_Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError):
        refusal = _Refusal("internal", f"The hub answered with HTTP {fault.code}.")
    return HttpRefusal(fault.code, refusal.code, refusal.message)
