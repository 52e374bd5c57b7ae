"""Per-person undo: what of an edit can still be taken back without touching anyone else's work (D6).

Undo that is shared by everybody takes back what someone else has just done; this one is local, in the sense of
Abowd and Dix, "Giving undo attention" (1992): it takes back the sender's own newest edit, wherever it lies in the
history, and leaves alone what others have written since.
"""

from typing import Final, TypeAlias, assert_never

import msgspec
from immutables import Map
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.document import PARENT, Entity, Op, Props, given
from logdrum_protocol.fold import Created, Document, Removed, Step, Wrote, parent_of, step

MADE: Final = "*made"
"""Stands among the properties of `Writings` for the making of an entity."""

FILLED: Final = "*filled"
"""The same for something in it that was brought back."""


class Trace(msgspec.Struct, frozen=True):
    """What one event changed in the document."""

    seq: b.Seq
    steps: tuple[Step, ...]


class Writing(msgspec.Struct, frozen=True):
    """Who wrote something last, and when."""

    seq: b.Seq
    by: b.SessionId


Writings: TypeAlias = Map[b.EntityId, Map[str, Writing]]


class Past(msgspec.Struct, frozen=True):
    """What decides whether something can be taken back."""

    document: Document
    writings: Writings
    graves: Map[b.EntityId, b.Seq]
    by: b.SessionId
    """Who takes back."""


def take_back(past: Past, stack: tuple[Trace, ...]) -> tuple[tuple[Op, ...], tuple[Trace, ...]]:
    """Return the operations that take back the newest trace of which anything can be, and the traces left below it."""
    while stack:
        *below, newest = stack
        stack = tuple(below)
        ops, document = _inverse(past, newest)
        if document.entities != past.document.entities:
            return ops, stack
    return (), ()


def _inverse(past: Past, trace: Trace) -> tuple[tuple[Op, ...], Document]:
    """Return what takes a trace back, as far as it can be, and the document after that."""
    ops: list[Op] = []
    for change in reversed(trace.steps):
        op = _inverse_of(past, change, trace.seq)
        if op is not None:
            past = replace(past, document=step(past.document, op)[0])
            ops.append(op)
    return tuple(ops), past.document


def _inverse_of(past: Past, change: Step, since: b.Seq) -> Op | None:
    match change:
        case Created(entity):
            return _unmake(past, entity, since)
        case Removed(entity):
            return _bring_back(past, entity, since)
        case Wrote():
            return _unwrite(past, change, since)
        case _:
            assert_never(change)


def _unmake(past: Past, entity: Entity, since: b.Seq) -> Op | None:
    if past.document.get(entity.kind, entity.id) is None:
        return None
    if any(_others_wrote(past, inner.id, since) for inner in past.document.within(entity.id)):
        return None
    return Op(op="delete", kind=entity.kind, id=entity.id)


def _bring_back(past: Past, entity: Entity, since: b.Seq) -> Op | None:
    if past.graves.get(entity.id, since) != since:
        return None  # it has come back meanwhile, and gone again by another's hand
    parent, live = parent_of(entity), past.document.entities
    if entity.id in live or (parent is not None and parent not in live):
        return None
    return Op(op="put", kind=entity.kind, id=entity.id, props=entity.props)


def _unwrite(past: Past, change: Wrote, since: b.Seq) -> Op | None:
    entity = past.document.get(change.kind, change.id)
    if entity is None:
        return None
    names = past.writings.get(change.id, Map())
    mine = {
        name: value
        for name, value in given(change.before).items()
        if not _is_others(names.get(name), past.by, since)
        and value != getattr(entity.props, name)
        and not (name == PARENT[change.kind] and value not in past.document.entities)
    }
    if not mine:
        return None
    return Op(op="set", kind=change.kind, id=change.id, props=Props(**mine))  # type: ignore[arg-type]  # as they were


def _others_wrote(past: Past, id: b.EntityId, since: b.Seq) -> bool:
    writings = past.writings.get(id, Map()).values()
    return any(_is_others(writing, past.by, since) for writing in writings)


def _is_others(writing: Writing | None, by: b.SessionId, since: b.Seq) -> bool:
    return writing is not None and writing.by != by and writing.seq > since
