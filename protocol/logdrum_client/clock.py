"""The hub's clock as a member reads it: pings in bursts, one at a time, and a time that never runs backwards (K1)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from logdrum_client.estimator import (
    BURST_PINGS,
    STEP_US,
    Burst,
    Estimate,
    HubTime,
    Probe,
    estimate,
    extended,
    summarize,
)
from logdrum_protocol.client_messages import ClockPing
from logdrum_protocol.hub_messages import ClockPong

LocalClock: TypeAlias = Callable[[], int]
"""Microseconds that never step; where they begin does not matter."""

_PONG_TIMEOUT_S: Final = 2.0


def monotonic_us() -> int:
    """This machine's clock."""
    return time.monotonic_ns() // 1000


class HubClock:
    """Tells the hub's time."""

    def __init__(self, local: LocalClock = monotonic_us) -> None:
        self._local = local
        self._window: tuple[Burst, ...] = ()
        self._time: HubTime | None = None
        self._rough_us = 0

    @property
    def synced(self) -> bool:
        """Whether a burst has been answered yet; before, the time is that of `welcome`."""
        return self._time is not None

    @property
    def bursts(self) -> int:
        """How many bursts the present estimate rests on."""
        return len(self._window)

    def now_us(self) -> int:
        """The hub's time, in whole microseconds."""
        local_us = self._local()
        return round(self._time.at(local_us)) if self._time else local_us + self._rough_us

    @property
    def error_us(self) -> float:
        """What `now_us` may well be off by, what is still being slewed included; infinite before the first sync.

        A way there that is longer than the way back even at its best cannot be told from a wrong clock: half the
        difference comes on top, at most half of `round_trip_us`.
        """
        if self._time is None:
            return float("inf")
        return self._time.estimate.error_us + abs(self._time.gap_at(self._local()))

    @property
    def round_trip_us(self) -> int:
        """The best round trip of late; 0 before the first sync."""
        return min((burst.round_trip_us for burst in self._window), default=0)

    @property
    def estimate(self) -> Estimate | None:
        """The estimate that the shown time heads for."""
        return self._time.estimate if self._time else None

    def welcome(self, now_us: int, asked_us: int) -> bool:
        """Take a first, rough time from the `welcome` that answers what was asked at `asked_us`.

        False where it cannot be of the clock that we know: a hub that was restarted may count from elsewhere, and what
        was learnt before is forgotten.
        """
        local_us = self._local()
        self._rough_us = now_us - local_us
        same = self._time is None or self._time.at(asked_us) - STEP_US <= now_us <= self._time.at(local_us) + STEP_US
        if not same:
            self._window, self._time = (), None
        return same

    def take(self, burst: Burst) -> None:
        """Learn from a burst."""
        self._window = extended(self._window, burst)
        target = estimate(self._window)
        self._time = self._time.toward(target, self._local()) if self._time else HubTime(target)

    def local_us(self) -> int:
        """This machine's time, which probes are measured in."""
        return self._local()


class Pinger:
    """Asks the hub for its time; one ping is under way at once, since those sent together wait for one another."""

    def __init__(self, clock: HubClock, send: Callable[[ClockPing], Awaitable[None]]) -> None:
        self._clock = clock
        self._send = send
        self._waiting: tuple[int, asyncio.Future[Probe]] | None = None

    async def burst(self) -> None:
        """Send a burst and let the clock learn from what is answered; pings that are lost are left out."""
        probes = [probe for _ in range(BURST_PINGS) if (probe := await self._probe()) is not None]
        if probes:
            self._clock.take(summarize(probes))

    def answered(self, pong: ClockPong) -> None:
        """Hand over a pong that has just come."""
        back_us = self._clock.local_us()
        if self._waiting is None or self._waiting[0] != pong.t0 or self._waiting[1].done():
            return
        sent_us, future = self._waiting
        future.set_result(Probe(sent_us, pong.received_us, pong.sent_us, back_us))

    async def _probe(self) -> Probe | None:
        sent_us = self._clock.local_us()
        future: asyncio.Future[Probe] = asyncio.get_running_loop().create_future()
        self._waiting = sent_us, future
        try:
            await self._send(ClockPing(t0=sent_us))
            async with asyncio.timeout(_PONG_TIMEOUT_S):
                return await future
        except TimeoutError:
            return None
        finally:
            self._waiting = None
