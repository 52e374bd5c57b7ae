"""What the engine's news do to a room: audio arrives, jobs end, the engine comes and goes (J4, Q)."""

from typing import Final

from msgspec.structs import replace

from logdrum_protocol.engine_messages import (
    EngineReady,
    JobAudio,
    JobDescribed,
    JobDone,
    JobFailed,
    JobProgress,
    JobStarted,
    StopJob,
)
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Chunk, Error
from logdrum_protocol.records import Failure
from logdrum_server.core import feeds
from logdrum_server.core.effects import (
    CloseTape,
    Command,
    Effect,
    ForgetFiles,
    OpenTape,
    Publish,
    StopFeed,
    Tell,
    TellAll,
)
from logdrum_server.core.ending import fail
from logdrum_server.core.jobs import follow
from logdrum_server.core.settings import judged
from logdrum_server.core.starting import start
from logdrum_server.core.state import MIX, JobRecord, Outcome, RoomState
from logdrum_server.core.writing import engine_gone

_MAX_ATTEMPTS: Final = 2
_PROGRESS_STEP: Final = 0.05
_KEPT_SCORES: Final = 32


def engine_ready(state: RoomState, ready: EngineReady, now_us: int) -> Outcome:
    """Start what waited for an engine."""
    waited, state = state.engine is None, replace(state, engine=ready)
    if not waited:
        return state, []  # the same engine once more: what it was given is under way
    effects: list[Effect] = []
    for name in state.jobs:
        job = state.jobs[name]  # as those before it left it
        if job.view.state == "queued":
            state, started = start(state, job, now_us)
            effects += started
    return state, effects


def engine_lost(state: RoomState) -> Outcome:
    """Queue what was running once more, or fail it the second time (J4)."""
    state, effects = engine_gone(replace(state, engine=None))
    for name in state.jobs:
        job = state.jobs[name]
        if job.view.state == "done" or job.attempts == 0 or job.waits:
            continue
        state, news = _requeue(state, job)
        effects += news
    return state, effects


def _requeue(state: RoomState, job: JobRecord) -> Outcome:
    if job.attempts >= _MAX_ATTEMPTS:
        message = "The engine stopped twice while it worked on this: submit it again, perhaps with another prompt."
        return fail(state, job, Failure(code=ErrorCode.ENGINE_LOST, message=message))
    job = replace(job, view=replace(job.view, state="queued"))
    return state.with_job(job), [*([StopFeed(job.job)] if job.is_fed else []), TellAll(job.view)]


def job_started(state: RoomState, message: JobStarted) -> Outcome:
    """Open a stream for each stem the job will give (A1)."""
    job = state.jobs.get(message.job)
    if job is None:
        return state, []
    if len(set(message.stems)) < len(message.stems) or _is_another(job, message):
        sentence = "The engine came with other stems than it should: submit it again."
        state, failed = fail(state, job, Failure(code=ErrorCode.ENGINE_ERROR, message=sentence))
        return state, [Command(StopJob(job=job.job)), *failed]
    is_new = not job.stems
    heads = job.heads or dict.fromkeys(message.stems, job.first)
    view, length = replace(job.view, state="running"), None if job.is_fed else message.samples
    job = replace(job, view=view, stems=message.stems, heads=heads, length=length)
    opened: list[Effect] = []
    for stem in message.stems if is_new else ():
        stream = job.stream_open(stem)
        opened += [OpenTape(stream, job.endless), TellAll(stream)]
    return state.with_job(job), [TellAll(view), *opened]


def _is_another(job: JobRecord, message: JobStarted) -> bool:
    """Whether what begins again is not what began before: the room's tapes are of that."""
    is_longer = job.view.kind == "separate" and not job.is_fed and job.length != message.samples
    return bool(job.stems) and (job.stems != message.stems or is_longer)


