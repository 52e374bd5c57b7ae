"""One member of a room that is edited, as the load generator plays it; by picows, the same for every subject."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from .studio import Ticks, ticks_at_first
from .wires import Wire

_CONNECT_S: Final = 30.0
_SEED_S: Final = 30.0
_LOOK_AGAIN_S: Final = 0.2


class Member(WSListener):
    """One connection: greets, waits for the whole document, and hands on every frame after it."""

    def __init__(self, wire: Wire, hear: Callable[[bytes], None]) -> None:
        self._wire = wire
        self._hear = hear
        self._transport: WSTransport | None = None
        self._arrived = asyncio.Event()
        self.whole: bytes | None = None
        """The frame that brought the document."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Greet."""
        self._transport = transport
        for frame in self._wire.greeting():
            self.send(frame)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one frame."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type == WSMsgType.BINARY:
            self._take(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Wait for nothing any more."""
        self._arrived.set()

    def _take(self, frame: bytes) -> None:
        if self.whole is not None:
            self._hear(frame)
        elif self._wire.brings_all(frame):
            self.whole = frame
            self._arrived.set()

    def send(self, frame: bytes) -> None:
        """Send one frame."""
        assert self._transport is not None
        self._transport.send(WSMsgType.BINARY, frame)

    async def arrived(self) -> bytes:
        """Return the frame with the whole document, once it is there."""
        async with asyncio.timeout(_CONNECT_S):
            await self._arrived.wait()
        if self.whole is None:
            raise SystemExit("the server closed a connection before it sent the document")
        return self.whole

    def leave(self) -> None:
        """Close."""
        assert self._transport is not None
        self._transport.send_close(WSCloseCode.OK)
        self._transport.disconnect()


async def enter(url: str, wire: Wire, hear: Callable[[bytes], None] = lambda _: None) -> Member:
    """Connect, and wait for the whole document."""
    member = Member(wire, hear)
    headers = [] if wire.subprotocol is None else [("Sec-WebSocket-Protocol", wire.subprotocol)]
    await ws_connect(lambda: member, url, extra_headers=headers, websocket_handshake_timeout=_CONNECT_S)
    await member.arrived()
    return member


async def look(url: str, wire: Wire) -> Ticks:
    """Join, read the document, and leave."""
    member = await enter(url, wire)
    member.leave()
    assert member.whole is not None
    return wire.open(member.whole).ticks()


async def seed(member: Member, url: str, wire: Wire) -> None:
    """Make the room's tracks and clips, and see that others find them there."""
    for frame in wire.seed():
        member.send(frame)
    for _ in range(round(_SEED_S / _LOOK_AGAIN_S)):
        if await look(url, wire) == ticks_at_first():
            return
        await asyncio.sleep(_LOOK_AGAIN_S)
    raise SystemExit("the room did not come to hold what it was given")


@asynccontextmanager
async def seeded(url: str, wire: Wire) -> AsyncIterator[Member]:
    """Make the room, and stay in it so that no server unloads it."""
    resident = await enter(url, wire)
    await seed(resident, url, wire)
    yield resident
    resident.leave()
