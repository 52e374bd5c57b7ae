"""How jobs leave the timeline, and what that is to others (A8, J4, Q7)."""

import math

from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.engine_messages import StopJob
from logdrum_protocol.hub_messages import Job, StreamClose
from logdrum_protocol.records import Failure
from logdrum_protocol.timeline import effective, position_at, sample_of
from logdrum_server.core import feeds
from logdrum_server.core.effects import Command, DropTape, Effect, ForgetFiles, StopFeed, TellAll
from logdrum_server.core.harmony import inherited
from logdrum_server.core.state import LEAD_US, LIVE, JobRecord, Outcome, RoomState
from logdrum_server.core.writing import job_gone


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
    end = job.course.reach(job.head)
    if now_us is not None:
        end = min(end, _heard_sample(state, job, now_us))
    effects: list[Effect] = []
    for stem in job.stems:
        stream = job.stream_id(stem)
        effects += [DropTape(stream), TellAll(StreamClose(stream=stream, samples=end, asset=None))]
    if job.view.kind == "separate":
        effects += [StopFeed(job.job), ForgetFiles(job.job)]
    jobs = {other: kept for other, kept in state.jobs.items() if other != job.job}
    state, fed = feeds.ended(replace(state, jobs=jobs), job)
    state, told = job_gone(inherited(state, job), job.job)
    return state, [*effects, TellAll(view), *fed, *told]


def _heard_sample(state: RoomState, job: JobRecord, now_us: int) -> b.Sample:
    at_us = now_us + LEAD_US
    position = position_at(effective(state.transports, at_us), at_us)
    return max(0, math.ceil(sample_of(position, job.anchor_tick, job.bpm)))
