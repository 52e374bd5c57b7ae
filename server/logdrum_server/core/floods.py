"""How much one session and one connection may send, and how much nonsense (C2, C6).

A session's `Rates` outlive its connections; an `Allowance` and `Strikes` are the connection's own. `judge` holds a
message against both, and `refusal` is what its sender is told.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import UNSET

from logdrum_protocol import client_messages as c
from logdrum_protocol.errors import ErrorCode, ProtocolError
from logdrum_protocol.hub_messages import Error, Rejected

RATE_PER_S: Final = 200
BURST: Final = 400
PING_COST: Final = 0.25
OPS_A_MESSAGE: Final = 32
_WINDOW_US: Final = 10_000_000
_MAX_DROPPED: Final = 1000
_MAX_BAD: Final = 10
_TELL_EVERY_US: Final = 1_000_000
_TOO_FAST: Final = "Too many messages; this one was dropped. Send it again a little later."

Verdict: TypeAlias = Literal["pass", "drop", "tell", "close"]
MessageClass: TypeAlias = Literal["edit", "chat", "transport", "task", "live"]

RATES: Final[Mapping[MessageClass, tuple[int, int]]] = {
    "edit": (100, 500),
    "chat": (5, 20),
    "transport": (20, 60),
    "task": (5, 20),
    "live": (100, 200),
}
"""What a session may send of each class, a second and in a burst (C6)."""

_CLASSES: Final[Mapping[type, MessageClass]] = {
    c.Edit: "edit",
    c.Undo: "edit",
    c.Redo: "edit",
    c.SendChat: "chat",
    c.TransportSet: "transport",
    c.JobSubmit: "task",
    c.JobSteer: "task",
    c.JobCancel: "task",
    c.JobNotes: "task",
    c.SettingsSet: "task",
    c.VersionSave: "task",
    c.VersionList: "task",
    c.VersionRestore: "task",
    c.VersionDelete: "task",
    c.SetPresence: "live",
    c.PlayNote: "live",
}


def class_of(message: c.ClientMessage) -> MessageClass | None:
    """The class a message counts in; None where it counts against its connection alone."""
    return _CLASSES.get(type(message))


def cost_of(ops: int) -> float:
    """What an edit counts for: one message, and more than one where it is a great one (C6)."""
    return max(1.0, ops / OPS_A_MESSAGE)


class Bucket:
    """A token bucket: full at first, refilled by time."""

    __slots__ = ("_at_us", "_burst", "_rate_per_s", "_tokens")

    def __init__(self, rate_per_s: int, burst: int, now_us: int) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = float(burst)
        self._at_us = now_us

    def take(self, now_us: int, cost: float = 1.0) -> bool:
        """Take from it; False, and nothing taken, where there is not enough."""
        self._refill(now_us)
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True

    def owe(self, now_us: int, cost: float) -> None:
        """Take from it what was spent already, even what is not there."""
        self._refill(now_us)
        self._tokens -= cost

    def _refill(self, now_us: int) -> None:
        refill = (now_us - self._at_us) * self._rate_per_s / 1_000_000
        self._tokens = min(float(self._burst), self._tokens + refill)
        self._at_us = now_us


class Rates:
    """What one session may send of each class, whatever connections it comes by."""

    def __init__(self) -> None:
        self._buckets: dict[MessageClass, Bucket] = {}

    def spend(self, kind: MessageClass | None, now_us: int, cost: float = 1.0) -> Literal["pass", "over"]:
        """Judge one message of a class."""
        return "pass" if kind is None or self._bucket(kind, now_us).take(now_us, cost) else "over"

    def charge(self, ops: int, now_us: int) -> None:
        """Count what an undo or a restore turned out to be: nobody knows before."""
        self._bucket("edit", now_us).owe(now_us, cost_of(ops) - 1.0)

    def _bucket(self, kind: MessageClass, now_us: int) -> Bucket:
        if kind not in self._buckets:
            self._buckets[kind] = Bucket(*RATES[kind], now_us)
        return self._buckets[kind]


class Allowance:
    """What one connection may send of everything, and what became of messages over it."""

    def __init__(self, now_us: int) -> None:
        self._bucket = Bucket(RATE_PER_S, BURST, now_us)
        self._told_us = now_us - _TELL_EVERY_US
        self._dropped: deque[int] = deque()

    def spend(self, now_us: int, cost: float = 1.0) -> Verdict:
        """Judge one message: let it pass, drop it, drop it and tell the sender, or close."""
        return "pass" if self._bucket.take(now_us, cost) else self.drop(now_us)

    def drop(self, now_us: int) -> Verdict:
        """Note that a message was dropped, here or by its session's rates."""
        if too_many(self._dropped, now_us, _MAX_DROPPED):
            return "close"
        if now_us - self._told_us < _TELL_EVERY_US:
            return "drop"
        self._told_us = now_us
        return "tell"


def judge(allowance: Allowance, rates: Rates, message: c.ClientMessage | ProtocolError, now_us: int) -> Verdict:
    """Hold a message, or what is none, against its connection's allowance, then its session's rates (C6)."""
    verdict = allowance.spend(now_us, PING_COST if isinstance(message, c.ClockPing) else 1.0)
    if isinstance(message, ProtocolError):
        return verdict
    cost = cost_of(len(message.ops)) if isinstance(message, c.Edit) else 1.0
    if verdict == "pass" and rates.spend(class_of(message), now_us, cost) == "over":
        return allowance.drop(now_us)
    return verdict


def refusal(message: c.ClientMessage | ProtocolError, verdict: Verdict) -> Rejected | Error | None:
    """What the sender of a dropped message is told: one who waits for an answer gets it, others once a second (D10)."""
    if isinstance(message, c.Edit):
        return Rejected(op_id=message.op_id, code=ErrorCode.RATE_LIMITED, message=_TOO_FAST)
    op_id = getattr(message, "op_id", UNSET)
    if op_id is not UNSET:
        return Error(code=ErrorCode.RATE_LIMITED, message=_TOO_FAST, op_id=op_id)
    return Error(code=ErrorCode.RATE_LIMITED, message=_TOO_FAST) if verdict == "tell" else None


class Strikes:
    """Counts bad messages; ten within ten seconds are too many (C2)."""

    def __init__(self) -> None:
        self._times: deque[int] = deque()

    def strike(self, now_us: int) -> bool:
        """Count one; True means that the connection is to be closed."""
        return too_many(self._times, now_us, _MAX_BAD)


def too_many(times: deque[int], now_us: int, limit: int) -> bool:
    """Note one more occurrence; True where `limit` fall within ten seconds."""
    times.append(now_us)
    while now_us - times[0] > _WINDOW_US:
        times.popleft()
    return len(times) >= limit
