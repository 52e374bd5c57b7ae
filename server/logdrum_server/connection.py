"""One WebSocket: handshake, reading with its limits, and the one writer of its frames (C, H, K)."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from aiohttp import WSMsgType, web

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import ClientMessage, ClockPing, Hello
from logdrum_protocol.codec import decode_client_message, encode
from logdrum_protocol.errors import CloseCode, ErrorCode, ProtocolError
from logdrum_protocol.hub_messages import ClockPong, Error
from logdrum_server.core.floods import Allowance, Rates, Strikes, Verdict, judge, refusal
from logdrum_server.doors.tokens import TokenRefused
from logdrum_server.errors import RequestError
from logdrum_server.lanes import HIGH_WATER_BYTES, MOST_BYTES, Lanes, close_frame, ws_frame

if TYPE_CHECKING:
    from logdrum_server.hub import Hub
    from logdrum_server.live_room import LiveRoom

log = logging.getLogger(__name__)

_HELLO_S: Final = 5.0
HEARTBEAT_S: Final = 20.0
CLOSE_S: Final = 2.0
_PENALTY_S: Final = 0.005
_CLEAN: Final = (CloseCode.NORMAL, CloseCode.GOING_AWAY)
_FINAL: Final = (CloseCode.BAD_MESSAGES, CloseCode.TOO_MANY, CloseCode.NOT_BINARY, CloseCode.PUT_OUT)


class _Gone(Exception):
    """The peer has closed, or is lost."""


class _Verdict(Exception):
    """We close the connection, with this code and reason."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class TransportWire:
    """Writes whole frames to the socket's transport, past aiohttp's: one encode and one frame serve everybody."""

    def __init__(self, transport: asyncio.Transport) -> None:
        # One byte under our own mark, so that whenever lanes stop for it, drain() waits.
        transport.set_write_buffer_limits(high=HIGH_WATER_BYTES - 1, low=HIGH_WATER_BYTES // 4)
        # The transport's own methods, with nothing of ours between: these are called for every frame to every member.
        self.send = transport.write
        self.pending = transport.get_write_buffer_size
        self.is_closing = transport.is_closing
        self.abort = transport.abort
        self.close = transport.close
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, HIGH_WATER_BYTES)


