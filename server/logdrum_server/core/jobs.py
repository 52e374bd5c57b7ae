"""What members ask of the engine: submit, cancel and steer, and what a job's audio is anchored to (J)."""

import math

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import JobCancel, JobSteer, JobSubmit
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Error, Job
from logdrum_protocol.records import Failure, JobParams
from logdrum_protocol.timeline import bar_ticks, effective, position_at, sample_of
from logdrum_server.core import sources
from logdrum_server.core.effects import Effect, Tell, TellAll
from logdrum_server.core.ending import withdraw
from logdrum_server.core.harmony import following, leader_of
from logdrum_server.core.reading import ALL
from logdrum_server.core.starting import render_from, start
from logdrum_server.core.state import JOB_LEAD_US, LEAD_US, LIVE, ON_TIMELINE, JobRecord, Outcome, RoomState
from logdrum_server.core.transport import boundary


class Ticket(msgspec.Struct, frozen=True):
    """What a new job or version gets by chance: its id, and a job's seed where the request names none."""

    id: str
    seed: b.Seed


def submit(state: RoomState, by: b.SessionId, request: JobSubmit, ticket: Ticket, now_us: int) -> Outcome:
    """Take a job on, or say why not (J1, J5)."""
    placed = _full(state) or _refusal(state, request) or _place(state, by, request, ticket, now_us)
    if isinstance(placed, Failure):
        return state, [Tell(by, Error(code=placed.code, message=placed.message, op_id=request.op_id))]
    if state.engine is None:
        return state.with_job(placed), [TellAll(placed.view)]
    state, effects = start(state, placed, now_us)
    return state, [TellAll(placed.view), *effects]


def _full(state: RoomState) -> Failure | None:
    if not state.has_engine:
        message = "This hub runs without an engine: start it with --engine local."
        return Failure(code=ErrorCode.NO_ENGINE, message=message)
    if sum(_counts(job) for job in state.jobs.values()) >= state.limits.max_jobs:
        message = f"A room holds {state.limits.max_jobs} jobs: cancel one first."
        return Failure(code=ErrorCode.TOO_MANY_JOBS, message=message)
    return None


def _refusal(state: RoomState, request: JobSubmit) -> Failure | None:
    match request.kind:
        case "generate":
            return _unplayable(state, request.params)
        case "separate":
            return sources.refusal(state, request.params)
        case "score":
            return _unscored(state, request.params)


def _unplayable(state: RoomState, params: JobParams) -> Failure | None:
    if params.prompt is UNSET and params.clip is UNSET:
        return Failure(code=ErrorCode.BAD_PARAMS, message="A generate job needs a prompt, or a clip to play.")
    if _clip_is_gone(state, params):
        return Failure(code=ErrorCode.BAD_REFERENCE, message="There is no such clip to play; it may be deleted.")
    if isinstance(params.stems, tuple):
        return Failure(code=ErrorCode.BAD_PARAMS, message="'stems' of a generate job is true or false.")
    return None


def _unscored(state: RoomState, params: JobParams) -> Failure | None:
    if params.asset is UNSET:
        return Failure(code=ErrorCode.BAD_PARAMS, message="A score job needs an asset.")
    if params.asset not in state.settled.assets:
        return Failure(code=ErrorCode.BAD_REFERENCE, message="This room has no such sound; upload it first.")
    return None


def _counts(job: JobRecord) -> bool:
    """Whether a job takes one of the room's places (J5)."""
    return job.view.state in (LIVE if job.view.kind == "score" else ON_TIMELINE)


def _clip_is_gone(state: RoomState, params: JobParams) -> bool:
    clip = params.clip
    return isinstance(clip, str) and clip != ALL and state.settled.document.get("clip", clip) is None


def _place(state: RoomState, by: b.SessionId, request: JobSubmit, ticket: Ticket, now_us: int) -> JobRecord | Failure:
    due_us = max(now_us + JOB_LEAD_US, state.transport.anchor_us)
    transport = effective(state.transports, due_us)
    seed = ticket.seed if request.params.seed is UNSET else request.params.seed
    view = Job(
        job=ticket.id,
        kind=request.kind,
        by=by,
        state="queued",
        progress=0.0,
        params=replace(request.params, seed=seed),
        op_id=request.op_id,
    )
    job = JobRecord(
        view=view,
        seed=seed,
        anchor_tick=_anchor(state, request.params, due_us),
        bpm=transport.bpm,
        numerator=transport.numerator,
        denominator=transport.denominator,
    )
    match request.kind:
        case "generate":
            return _led(state, job)
        case "separate":
            return sources.placed(state, job)
        case "score":
            return replace(job, sounds=(str(request.params.asset),))


