"""How far the engine may render, and where it must turn: credit, tempo changes, transport jumps (A3, A7, A9)."""

import math
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.engine_messages import GrantCredit
from logdrum_protocol.hub_messages import Transport
from logdrum_protocol.timeline import effective, position_at, sample_of
from logdrum_server.core.effects import Command, Effect
from logdrum_server.core.ending import fail, withdraw
from logdrum_server.core.reading import TooManyNotes, read
from logdrum_server.core.starting import TOO_MANY_NOTES, render_from, start
from logdrum_server.core.state import AHEAD_SAMPLES, JOB_LEAD_US, LEAD_US, JobRecord, Outcome, Reading, RoomState

HORIZON_US: Final = 2 * LEAD_US
_PATIENCE_SAMPLES: Final = b.SAMPLE_RATE
"""How far play may outrun what is rendered before rendering jumps after it."""

_EARLY_SAMPLES: Final = b.SAMPLE_RATE // 4
"""How far before what is rendered play may be and still be about to reach it."""

_SHORT_LOOP_SAMPLES: Final = 10 * b.SAMPLE_RATE
"""What the engine renders in a tenth of a second, so that a loop's start can be rendered with the rest of it."""

_READ_EVERY_US: Final = 250_000
"""How often the notes of a document that is being edited are played anew (J8)."""

_CREDIT_STEP: Final = b.SAMPLE_RATE // 4


def pace(state: RoomState, readers: Mapping[b.JobId, b.Sample], now_us: int) -> Outcome:
    """Steer every running job, and start what waited; `readers` is how far a bounded one's quickest listener is."""
    effects: list[Effect] = []
    for name in state.jobs:
        job = state.jobs[name]  # as those before it left it
        if job.view.state == "running" and job.stems:
            state, news = _pace_job(state, job, readers.get(job.job), now_us)
            effects += news
        elif job.waits and state.engine is not None:
            state, news = start(state, job, now_us)
            effects += news
    return state, effects


def _pace_job(state: RoomState, job: JobRecord, reader: b.Sample | None, now_us: int) -> Outcome:
    if not job.endless:
        return _grant(state, job, _bounded_credit(job, reader), playhead=job.head)
    if job.is_fed:
        return state, []  # its source is paced, and turns it
    if not any(session.lost_at_us is None for session in state.sessions.values()):
        return state, []  # nobody listens: the engine rests until someone does
    transport = effective(state.transports, now_us + HORIZON_US)
    if (transport.bpm, transport.numerator, transport.denominator) != (job.bpm, job.numerator, job.denominator):
        return _follow_tempo(state, job, transport, now_us)
    if job.reading is not None and _is_stale(state, job.reading, now_us):
        return _read_again(state, job, transport, now_us)
    playhead, end = playhead_sample(transport, job, now_us), job.end_sample
    if playhead >= end and job.head >= end:
        return state, []  # the last note has rung out
    if playhead > job.head + _PATIENCE_SAMPLES or playhead < job.first - _EARLY_SAMPLES:
        return render_from(state, job, _turning_point(transport, job, playhead), clear=True)
    return _grant(state, job, min(playhead + AHEAD_SAMPLES, end), playhead)


def _is_stale(state: RoomState, reading: Reading, now_us: int) -> bool:
    return reading.seq != state.settled.seq and now_us - reading.at_us >= _READ_EVERY_US


def _read_again(state: RoomState, job: JobRecord, transport: Transport, now_us: int) -> Outcome:
    """Play the notes as they are now, from where whoever listens has not been sent them yet (J8)."""
    assert job.reading is not None
    try:
        reading = _read_once(state, str(job.view.params.clip), now_us)
    except TooManyNotes:
        return fail(state, job, TOO_MANY_NOTES)
    if reading is None:
        return withdraw(state, job, now_us)
    is_same = (reading.notation, reading.end_tick) == (job.reading.notation, job.reading.end_tick)
    job = replace(job, reading=reading)
    if is_same:
        return state.with_job(job), []
    playhead = playhead_sample(transport, job, now_us + JOB_LEAD_US)
    return render_from(state, job, _turning_point(transport, job, playhead), clear=True)


def _read_once(state: RoomState, clip: str, now_us: int) -> Reading | None:
    """What another job has read already is read; a great document takes a twentieth of a second."""
    for other in state.jobs.values():
        if other.reading is not None and other.view.params.clip == clip and other.reading.seq == state.settled.seq:
            return replace(other.reading, at_us=now_us)
    return read(state.settled, clip, now_us)


def _bounded_credit(job: JobRecord, reader: b.Sample | None) -> b.Sample:
    """As far as its quickest listener needs; where nobody listens all of it, if the engine said how much that is."""
    end = job.course.end
    if reader is None and end is not None:
        return end
    return (job.head if reader is None else reader) + AHEAD_SAMPLES


def _grant(state: RoomState, job: JobRecord, credit: b.Sample, playhead: b.Sample) -> Outcome:
    if credit < job.credit + _CREDIT_STEP and not job.credit < _end_of(job) <= credit:
        return state, []
    message = GrantCredit(job=job.job, credit_sample=credit, playhead_sample=playhead)
    return state.with_job(replace(job, credit=credit)), [Command(message)]


def _end_of(job: JobRecord) -> b.Sample:
    end = job.course.end
    return job.end_sample if end is None else end


def _follow_tempo(state: RoomState, job: JobRecord, transport: Transport, now_us: int) -> Outcome:
    job = replace(job, bpm=transport.bpm, numerator=transport.numerator, denominator=transport.denominator)
    playhead = playhead_sample(transport, job, now_us)
    return render_from(state, job, _turning_point(transport, job, playhead), clear=True)


def _turning_point(transport: Transport, job: JobRecord, playhead: b.Sample) -> b.Sample:
    """Where a new epoch begins: at the playhead, or at the start of a short loop, which play will soon come back to."""
    loop = transport.loop
    if loop is None or transport.anchor_tick >= loop.end_tick:
        return playhead
    begin = max(0, math.floor(sample_of(loop.start_tick, job.anchor_tick, job.bpm)))
    return begin if 0 <= playhead - begin <= _SHORT_LOOP_SAMPLES else playhead


def playhead_sample(transport: Transport, job: JobRecord, now_us: int) -> b.Sample:
    """The job's sample that sounds now, or where play is about to start; 0 while it is before the piece."""
    position = position_at(transport, max(now_us, transport.anchor_us))
    return max(0, math.floor(sample_of(position, job.anchor_tick, job.bpm)))
