"""How much one connection may send, and how much nonsense (C2, C6)."""

from collections import deque
from typing import Final, Literal, TypeAlias

RATE_PER_S: Final = 200
BURST: Final = 400
_WINDOW_US: Final = 10_000_000
_MAX_DROPPED: Final = 1000
_MAX_BAD: Final = 10
_TELL_EVERY_US: Final = 1_000_000

Verdict: TypeAlias = Literal["pass", "drop", "tell", "close"]


class Allowance:
    """A token bucket, and what became of messages over it."""

    def __init__(self, now_us: int) -> None:
        self._tokens = float(BURST)
        self._at_us = now_us
        self._told_us = now_us - _TELL_EVERY_US
        self._dropped: deque[int] = deque()

    def spend(self, now_us: int, cost: float = 1.0) -> Verdict:
        """Judge one message: let it pass, drop it, drop it and tell the sender, or close."""
        refill = (now_us - self._at_us) * RATE_PER_S / 1_000_000
        self._tokens = min(float(BURST), self._tokens + refill)
        self._at_us = now_us
        if self._tokens >= cost:
            self._tokens -= cost
            return "pass"
        if too_many(self._dropped, now_us, _MAX_DROPPED):
            return "close"
        if now_us - self._told_us < _TELL_EVERY_US:
            return "drop"
        self._told_us = now_us
        return "tell"


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
