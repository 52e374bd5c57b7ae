"""Separations of generations that are still being made: fed, turned and ended with them (J3, Q10)."""

import pytest

from logdrum_protocol import client_messages as c
from logdrum_protocol.bounds import SAMPLE_RATE
from logdrum_protocol.engine_messages import GrantCredit, JobFailed, JobStarted, RenderFrom, StartJob
from logdrum_protocol.hub_messages import Job, StreamEpoch, StreamOpen
from logdrum_protocol.records import JobParams
from logdrum_server.core.effects import CloseTape, Effect, FeedFrom, FeedUntil, OpenTape, RewindTape, StopFeed
from logdrum_server.core.state import NEVER
from tests.server.rooms import STEMS, TestRoom, all_of, one
from tests.server.separations import SEPARATOR, ask, emit, fed, finish, groove, jam

BAR = 3840


def jamming(seconds: float = 10) -> tuple[TestRoom, str, str]:
    """A room in which a generation is heard for five seconds already."""
    room, member = jam()
    room.set_transport(member, playing=True)
    source = groove(room, member, seconds)
    room.after(5.05)
    return room, member, source


def feeds(effects: list[Effect], kind: type = FeedFrom) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, kind)]


def test_j3_an_endless_generation_is_separated_from_the_playhead_on() -> None:
    room, member, source = jamming()
    effects = ask(room, member, job=source)
    start = one(effects, StartJob)
    assert start.start_sample == pytest.approx(5 * SAMPLE_RATE, abs=2)
    assert (start.is_fed, start.sounds, start.credit_sample) == (True, (), NEVER)
    streams = tuple((stem, f"{source}.{stem}") for stem in STEMS)
    assert feeds(effects) == [FeedFrom(start.job, 0, streams, start.start_sample)]


def test_j3_never_past_what_is_made() -> None:
    room, member, source = jamming(seconds=2)
    assert one(ask(room, member, job=source), StartJob).start_sample == 2 * SAMPLE_RATE


def test_j3_a_generation_that_has_not_begun_is_waited_for() -> None:
    room, member = jam()
    source = room.submit(member)
    assert not all_of(ask(room, member, job=source), StartJob)
    room.engine(JobStarted(job=source, stems=STEMS, samples=None))
    assert one(room.pace(), StartJob).is_fed


def test_a1_its_streams_lie_beside_the_sources() -> None:
    room, member, source = jamming()
    fed(room, member, source)
    opened = all_of(room.effects, StreamOpen)
    record = room.job(source)
    assert {(s.anchor_tick, s.bpm, s.samples) for s in opened} == {(record.anchor_tick, record.bpm, None)}
    assert all(effect.endless for effect in room.effects if isinstance(effect, OpenTape))


def test_a7_its_source_is_paced_and_it_is_not() -> None:
    room, member, source = jamming()
    job = fed(room, member, source)
    room.after(3)
    assert {grant.job for grant in all_of(room.pace(), GrantCredit)} == {source}
    assert job in room.state.jobs


def test_a3_it_turns_with_its_source_from_where_both_are() -> None:
    room, member, source = jamming()
    job = fed(room, member, source)
    emit(room, job, 1, STEMS)  # to 6 s; the next bar is at 6.4 s
    effects = room.send(member, c.JobSteer(job=source, params=JobParams(prompt="darker")))
    turns = {render.job: render for render in all_of(effects, RenderFrom)}
    head = 6 * SAMPLE_RATE
    assert turns[source].start_sample > head
    assert turns[job].start_sample == pytest.approx(head, abs=2)
    assert (turns[job].epoch, room.job(job).epoch) == (1, 1)
    assert [effect.start_sample for effect in effects if isinstance(effect, FeedFrom)] == [turns[job].start_sample]
    rewinds = {effect.stream: effect.clear for effect in effects if isinstance(effect, RewindTape)}
    assert rewinds[f"{job}.drums"] is False


def test_a3_what_it_has_separated_past_a_turn_is_void() -> None:
    room, member, source = jamming()
    job = fed(room, member, source)
    emit(room, job, 4, STEMS)
    effects = room.send(member, c.JobSteer(job=source, params=JobParams(prompt="darker")))
    turns = {render.job: render.start_sample for render in all_of(effects, RenderFrom)}
    assert turns[job] == turns[source] < 9 * SAMPLE_RATE


