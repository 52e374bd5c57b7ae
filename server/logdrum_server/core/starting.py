"""What the engine is given: a job from where its listeners are, and a running one from elsewhere (A3, A9, J3)."""

import math
from typing import Final, assert_never

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.engine_messages import RenderFrom, StartJob
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.records import Failure
from logdrum_protocol.timeline import effective, position_at, sample_of
from logdrum_server.core import feeds
from logdrum_server.core.effects import Command
from logdrum_server.core.ending import fail, withdraw
from logdrum_server.core.reading import TooManyNotes, read
from logdrum_server.core.sources import Growing, NotYet, Whole, beside, entry_of, length_together, source_job, source_of
from logdrum_server.core.state import AHEAD_SAMPLES, JOB_LEAD_US, NEVER, JobRecord, Outcome, RoomState
from logdrum_server.core.turning import new_epoch

TOO_MANY_NOTES: Final = Failure(
    code=ErrorCode.TOO_LARGE,
    message=f"A job plays {b.MAX_PLAYED_NOTES:,} notes of {b.MAX_PARTS} different sounds, gains and pans at most: "
    "play single clips, or mute some tracks.",
)


def start(state: RoomState, job: JobRecord, now_us: int) -> Outcome:
    """Give a queued job to the engine, from where its listeners are."""
    assert state.engine is not None
    fault = _unsupported(state, job)
    if fault is not None:
        return fail(state, job, fault)
    if job.plays_notes:
        return _start_notes(state, job, now_us)
    if job.view.kind == "separate":
        return _start_separation(state, job, now_us)
    return _give(state, job, _entry_sample(state, job, now_us))


def _start_notes(state: RoomState, job: JobRecord, now_us: int) -> Outcome:
    try:
        job = replace(job, reading=read(state.settled, str(job.view.params.clip), now_us))
    except TooManyNotes:
        return fail(state, job, TOO_MANY_NOTES)
    if job.reading is None:
        return withdraw(state, job, now_us)
    return _give(state, job, _entry_sample(state, job, now_us))


def _start_separation(state: RoomState, job: JobRecord, now_us: int) -> Outcome:
    """Begin with what is separated, or wait for it (J3)."""
    found = source_of(state, job)
    match found:
        case Failure():
            return fail(state, job, found)
        case NotYet():
            return state.with_job(replace(job, waits=True)), []
        case Whole(sounds):
            return _start_whole(state, replace(job, sounds=sounds, waits=False), now_us)
        case Growing(source):
            return _start_growing(state, replace(job, is_fed=True, waits=False), source, now_us)
        case _:
            assert_never(found)


def _start_whole(state: RoomState, job: JobRecord, now_us: int) -> Outcome:
    if job.attempts:
        return _give(state, job, _goes_on_at(job))
    source = source_job(state, job)
    job = job if source is None else beside(job, source)
    length = length_together(state, job.sounds)
    return _give(state, job, entry_of(_playhead(state, job, now_us), length))


def _goes_on_at(job: JobRecord) -> b.Sample:
    """Its head; with nothing left its last sample: no address of the sound's says that none is void (A3)."""
    end = job.course.end
    return job.head if end is None else max(job.first, min(job.head, end - 1))


def _start_growing(state: RoomState, job: JobRecord, source: JobRecord | None, now_us: int) -> Outcome:
    """Begin where the listeners are in a generation, or go on from the head; never beyond what is made."""
    if source is None:  # what it was fed with is lost: it ends with what it has
        job = replace(job, fed_until=job.head)
        sample = job.head
    else:
        is_same = job.attempts > 0 and job.bpm == source.bpm
        job = beside(job, source)
        wanted = job.head if is_same else math.floor(_playhead(state, job, now_us))
        sample = min(max(wanted, source.first), source.head)
        if not is_same or sample != job.head:
            job = replace(job, first=sample, heads={})
    state, effects = _give(state, job, sample)
    return state, [*effects, *feeds.feed(state.jobs[job.job], source)]


def _give(state: RoomState, job: JobRecord, sample: b.Sample) -> Outcome:
    heads = dict.fromkeys(job.stems, sample)
    first = sample if sample > job.head else job.first
    job = replace(
        job,
        # Only now, when everybody is told: who joins between two engines must not take the one's audio for the other's.
        epoch=job.epoch + (job.attempts > 0),
        attempts=job.attempts + 1,
        first=first,
        heads=heads,
        credit=_first_credit(job, sample),
    )
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
        sounds=job.sounds,
        entry_sample=job.course.entry,
        is_fed=job.is_fed,
    )
    return state.with_job(job), [*new_epoch(job, sample, clear=first == sample), Command(message)]


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


def _entry_sample(state: RoomState, job: JobRecord, now_us: int) -> b.Sample:
    """Where rendering enters: where it ended, or the listeners' position where that is already past (A9)."""
    return max(job.head, math.floor(_playhead(state, job, now_us))) if job.endless else job.head


def _playhead(state: RoomState, job: JobRecord, now_us: int) -> float:
    """The job's sample that sounds when the engine's answer may be here; negative before the piece."""
    due_us = max(now_us + JOB_LEAD_US, state.transport.anchor_us)
    position = position_at(effective(state.transports, due_us), due_us)
    return sample_of(position, job.anchor_tick, job.bpm)


def _first_credit(job: JobRecord, sample: b.Sample) -> b.Sample:
    if job.is_fed:
        return NEVER  # what it is fed is paced already
    return min(max(job.credit, sample + AHEAD_SAMPLES), job.end_sample)


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
    state, followed = feeds.turned(state.with_job(job), job, sample, clear=clear)
    return state, [*new_epoch(job, sample, clear=clear), Command(message), *followed]
