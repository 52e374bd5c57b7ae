"""One member of a room through which a storm goes: it is cut off, comes back, and keeps a log of what it hears."""

import asyncio
import time
from typing import Final

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from logdrum_protocol import SUBPROTOCOL
from logdrum_protocol.document import Entity
from logdrum_protocol.records import ResumePoint

from .wires.logdrum import hello, welcome_in

_CONNECT_S: Final = 30.0
_HEADERS: Final = [("Sec-WebSocket-Protocol", SUBPROTOCOL)]


class _Head(msgspec.Struct, frozen=True):
    """As much of a message as a log of it needs."""

    type: str
    seq: int | None = None
    op_id: str | None = None
    start_sample: int = 0
    samples: int = 0


_head: Final = msgspec.msgpack.Decoder(_Head)


class Log:
    """What one member heard: a snapshot, and the events since, without a break."""

    def __init__(self) -> None:
        self.entities: tuple[Entity, ...] = ()
        self.events: list[bytes] = []
        self.seq = 0
        self.snapshots = 0
        self.gaps = 0
        """Events that came though the one before was missing."""

    def begin(self, seq: int, entities: tuple[Entity, ...]) -> None:
        """Begin anew with a snapshot."""
        self.entities, self.events, self.seq = entities, [], seq
        self.snapshots += 1

    def take(self, seq: int, frame: bytes) -> None:
        """Keep an event; one that is known is the answer to an edit that was sent twice (D4)."""
        if seq > self.seq:
            self.gaps += seq != self.seq + 1
            self.seq = seq
            self.events.append(frame)


class Hearing:
    """The audio that came: where it broke off and went on."""

    def __init__(self) -> None:
        self.chunks = 0
        self.missed_samples = 0
        self._next: int | None = None

    def take(self, start_sample: int, samples: int) -> None:
        """Count a chunk."""
        if self._next is not None:
            self.missed_samples += max(0, start_sample - self._next)
        self._next = start_sample + samples
        self.chunks += 1


class Survivor:
    """One session over its connections, and what it edits."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._line: _Line | None = None
        self._resume: ResumePoint | None = None
        self.log = Log()
        self.hearing = Hearing()
        self.recovered: bool | None = None
        """Whether the last return was by resume; None while there was none."""
        self.back_at = self.caught_up_at = self.heard_again_at = 0.0
        self.unanswered: dict[str, bytes] = {}
        self._goal = 0

    async def come(self) -> None:
        """Connect, for the first time or again, and wait for the welcome; then send again what has no answer (D4)."""
        line = _Line(self)
        self.caught_up_at = self.heard_again_at = 0.0
        await ws_connect(lambda: line, self._url, extra_headers=_HEADERS, websocket_handshake_timeout=_CONNECT_S)
        async with asyncio.timeout(_CONNECT_S):
            await line.welcomed.wait()
        if self._line is not line:
            raise SystemExit("the hub closed a connection instead of welcoming it")
        for frame in self.unanswered.values():
            line.send(frame)

    def edit(self, op_id: str, frame: bytes) -> None:
        """Send an edit, now or when back."""
        self.unanswered[op_id] = frame
        if self._line is not None:
            self._line.send(frame)

    def cut(self) -> None:
        """Lose the connection, without a farewell."""
        assert self._line is not None
        line, self._line = self._line, None
        line.abort()

    def resume_point(self) -> ResumePoint | None:
        """Where to go on; None at the first coming."""
        return None if self._resume is None else msgspec.structs.replace(self._resume, seq=self.log.seq)

    def welcomed(self, line: "_Line", frame: bytes) -> bool:
        """Take the first message of a connection; whether it was the welcome."""
        if (welcome := welcome_in(frame)) is None:
            return False
        self.back_at = time.monotonic()
        self._line = line
        if self._resume is not None:
            self.recovered = welcome.recovered
        self._resume = ResumePoint(session=welcome.session, key=welcome.key, epoch=welcome.epoch, seq=welcome.seq)
        self._goal = welcome.seq
        if welcome.snapshot is not None:
            self.log.begin(welcome.seq, welcome.snapshot.entities)
        self._note_progress()
        return True

    def hear(self, frame: memoryview) -> None:
        """Take any later message."""
        head = _head.decode(frame)
        if head.type == "chunk":
            self.hearing.take(head.start_sample, head.samples)
            self.heard_again_at = self.heard_again_at or time.monotonic()
        elif head.seq is not None:
            self.log.take(head.seq, bytes(frame))
            self.unanswered.pop(head.op_id or "", None)
            self._note_progress()

    def _note_progress(self) -> None:
        if not self.caught_up_at and self.log.seq >= self._goal:
            self.caught_up_at = time.monotonic()


class _Line(WSListener):
    """One connection of a survivor."""

    def __init__(self, survivor: Survivor) -> None:
        self._survivor = survivor
        self._transport: WSTransport | None = None
        self.welcomed = asyncio.Event()

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Say hello."""
        self._transport = transport
        self.send(hello(self._survivor.resume_point()))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hand on one message."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type != WSMsgType.BINARY:
            return
        elif self.welcomed.is_set():
            self._survivor.hear(frame.get_payload_as_memoryview())
        elif self._survivor.welcomed(self, frame.get_payload_as_bytes()):
            self.welcomed.set()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Wait for nothing any more."""
        self.welcomed.set()

    def send(self, frame: bytes) -> None:
        """Send one frame."""
        assert self._transport is not None
        self._transport.send(WSMsgType.BINARY, frame)

    def abort(self) -> None:
        """Go without a word."""
        assert self._transport is not None
        self._transport.underlying_transport.abort()
