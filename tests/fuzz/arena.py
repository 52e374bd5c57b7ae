"""Where attackers are let loose, and how one of them joins."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec

from logdrum_protocol import bounds as b
from logdrum_protocol import client_messages as c
from logdrum_protocol.document import Entity
from logdrum_protocol.hub_messages import HubMessage, Welcome
from tests.fuzz.witness import hear, welcomed
from tests.harness import Caller, RunningHub, call


class Arena(msgspec.Struct, frozen=True):
    """Where an attacker is let loose, and the chance that drives it."""

    hub: RunningHub
    room: b.RoomId
    dice: random.Random


Attack = Callable[[Arena], Awaitable[None]]


class Intruder:
    """An attacker who has joined, and hears what it is told meanwhile."""

    def __init__(self, caller: Caller, welcome: Welcome) -> None:
        self.caller = caller
        self.welcome = welcome
        self.entities: tuple[Entity, ...] = () if welcome.snapshot is None else welcome.snapshot.entities
        self.heard: HubMessage | None = None

    async def read(self) -> None:
        while True:
            self.heard = await hear(self.caller)

    async def send(self, *messages: c.ClientMessage) -> None:
        for one in messages:
            await self.caller.send(one)

    async def send_frames(self, *frames: bytes) -> None:
        for frame in frames:
            await self.caller.ws.send_bytes(frame)


@asynccontextmanager
async def inside(arena: Arena, **hello: object) -> AsyncIterator[Intruder]:
    """Join, and read on until the end; then leave, or vanish."""
    async with call(arena.hub, arena.room) as caller:
        intruder = Intruder(caller, await welcomed(caller, **{"name": "Nobody", **hello}))
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(intruder.read())
            yield intruder
            await asyncio.sleep(arena.dice.uniform(0, 0.3))
            reading.cancel()
        if arena.dice.random() < 0.5:
            caller.vanish()


def fresh(arena: Arena) -> b.EntityId:
    """An id that nobody has."""
    return f"fz{arena.dice.getrandbits(64):016x}"
