"""Events between being accepted and being on disk: nobody hears of one before it would survive a power cut (D7)."""

from typing import assert_never

from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import (
    Edit,
    JobNotes,
    Redo,
    SendChat,
    SettingsSet,
    Undo,
    VersionDelete,
    VersionRestore,
    VersionSave,
)
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import (
    Applied,
    Asset,
    Chat,
    Error,
    Event,
    HubMessage,
    Rejected,
    RoomSettings,
    Version,
    VersionDeleted,
)
from logdrum_server.core.effects import Effect, Record, Tell, TellAll
from logdrum_server.core.history import fold
from logdrum_server.core.state import Outcome, RoomState, Unsettled

Recorded = Edit | Undo | Redo | SendChat | VersionSave | VersionRestore | VersionDelete | JobNotes | SettingsSet
"""What a member asks for that becomes an event."""


def record(state: RoomState, event: Event) -> Outcome:
    """Accept an event: the room goes on from it, though nobody is told yet."""
    after = fold(state.history, event)
    unsettled = (*state.unsettled, Unsettled(event, after))
    return replace(state, history=after, unsettled=unsettled), [Record(event)]


def settle(state: RoomState, seq: b.Seq) -> Outcome:
    """Every event up to `seq` is on disk: tell everybody, in order (D3)."""
    done = tuple(one for one in state.unsettled if one.event.seq <= seq)
    if not done:
        return state, []
    state = replace(state, settled=done[-1].after, unsettled=state.unsettled[len(done) :])
    return state, [TellAll(one.event, "events") for one in done]


def refuse(state: RoomState, code: ErrorCode, message: str) -> Outcome:
    """The disk took none of the events that wait: the room is what it was, and each author hears of it."""
    refused, effects = state.unsettled, list[Effect]()
    state = replace(state, history=state.settled, unsettled=())
    for one in refused:
        refusal = _refusal(one.event, code, message)
        if refusal is not None:
            state, told = refuse_one(state, *refusal)
            effects += told
    return state, effects


def refuse_one(state: RoomState, by: b.SessionId, refusal: Rejected | Error) -> Outcome:
    """Refuse one operation, and remember that: sent again, it is refused again, whatever has changed since (D4)."""
    session = state.sessions.get(by)
    if session is not None and refusal.op_id is not None:
        state = state.with_session(session.answered(refusal.op_id, refusal))
    return state, [Tell(by, refusal)]


def _refusal(event: Event, code: ErrorCode, message: str) -> tuple[b.SessionId, Rejected | Error] | None:
    match event:
        case Applied(by=by, op_id=op_id, via="edit"):
            return by, Rejected(op_id=op_id, code=code, message=message)
        case Applied(by=by, op_id=op_id) | Version(by=by, op_id=op_id) | VersionDeleted(by=by, op_id=op_id):
            return by, Error(code=code, message=message, op_id=op_id)
        case Chat(session=by, op_id=op_id):
            return by, Error(code=code, message=message, op_id=op_id)
        case RoomSettings(by=by, op_id=op_id):
            return by, Error(code=code, message=message, op_id=op_id)
        case Asset():
            return None  # the upload is refused where it waits
        case _:
            assert_never(event)


def answer_again(state: RoomState, by: b.SessionId, message: Recorded) -> list[Effect] | None:
    """What a repeated operation is answered, and None where this is the first time (D4)."""
    op_id = message.op_id
    if not isinstance(op_id, str):
        return None
    earlier = state.sessions[by].ops.get(op_id)
    if isinstance(earlier, Rejected | Error):
        return [Tell(by, earlier)]
    seq = state.history.author(by).seq_of(op_id)
    if seq is None:
        return None
    if seq > state.settled.seq:
        return []  # the first one's answer is on its way
    return [Tell(by, _said_before(state, by, message, seq), "events")]


def _said_before(state: RoomState, by: b.SessionId, message: Recorded, seq: b.Seq) -> HubMessage:
    op_id = str(message.op_id)
    match message:
        case Edit():
            return Applied(seq=seq, op_id=op_id, by=by, ops=message.ops)
        case Undo():
            return Applied(seq=seq, op_id=op_id, by=by, ops=(), via="undo")
        case Redo():
            return Applied(seq=seq, op_id=op_id, by=by, ops=(), via="redo")
        case VersionRestore():
            return Applied(seq=seq, op_id=op_id, by=by, ops=(), via="restore", version=message.version)
        case JobNotes():
            return Applied(seq=seq, op_id=op_id, by=by, ops=(), via="notes")
        case SettingsSet():
            return RoomSettings(seq=seq, by=by, threshold=message.threshold, op_id=op_id)
        case SendChat():
            return _line(state, by, message, seq)
        case VersionSave():
            return _version(state, op_id, seq)
        case VersionDelete():
            return VersionDeleted(seq=seq, version=message.version, by=by, op_id=op_id)
        case _:
            assert_never(message)


def _line(state: RoomState, by: b.SessionId, message: SendChat, seq: b.Seq) -> HubMessage:
    kept = next((line for line in state.settled.chat if line.seq == seq), None)
    if kept is not None:
        return kept
    op_id, name = str(message.op_id), state.sessions[by].member.name
    return Chat(seq=seq, session=by, name=name, text=message.text, at_us=0, op_id=op_id)


def _version(state: RoomState, op_id: b.OpId, seq: b.Seq) -> HubMessage:
    kept = next((version for version in state.settled.versions.values() if version.seq == seq), None)
    return kept or Error(code=ErrorCode.GONE, message="That version was saved, and is deleted by now.", op_id=op_id)
