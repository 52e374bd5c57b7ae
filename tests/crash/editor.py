"""One who edits a room without waiting for answers, through any number of deaths of the hub."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

import msgspec
from aiohttp import ClientError, WSMsgType
from msgspec import UNSET

from logdrum_protocol import ClientMessage, HubMessage, decode_hub_message
from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import Edit, Hello, Redo, SendChat, Undo, VersionSave
from logdrum_protocol.document import Op, Props
from logdrum_protocol.fold import Document, apply, document_of
from logdrum_protocol.hub_messages import Applied, Chat, Error, Event, Rejected, Version, Welcome
from logdrum_protocol.records import ResumePoint
from tests.harness import Caller, RunningHub, call

ROOM: Final = "sunset"
DEAD: Final = (EOFError, ClientError, ConnectionError)
"""What a connection to a hub that was killed ends in."""

_WINDOW: Final = 24
_MAX_SENT: Final = 300
"""On one connection, so that nothing comes too fast (C6)."""
_REPLAYED: Final = 900
"""Events that a hub has ready for whoever missed them (H2)."""
_LEGAL: Final = frozenset({"bad_reference", "nothing_to_undo"})
"""Refusals that others' edits, and one's own undoing, may bring about."""


class Witness:
    """Every event that anyone was told, by its seq; no two were ever told different things."""

    def __init__(self) -> None:
        self.events: dict[b.Seq, Event] = {}
        self._goal: int | None = None
        self._act: Callable[[], object] = bool

    def after(self, more: int, act: Callable[[], object]) -> None:
        """Do something as soon as so many more events have been told of."""
        self._goal, self._act = len(self.events) + more, act

    def hear(self, event: Event) -> None:
        earlier = self.events.setdefault(event.seq, event)
        assert earlier == event, f"event {event.seq} was {earlier}, and now is {event}"
        if len(self.events) == self._goal:
            self._act()

    def check(self, seq: b.Seq) -> None:
        """The history has no gap, does not go back, and holds no operation twice (D4, D7, H2)."""
        assert sorted(self.events) == [*range(1, seq + 1)], f"the history up to {seq} has a gap, or went back"
        times = Counter(operation(event) for event in self.events.values())
        assert all(count == 1 for count in times.values()), f"more than once: {times.most_common(3)}"


def operation(event: Event) -> tuple[b.SessionId | None, b.OpId | None]:
    """Whose event it is, and which of their operations."""
    match event:
        case Chat(session=by, op_id=op_id):
            return by, op_id
        case Applied(by=by, op_id=op_id) | Version(by=by, op_id=op_id):
            return by, op_id
        case _:
            raise AssertionError(f"nobody asked for {event}")


async def hear(caller: Caller) -> HubMessage:
    """The next message, of any size: a `welcome` holds the whole document; raises EOFError where the hub is gone."""
    async with asyncio.timeout(20):
        frame = await caller.ws.receive()
    if frame.type is not WSMsgType.BINARY:
        raise EOFError(f"closed with {caller.ws.close_code}")
    return decode_hub_message(frame.data, max_bytes=2**26)


async def enter(caller: Caller, hello: Hello) -> Welcome:
    """Say hello, and be welcomed."""
    await caller.send(hello)
    while True:
        message = await hear(caller)
        if isinstance(message, Welcome):
            return message


class Editor:
    """What one of them knows: the document as it was told, and what it has asked for."""

    def __init__(self, name: str, seed: int, witness: Witness) -> None:
        self.name = name
        self.document = Document()
        self.seq = 0
        self.session: b.SessionId | None = None
        self.asked: dict[b.OpId, ClientMessage] = {}
        """What no answer has come to, in the order of asking."""
        self.done: dict[b.OpId, b.Seq] = {}
        self.refused: set[b.OpId] = set()
        self.repeats = 0
        """Answers to what had been answered before."""
        self._dice = random.Random(seed)
        self._witness = witness
        self._resume: ResumePoint | None = None
        self._count = 0
        self._clip: b.EntityId | None = None

    async def join(self, hub: RunningHub, connections: AsyncExitStack) -> Caller:
        """Come in, or come back, and hear of everything up to the `welcome`."""
        caller = await connections.enter_async_context(call(hub, ROOM))
        welcome = await enter(
            caller, Hello(name=self.name, resume=UNSET if self._resume is None else self.resume_point())
        )
        self._come_in(welcome)
        unanswered = dict(self.asked)
        while self.seq < welcome.seq:
            self._hear(await hear(caller))
        self.asked = unanswered  # what the replay answers is asked again all the same (D4)
        return caller

    def resume_point(self) -> ResumePoint:
        assert self._resume is not None
        return msgspec.structs.replace(self._resume, seq=self.seq)

    def _come_in(self, welcome: Welcome) -> None:
        if self._resume is not None and self._witness.events:  # a room in which nothing was done is not kept
            assert self._resume.epoch == welcome.epoch, "the history began anew"
            assert self.session == welcome.session, "a right key brought another session"
            missed = welcome.seq - self.seq
            assert welcome.recovered or not 0 <= missed < _REPLAYED, f"{missed} events were missed, and not replayed"
        self.session = welcome.session
        self._resume = ResumePoint(session=welcome.session, key=welcome.key, epoch=welcome.epoch, seq=self.seq)
        if not welcome.recovered:
            assert welcome.snapshot is not None
            assert welcome.seq >= self.seq, f"told of {self.seq}, and the hub has {welcome.seq}"
            self.document, self.seq = document_of(welcome.snapshot.entities), welcome.seq

    async def work(self, caller: Caller) -> None:
        """Ask again for what was not answered, then for more, until the hub is dead or enough was asked."""
        sent = 0
        for message in list(self.asked.values()):
            await caller.send(message)
            sent += 1
        while self.asked or sent < _MAX_SENT:
            while len(self.asked) < _WINDOW and sent < _MAX_SENT:
                await caller.send(self._next())
                sent += 1
            self._hear(await hear(caller))

    async def settle(self, caller: Caller) -> None:
        """Ask again for what was not answered, and wait for every answer."""
        for message in list(self.asked.values()):
            await caller.send(message)
        while self.asked:
            self._hear(await hear(caller))

    def _hear(self, message: HubMessage) -> None:
        match message:
            case Applied() | Chat() | Version():
                self._hear_event(message)
            case Rejected(op_id=op_id, code=code) | Error(op_id=op_id, code=code):
                assert code in _LEGAL, f"{self.name} was refused: {message}"
                assert op_id is not None
                self.asked.pop(op_id, None)
                self.refused.add(op_id)
                self._clip = None

    def _hear_event(self, event: Applied | Chat | Version) -> None:
        by, op_id = operation(event)
        if event.seq > self.seq:
            assert event.seq == self.seq + 1, f"event {event.seq} came after {self.seq}"
            self._witness.hear(event)
            self.seq = event.seq
            if isinstance(event, Applied):
                self.document = apply(self.document, event.ops)
        if by == self.session and op_id is not None:
            self._done(op_id, event.seq)

    def _done(self, op_id: b.OpId, seq: b.Seq) -> None:
        self.repeats += op_id in self.done
        earlier = self.done.setdefault(op_id, seq)
        assert earlier == seq, f"{op_id} was event {earlier}, and again event {seq}"
        self.asked.pop(op_id, None)

    def _next(self) -> ClientMessage:
        self._count += 1
        op_id = f"{self.name}-{self._count}"
        message = self.asked[op_id] = self._choose(op_id)
        return message

    def _choose(self, op_id: b.OpId) -> ClientMessage:
        if self._clip is None:  # at first, and where it was undone
            return self._new_clip(op_id)
        throw = self._dice.random()
        if throw < 0.05:
            return Undo(op_id=op_id)
        if throw < 0.08:
            return Redo(op_id=op_id)
        if throw < 0.11:
            return SendChat(op_id=op_id, text=op_id)
        if throw < 0.113:
            return VersionSave(op_id=op_id, name=op_id)
        return Edit(op_id=op_id, ops=self._ops(throw))

    def _new_clip(self, op_id: b.OpId) -> Edit:
        track, clip = f"{self.name}-track", f"{self.name}-clip-{self._count:06}"
        self._clip = clip
        where = Props(track=track, start_tick=self._count, length_ticks=960)
        ops = (
            Op(op="put", kind="track", id=track, props=Props(name=op_id)),
            Op(op="put", kind="clip", id=clip, props=where),
        )
        return Edit(op_id=op_id, ops=ops)

    def _ops(self, throw: float) -> tuple[Op, ...]:
        assert self._clip is not None
        note = f"{self.name}-note-{self._dice.randrange(self._count):06}"
        if throw < 0.2:
            return (Op(op="delete", kind="note", id=note),)
        if throw < 0.35:
            return (Op(op="set", kind="note", id=note, props=Props(velocity=self._count % 128)),)
        many = 5 if throw < 0.4 else 1
        return tuple(self._put_note(self._clip, more) for more in range(many))

    def _put_note(self, clip: b.EntityId, more: int) -> Op:
        id = f"{self.name}-note-{self._count:06}{'abcde'[more] if more else ''}"
        props = Props(clip=clip, tick=self._count, length_ticks=240, pitch=self._count % 128)
        return Op(op="put", kind="note", id=id, props=props)
