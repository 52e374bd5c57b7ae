"""The load generator: one program, the same for every subject, that subscribes N times and measures what arrives.

It reads the use of the server's process itself, so that CPU and deliveries belong to the same window.
"""

import asyncio
import sys
import time
from array import array
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from logdrum_protocol import SUBPROTOCOL, encode
from logdrum_protocol.client_messages import Hello

from .errand import carry_out
from .machine import usage
from .payload import PAYLOAD_BYTES, STAMP
from .rows import percentile
from .talk import say

Dialect = Literal["plain", "logdrum", "socketio"]

_CONNECTING_AT_ONCE: Final = 16
_CONNECT_S: Final = 60.0
_SETTLE_S: Final = 1.0
_WARM_UP_S: Final = 1.5
_GRACE_S: Final = 2.0
_TICK_S: Final = 0.1


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to subscribe to, and for how long to measure."""

    url: str
    dialect: Dialect
    server_pid: int
    subscribers: int
    rate_hz: int
    """Broadcasts a second; 0 measures connections that hear nothing."""
    seconds: float
    stalled: int = 0
    """How many of the subscribers stop reading when the measurement begins."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one window gave."""

    connected_bytes: int
    """Growth of the server's memory while the subscribers connected."""
    grown_bytes: int
    """Growth of the server's memory from the first broadcast to its highest in the window."""
    cpu_s: float
    wall_s: float
    received: int
    """Deliveries in the window, by when they came; what `cpu_s` was spent on."""
    delivered_percent: float
    """Of the broadcasts of the window, by their number."""
    p50_ms: float | None
    p99_ms: float | None
    lost_connections: int


class Tally:
    """What all subscribers received; `first` and `last` bound the numbers of the broadcasts that count."""

    def __init__(self) -> None:
        self.received = 0
        self.newest = -1
        self.first = self.last = sys.maxsize
        self.latencies_ns = array("q")
        self.lost_connections = 0

    def take(self, payload: memoryview) -> None:
        """Count one delivery."""
        sent_ns, number = STAMP.unpack_from(payload, len(payload) - PAYLOAD_BYTES)
        self.received += 1
        self.newest = max(self.newest, number)
        if self.first <= number < self.last:
            self.latencies_ns.append(time.monotonic_ns() - sent_ns)


