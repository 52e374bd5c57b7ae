"""One virtual connection: each way delivers in order what it delivers, and either end may be gone without the other."""

from collections import deque

from logdrum_protocol.client_messages import ClientMessage
from logdrum_protocol.codec import decode_hub_message, encode
from logdrum_protocol.errors import CloseCode
from logdrum_protocol.hub_messages import HubMessage
from logdrum_server.core.floods import Allowance
from logdrum_server.lanes import HIGH_WATER_BYTES, Lanes


class SlowWire:
    """The hub's kernel: takes frames until told that it is full."""

    def __init__(self) -> None:
        self.frames: deque[bytes] = deque()
        self.is_full = False
        self.is_cut = False

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)

    def pending(self) -> int:
        return HIGH_WATER_BYTES if self.is_full else 0

    def is_closing(self) -> bool:
        return self.is_cut


class Link:
    """Is the hub's `Peer`, and the member's connection."""

    def __init__(self, now_us: int) -> None:
        self.wire = SlowWire()
        self.lanes = Lanes(self.wire, on_full=self._fall_behind, on_blocked=lambda: None)
        self.up: deque[bytes] = deque()
        self.session: str | None = None
        self.allowance = Allowance(now_us)
        self.open_here = True
        """At the member's end."""
        self.open_there = True
        """At the hub's end."""

    def send(self, message: ClientMessage) -> None:
        self.up.append(encode(message))

    def receive(self) -> HubMessage:
        return decode_hub_message(_payload(self.wire.frames.popleft()))

    def flow(self, *, is_full: bool) -> None:
        """The hub's kernel is full, or has drained."""
        self.wire.is_full = is_full
        if not is_full and not self.wire.is_cut:
            self.lanes.resume()

    def end(self, code: CloseCode, reason: str) -> None:
        """The hub closes; what it has handed over still arrives."""
        self.open_there = False
        self.wire.is_cut = True
        self.up.clear()

    def die_there(self) -> None:
        """The hub is gone."""
        self.end(CloseCode.GOING_AWAY, "")

    def cut_here(self, still_on_the_way: int) -> None:
        """The member is gone; a little of what it had sent may arrive yet."""
        self.open_here = False
        self.wire.frames.clear()
        while len(self.up) > still_on_the_way:
            self.up.pop()

    def _fall_behind(self) -> None:
        self.end(CloseCode.TOO_SLOW, "")


def _payload(frame: bytes) -> bytes:
    """What a `ws_frame` holds."""
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :]
