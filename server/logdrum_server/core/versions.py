"""Named versions of the document: save, list, restore, delete (V)."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import UNSET

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import VersionDelete, VersionList, VersionRestore, VersionSave
from logdrum_protocol.document import Entity, Op, Props, given
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.fold import Document, apply, document_of
from logdrum_protocol.hub_messages import Applied, Error, Version, VersionDeleted, Versions
from logdrum_server.core.effects import LoadVersion, Tell
from logdrum_server.core.ledger import answer_again, record, refuse_one
from logdrum_server.core.state import Outcome, RoomState

_UNKNOWN: Final = "This room has no such version."


def save(state: RoomState, by: b.SessionId, message: VersionSave, version: b.VersionId, now_us: int) -> Outcome:
    """Keep the document as it is (V1)."""
    if len(state.history.versions) >= state.limits.max_versions:
        text = f"A room keeps {state.limits.max_versions} versions; delete one first."
        return refuse_one(state, by, Error(code=ErrorCode.TOO_MANY, message=text, op_id=message.op_id))
    event = Version(
        seq=state.history.seq + 1,
        version=version,
        name=message.name,
        by=by,
        author=state.sessions[by].member.name,
        at_us=now_us,
        op_id=message.op_id,
    )
    return record(state, event)


def listed(state: RoomState, by: b.SessionId, message: VersionList) -> Outcome:
    """Say which versions there are (V2)."""
    return state, [Tell(by, Versions(op_id=message.op_id, versions=tuple(state.settled.versions.values())))]


def begin_restore(state: RoomState, by: b.SessionId, message: VersionRestore) -> Outcome:
    """Fetch a version to be restored (V3)."""
    if message.version not in state.settled.versions:
        return refuse_one(state, by, Error(code=ErrorCode.NOT_FOUND, message=_UNKNOWN, op_id=message.op_id))
    return state, [LoadVersion(by, message)]


def restore(state: RoomState, by: b.SessionId, message: VersionRestore, entities: Iterable[Entity] | None) -> Outcome:
    """Make the document what it was: one edit, that can be undone (V3)."""
    if by not in state.sessions:
        return state, []  # who asked has left meanwhile
    again = answer_again(state, by, message)
    if again is not None:
        return state, again
    if entities is None:
        return refuse_one(state, by, Error(code=ErrorCode.NOT_FOUND, message=_UNKNOWN, op_id=message.op_id))
    ops = difference(state.history.document, document_of(entities))
    seq, version = state.history.seq + 1, message.version
    return record(state, Applied(seq=seq, op_id=message.op_id, by=by, ops=ops, via="restore", version=version))


def delete(state: RoomState, by: b.SessionId, message: VersionDelete) -> Outcome:
    """Forget a version (V4)."""
    if message.version not in state.history.versions:
        return refuse_one(state, by, Error(code=ErrorCode.NOT_FOUND, message=_UNKNOWN, op_id=message.op_id))
    seq = state.history.seq + 1
    return record(state, VersionDeleted(seq=seq, version=message.version, by=by, op_id=message.op_id))


def difference(document: Document, target: Document) -> tuple[Op, ...]:
    """Return operations that lead from one document to another: what is new, then what differs, then what goes."""
    ops = (*_made(document, target), *_changed(document, target), *_gone(document, target))
    if apply(document, ops).entities == target.entities:
        return ops
    # An id that changed its kind, or one that would go with its parent: begin anew.
    tops = (entity for entity in document.listed() if entity.kind in ("track", "marker"))
    return (*(_delete(entity) for entity in tops), *(_put(entity) for entity in target.listed()))


def _made(document: Document, target: Document) -> Iterator[Op]:
    return (_put(entity) for entity in target.listed() if entity.id not in document.entities)


def _changed(document: Document, target: Document) -> Iterator[Op]:
    for entity in target.listed():
        before = document.get(entity.kind, entity.id)
        if before is not None and before != entity:
            old = given(before.props)
            news = {name: value for name, value in given(entity.props).items() if value != old.get(name, UNSET)}
            yield Op(op="set", kind=entity.kind, id=entity.id, props=Props(**news))  # type: ignore[arg-type]  # as were


def _gone(document: Document, target: Document) -> Iterator[Op]:
    return (_delete(entity) for entity in document.listed()[::-1] if entity.id not in target.entities)


def _put(entity: Entity) -> Op:
    return Op(op="put", kind=entity.kind, id=entity.id, props=entity.props)


def _delete(entity: Entity) -> Op:
    return Op(op="delete", kind=entity.kind, id=entity.id)
