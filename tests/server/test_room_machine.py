"""A room's history held against a simple model, whatever its members do and whenever its disk gives way (D, J9, V)."""

import random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from logdrum_protocol import client_messages as c
from logdrum_protocol.codec import encode
from logdrum_protocol.document import PARENT, Op, given
from logdrum_protocol.engine_messages import NotesWritten
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.fold import Document, apply, parent_of
from logdrum_protocol.hub_messages import Applied, Event, Rejected
from logdrum_protocol.records import Notation, Part, PlayedNote
from logdrum_server.core import ledger, versions
from logdrum_server.core.checkpoint import encode_history, replayed
from logdrum_server.core.effects import LoadVersion, Tell, TellAll
from logdrum_server.core.people import Door
from logdrum_server.core.state import reopened
from tests.protocol.histories import random_op
from tests.server.rooms import READY, TestRoom, all_of

_MEMBERS = ("thandi", "sipho", "lerato")
_members = st.sampled_from(_MEMBERS)
_SECTION = Notation(
    parts=(Part(instrument="drums:3"), Part(instrument="bass")),
    notes=(PlayedNote(0, 0, 120, 36, 110), PlayedNote(1, 0, 240, 33, 90), PlayedNote(1, 480, 240, 35, 0)),
)


class RoomMachine(RuleBasedStateMachine):
    """Members edit, undo and restore; the disk takes some of it, refuses some, and the hub dies in between."""

    def __init__(self) -> None:
        super().__init__()
        self.room = TestRoom()
        self.log: list[Event] = []
        self.saved: dict[str, Document] = {}
        self.told: set[tuple[str, str]] = set()
        self.owners: dict[tuple[str, str], str] = {}
        """Who wrote each property last, as everybody was told."""
        self.asked = 0

    @initialize()
    def all_join(self) -> None:
        for member in _MEMBERS:
            self.room.enter(Door(session=member, key="k"), member)
        self.room.engine(READY)
        self.job = self.room.submit(_MEMBERS[0], "piece")

    def send(self, member: str, message: c.ClientMessage) -> None:
        effects = self.room.send(member, message, settle=False)
        for effect in effects:
            if isinstance(effect, LoadVersion):
                kept = self.saved[effect.message.version].listed()
                self.room.take(versions.restore(self.room.state, effect.session, effect.message, kept))

    @rule(member=_members, seed=st.integers(0, 2**32), size=st.integers(1, 3))
    def edit(self, member: str, seed: int, size: int) -> None:
        rng, known = random.Random(seed), self.room.state.history.document
        self.asked += 1
        ops = tuple(random_op(rng, known, f"{self.asked:04}{number}") for number in range(size))
        self.send(member, c.Edit(op_id=f"e{self.asked}", ops=ops))

    @rule(member=_members, back=st.booleans())
    def undo_or_redo(self, member: str, back: bool) -> None:
        self.asked += 1
        self.send(member, c.Undo(op_id=f"u{self.asked}") if back else c.Redo(op_id=f"u{self.asked}"))

    @rule(seed=st.integers(0, 2**32))
    def work_for_a_while(self, seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(20):
            member = rng.choice(_MEMBERS)
            if rng.random() < 0.3:
                self.undo_or_redo(member, rng.random() < 0.7)
            else:
                self.edit(member, rng.getrandbits(32), rng.randint(1, 3))
            self.settle(rng.random())

    @precondition(lambda self: self.asked > 0)
    @rule(member=_members)
    def repeat_the_last_edit(self, member: str) -> None:
        before = self.room.state.history
        op = Op(op="put", kind="track", id=f"repeat_{self.asked:04}")
        for _ in range(2):
            self.send(member, c.Edit(op_id=f"again{self.asked}", ops=(op,)))
        assert self.room.state.history.seq <= before.seq + 1

    @rule(member=_members)
    def save(self, member: str) -> None:
        self.asked += 1
        self.send(member, c.VersionSave(op_id=f"v{self.asked}", name="v"))
        self.saved |= dict.fromkeys(_new(self.room, self.saved), self.room.state.history.document)

    @precondition(lambda self: self.room.state.settled.versions)
    @rule(member=_members, pick=st.integers(0, 99))
    def restore(self, member: str, pick: int) -> None:
        self.asked += 1
        kept = list(self.room.state.settled.versions)
        self.send(member, c.VersionRestore(op_id=f"r{self.asked}", version=kept[pick % len(kept)]))

    @rule(member=_members, section=st.integers(0, 2))
    def write_down(self, member: str, section: int) -> None:
        """J9: what is there already stays as it is, and what was deleted is written anew under ids of its own."""
        self.asked += 1
        self.send(member, c.JobNotes(op_id=f"n{self.asked}", job=self.job))
        (question,) = self.room.state.inquiries
        before = self.room.state.history.document
        answer = NotesWritten(job=self.job, op_id=question, name="drop", start_tick=section * 7_680, notation=_SECTION)
        self.room.engine(answer)
        after = self.room.state.history.document
        assert all(after.entities[id] == entity for id, entity in before.entities.items())
        assert len(after.entities) - len(before.entities) <= 7

    @precondition(lambda self: self.room.state.history.document.entities)
    @rule(member=_members, pick=st.integers(0, 99))
    def take_away(self, member: str, pick: int) -> None:
        self.asked += 1
        there = self.room.state.history.document.listed()
        gone = there[pick % len(there)]
        self.send(member, c.Edit(op_id=f"d{self.asked}", ops=(Op(op="delete", kind=gone.kind, id=gone.id),)))

    @rule(share=st.floats(0, 1))
    def settle(self, share: float) -> None:
        waiting = self.room.state.unsettled
        if waiting:
            self.hear(self.room.take(ledger.settle(self.room.state, waiting[int(share * len(waiting)) - 1].event.seq)))

    @rule()
    def the_disk_refuses(self) -> None:
        waiting = self.room.state.unsettled
        effects = self.room.take(ledger.refuse(self.room.state, ErrorCode.NO_SPACE, "Full."))
        edits = [one for one in waiting if isinstance(one.event, Applied) and one.event.via == "edit"]
        assert len(all_of(effects, Rejected)) == len(edits)

    @rule(cut=st.integers(0, 99))
    def the_hub_dies_and_comes_back(self, cut: int) -> None:
        bodies = [encode(event) for event in self.log]
        at = cut % (len(bodies) + 1)
        history = replayed(None, bodies)
        assert history == self.room.state.settled
        again = TestRoom()
        again.state = reopened(again.state, replayed(_checkpoint(bodies[:at]), bodies[max(0, at - 3) :]), None, 0)
        assert again.state.history == history
        self.room = again
        self.all_join()

    def hear(self, effects: list[object]) -> None:
        for effect in effects:
            assert isinstance(effect, TellAll | Tell)
            event = effect.message
            self.log.append(event)  # type: ignore[arg-type]  # only events are told here
            if isinstance(event, Applied):
                assert (event.by, event.op_id) not in self.told, "D4: applied twice"
                self.told.add((event.by, event.op_id))
                self.check_owners(event)

    def check_owners(self, event: Applied) -> None:
        for op in event.ops:
            for name in given(op.props) if op.op == "set" and op.props else ():  # type: ignore[arg-type]  # not unset
                owner = self.owners.get((op.id, name), event.by)
                if event.via in ("undo", "redo"):
                    assert owner == event.by, "D6: someone else's writing was taken back"
                self.owners[op.id, name] = event.by

    @invariant()
    def the_log_leads_to_the_document(self) -> None:
        document = Document()
        for event in self.log:
            document = apply(document, event.ops) if isinstance(event, Applied) else document
        assert document == self.room.state.settled.document

    @invariant()
    def events_have_no_gap(self) -> None:
        assert [event.seq for event in self.log] == list(range(1, len(self.log) + 1))

    @invariant()
    def references_hold(self) -> None:
        document = self.room.state.history.document
        for entity in document.entities.values():
            kind = PARENT[entity.kind]
            assert kind is None or document.get(kind, str(parent_of(entity))) is not None


def _new(room: TestRoom, known: dict[str, Document]) -> list[str]:
    return [version for version in room.state.history.versions if version not in known]


def _checkpoint(bodies: list[bytes]) -> bytes | None:
    return encode_history(replayed(None, bodies)) if bodies else None


TestRoomMachine = RoomMachine.TestCase
TestRoomMachine.settings = settings(
    max_examples=120, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