class Connection:
    """One member's socket, from its upgrade to its end."""

    def __init__(self, hub: "Hub", name: b.RoomId, ws: web.WebSocketResponse) -> None:
        self._hub = hub
        self._name = name
        self._ws = ws
        self._room: LiveRoom
        self._session: b.SessionId | None = None
        self._blocked = asyncio.Event()
        self._ended = asyncio.Event()
        self._verdict: _Verdict | None = None
        self._left = False
        self._strikes = Strikes()
        self._allowance = Allowance(hub.clock.now_us())
        self._rates: Rates
        self._joined_us = 0
        self._wire: TransportWire
        self.lanes: Lanes

    async def run(self, request: web.Request) -> None:
        """Serve the connection until either side ends it."""
        writer = await self._ws.prepare(request)
        if request.transport is None:
            return  # gone before it came
        self._wire = TransportWire(request.transport)
        self.lanes = Lanes(self._wire, on_full=self._fall_behind, on_blocked=self._blocked.set)
        try:
            await self._serve(writer.drain)
        finally:
            self._part()

    async def _serve(self, drain: Callable[[], Awaitable[None]]) -> None:
        async with asyncio.TaskGroup() as tasks:
            pumping = tasks.create_task(self._keep_pumping(drain))
            ending = tasks.create_task(self._end_when_told())
            await self._converse()
            pumping.cancel()
            ending.cancel()
        if self._verdict is not None:
            self._wire.close()

    async def _converse(self) -> None:
        try:
            await self._join(await self._hello())
            await self._listen()
        except _Verdict as verdict:
            self.end(verdict.code, verdict.reason)
            await self._await_farewell()
        except _Gone:
            pass

    async def _await_farewell(self) -> None:
        """Read on until the peer has closed too: what is cut off unread may take our close code with it."""
        with contextlib.suppress(_Gone):
            while True:
                with contextlib.suppress(_Verdict):
                    await self._receive()

    async def _hello(self) -> Hello:
        try:
            async with asyncio.timeout(_HELLO_S):
                frame = await self._receive()
        except TimeoutError as fault:
            raise _Verdict(CloseCode.HELLO_EXPECTED, "No hello came within 5 seconds.") from fault
        message = self._decode(frame)
        if not isinstance(message, Hello):
            raise _Verdict(CloseCode.HELLO_EXPECTED, "The first message must be a hello.")
        return message

    async def _join(self, hello: Hello) -> None:
        """Let the member in, or say why not: only who may come in opens a room (H3)."""
        hub = self._hub
        self.lanes.buffer_samples = hello.buffer_ms * b.SAMPLE_RATE // 1000
        known = hub.rooms.get(self._name)
        try:
            admitted = hub.doors.admit(
                hello.token, self._name, resuming=known is not None and known.holds(hello.resume)
            )
            self._room = await hub.room_to_join(self._name, hello)
        except TokenRefused as fault:
            hub.counts.turned_away["token"] += 1
            self._tell(Error(code=ErrorCode.BAD_TOKEN, message=str(fault)))
            raise _Verdict(CloseCode.BAD_TOKEN, str(fault)) from fault
        except RequestError as fault:
            self._tell(Error(code=fault.code, message=fault.message))
            raise _Verdict(CloseCode.DRAINING, fault.message) from fault
        if self._verdict is not None:
            raise self._verdict  # the hub began to drain meanwhile
        self._session = self._room.join(self, hello, admitted, hub.clock.now_us())
        if self._session is None:
            hub.counts.turned_away["full"] += 1
            raise _Verdict(CloseCode.TOO_MANY, "The room is full.")
        self._joined_us = hub.clock.now_us()
        self._rates = self._room.rates.setdefault(self._session, Rates())
        log.info("joined", extra={"room": self._name, "session": self._session})

    async def _receive(self) -> bytes:
        """Return the next binary frame, or raise `_Verdict` or `_Gone`."""
        try:
            message = await self._ws.receive()
        except ConnectionError as fault:  # a ping whose sender has gone cannot be answered
            raise _Gone from fault
        match message.type:
            case WSMsgType.BINARY:
                assert isinstance(message.data, bytes)
                return message.data
            case WSMsgType.TEXT:
                raise _Verdict(CloseCode.NOT_BINARY, "Frames are binary MessagePack.")
            case WSMsgType.CLOSE:
                self._left = message.data in _CLEAN
                raise _Gone
            case _:
                raise _Gone

    async def _listen(self) -> None:
        while True:
            frame = await self._receive()
            if self._verdict is None:
                await self._take(frame, self._hub.clock.now_us())

    async def _take(self, frame: bytes, now_us: int) -> None:
        taken = self._decode(frame)
        match judge(self._allowance, self._rates, taken, now_us):
            case "pass":
                self._answer(taken, now_us)
            case "close":
                self._hub.counts.turned_away["flood"] += 1
                raise _Verdict(CloseCode.TOO_MANY, "Too many messages.")
            case verdict:
                self._drop(taken, verdict)
                await asyncio.sleep(_PENALTY_S)  # read on slowly: the flood waits in its sender's kernel

    def _drop(self, taken: ClientMessage | ProtocolError, verdict: Verdict) -> None:
        """Leave a message undone, and tell who waits for its answer (C6, D10)."""
        self._hub.counts.dropped += 1
        refused = refusal(taken, verdict)
        if refused is not None:
            self.lanes.control(ws_frame(encode(refused)))

    def _decode(self, frame: bytes) -> ClientMessage | ProtocolError:
        try:
            return decode_client_message(frame, self._hub.config.max_message_bytes)
        except ProtocolError as fault:
            return fault

    def _answer(self, taken: ClientMessage | ProtocolError, now_us: int) -> None:
        match taken:
            case ProtocolError():
                self._refuse(taken, now_us)
            case ClockPing():
                self._pong(taken, now_us)
            case _:
                assert self._session is not None
                self._room.receive(self._session, taken, now_us)

    def _pong(self, ping: ClockPing, now_us: int) -> None:
        """Answer at once, ahead of anything queued (K1)."""
        if self._wire.pending() > MOST_BYTES:
            self._fall_behind()
        pong = ClockPong(t0=ping.t0, received_us=now_us, sent_us=self._hub.clock.now_us())
        self._wire.send(ws_frame(encode(pong)))

    def _refuse(self, fault: ProtocolError, now_us: int) -> None:
        self._tell(Error(code=fault.code, message=fault.message, op_id=fault.op_id))
        if fault.code != ErrorCode.UNKNOWN_TYPE and self._strikes.strike(now_us):  # C3: never a close
            raise _Verdict(CloseCode.BAD_MESSAGES, "Too many bad messages.")

    def _tell(self, error: Error) -> None:
        self.lanes.control(ws_frame(encode(error)))

    def _fall_behind(self) -> None:
        self.end(CloseCode.TOO_SLOW, "This connection fell behind; resume it.")

    def end(self, code: CloseCode, reason: str) -> None:
        """Close the connection soon; the first verdict stands."""
        if self._verdict is None:
            self._verdict = _Verdict(code, reason)
            self._ended.set()

    async def _keep_pumping(self, drain: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._blocked.wait()
            self._blocked.clear()
            try:
                await drain()
            except ConnectionError:
                return  # the reader hears of it too
            await asyncio.sleep(0)  # what was handed over leaves at the end of the loop's round
            self.lanes.resume()

    async def _end_when_told(self) -> None:
        await self._ended.wait()
        assert self._verdict is not None
        self.lanes.shut(close_frame(self._verdict.code, self._verdict.reason))
        await asyncio.sleep(CLOSE_S)
        self._wire.abort()  # the peer does not read, or does not answer

    def _part(self) -> None:
        if self._session is None:
            return
        self._room.part(self, self._session, self._hub.clock.now_us(), self._reason())
        code = self._ws.close_code if self._verdict is None else self._verdict.code.value
        extra = {
            "room": self._name,
            "session": self._session,
            "code": code,
            "duration_s": (self._hub.clock.now_us() - self._joined_us) // 1_000_000,
            "gap_samples": self.lanes.gap_samples,
        }
        log.info("parted", extra=extra)

    def _reason(self) -> str | None:
        """Why the session is over; None where it may come back (H4)."""
        if self._verdict is not None:
            return "closed" if self._verdict.code in _FINAL else None
        return "left" if self._left else None
