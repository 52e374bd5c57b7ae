"""Fetches over HTTP what did not come over the socket (A4)."""

import asyncio
import http.client
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import msgspec

from logdrum_client.address import HubAddress
from logdrum_client.errors import AudioGone, HubUnreachable, RequestRefused
from logdrum_client.line import BYTES_PER_SAMPLE

SPAN_SAMPLES: Final = 10 * 48_000
"""Most that is asked for at once: 1.9 MB."""

_TIMEOUT_S: Final = 10.0
_GONE: Final = (404, 410, 416)

FetchSpan: TypeAlias = Callable[[str, int, int], Awaitable[bytes]]
"""Returns samples `from` to `to` of a stream, or raises `AudioGone`."""


class _Refusal(msgspec.Struct):
    code: str
    message: str


class SpanFetcher:
    """Fetches spans of a room's streams."""

    def __init__(self, address: HubAddress, room: str) -> None:
        self._address = address
        self._room = room
        # No proxy, as for the socket: both must come from the same hub.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    async def __call__(self, stream: str, from_sample: int, to_sample: int) -> bytes:
        """Return the samples, all of them."""
        url = self._address.stream_span(self._room, stream, from_sample, to_sample)
        data = await asyncio.to_thread(self._get, url)
        if len(data) != (to_sample - from_sample) * BYTES_PER_SAMPLE:
            raise AudioGone("The hub does not hold all of the audio that was asked for.")
        return data

    def _get(self, url: str) -> bytes:
        try:
            with self._opener.open(url, timeout=_TIMEOUT_S) as response:
                body: bytes = response.read(SPAN_SAMPLES * BYTES_PER_SAMPLE + 1)
                return body
        except urllib.error.HTTPError as fault:
            raise _refused(fault) from None
        except (OSError, http.client.HTTPException) as fault:
            raise HubUnreachable("The hub does not answer a request for audio.") from fault


def _refused(fault: urllib.error.HTTPError) -> AudioGone | RequestRefused:
    try:
        refusal = msgspec.json.decode(fault.read(65_536), type=_Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError):
        refusal = _Refusal("internal", f"The hub answered a request for audio with HTTP {fault.code}.")
    return AudioGone(refusal.message) if fault.code in _GONE else RequestRefused(refusal.code, refusal.message)
