"""What a member has asked of the document and has no answer to yet, in order: pure, and told the time (D3, D4, D10).

The member sees the confirmed document with these on top. Whatever of others is folded in below, these are tried anew
above it, so that nothing has to be taken back by hand: an answer takes its draft away, and what is seen follows.
"""

import math
from typing import Final, TypeAlias

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import Edit, Redo, Undo, VersionRestore, VersionSave
from logdrum_protocol.document import PARENT, Op
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.fold import Document, step
from logdrum_protocol.hub_messages import Applied, Error, HubMessage, Rejected, Version

WINDOW: Final = 32
"""How many may be unanswered at a time; a quarter of the op_ids that the hub remembers (D4)."""

# Under what the hub takes (C6), so that it need not refuse: what it refuses is overtaken by what follows.
_RATE_PER_S: Final = 90.0
_BURST: Final = 300.0
_PAUSE_S: Final = 0.5

Ordered: TypeAlias = Edit | Undo | Redo | VersionSave | VersionRestore
"""What means another thing before an edit than after it."""


class Allowance(msgspec.Struct, frozen=True):
    """How many messages may go now, counted in time; below zero after the hub has said that they come too fast."""

    count: float = _BURST
    at_us: int = 0

    def at(self, now_us: int) -> "Allowance":
        """The same, refilled up to now."""
        elapsed_us = max(0, now_us - self.at_us)
        return Allowance(min(_BURST, self.count + elapsed_us * _RATE_PER_S / 1e6), now_us)

    def less(self, messages: int) -> "Allowance":
        """What is left after some were sent."""
        return replace(self, count=self.count - messages)

    def exhausted(self) -> "Allowance":
        """Nothing for a while: the hub counts otherwise."""
        return replace(self, count=min(self.count, -_PAUSE_S * _RATE_PER_S))

    @property
    def wait_us(self) -> int:
        """Until one may go."""
        return max(0, math.ceil((1 - self.count) / _RATE_PER_S * 1e6))


class Draft(msgspec.Struct, frozen=True):
    """One of them."""

    message: Ordered
    sent: bool = False
    """Whether it is under way on the present connection."""


class Drafts(msgspec.Struct, frozen=True):
    """All of them, the oldest first."""

    waiting: tuple[Draft, ...] = ()
    allowance: Allowance = Allowance()

    def added(self, message: Ordered) -> "Drafts":
        """One more, behind the others."""
        return replace(self, waiting=(*self.waiting, Draft(message)))

    def over(self, document: Document) -> Document:
        """What the member sees: the document as it would be if the hub took all of them now."""
        for draft in self.waiting:
            if isinstance(draft.message, Edit):
                document = tried(document, draft.message.ops)
        return document

    def due(self, now_us: int) -> tuple["Drafts", tuple[Ordered, ...]]:
        """Return what is to be sent now, and the drafts once it is."""
        allowance = self.allowance.at(now_us)
        room = min(WINDOW - sum(draft.sent for draft in self.waiting), int(max(0.0, allowance.count)))
        unsent = [place for place, draft in enumerate(self.waiting) if not draft.sent][: max(0, room)]
        if not unsent:
            return self, ()
        waiting = list(self.waiting)
        for place in unsent:
            waiting[place] = replace(waiting[place], sent=True)
        messages = tuple(self.waiting[place].message for place in unsent)
        return Drafts(tuple(waiting), allowance.less(len(unsent))), messages

    def wait_us(self, now_us: int) -> int | None:
        """How long until something is due; None where only an answer or another draft can change that."""
        sent = sum(draft.sent for draft in self.waiting)
        if sent == len(self.waiting) or sent >= WINDOW:
            return None
        return self.allowance.at(now_us).wait_us

    def again(self) -> "Drafts":
        """Nothing is under way any more: the connection is another one, and all of them go again (D4).

        That holds for a new session, too. The hub gives one where it does not know the old one, and then it may hold
        the effect of a draft without knowing whose it was: putting, setting and deleting the same again is harmless.
        """
        return replace(self, waiting=tuple(replace(draft, sent=False) for draft in self.waiting))

    def heard(self, message: HubMessage, session: b.SessionId) -> "Drafts":
        """Take away the draft that a message answers; one that came too fast stays, and goes again (D10)."""
        place = self._place(message, session)
        if place is None:
            return self
        if isinstance(message, Rejected | Error) and self._goes_again(place, message):
            resting = self.allowance.exhausted() if message.code == ErrorCode.RATE_LIMITED else self.allowance
            draft = replace(self.waiting[place], sent=False)
            return Drafts((*self.waiting[:place], draft, *self.waiting[place + 1 :]), resting)
        return replace(self, waiting=self.waiting[:place] + self.waiting[place + 1 :])

    def _place(self, message: HubMessage, session: b.SessionId) -> int | None:
        match message:
            case Applied(op_id=op_id, by=by) | Version(op_id=op_id, by=by) if by == session:
                return self._place_of(op_id)
            case Rejected(op_id=op_id) | Error(op_id=op_id):
                return self._place_of(op_id)
            case _:
                return None

    def _place_of(self, op_id: b.OpId | None) -> int | None:
        return next((place for place, draft in enumerate(self.waiting) if draft.message.op_id == op_id), None)

    def _goes_again(self, place: int, refusal: Rejected | Error) -> bool:
        # One that overtook another may have been refused only for want of it.
        is_early = any(not draft.sent for draft in self.waiting[:place])
        return is_early or refusal.code == ErrorCode.RATE_LIMITED


def tried(document: Document, ops: tuple[Op, ...]) -> Document:
    """The document after an edit, or as it was where an op misses what it needs: the hub would refuse all (D5)."""
    after = document
    for op in ops:
        if not _resolves(after, op):
            return document
        after, _ = step(after, op)
    return after


def _resolves(document: Document, op: Op) -> bool:
    if op.op == "delete":
        return True
    known = document.entities.get(op.id)
    if op.op == "set":
        return document.get(op.kind, op.id) is not None and _has_place(document, op)
    return (known is None or known.kind == op.kind) and _has_place(document, op)


def _has_place(document: Document, op: Op) -> bool:
    kind = PARENT[op.kind]
    parent = UNSET if kind is None or op.props is UNSET else getattr(op.props, kind)
    if kind is None or (parent is UNSET and op.op == "set"):
        return True
    return parent is not UNSET and document.get(kind, parent) is not None
