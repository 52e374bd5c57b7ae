"""Four lanes a connection, one writer: control, ordered events, audio, presence.

Only as much is handed to the kernel as it will send soon; the rest waits here, in order of importance. Control and
events have a byte budget, and over it for two seconds, no closer at their end, means that the peer has fallen behind:
it is closed and may resume (C7). That leaves time for a burst, and for one event that is greater than the budget.
Audio is not queued at all: each reader is a cursor into a tape that everyone shares, so a slow connection costs no
memory; what is late is skipped, and the gap is said (A4). Of presence only the newest of each member is kept (P1).
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from logdrum_protocol.bounds import Sample
from logdrum_protocol.codec import encode
from logdrum_protocol.hub_messages import StreamGap

if TYPE_CHECKING:
    from logdrum_server.tape import Tape

BUDGET_BYTES: Final = 1024 * 1024
MOST_BYTES: Final = 16 * 1024 * 1024
"""What may wait at the very most, for however short a time."""

HIGH_WATER_BYTES: Final = 64 * 1024
"""Unsent bytes at which a connection is left alone until its kernel buffer has drained."""


def ws_frame(payload: bytes) -> bytes:
    """Return a whole unmasked binary WebSocket frame (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x82, size)) + payload
    if size < 65_536:
        return b"\x82\x7e" + size.to_bytes(2, "big") + payload
    return b"\x82\x7f" + size.to_bytes(8, "big") + payload


def close_frame(code: int, reason: str) -> bytes:
    """Return a WebSocket close frame (RFC 6455, 5.5.1); a reason has room for 123 bytes."""
    payload = code.to_bytes(2, "big") + reason.encode()[:123]
    return bytes((0x88, len(payload))) + payload


class Wire(Protocol):
    """Where frames go; plain callables, because a broadcast calls them for every member."""

    @property
    def send(self) -> Callable[[bytes], object]:
        """Hands a frame over; never waits."""
        ...

    @property
    def pending(self) -> Callable[[], int]:
        """Says how many bytes were handed over and are not yet in the kernel."""
        ...

    @property
    def is_closing(self) -> Callable[[], bool]:
        """Says whether the socket is going away: then nothing more may be sent."""
        ...


