"""One room: every message of a member finds its rule here."""

from typing import assert_never

from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import (
    ClientMessage,
    ClockPing,
    Edit,
    Hello,
    JobCancel,
    JobSteer,
    JobSubmit,
    PlayNote,
    Redo,
    SendChat,
    SetPresence,
    TransportSet,
    Undo,
)
from logdrum_protocol.engine_messages import (
    AssetChecked,
    EngineReady,
    FromEngine,
    Heartbeat,
    JobAudio,
    JobDone,
    JobFailed,
    JobStarted,
)
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Error, Rejected
from logdrum_server.core import engine_events, jobs, people, transport
from logdrum_server.core.effects import Tell
from logdrum_server.core.state import MAX_OPS, Outcome, RoomState

_NO_DOCUMENT = "This hub does not keep documents yet."


def handle(state: RoomState, by: b.SessionId, message: ClientMessage, ticket: jobs.Ticket, now_us: int) -> Outcome:
    """Carry out one message of a member who has joined."""
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
        case SendChat():
            return people.say(state, by, message, now_us)
        case Edit():
            refusal = Rejected(op_id=message.op_id, code=ErrorCode.UNSUPPORTED, message=_NO_DOCUMENT)
            return state, [Tell(by, refusal)]
        case Undo() | Redo():
            return state, [Tell(by, Error(code=ErrorCode.UNSUPPORTED, message=_NO_DOCUMENT))]
        case Hello():
            return state, [Tell(by, Error(code=ErrorCode.BAD_MESSAGE, message="You have joined already."))]
        case ClockPing():
            raise AssertionError("clock pings are answered before they reach a room")
        case _:
            assert_never(message)


def _once(state: RoomState, by: b.SessionId, message: TransportSet, now_us: int) -> Outcome:
    """Set the transport, unless this session has sent the very same before (T6)."""
    if message.op_id in state.sessions[by].ops:
        return state, [Tell(by, state.transport)]
    state = _remember(state, by, message.op_id, None)
    return transport.set_transport(state, by, message, now_us)


def _submit_once(state: RoomState, by: b.SessionId, message: JobSubmit, ticket: jobs.Ticket, now_us: int) -> Outcome:
    """Submit a job, unless this session has sent the very same before (J1)."""
    ops = state.sessions[by].ops
    if message.op_id in ops:
        earlier = state.jobs.get(ops[message.op_id] or "")
        return state, [] if earlier is None else [Tell(by, earlier.view)]
    state = _remember(state, by, message.op_id, ticket.job)
    return jobs.submit(state, by, message, ticket, now_us)


def _remember(state: RoomState, by: b.SessionId, op_id: b.OpId, job: b.JobId | None) -> RoomState:
    session = state.sessions[by]
    newest = list(session.ops.items())[-MAX_OPS + 1 :]
    return state.with_session(replace(session, ops={**dict(newest), op_id: job}))


def hear_engine(state: RoomState, message: FromEngine, now_us: int) -> Outcome:
    """Carry out one message of the engine."""
    match message:
        case JobAudio():
            return engine_events.job_audio(state, message)
        case JobStarted():
            return engine_events.job_started(state, message)
        case JobDone():
            return engine_events.job_done(state, message)
        case JobFailed():
            return engine_events.job_failed(state, message)
        case EngineReady():
            return engine_events.engine_ready(state, message, now_us)
        case Heartbeat() | AssetChecked():
            return state, []  # the link's own affair
        case _:
            assert_never(message)
