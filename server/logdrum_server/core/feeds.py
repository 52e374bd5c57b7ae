"""Separations of generations that are still being made: they begin, turn and end with what they are fed (J3, Q10)."""

from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.engine_messages import RenderFrom
from logdrum_server.core.effects import Command, Effect, FeedFrom, FeedUntil
from logdrum_server.core.sources import beside
from logdrum_server.core.state import LIVE, NEVER, JobRecord, Outcome, RoomState
from logdrum_server.core.turning import new_epoch


def feed(job: JobRecord, source: JobRecord | None) -> list[Effect]:
    """Have a separation fed from its head on, and told where its source has ended if it has."""
    streams = () if source is None else tuple((stem, source.stream_id(stem)) for stem in source.stems)
    begin = FeedFrom(job.job, job.epoch, streams, job.head)
    return [begin] if job.fed_until is None else [begin, FeedUntil(job.job, job.fed_until)]


def _fed_by(state: RoomState, source: JobRecord) -> list[JobRecord]:
    """The separations that a generation feeds, or that are to be fed again."""
    jobs = (job for job in state.jobs.values() if job.is_fed and job.view.params.job == source.job)
    return [job for job in jobs if job.view.state in LIVE and job.fed_until is None]


def turned(state: RoomState, source: JobRecord, sample: b.Sample, *, clear: bool) -> Outcome:
    """Have the separations of a generation go on from where that has turned, or from where they are before it."""
    effects: list[Effect] = []
    for job in _fed_by(state, source):
        if job.waits:
            continue  # it begins where the source will be then
        state, news = _turn(state, job, source, sample, clear=clear)
        effects += news
    return state, effects


def _turn(state: RoomState, job: JobRecord, source: JobRecord, sample: b.Sample, *, clear: bool) -> Outcome:
    sample = sample if clear else min(job.head, sample)
    job = replace(
        beside(job, source),
        epoch=job.epoch + 1,
        first=sample if clear else min(job.first, sample),
        heads=dict.fromkeys(job.stems, sample),
    )
    message = RenderFrom(
        job=job.job,
        epoch=job.epoch,
        start_sample=sample,
        credit_sample=NEVER,
        params=job.view.params,
        bpm=job.bpm,
        numerator=job.numerator,
        denominator=job.denominator,
    )
    voided = new_epoch(job, sample, clear=clear)
    return state.with_job(job), [*voided, Command(message), *feed(job, source)]


def ended(state: RoomState, source: JobRecord) -> Outcome:
    """Nothing more comes of a generation: its separations are done when they have all that was made of it."""
    effects: list[Effect] = []
    for job in _fed_by(state, source):
        state = state.with_job(replace(job, fed_until=source.head))
        effects += [] if job.waits or state.engine is None else [FeedUntil(job.job, source.head)]
    return state, effects
