"""What the hub's clock really says: on one machine it is CLOCK_MONOTONIC and a constant, which every ping bounds."""

import asyncio
import time
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from logdrum_protocol import SUBPROTOCOL, decode_hub_message, encode
from logdrum_protocol.client_messages import ClockPing, Hello
from logdrum_protocol.hub_messages import ClockPong

_PINGS: Final = 400
_PAUSE_S: Final = 0.002
"""Below the 800 pings a second that a connection may send (C6)."""


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of hub time minus CLOCK_MONOTONIC."""

    low_us: float
    high_us: float

    @property
    def offset_us(self) -> float:
        """The middle of the bounds."""
        return (self.low_us + self.high_us) / 2

    @property
    def uncertainty_us(self) -> float:
        """How far the middle may be off."""
        return (self.high_us - self.low_us) / 2

    def narrowed(self, low_us: float, high_us: float) -> "Truth":
        """Return these bounds within others."""
        return Truth(low_us=max(self.low_us, low_us), high_us=min(self.high_us, high_us))


async def find_truth(url: str) -> Truth:
    """Ping an idle hub many times: a pong leaves after its ping was sent, and before it came back."""
    truth = Truth(low_us=float("-inf"), high_us=float("inf"))
    async with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None) as connection:
        await connection.send(encode(Hello(name="truth")))
        for number in range(_PINGS):
            sent_us = _monotonic_us()
            await connection.send(encode(ClockPing(t0=number)))
            pong = await _pong(connection)
            truth = truth.narrowed(low_us=pong.sent_us - _monotonic_us(), high_us=pong.received_us + 1 - sent_us)
            await asyncio.sleep(_PAUSE_S)
    return truth


async def _pong(connection: ClientConnection) -> ClockPong:
    while True:
        frame = await connection.recv(decode=False)
        assert isinstance(frame, bytes)
        if isinstance(message := decode_hub_message(frame), ClockPong):
            return message


def _monotonic_us() -> float:
    return time.monotonic_ns() / 1000
