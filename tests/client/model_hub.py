"""The least hub that keeps a document: one room, a log, and everything a client may meet on the way there and back."""

import random
from collections import deque
from collections.abc import Iterator

from logdrum_client.drafts import Drafts, Ordered, tried
from logdrum_client.ops import delete, put, set_
from logdrum_client.view import RoomView, entered, folded
from logdrum_protocol.client_messages import Edit, Undo, VersionSave
from logdrum_protocol.document import Op
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.fold import Document, apply
from logdrum_protocol.hub_messages import Applied, Error, HubMessage, Rejected, Snapshot, Version, Welcome
from logdrum_protocol.records import ResumePoint
from tests.client.fake_hub import welcome

TRACKS = ("track-one", "track-two")
CLIPS = ("clip-alpha", "clip-beta")


class ModelHub:
    """Applies an edit whole or not at all, once for each op_id, and answers a repeat as it answered at first."""

    def __init__(self) -> None:
        self.document = Document()
        self.log: list[Applied | Version] = []
        self._answers: dict[tuple[str, str], Applied | Version | Rejected | Error] = {}

    def join(self, session: str, resume: ResumePoint | None, *, may_recover: bool) -> list[HubMessage]:
        if resume is None or not may_recover:
            return [self._welcome(session, Snapshot(entities=self.document.listed()))]
        return [self._welcome(session, None), *self.log[resume.seq :]]

    def _welcome(self, session: str, snapshot: Snapshot | None) -> Welcome:
        return welcome(session=session, seq=len(self.log), recovered=snapshot is None, snapshot=snapshot, now_us=0)

    def answer(self, session: str, message: Ordered) -> Applied | Version | Rejected | Error:
        """Carry a message out; what has a `seq` is for everybody, unless it is a repeat."""
        name = session, str(message.op_id)
        if name not in self._answers:
            self._answers[name] = self._carry_out(session, message)
        return self._answers[name]

    def _carry_out(self, session: str, message: Ordered) -> Applied | Version | Rejected | Error:
        seq, op_id = len(self.log) + 1, str(message.op_id)
        match message:
            case Edit(ops=ops):
                after = apply(self.document, ops)
                if tried(self.document, ops) != after:
                    return Rejected(op_id=op_id, code=ErrorCode.BAD_REFERENCE, message="No such thing.")
                self.document = after
                return self._log(Applied(seq=seq, op_id=op_id, by=session, ops=ops))
            case VersionSave(name=name):
                version = Version(seq=seq, version=f"v{seq}", name=name, by=session, author="T", at_us=0, op_id=op_id)
                return self._log(version)
            case _:
                return Error(code=ErrorCode.NOTHING_TO_UNDO, message="Nothing is left.", op_id=op_id)

    def _log(self, event: Applied | Version) -> Applied | Version:
        self.log.append(event)
        return event


class ModelClient:
    """A client without a network: what it would send and what was sent to it lie in queues."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.view: RoomView | None = None
        self.drafts = Drafts()
        self.connected = False
        self.up: deque[Ordered] = deque()
        self.down: deque[HubMessage] = deque()
        self.made: list[str] = []
        self.refused: set[str] = set()

    def make(self, message: Ordered) -> None:
        self.made.append(str(message.op_id))
        self.drafts = self.drafts.added(message)

    def send(self, now_us: int) -> None:
        if self.connected and self.view is not None:
            self.drafts, due = self.drafts.due(now_us)
            self.up.extend(due)

    def cut(self) -> None:
        self.up.clear()
        self.down.clear()
        self.connected = False

    def take(self, message: HubMessage) -> None:
        if isinstance(message, Welcome):
            self.view = entered(message, self.view)
            self.drafts = self.drafts.again()
            self.connected = True
            return
        assert self.view is not None
        self.view = folded(self.view, message, 0.0)
        before, self.drafts = self.drafts, self.drafts.heard(message, self.session)
        if isinstance(message, Rejected | Error) and len(self.drafts.waiting) < len(before.waiting):
            self.refused.add(str(message.op_id))


class ModelWorld:
    """One seeded story: members who edit, cables that break, a hub that takes its time."""

    def __init__(self, seed: int, *, clients: int = 3, rate_limits: bool = False) -> None:
        self.rng = random.Random(seed)
        self.hub = ModelHub()
        self.clients = [ModelClient(f"s{n}") for n in range(clients)]
        self._rate_limits = rate_limits
        self._now_us = 0
        self._number = 0

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self._now_us += self.rng.randrange(200_000)
            client = self.rng.choice(self.clients)
            act = self.rng.choices((self._make, self._up, self._down, self._cut), (6, 6, 6, 1))[0]
            act(client)
        self._settle()

    def _settle(self) -> None:
        self._rate_limits = False
        while any(not client.connected or client.drafts.waiting or client.down for client in self.clients):
            self._now_us += 1_000_000
            for client in self.clients:
                self._up(client)
                self._down(client)

    def _make(self, client: ModelClient) -> None:
        self._number += 1
        op_id = f"op{self._number}"
        choice = self.rng.random()
        if choice < 0.9:
            client.make(Edit(op_id=op_id, ops=tuple(self._ops())))
        else:
            client.make(self.rng.choice((Undo(op_id=op_id), VersionSave(op_id=op_id, name="take"))))

    def _ops(self) -> Iterator[Op]:
        for _ in range(self.rng.randint(1, 3)):
            track, clip, tick = self.rng.choice(TRACKS), self.rng.choice(CLIPS), self.rng.randrange(99)
            yield self.rng.choice(
                (
                    put("track", track, name=f"n{tick}"),
                    put("clip", clip, track=track, start_tick=tick, length_ticks=960),
                    set_("clip", clip, start_tick=tick),
                    set_("clip", clip, track=track),
                    set_("track", track, gain_db=-float(tick)),
                    delete("clip", clip),
                    delete("track", track),
                )
            )

    def _up(self, client: ModelClient) -> None:
        if not client.connected and not client.down:
            resume = client.view.resume_point if client.view else None
            client.down.extend(self.hub.join(client.session, resume, may_recover=self.rng.random() < 0.7))
        client.send(self._now_us)
        for _ in range(min(len(client.up), self.rng.randint(1, 8))):
            self._hand_over(client, client.up.popleft())

    def _hand_over(self, client: ModelClient, message: Ordered) -> None:
        if self._rate_limits and self.rng.random() < 0.2:
            client.down.append(Rejected(op_id=str(message.op_id), code=ErrorCode.RATE_LIMITED, message="Slower."))
            return
        known = len(self.hub.log)
        answer = self.hub.answer(client.session, message)
        for other in self.clients if len(self.hub.log) > known else (client,):
            if other is client or other.connected or other.down:
                other.down.append(answer)

    def _down(self, client: ModelClient) -> None:
        for _ in range(min(len(client.down), self.rng.randint(1, 8))):
            client.take(client.down.popleft())

    def _cut(self, client: ModelClient) -> None:
        client.cut()
