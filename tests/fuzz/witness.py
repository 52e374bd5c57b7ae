"""Two who work in peace, or ought to: everything they do is answered once and in order, whoever else is there."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from functools import reduce
from typing import Final

import aiohttp

from logdrum_protocol import bounds as b
from logdrum_protocol import client_messages as c
from logdrum_protocol import decode_hub_message
from logdrum_protocol.document import Op, Props
from logdrum_protocol.fold import Document, document_of, step
from logdrum_protocol.hub_messages import (
    Applied,
    Asset,
    Chat,
    ClockPong,
    Event,
    HubMessage,
    Rejected,
    RoomSettings,
    Version,
    VersionDeleted,
    Welcome,
)
from tests.harness import Caller

ANY_SIZE: Final = 2**27
PATIENCE_S: Final = 30
_LAWFUL: Final = frozenset({"bad_reference", "too_many"})
"""Others may delete what a witness names, and fill the room to its limits; nothing else may happen to its edits."""


class Disturbed(AssertionError):
    """A witness was not left in peace."""


async def hear(caller: Caller) -> HubMessage:
    """The next message, of any size; raises EOFError where the hub closes, and `ProtocolError` at what is none."""
    async with asyncio.timeout(PATIENCE_S):
        frame = await caller.ws.receive()
    if frame.type is not aiohttp.WSMsgType.BINARY:
        raise EOFError(f"closed with {caller.ws.close_code}")
    return decode_hub_message(frame.data, max_bytes=ANY_SIZE)


async def welcomed(caller: Caller, **hello: object) -> Welcome:
    """Say hello, and be welcomed into a room of any size."""
    await caller.send(c.Hello(**{"name": "Thandi", **hello}))  # type: ignore[arg-type]  # a test's own fields
    while True:
        message = await hear(caller)
        if isinstance(message, Welcome):
            return message


class Witness:
    """One of them, in a connection that is there before the attackers come, and after they have gone."""

    def __init__(self, name: str, caller: Caller, welcome: Welcome, dice: random.Random) -> None:
        assert welcome.snapshot is not None
        self.name = name
        self.session = welcome.session
        self.seq: b.Seq = welcome.seq
        self._start = document_of(welcome.snapshot.entities)
        self._events: list[Event] = []
        self.answers: Counter[str] = Counter()
        self._caller = caller
        self._dice = dice
        self._track: b.EntityId = f"{name}-t-first"
        self._is_gone = False
        """Whether others have deleted the track."""
        self._asked: list[b.OpId] = []
        self._pings: dict[int, float] = {}
        self._heard = asyncio.Condition()
        self.slowest_pong_s = 0.0

    async def listen(self) -> None:
        """Hear everything there is, and check it; ends only by cancellation or because of a disturbance."""
        while True:
            try:
                message = await hear(self._caller)
            except (EOFError, TimeoutError) as fault:
                raise Disturbed(f"{self.name} was cut off at {self.seq}: {fault!r}") from fault
            self._take(message)
            async with self._heard:
                self._heard.notify_all()

    async def work(self) -> None:
        """Edit and ask for the time, slowly enough for C6; ends only by cancellation."""
        for number in range(1_000_000):
            op_id = f"{self.name}-{number}"
            self._asked.append(op_id)
            await self._caller.send(c.Edit(op_id=op_id, ops=self._ops(number)))
            self._pings[number] = asyncio.get_running_loop().time()
            await self._caller.send(c.ClockPing(t0=number))
            await asyncio.sleep(self._dice.uniform(0.02, 0.1))

    async def settled(self) -> None:
        """Wait until everything that was asked is answered."""
        async with asyncio.timeout(PATIENCE_S), self._heard:
            await self._heard.wait_for(lambda: not self._asked and not self._pings)

    async def document_at(self, seq: b.Seq) -> Document:
        """The document after this event, which may still be to come."""
        async with asyncio.timeout(PATIENCE_S), self._heard:
            await self._heard.wait_for(lambda: self.seq >= seq)
        return await asyncio.to_thread(self._folded, seq)  # seconds of work, in which the hub's pings want answers

    def _folded(self, seq: b.Seq) -> Document:
        return reduce(lambda document, op: step(document, op)[0], self._ops_until(seq), self._start)

    def ops(self) -> int:
        """How many operations there have been, of which the hub keeps a part (D6)."""
        return sum(1 for _ in self._ops_until(self.seq))

    def _ops_until(self, seq: b.Seq) -> Iterator[Op]:
        edits = (event for event in self._events if isinstance(event, Applied) and event.seq <= seq)
        return (op for event in edits for op in event.ops)

    def _ops(self, number: int) -> tuple[Op, ...]:
        """A marker that comes and goes, which nobody can get in the way of; and a track that others may delete."""
        if number % 4 == 0:
            return (self._put_track(number),)
        if number % 4 == 1:
            return (Op(op="set", kind="track", id=self._track, props=Props(pan=self._dice.uniform(-1, 1))),)
        marker = Op(op="put", kind="marker", id=f"{self.name}-m-{number:06}", props=Props(tick=number))
        return (marker, Op(op="delete", kind="marker", id=marker.id))

    def _put_track(self, number: int) -> Op:
        if self._is_gone:
            self._track, self._is_gone = f"{self.name}-t-{number:06}", False
        return Op(op="put", kind="track", id=self._track, props=Props(name=f"take {number}"))

    def _take(self, message: HubMessage) -> None:
        match message:
            case Applied() | Chat() | Asset() | Version() | VersionDeleted() | RoomSettings():
                self._take_event(message)
            case Rejected(op_id=op_id, code=code):
                self._need(code in _LAWFUL, f"{op_id} was refused: {message}")
                self._answered(op_id, code)
            case ClockPong(t0=t0):
                sent = self._pings.pop(int(t0), None)
                self._need(sent is not None, f"a pong came for {t0}, which was not asked, or twice")
                self.slowest_pong_s = max(self.slowest_pong_s, asyncio.get_running_loop().time() - (sent or 0))

    def _take_event(self, event: Event) -> None:
        self._need(event.seq == self.seq + 1, f"event {event.seq} came after {self.seq}")
        self._need(not isinstance(event, RoomSettings), f"{event} is by someone who does not own the room")
        self.seq = event.seq
        self._events.append(event)  # folded at the end, because who is slow to read is fairly closed (C7)
        if isinstance(event, Applied) and event.by == self.session:
            self._answered(event.op_id, "applied")

    def _answered(self, op_id: b.OpId, how: str) -> None:
        self._need(op_id in self._asked, f"{op_id} was answered twice, or never asked")
        if how == "applied":
            # A refusal waits for no disk and overtakes events; an event overtakes nothing.
            self._need(self._asked[0] == op_id, f"{op_id} came before {self._asked[0]}")
        self._is_gone = self._is_gone or how == "bad_reference"
        self._asked.remove(op_id)
        self.answers[how] += 1

    def _need(self, holds: bool, sentence: str) -> None:
        if not holds:
            raise Disturbed(f"{self.name}: {sentence}")
