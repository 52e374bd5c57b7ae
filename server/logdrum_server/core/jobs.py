"""What members ask of the engine: submit, cancel and steer, and what a job's audio is anchored to (J)."""

import math
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import JobCancel, JobSteer, JobSubmit
from logdrum_protocol.engine_messages import RenderFrom, StartJob, StopJob
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Error, Job, StreamClose, StreamEpoch
from logdrum_protocol.records import Failure, JobParams
from logdrum_protocol.timeline import bar_ticks, effective, position_at, sample_of
from logdrum_server.core.effects import Command, DropTape, Effect, RewindTape, Tell, TellAll
from logdrum_server.core.harmony import following, inherited, leader_of
from logdrum_server.core.reading import ALL, TooManyNotes, read
from logdrum_server.core.state import (
    AHEAD_SAMPLES,
    JOB_LEAD_US,
    LEAD_US,
    LIVE,
    ON_TIMELINE,
    JobRecord,
    Outcome,
    RoomState,
)
from logdrum_server.core.transport import boundary
from logdrum_server.core.writing import job_gone

TOO_MANY_NOTES: Final = Failure(
    code=ErrorCode.TOO_LARGE,
    message=f"A job plays {b.MAX_PLAYED_NOTES:,} notes of {b.MAX_PARTS} different sounds, gains and pans at most: "
    "play single clips, or mute some tracks.",
)


class Ticket(msgspec.Struct, frozen=True):
    """What a new job or version gets by chance: its id, and a job's seed where the request names none."""

    id: str
    seed: b.Seed


def submit(state: RoomState, by: b.SessionId, request: JobSubmit, ticket: Ticket, now_us: int) -> Outcome:
    """Take a job on, or say why not (J1, J5)."""
    refusal = _refusal(state, request)
    if refusal is not None:
        return state, [Tell(by, refusal)]
    job = _place(state, by, request, ticket, now_us)
    if state.engine is None:
        return state.with_job(job), [TellAll(job.view)]
    state, effects = start(state, job, now_us)
    return state, [TellAll(job.view), *effects]


def _refusal(state: RoomState, request: JobSubmit) -> Error | None:
    def refuse(code: ErrorCode, message: str) -> Error:
        return Error(code=code, message=message, op_id=request.op_id)

    if not state.has_engine:
        return refuse(ErrorCode.NO_ENGINE, "This hub runs without an engine: start it with --engine local.")
    if sum(_counts(job) for job in state.jobs.values()) >= state.limits.max_jobs:
        return refuse(ErrorCode.TOO_MANY_JOBS, f"A room holds {state.limits.max_jobs} jobs: cancel one first.")
    params = request.params
    if request.kind == "generate" and params.prompt is UNSET and params.clip is UNSET:
        return refuse(ErrorCode.BAD_PARAMS, "A generate job needs a prompt, or a clip to play.")
    if request.kind == "generate" and _clip_is_gone(state, params):
        return refuse(ErrorCode.BAD_REFERENCE, "There is no such clip to play; it may be deleted.")
    if request.kind == "generate" and isinstance(params.stems, tuple):
        return refuse(ErrorCode.BAD_PARAMS, "'stems' of a generate job is true or false.")
    if request.kind != "generate" and params.asset is UNSET:
        return refuse(ErrorCode.BAD_PARAMS, f"A {request.kind} job needs an asset.")
    if request.kind == "score" and params.asset not in state.settled.assets:
        return refuse(ErrorCode.BAD_REFERENCE, "This room has no such sound; upload it first.")
    if request.kind == "separate" and isinstance(params.stems, bool):
        return refuse(ErrorCode.BAD_PARAMS, "'stems' of a separate job is a list of stem names.")
    return None


def _counts(job: JobRecord) -> bool:
    """Whether a job takes one of the room's places (J5)."""
    return job.view.state in (LIVE if job.view.kind == "score" else ON_TIMELINE)


def _clip_is_gone(state: RoomState, params: JobParams) -> bool:
    clip = params.clip
    return isinstance(clip, str) and clip != ALL and state.settled.document.get("clip", clip) is None


def _place(state: RoomState, by: b.SessionId, request: JobSubmit, ticket: Ticket, now_us: int) -> JobRecord:
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
    leader = leader_of(state, request.params) if request.kind == "generate" else None
    job = JobRecord(
        view=view,
        seed=seed,
        anchor_tick=_anchor(state, request.params, due_us),
        bpm=transport.bpm,
        numerator=transport.numerator,
        denominator=transport.denominator,
        leader=None if leader is None else leader.job,
        given=None if leader is None else leader.harmony,
    )
    return replace(job, section_tick=None if request.params.section is UNSET else job.anchor_tick)


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


