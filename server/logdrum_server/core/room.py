"""One room: every message of a member finds its rule here."""

from typing import Final, assert_never

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import (
    ClientMessage,
    ClockPing,
    Edit,
    Hello,
    JobCancel,
    JobNotes,
    JobSteer,
    JobSubmit,
    PlayNote,
    Redo,
    SendChat,
    SetPresence,
    SettingsSet,
    TransportSet,
    Undo,
    VersionDelete,
    VersionList,
    VersionRestore,
    VersionSave,
)
from logdrum_protocol.engine_messages import (
    AssetChecked,
    EngineReady,
    FromEngine,
    Heartbeat,
    JobAudio,
    JobDescribed,
    JobDone,
    JobFailed,
    JobProgress,
    JobStarted,
    MixRendered,
    NotesWritten,
)
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Error, Rejected
from logdrum_server.core import edits, engine_events, jobs, people, settings, transport, versions, writing
from logdrum_server.core.effects import Tell
from logdrum_server.core.jobs import Ticket
from logdrum_server.core.ledger import Recorded, answer_again, refuse_one
from logdrum_server.core.state import Outcome, RoomState

_READ_ONLY: Final = "You are here to listen: only editors can do that."
_OPEN_TO_ALL = (SetPresence, SendChat, VersionList, Hello, ClockPing)


def handle(state: RoomState, by: b.SessionId, message: ClientMessage, ticket: Ticket, now_us: int) -> Outcome:
    """Carry out one message of a member who has joined."""
    if state.sessions[by].member.role == "listener" and not isinstance(message, _OPEN_TO_ALL):
        return _forbid(state, by, message)
    if isinstance(message, Recorded):
        again = answer_again(state, by, message)
        return _record(state, by, message, ticket, now_us) if again is None else (state, again)
    match message:
        case TransportSet():
            return _once(state, by, message, now_us)
        case JobSubmit():
            return _submit_once(state, by, message, ticket, now_us)
        case JobCancel():
            return jobs.cancel(state, by, message, now_us)
        case JobSteer():
            return jobs.steer(state, by, message, now_us)
        case SetPresence():
            return people.show_presence(state, by, message)
        case PlayNote():
            return people.play_note(state, by, message)
        case VersionList():
            return versions.listed(state, by, message)
        case Hello():
            return state, [Tell(by, Error(code=ErrorCode.BAD_MESSAGE, message="You have joined already."))]
        case ClockPing():
            raise AssertionError("clock pings are answered before they reach a room")
        case _:
            assert_never(message)


def _record(state: RoomState, by: b.SessionId, message: Recorded, ticket: Ticket, now_us: int) -> Outcome:
    """Carry out what becomes an event."""
    match message:
        case Edit():
            return edits.edit(state, by, message)
        case Undo() | Redo():
            return edits.take_back_or_redo(state, by, message)
        case SendChat():
            return people.say(state, by, message, now_us)
        case VersionSave():
            return versions.save(state, by, message, ticket.id, now_us)
        case VersionRestore():
            return versions.begin_restore(state, by, message)
        case VersionDelete():
            return versions.delete(state, by, message)
        case JobNotes():
            return writing.ask(state, by, message, ticket.id, now_us)
        case SettingsSet():
            return settings.set_settings(state, by, message)
        case _:
            assert_never(message)


def _forbid(state: RoomState, by: b.SessionId, message: ClientMessage) -> Outcome:
    """Refuse what a listener may not do (D8)."""
    op_id = getattr(message, "op_id", None)
    if isinstance(message, Edit):
        return refuse_one(state, by, Rejected(op_id=message.op_id, code=ErrorCode.FORBIDDEN, message=_READ_ONLY))
    op_id = op_id if isinstance(op_id, str) else None
    return state, [Tell(by, Error(code=ErrorCode.FORBIDDEN, message=_READ_ONLY, op_id=op_id))]


def _once(state: RoomState, by: b.SessionId, message: TransportSet, now_us: int) -> Outcome:
    """Set the transport, unless this session has sent the very same before (T6)."""
    session = state.sessions[by]
    if message.op_id in session.ops:
        return state, [Tell(by, state.transport)]
    state = state.with_session(session.answered(message.op_id, None))
    return transport.set_transport(state, by, message, now_us)


def _submit_once(state: RoomState, by: b.SessionId, message: JobSubmit, ticket: Ticket, now_us: int) -> Outcome:
    """Submit a job, unless this session has sent the very same before (J1)."""
    session = state.sessions[by]
    if message.op_id in session.ops:
        job = session.ops[message.op_id]
        earlier = state.jobs.get(job) if isinstance(job, str) else None
        return state, [] if earlier is None else [Tell(by, earlier.view)]
    state = state.with_session(session.answered(message.op_id, ticket.id))
    return jobs.submit(state, by, message, ticket, now_us)


def hear_engine(state: RoomState, message: FromEngine, now_us: int) -> Outcome:
    """Carry out one message of the engine."""
    match message:
        case JobAudio():
            return engine_events.job_audio(state, message)
        case JobStarted():
            return engine_events.job_started(state, message)
        case JobDescribed():
            return engine_events.job_described(state, message, now_us)
        case JobProgress():
            return engine_events.job_progress(state, message)
        case NotesWritten():
            return writing.written(state, message)
        case JobDone():
            return engine_events.job_done(state, message)
        case JobFailed():
            return engine_events.job_failed(state, message)
        case EngineReady():
            return engine_events.engine_ready(state, message, now_us)
        case Heartbeat() | AssetChecked() | MixRendered():
            return state, []  # the link's own affair
        case _:
            assert_never(message)
