"""One WebSocket to a room: typed messages in and out, nothing remembered (C rules)."""

import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from logdrum_client.address import parse_address
from logdrum_client.errors import BadAddressError, BadHubMessageError, Disconnected, HubUnreachable, JoinRefused
from logdrum_protocol.bounds import SUBPROTOCOL
from logdrum_protocol.client_messages import ClientMessage
from logdrum_protocol.codec import decode_hub_message, encode
from logdrum_protocol.errors import ErrorCode, ProtocolError
from logdrum_protocol.hub_messages import HubMessage

MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
"""A `welcome` with a whole document in it may be larger than what a client may send."""

_OPEN_TIMEOUT_S: Final = 10.0
_CLOSE_TIMEOUT_S: Final = 2.0
_PING_INTERVAL_S: Final = 10.0
_PING_TIMEOUT_S: Final = 15.0
_NO_CLOSE_FRAME: Final = 1006
_QUEUED_FRAMES: Final = 64


class _Refusal(msgspec.Struct):
    code: str = ErrorCode.INTERNAL
    message: str = "The hub refused the connection."


class Connection:
    """Sends and receives typed messages; made by `open_connection`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, message: ClientMessage) -> None:
        """Send a message, waiting while the network is slower than us; `Disconnected` once it has ended."""
        await self.send_bytes(encode(message))

    async def send_bytes(self, frame: bytes) -> None:
        """Send a frame as it is: for load generators that encode once, and for tests that send rubbish."""
        try:
            await self._socket.send(frame)
        except ConnectionClosed as closed:
            raise _disconnected(closed) from None

    async def receive(self) -> HubMessage:
        """Return the next message; `Disconnected` at the end, whoever closed."""
        while True:
            frame = await self.receive_bytes()
            try:
                return decode_hub_message(frame, MAX_FRAME_BYTES)
            except ProtocolError as fault:
                if fault.code is not ErrorCode.UNKNOWN_TYPE:  # C3: a newer hub may say more
                    raise BadHubMessageError(fault.message) from fault

    async def receive_bytes(self) -> bytes:
        """Return the next frame undecoded."""
        try:
            frame = await self._socket.recv(decode=False)
        except ConnectionClosed as closed:
            raise _disconnected(closed) from None
        return frame

    async def __aiter__(self) -> AsyncIterator[HubMessage]:
        try:
            while True:
                yield await self.receive()
        except Disconnected:
            return

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection and wait for the hub's answer, not for long."""
        await self._socket.close(code, reason)

    def abort(self) -> None:
        """Drop the connection without a word, as a cut cable does."""
        self._socket.transport.abort()


@contextlib.asynccontextmanager
async def open_connection(url: str, room: str) -> AsyncIterator[Connection]:
    """Connect to a room of the hub at `url`; `hello` is the caller's to send (C1, H1)."""
    socket = await _open(parse_address(url).room_socket(room))
    try:
        yield Connection(socket)
    finally:
        await socket.close()


async def _open(address: str) -> ClientConnection:
    try:
        return await connect(
            address,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            proxy=None,
            max_size=MAX_FRAME_BYTES,
            max_queue=_QUEUED_FRAMES,
            open_timeout=_OPEN_TIMEOUT_S,
            close_timeout=_CLOSE_TIMEOUT_S,
            ping_interval=_PING_INTERVAL_S,
            ping_timeout=_PING_TIMEOUT_S,
        )
    except InvalidStatus as refused:
        raise _refusal(refused) from refused
    except (OSError, TimeoutError, InvalidHandshake) as fault:
        raise HubUnreachable(f"No hub answers at {address}.") from fault
    except InvalidURI as fault:
        raise BadAddressError(f"'{address}' is no address of a hub.") from fault


def _refusal(refused: InvalidStatus) -> HubUnreachable | JoinRefused:
    response = refused.response
    if response.status_code >= 500 or response.status_code == HTTPStatus.TOO_MANY_REQUESTS:  # C8
        return HubUnreachable(f"The hub cannot take us now: it answered with HTTP {response.status_code}.")
    try:
        refusal = msgspec.json.decode(response.body or b"", type=_Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        refusal = _Refusal(message=f"This is no room of a hub: it answered with HTTP {response.status_code}.")
    return JoinRefused(refusal.code, refusal.message)


def _disconnected(closed: ConnectionClosed) -> Disconnected:
    frame = closed.rcvd or closed.sent
    return Disconnected(frame.code if frame else _NO_CLOSE_FRAME, frame.reason if frame else "")