def test_a3_a_tempo_change_counts_its_addresses_anew_too() -> None:
    room, member, source = jamming()
    job = fed(room, member, source)
    emit(room, job, 4, STEMS)
    room.set_transport(member, bpm=140)
    effects = room.pace()
    turns = {render.job: render for render in all_of(effects, RenderFrom)}
    assert turns[job].bpm == turns[source].bpm == 140
    assert turns[job].start_sample == turns[source].start_sample
    assert {epoch.bpm for epoch in all_of(effects, StreamEpoch)} == {140}
    assert {e.clear for e in effects if isinstance(e, RewindTape) and e.stream.startswith(job)} == {True}


def test_a9_it_follows_a_seek_past_what_is_made() -> None:
    room, member, source = jamming()
    job = fed(room, member, source)
    room.set_transport(member, tick=100 * BAR)
    turns = {render.job: render.start_sample for render in all_of(room.pace(), RenderFrom)}
    assert turns[job] == turns[source] == room.job(job).first


def test_q10_a_source_that_is_done_ends_the_feed_where_it_ends() -> None:
    room, member, source = jamming()
    job = fed(room, member, source)
    assert feeds(room.done(source), FeedUntil) == [FeedUntil(job, 10 * SAMPLE_RATE)]


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_j3_a_source_that_leaves_the_timeline_leaves_its_separation(how: str) -> None:
    room, member, source = jamming()
    job = fed(room, member, source)
    if how == "cancelled":
        effects = room.send(member, c.JobCancel(job=source))
    else:
        effects = room.engine(JobFailed(job=source, code="engine_error", message="No."))
    assert feeds(effects, FeedUntil) == [FeedUntil(job, 10 * SAMPLE_RATE)]
    emit(room, job, 5, STEMS)
    closed = [effect.samples for effect in finish(room, job) if isinstance(effect, CloseTape)]
    assert closed == [room.job(job).head] * len(STEMS)
    assert room.job(job).view.state == "done"


def test_j1_cancelled_it_is_fed_no_more() -> None:
    room, member, source = jamming()
    job = fed(room, member, source)
    assert StopFeed(job) in room.send(member, c.JobCancel(job=job))
    assert not all_of(room.send(member, c.JobSteer(job=source, params=JobParams(prompt="x"))), RenderFrom)[1:]


def test_j4_after_a_lost_engine_it_goes_on_at_its_head_once_its_source_runs() -> None:
    room, member, source = jamming()
    job = fed(room, member, source)
    emit(room, job, 2, STEMS)
    head = room.job(job).head
    assert StopFeed(job) in room.lose_engine()
    assert [start.job for start in all_of(room.engine(SEPARATOR), StartJob)] == [source]
    assert not all_of(room.pace(), StartJob)
    room.engine(JobStarted(job=source, stems=STEMS, samples=None))
    effects = room.pace()
    start = one(effects, StartJob)
    assert (start.start_sample, start.epoch, start.is_fed) == (head, 1, True)
    assert [effect.start_sample for effect in effects if isinstance(effect, FeedFrom)] == [head]


def test_j4_where_its_source_has_jumped_meanwhile_it_begins_there() -> None:
    room, member, source = jamming()
    job = fed(room, member, source)
    room.lose_engine()
    room.engine(SEPARATOR)
    room.engine(JobStarted(job=source, stems=STEMS, samples=None))
    room.set_transport(member, tick=100 * BAR)
    effects = room.pace()
    jump = one(effects, RenderFrom).start_sample
    starts = all_of(effects, StartJob)
    assert [start.start_sample for start in starts] == [jump]
    assert {e.clear for e in effects if isinstance(e, RewindTape) and e.stream.startswith(job)} == {True}


def test_j4_where_its_source_is_gone_for_good_it_ends_with_what_it_has() -> None:
    room, member, source = jamming()
    job = fed(room, member, source)
    emit(room, job, 2, STEMS)
    head = room.job(job).head
    room.send(member, c.JobCancel(job=source))
    room.lose_engine()
    effects = room.engine(SEPARATOR)
    assert one(effects, StartJob).start_sample == head
    assert feeds(effects) == [FeedFrom(job, 1, (), head)]
    assert feeds(effects, FeedUntil) == [FeedUntil(job, head)]


def test_j3_an_endless_generation_that_is_done_is_separated_as_a_whole() -> None:
    room, member, source = jamming()
    room.done(source)
    assert all_of(ask(room, member, job=source), Job)[-1].state == "queued"
    assert not room.job(source).stored