def _led(state: RoomState, job: JobRecord) -> JobRecord:
    """A new piece over the chords of the one that leads, if any does (J7)."""
    leader = leader_of(state, job.view.params)
    if leader is not None:
        job = replace(job, leader=leader.job, given=leader.harmony)
    return replace(job, section_tick=None if job.view.params.section is UNSET else job.anchor_tick)


def _anchor(state: RoomState, params: JobParams, due_us: int) -> b.Tick:
    """Where sample 0 of a new piece belongs (J2)."""
    transport = effective(state.transports, due_us)
    bar = bar_ticks(transport.numerator, transport.denominator)
    position = position_at(transport, due_us)
    if params.clip is not UNSET:
        return 0  # its notes say where they are
    if isinstance(params.start, int):
        return params.start
    if params.start == "now":
        return math.floor(position / bar) * bar
    if not transport.playing:
        return math.ceil(position / bar) * bar
    return boundary(transport, due_us, bar)[0]


def steer(state: RoomState, by: b.SessionId, request: JobSteer, now_us: int) -> Outcome:
    """Change a running generation from its next bar on (J1)."""
    job = state.jobs.get(request.job)
    if job is None or job.view.state not in LIVE or job.view.kind != "generate" or job.plays_notes:
        return state, [Tell(by, Error(code=ErrorCode.NOT_FOUND, message="No such generation is running."))]
    params = _merged(job.view.params, request.params)
    job = replace(job, view=replace(job.view, params=params), seed=_seed(params, job.seed), steered_by=by)
    if request.params.key:
        job = replace(job, leader=None, given=None)  # J7: it goes its own way
    if request.params.section is not UNSET or request.params.prompt is not UNSET:  # whose words may ask for one
        job = replace(job, section_tick=max(job.anchor_tick, _next_bar_tick(state, job, now_us)))
    state, effects = state.with_job(job), [TellAll(job.view)]
    if state.engine is None or job.attempts == 0:
        return state, [*effects]  # the job will start with what it is now
    state, turned = turn_at_bar(state, job, now_us)
    return state, [*effects, *turned]


def turn_at_bar(state: RoomState, job: JobRecord, now_us: int) -> Outcome:
    """Have a running job go on as it is now from its next bar."""
    sample = math.ceil(sample_of(_next_bar_tick(state, job, now_us), job.anchor_tick, job.bpm))
    return render_from(state, job, min(max(sample, job.first), job.head), clear=False)


def follow(state: RoomState, leader: JobRecord, now_us: int) -> Outcome:
    """Have the pieces that play a leader's chords play its new ones, from their next bar (J7)."""
    effects: list[Effect] = []
    for job in following(state, leader):
        job = replace(job, given=leader.harmony)
        if job.attempts == 0 or state.engine is None:
            state = state.with_job(job)
            continue
        state, turned = turn_at_bar(state, job, now_us)
        effects += turned
    return state, effects


def _seed(params: JobParams, otherwise: b.Seed) -> b.Seed:
    return otherwise if params.seed is UNSET else params.seed


def _merged(old: JobParams, new: JobParams) -> JobParams:
    # What a piece is cannot change while it plays, only how it goes on.
    fixed = ("start", "bars", "model", "stems", "clip")
    changes = {name: getattr(new, name) for name in new.__struct_fields__ if name not in fixed}
    if new.prompt is not UNSET:
        old = replace(old, section=UNSET)  # what was asked for before goes on, but new words may ask for another
    return replace(old, **{name: value for name, value in changes.items() if value is not UNSET})


def _next_bar_tick(state: RoomState, job: JobRecord, now_us: int) -> b.Tick:
    due_us = max(now_us + LEAD_US, state.transport.anchor_us)
    transport = effective(state.transports, due_us)
    bar = bar_ticks(job.numerator, job.denominator)
    if transport.playing:
        return boundary(transport, due_us, bar)[0]
    return math.ceil(position_at(transport, due_us) / bar) * bar


def cancel(state: RoomState, by: b.SessionId, request: JobCancel, now_us: int) -> Outcome:
    """Stop a job, or take a finished one off the timeline (J5)."""
    job = state.jobs.get(request.job)
    if job is None:
        return state, [Tell(by, Error(code=ErrorCode.NOT_FOUND, message="There is no such job."))]
    if job.view.state not in ON_TIMELINE:
        return state, [Tell(by, job.view)]
    return withdraw(state, job, now_us)