def job_described(state: RoomState, message: JobDescribed, now_us: int) -> Outcome:
    """Say what the engine made of a request, and have others follow its chords (J6, J7)."""
    job = state.jobs.get(message.job)
    if job is None:
        return state, []
    if message.refused is not None:
        return _take_back(state, job, message.refused)
    view = replace(job.view, choices=message.choices)
    news: list[Effect] = [] if view == job.view else [TellAll(view)]
    job = replace(job, view=view, harmony=message.harmony, accepted=view.params)
    state, followed = follow(state.with_job(job), job, now_us)
    return state, [*news, *followed]


def _take_back(state: RoomState, job: JobRecord, sentence: str) -> Outcome:
    """A steer that cannot be played leaves the music as it was; who steered hears why (J1)."""
    params = job.view.params if job.accepted is None else job.accepted
    view = replace(job.view, params=params)
    error = Error(code=ErrorCode.BAD_PARAMS, message=sentence)
    told = [] if job.steered_by is None else [Tell(job.steered_by, error)]
    return state.with_job(replace(job, view=view)), [TellAll(view), *told]


def job_progress(state: RoomState, message: JobProgress) -> Outcome:
    """Say how far a job is that gives no audio."""
    job = state.jobs.get(message.job)
    if job is None or message.progress < job.view.progress + _PROGRESS_STEP:
        return state, []
    job = replace(job, view=replace(job.view, progress=message.progress))
    return state.with_job(job), [TellAll(job.view)]


def job_audio(state: RoomState, message: JobAudio) -> Outcome:
    """Keep and pass on audio that is of the present epoch and continues its stem (A2, Q4)."""
    job = state.jobs.get(message.job)
    if job is None or message.epoch != job.epoch or job.heads.get(message.stem) != message.start_sample:
        return state, []
    head = message.start_sample + message.samples
    job = replace(job, heads={**job.heads, message.stem: head})
    chunk = Chunk(
        stream=job.stream_id(message.stem),
        epoch=message.epoch,
        start_sample=message.start_sample,
        samples=message.samples,
        data=message.data,
    )
    job, news = _progress(job)
    return state.with_job(job), [Publish(chunk), *news]


def _progress(job: JobRecord) -> tuple[JobRecord, list[Effect]]:
    if not job.length:
        return job, []
    progress = min(1.0, job.separated / job.length)
    if progress < job.view.progress + _PROGRESS_STEP:
        return job, []
    job = replace(job, view=replace(job.view, progress=progress))
    return job, [TellAll(job.view)]


def job_done(state: RoomState, message: JobDone) -> Outcome:
    """Close a finished job's streams; it stays on the timeline (J5, A8)."""
    job = state.jobs.get(message.job)
    if job is None or job.view.state == "done":
        return state, []
    if message.epoch != job.epoch:
        return state, []  # it crossed a new epoch on its way, and another follows
    view = replace(job.view, state="done", progress=1.0, conformance=message.conformance)
    job = replace(job, view=judged(state, view))
    state, fed = feeds.ended(state.with_job(job), job)
    return _tidied(state), [*_closed(job, message), TellAll(job.view), *fed]


def _closed(job: JobRecord, message: JobDone) -> list[Effect]:
    """Every stream becomes a sound of the room, of a separation but what it was one of before (J11)."""
    end = job.course.reach(job.head)
    if job.view.kind != "separate":
        return [CloseTape(job.stream_id(stem), end) for stem in job.stems]
    files = {file.stem: file for file in message.files}
    closed = [CloseTape(job.stream_id(stem), end, files.get(stem), stem != MIX) for stem in job.stems]
    return [StopFeed(job.job), *closed, ForgetFiles(job.job)]


def _tidied(state: RoomState) -> RoomState:
    """Forget the oldest of many finished scores (J5)."""
    scored = [job.job for job in state.jobs.values() if job.view.kind == "score" and job.view.state == "done"]
    old = scored[:-_KEPT_SCORES]
    return replace(state, jobs={name: job for name, job in state.jobs.items() if name not in old}) if old else state


def job_failed(state: RoomState, message: JobFailed) -> Outcome:
    """End a job that the engine could not do; the others go on (Q7)."""
    job = state.jobs.get(message.job)
    if job is None:
        return state, []
    return fail(state, job, Failure(code=message.code, message=message.message))