class Lanes:
    """Everything one connection is still to be sent."""

    def __init__(self, wire: Wire, *, on_full: Callable[[], None], on_blocked: Callable[[], None]) -> None:
        self.wire = wire
        self.buffer_samples = 1
        self.readers: list[Reader] = []
        self.blocked = False
        self.early = False
        """Whether audio waits for its time to come, so that time alone can make it due."""
        self.gap_samples = 0
        self._control: deque[bytes] = deque()
        self._events: deque[bytes] = deque()
        self._presence: dict[str, bytes] = {}
        self.is_shut = False
        self.queued_bytes = 0
        self._over = 0
        self._on_full = on_full
        self._on_blocked = on_blocked

    def control(self, frame: bytes) -> None:
        """Send ahead of everything but earlier control."""
        self._enqueue(self._control, frame)

    def event(self, frame: bytes) -> None:
        """Send in order, after control."""
        self._enqueue(self._events, frame)

    def presence(self, member: str, frame: bytes) -> None:
        """Send when nothing else waits; a newer one of the same member replaces it."""
        self._presence[member] = frame
        self.pump()

    def judge(self) -> None:
        """Say that the peer has fallen behind where it is over its budget, and no closer than a second ago."""
        over = max(0, self.queued_bytes - BUDGET_BYTES)
        if over and 0 < self._over <= over:
            self._on_full()
        self._over = over

    def _enqueue(self, lane: deque[bytes], frame: bytes) -> None:
        if self.queued_bytes and self.queued_bytes + len(frame) > MOST_BYTES:
            self._on_full()
            return
        self.queued_bytes += len(frame)
        lane.append(frame)
        self.pump()

    def shut(self, farewell: bytes) -> None:
        """Send a last frame, and nothing after it."""
        self.unfollow_all()
        self.is_shut = True
        if not self.wire.is_closing():
            self.wire.send(farewell)

    def follow(self, tape: "Tape") -> None:
        """Hear a stream from the room's position on."""
        if self.is_shut:
            return
        reader = Reader(self, tape)
        self.readers.append(reader)
        tape.follow(reader)

    def unfollow(self, tape: "Tape") -> None:
        """Hear no more of a stream."""
        self.readers = [reader for reader in self.readers if reader.tape is not tape]

    def unfollow_all(self) -> None:
        """Hear no more of any stream: the connection is over."""
        for reader in self.readers:
            reader.tape.readers.remove(reader)
        self.readers = []

    def pump(self) -> None:
        """Hand over what is due, for as long as the kernel takes it."""
        self.early = False
        wire = self.wire
        while wire.pending() < HIGH_WATER_BYTES:
            frame = None if self.is_shut or wire.is_closing() else self._next()
            if frame is None:
                self.blocked = False
                return
            wire.send(frame)
        if not self.blocked:
            self.blocked = True
            self._on_blocked()

    def resume(self) -> None:
        """The kernel has drained: go on."""
        self.blocked = False
        self.pump()

    def _next(self) -> bytes | None:
        for lane in (self._control, self._events):
            if lane:
                frame = lane.popleft()
                self.queued_bytes -= len(frame)
                return frame
        return self._next_audio() or self._next_presence()

    def _next_audio(self) -> bytes | None:
        # Whose listeners run dry first; stems of one job stay side by side that way.
        for reader in sorted(self.readers, key=Reader.ahead):
            frame = reader.take()
            if frame is not None:
                return frame
        return None

    def _next_presence(self) -> bytes | None:
        if not self._presence:
            return None
        return self._presence.pop(next(iter(self._presence)))


class Reader:
    """One connection's place in one tape."""

    __slots__ = ("closed", "is_closing", "lanes", "next", "pending", "send", "tape")

    def __init__(self, lanes: Lanes, tape: "Tape") -> None:
        self.lanes = lanes
        self.tape = tape
        # Looked up once, because a broadcast calls them for every member.
        self.send, self.pending, self.is_closing = lanes.wire.send, lanes.wire.pending, lanes.wire.is_closing
        self.next: Sample = 0
        self.closed = False

    def ahead(self) -> int:
        """Samples between what the room hears and what this connection has been sent."""
        return self.next - self.tape.playhead

    def fall_back(self) -> None:
        """The short way is not open: let the lanes send what is due, unless the kernel or time will have them do so."""
        if not self.lanes.blocked and not self.lanes.early:
            self.lanes.pump()

    def take(self) -> bytes | None:
        """Return the next frame that is due, and step past it; None where there is none yet."""
        tape = self.tape
        if self.next < tape.floor:
            return self._skip()
        piece = tape.pieces.get(self.next)
        if piece is None:
            return self._finish()
        if tape.endless and self.ahead() >= self.lanes.buffer_samples:
            self.lanes.early = True
            return None
        self.next = piece.end
        return piece.frame

    def _skip(self) -> bytes:
        """Say what is not sent; where the addresses turn, only up to there."""
        course, start = self.tape.course, self.next
        end = self.tape.floor if start >= course.turn else int(min(self.tape.floor, course.turn))
        first = course.address(start)
        gap = StreamGap(stream=self.tape.stream, from_sample=first, to_sample=first + end - start)
        self.lanes.gap_samples += end - start
        self.next = end
        return ws_frame(encode(gap))

    def _finish(self) -> bytes | None:
        if self.closed or self.tape.close_frame is None or self.next < self.tape.head:
            return None
        self.closed = True
        return self.tape.close_frame

    def turn(self, start: Sample, *, clear: bool) -> None:
        """Go back to where a new epoch begins, or on to it."""
        self.next = start if clear else min(self.next, start)
