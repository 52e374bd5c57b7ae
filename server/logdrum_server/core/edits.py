"""Edits of the document: accepted whole or refused whole, with a sentence that says why (D)."""

from typing import Final

from msgspec import UNSET

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import Edit, Redo, Undo
from logdrum_protocol.document import NAMES, PARENT, REQUIRED, EntityKind, Op, Props, given
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.fold import Document, step
from logdrum_protocol.hub_messages import Applied, Error, Rejected
from logdrum_protocol.records import Limits
from logdrum_server.core.history import History
from logdrum_server.core.ledger import record, refuse_one
from logdrum_server.core.state import Outcome, RoomState
from logdrum_server.core.undo import take_back


class Refusal(Exception):
    """An edit breaks a rule; the message is for its author."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def told(self, op_id: b.OpId) -> Rejected:
        """What the author hears of it (D3)."""
        return Rejected(op_id=op_id, code=self.code, message=self.message)


def edit(state: RoomState, by: b.SessionId, message: Edit) -> Outcome:
    """Carry out an edit, or refuse all of it (D2)."""
    document = state.history.document
    try:
        for op in message.ops:
            _check(op, document, state.history, state.limits)
            document, _ = step(document, op)
    except Refusal as refusal:
        return refuse_one(state, by, refusal.told(message.op_id))
    return record(state, Applied(seq=state.history.seq + 1, op_id=message.op_id, by=by, ops=message.ops))


def take_back_or_redo(state: RoomState, by: b.SessionId, message: Undo | Redo) -> Outcome:
    """Undo the sender's newest edit, or make the newest undone one again (D6)."""
    author, past = state.history.author(by), state.history.past(by)
    undoes = isinstance(message, Undo)
    stack = author.undo if undoes else author.redo
    ops, _ = take_back(past, stack)
    seq = state.history.seq + 1
    op_id = f"{'undo' if undoes else 'redo'}-{seq}" if message.op_id is UNSET else message.op_id
    if not stack:
        text = "There is nothing of yours left to undo." if undoes else "There is nothing of yours to redo."
        return refuse_one(state, by, _error(ErrorCode.NOTHING_TO_UNDO, text, message))
    full = over_limits(ops, state.history.document, state.limits)
    if full is not None:
        return refuse_one(state, by, _error(ErrorCode.TOO_MANY, full, message))
    return record(state, Applied(seq=seq, op_id=op_id, by=by, ops=ops, via="undo" if undoes else "redo"))


def _error(code: ErrorCode, text: str, message: Undo | Redo) -> Error:
    return Error(code=code, message=text, op_id=None if message.op_id is UNSET else message.op_id)


def over_limits(ops: tuple[Op, ...], document: Document, limits: Limits) -> str | None:
    """Return a sentence where the document would hold more than it may after these operations (D9)."""
    for op in ops:
        document, _ = step(document, op)
    full = [kind for kind, (field, _) in _LIMITS.items() if document.count(kind) > getattr(limits, field)]
    return f"That would make more {_LIMITS[full[0]][1]} than a room may hold." if full else None


def _check(op: Op, document: Document, history: History, limits: Limits) -> None:
    """Raise a `Refusal` where an op breaks a rule on what those before it left."""
    props = Props() if op.props is UNSET else op.props
    _check_names(op, props)
    match op.op:
        case "put":
            _check_put(op, props, document, history)
            _check_room(op, document, limits)
        case "set" if document.get(op.kind, op.id) is None:
            raise Refusal(ErrorCode.BAD_REFERENCE, f"There is no {op.kind} '{op.id}' to change; it may be deleted.")
        case "delete" if document.get(op.kind, op.id) is None and op.id not in history.graves:
            raise Refusal(ErrorCode.BAD_REFERENCE, f"There is no {op.kind} '{op.id}' to delete.")
    if op.op != "delete":
        _check_references(op, props, document, history)


def _check_names(op: Op, props: Props) -> None:
    known = NAMES[op.kind]
    unknown = next((name for name in given(props) if name not in known), None)
    if unknown is not None:
        raise Refusal(ErrorCode.BAD_PARAMS, f"A {op.kind} has no '{unknown}'.")


def _check_put(op: Op, props: Props, document: Document, history: History) -> None:
    missing = next((name for name in REQUIRED[op.kind] if getattr(props, name) is UNSET), None)
    if missing is not None:
        raise Refusal(ErrorCode.BAD_PARAMS, f"A {op.kind} needs '{missing}'.")
    live = document.entities.get(op.id)
    if live is not None and live.kind != op.kind:
        raise Refusal(ErrorCode.BAD_REFERENCE, f"'{op.id}' is a {live.kind}; a {op.kind} needs an id of its own.")
    if live is None and op.id in history.graves:
        raise Refusal(ErrorCode.BAD_REFERENCE, f"The {op.kind} '{op.id}' is deleted; only undo brings it back.")


_LIMITS: Final[dict[EntityKind, tuple[str, str]]] = {
    "track": ("max_tracks", "tracks"),
    "clip": ("max_clips", "clips"),
    "note": ("max_notes", "notes"),
    "marker": ("max_markers", "markers"),
}


def _check_room(op: Op, document: Document, limits: Limits) -> None:
    field, plural = _LIMITS[op.kind]
    most = getattr(limits, field)
    if op.id not in document.entities and document.count(op.kind) >= most:
        raise Refusal(ErrorCode.TOO_MANY, f"A room may hold {most} {plural}.")


def _check_references(op: Op, props: Props, document: Document, history: History) -> None:
    kind = PARENT[op.kind]
    parent = UNSET if kind is None else getattr(props, kind)
    if kind is not None and parent is not UNSET and document.get(kind, parent) is None:
        raise Refusal(ErrorCode.BAD_REFERENCE, f"There is no {kind} '{parent}'; it may be deleted.")
    if isinstance(props.asset, str) and props.asset not in history.assets:
        raise Refusal(ErrorCode.BAD_REFERENCE, "This room has no such sound; upload it first.")
