"""What the room's owner decides, and the scores that are judged by it (J10)."""

from typing import Final

from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import SettingsSet
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Error, Job, RoomSettings
from logdrum_protocol.records import verdict_of
from logdrum_server.core.effects import Effect, TellAll
from logdrum_server.core.ledger import record, refuse_one
from logdrum_server.core.state import Outcome, RoomState

THRESHOLD: Final = 0.5
_NOT_OWNER: Final = "Only the room's owner sets what a score has to reach."


def set_settings(state: RoomState, by: b.SessionId, request: SettingsSet) -> Outcome:
    """Keep what the owner decides; anyone else is refused."""
    if state.sessions[by].member.role != "owner":
        return refuse_one(state, by, Error(code=ErrorCode.FORBIDDEN, message=_NOT_OWNER, op_id=request.op_id))
    seq = state.history.seq + 1
    return record(state, RoomSettings(seq=seq, by=by, threshold=request.threshold, op_id=request.op_id))


def judged(state: RoomState, view: Job) -> Job:
    """Return a job with its score's verdict as the threshold, which everybody knows, has it."""
    if view.conformance is None:
        return view
    known = state.settled.settings
    return replace(view, verdict=verdict_of(view.conformance, THRESHOLD if known is None else known.threshold))


def judge_anew(state: RoomState) -> Outcome:
    """Judge every finished score by a threshold that has changed."""
    effects: list[Effect] = []
    for job in state.jobs.values():
        view = judged(state, job.view)
        if view != job.view:
            state = state.with_job(replace(job, view=view))
            effects.append(TellAll(view))
    return state, effects