class Subscriber(WSListener):
    """One connection; whatever is at least as long as a payload ends with one."""

    def __init__(self, tally: Tally, dialect: Dialect) -> None:
        self._tally = tally
        self._dialect = dialect
        self._stalled = False
        self._leaving = False
        self.joined = asyncio.Event()
        self.transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Say hello where the server waits for one."""
        self.transport = transport
        if self._dialect == "logdrum":
            transport.send(WSMsgType.BINARY, encode(Hello(name="load")))
        elif self._dialect == "plain":
            self.joined.set()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Count a payload; anything shorter is talk."""
        if frame.payload_size >= PAYLOAD_BYTES and self.joined.is_set():
            if not self._stalled:
                self._tally.take(frame.get_payload_as_memoryview())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        elif self._dialect == "socketio" and frame.msg_type == WSMsgType.TEXT:
            self._answer_socketio(transport, frame.get_payload_as_ascii_text())
        elif self._dialect == "logdrum":
            self.joined.set()  # the first frame is `welcome`

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Count a connection that we did not close."""
        self.joined.set()
        if not self._leaving:
            self._tally.lost_connections += 1

    @property
    def lost(self) -> bool:
        """Whether the server has closed it."""
        return self.transport is not None and self.transport.is_disconnected

    def stall(self) -> None:
        """Stop reading for good."""
        assert self.transport is not None
        self._stalled = True
        self.transport.underlying_transport.pause_reading()

    def leave(self) -> None:
        """Close."""
        assert self.transport is not None
        self._leaving = True
        self.transport.send_close()
        self.transport.disconnect(graceful=not self._stalled)

    def _answer_socketio(self, transport: WSTransport, text: str) -> None:
        if text.startswith("0"):  # engine.io is open: join the default namespace
            transport.send(WSMsgType.TEXT, b"40")
        elif text.startswith("40"):
            self.joined.set()
        elif text == "2":
            transport.send(WSMsgType.TEXT, b"3")


async def subscribe(plan: Plan, tally: Tally) -> list[Subscriber]:
    """Connect every subscriber, a few at a time."""
    subscribers = [Subscriber(tally, plan.dialect) for _ in range(plan.subscribers)]
    waiting = iter(subscribers)

    async def connect_some() -> None:
        for subscriber in waiting:
            await _connect(subscriber, plan)

    async with asyncio.timeout(_CONNECT_S), asyncio.TaskGroup() as tasks:
        for _ in range(_CONNECTING_AT_ONCE):
            tasks.create_task(connect_some())
    return subscribers


async def _connect(subscriber: Subscriber, plan: Plan) -> None:
    headers = [("Sec-WebSocket-Protocol", SUBPROTOCOL)] if plan.dialect == "logdrum" else []
    await ws_connect(lambda: subscriber, plan.url, extra_headers=headers, websocket_handshake_timeout=_CONNECT_S)
    await subscriber.joined.wait()
    if subscriber.lost:
        raise SystemExit("the server closed a connection that had not joined")


async def measure(plan: Plan) -> Measured:
    """Connect, wait for "measure" on stdin, and measure one window."""
    tally = Tally()
    before = usage(plan.server_pid)
    subscribers = await subscribe(plan, tally)
    await asyncio.sleep(_SETTLE_S)
    connected = usage(plan.server_pid)
    say("connected")
    await asyncio.to_thread(_wait_for_measure)
    _stall(subscribers[: plan.stalled])
    await asyncio.sleep(_WARM_UP_S)
    measured = await _window(plan, tally, connected_bytes=connected.rss_bytes - before.rss_bytes)
    for subscriber in subscribers:
        subscriber.leave()
    return measured


def _stall(subscribers: Sequence[Subscriber]) -> None:
    for subscriber in subscribers:
        subscriber.stall()


async def _window(plan: Plan, tally: Tally, connected_bytes: int) -> Measured:
    broadcasts = round(plan.rate_hz * plan.seconds)
    expected = broadcasts * (plan.subscribers - plan.stalled)
    tally.first = tally.newest + 2  # the next may be under way already
    tally.last = tally.first + broadcasts
    begin, began, received = usage(plan.server_pid), time.monotonic(), tally.received
    highest = await _highest_rss(plan, until=began + plan.seconds)
    end, ended, received = usage(plan.server_pid), time.monotonic(), tally.received - received
    await _grace(tally, expected)
    latencies_ms = sorted(latency_ns / 1e6 for latency_ns in tally.latencies_ns)
    return Measured(
        connected_bytes=connected_bytes,
        grown_bytes=highest - begin.rss_bytes,
        cpu_s=end.cpu_s - begin.cpu_s,
        wall_s=ended - began,
        received=received,
        delivered_percent=100 * len(latencies_ms) / max(expected, 1),
        p50_ms=percentile(latencies_ms, 50),
        p99_ms=percentile(latencies_ms, 99),
        lost_connections=tally.lost_connections,
    )


async def _highest_rss(plan: Plan, until: float) -> int:
    highest = usage(plan.server_pid).rss_bytes
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(_TICK_S, left))
        highest = max(highest, usage(plan.server_pid).rss_bytes)
    return highest


async def _grace(tally: Tally, expected: int) -> None:
    for _ in range(round(_GRACE_S / _TICK_S)):
        if len(tally.latencies_ns) >= expected:
            return
        await asyncio.sleep(_TICK_S)


def _wait_for_measure() -> None:
    if sys.stdin.readline() != "measure\n":
        raise SystemExit("told to end before measuring")


if __name__ == "__main__":
    carry_out(Plan, measure)