def start(state: RoomState, job: JobRecord, now_us: int) -> Outcome:
    """Give a queued job to the engine, from where its listeners are."""
    assert state.engine is not None
    fault = _unsupported(state, job)
    if fault is not None:
        return fail(state, job, fault)
    if job.plays_notes:
        try:
            job = replace(job, reading=read(state.settled, str(job.view.params.clip), now_us))
        except TooManyNotes:
            return fail(state, job, TOO_MANY_NOTES)
        if job.reading is None:
            return _end(state, job, replace(job.view, state="cancelled"), now_us)
    sample = entry_sample(state, job, now_us)
    heads = dict.fromkeys(job.stems, sample)
    first = sample if sample > job.head else job.first
    job = replace(job, attempts=job.attempts + 1, first=first, heads=heads, credit=_first_credit(job, sample))
    message = StartJob(
        job=job.job,
        kind=job.view.kind,
        params=job.view.params,
        seed=job.seed,
        bpm=job.bpm,
        numerator=job.numerator,
        denominator=job.denominator,
        anchor_tick=job.anchor_tick,
        epoch=job.epoch,
        start_sample=sample,
        credit_sample=job.credit,
        harmony=job.given,
        notation=None if job.reading is None else job.reading.notation,
        section_tick=job.section_tick,
    )
    return state.with_job(job), [*_new_epoch(job, sample, clear=first == sample), Command(message)]


def _unsupported(state: RoomState, job: JobRecord) -> Failure | None:
    assert state.engine is not None
    kind, model = job.view.kind, job.view.params.model
    if kind == "score":
        return _unscorable(state.engine.scorers, job.view.params.genre)
    models = state.engine.generators if kind == "generate" else state.engine.separators
    if not models:
        return Failure(code=ErrorCode.UNSUPPORTED, message=f"This engine has no model that can {kind}.")
    if model is not UNSET and model not in models:
        known = ", ".join(models)
        return Failure(code=ErrorCode.UNSUPPORTED, message=f"There is no model '{model}' here; there is {known}.")
    return None


def _unscorable(genres: tuple[str, ...], genre: str | UnsetType) -> Failure | None:
    if not genres or (genre is not UNSET and genre not in genres):
        known = ", ".join(genres) or "none"
        return Failure(code=ErrorCode.UNSUPPORTED, message=f"This engine scores sounds against these genres: {known}.")
    return None


def entry_sample(state: RoomState, job: JobRecord, now_us: int) -> b.Sample:
    """Where rendering enters: where it ended, or the listeners' position where that is already past (A9)."""
    if not job.endless:
        return job.head
    due_us = max(now_us + JOB_LEAD_US, state.transport.anchor_us)
    position = position_at(effective(state.transports, due_us), due_us)
    return max(job.head, math.floor(sample_of(position, job.anchor_tick, job.bpm)))


def _first_credit(job: JobRecord, sample: b.Sample) -> b.Sample:
    return min(max(job.credit, sample + AHEAD_SAMPLES), job.end_sample)


def _new_epoch(job: JobRecord, sample: b.Sample, *, clear: bool) -> list[Effect]:
    effects: list[Effect] = []
    for stem in job.stems:
        stream = job.stream_id(stem)
        effects.append(RewindTape(stream, job.epoch, sample, clear))
        effects.append(TellAll(StreamEpoch(stream=stream, epoch=job.epoch, start_sample=sample, bpm=job.bpm)))
    return effects


def render_from(state: RoomState, job: JobRecord, sample: b.Sample, *, clear: bool) -> Outcome:
    """Have a running job go on from another sample, in a new epoch (A3)."""
    job = replace(
        job,
        epoch=job.epoch + 1,
        first=sample if clear else min(job.first, sample),
        heads=dict.fromkeys(job.stems, sample),
        credit=min(sample + AHEAD_SAMPLES, job.end_sample),
    )
    message = RenderFrom(
        job=job.job,
        epoch=job.epoch,
        start_sample=sample,
        credit_sample=job.credit,
        params=job.view.params,
        bpm=job.bpm,
        numerator=job.numerator,
        denominator=job.denominator,
        harmony=job.given,
        notation=None if job.reading is None else job.reading.notation,
        section_tick=job.section_tick,
    )
    return state.with_job(job), [*_new_epoch(job, sample, clear=clear), Command(message)]


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


def withdraw(state: RoomState, job: JobRecord, now_us: int) -> Outcome:
    """Stop a job, and take it off the timeline."""
    stop: list[Effect] = [Command(StopJob(job=job.job))] if job.view.state in LIVE and state.engine else []
    state, effects = _end(state, job, replace(job.view, state="cancelled"), now_us)
    return state, [*stop, *effects]


def fail(state: RoomState, job: JobRecord, fault: Failure) -> Outcome:
    """End a job with its reason (J4, Q7)."""
    return _end(state, job, replace(job.view, state="failed", error=fault), None)


def _end(state: RoomState, job: JobRecord, view: Job, now_us: int | None) -> Outcome:
    """Take a job off the timeline: its streams end where the listeners are (A8)."""
    end = job.head if now_us is None else min(job.head, _heard_sample(state, job, now_us))
    closed: list[Effect] = []
    for stem in job.stems:
        stream = job.stream_id(stem)
        closed += [DropTape(stream), TellAll(StreamClose(stream=stream, samples=end, asset=None))]
    jobs = {other: kept for other, kept in state.jobs.items() if other != job.job}
    state, told = job_gone(inherited(replace(state, jobs=jobs), job), job.job)
    return state, [*closed, TellAll(view), *told]


def _heard_sample(state: RoomState, job: JobRecord, now_us: int) -> b.Sample:
    at_us = now_us + LEAD_US
    position = position_at(effective(state.transports, at_us), at_us)
    return max(0, math.ceil(sample_of(position, job.anchor_tick, job.bpm)))
