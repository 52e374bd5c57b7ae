"""Jobs, their audio and the engine behind them (J, A, Q)."""

import random

import pytest

from logdrum_protocol import client_messages as c
from logdrum_protocol.bounds import SAMPLE_RATE
from logdrum_protocol.engine_messages import GrantCredit, JobDone, JobFailed, JobStarted, RenderFrom, StartJob, StopJob
from logdrum_protocol.hub_messages import Chunk, Error, Job, StreamClose, StreamEpoch, StreamOpen, Welcome
from logdrum_protocol.records import JobParams, Limits, Loop
from logdrum_server.core import people
from logdrum_server.core.effects import CloseTape, DropTape, OpenTape, RewindTape
from logdrum_server.core.state import AHEAD_SAMPLES
from tests.server.rooms import READY, SOUND, STEMS, TestRoom, all_of, audio, one

BAR = 3840


@pytest.fixture
def room() -> TestRoom:
    room = TestRoom()
    room.engine(READY)
    return room


def test_j1_states_go_to_everybody_with_the_operation_they_answer(room: TestRoom) -> None:
    member = room.join()
    room.submit(member, op_id="mine")
    assert (one(room.effects, Job).state, one(room.effects, Job).op_id) == ("queued", "mine")


def test_j1_the_same_operation_is_one_job(room: TestRoom) -> None:
    member = room.join()
    first = room.submit(member, op_id="same")
    assert room.submit(member, op_id="same") == first
    assert len(room.state.jobs) == 1


def test_j1_without_an_engine_yet_a_job_waits_for_it() -> None:
    room = TestRoom()
    job = room.submit(room.join())
    assert not all_of(room.effects, StartJob)
    assert one(room.engine(READY), StartJob).job == job


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("generate", JobParams()),
        ("generate", JobParams(prompt="x", stems=("drums",))),
        ("separate", JobParams()),
        ("separate", JobParams(asset="0" * 64, stems=True)),
    ],
)
def test_j2_params_that_do_not_fit_the_kind_are_refused(room: TestRoom, kind: str, params: JobParams) -> None:
    message = c.JobSubmit(op_id="a", kind=kind, params=params)  # type: ignore[arg-type]  # one of its values
    assert one(room.send(room.join(), message), Error).code == "bad_params"


def test_j5_no_engine_at_all_refuses_jobs() -> None:
    room = TestRoom(engine=False)
    room.submit(room.join())
    assert one(room.effects, Error).code == "no_engine"


def test_j5_a_room_holds_so_many_jobs() -> None:
    room = TestRoom(limits=Limits(max_jobs=1))
    member = room.join()
    job = room.submit(member, op_id="a")
    assert room.submit(member, op_id="b") == ""
    assert one(room.effects, Error).code == "too_many_jobs"
    room.send(member, c.JobCancel(job=job))
    assert room.submit(member, op_id="c")


@pytest.mark.parametrize(
    ("kind", "params"), [("separate", {"asset": SOUND.asset}), ("generate", {"prompt": "", "model": "x"})]
)
def test_j5_what_the_engine_lacks_fails_at_once(room: TestRoom, kind: str, params: dict[str, str]) -> None:
    message = c.JobSubmit(op_id="a", kind=kind, params=JobParams(**params))  # type: ignore[arg-type]  # a test's own
    member = room.join()
    room.hold(SOUND)
    failed = all_of(room.send(member, message), Job)[-1]
    assert failed.error is not None
    assert (failed.state, failed.error.code) == ("failed", "unsupported")
    assert not room.state.jobs


def test_j2_a_piece_begins_on_the_next_bar(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    room.after(3)  # 112 BPM: a bar has 2.14 s
    job = room.submit(member, start="bar")
    assert room.job(job).anchor_tick == 2 * BAR
    assert one(room.effects, StartJob).start_sample == 0


def test_j2_a_piece_asked_for_with_play_begins_with_play(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    assert room.job(room.submit(member)).anchor_tick == 0


def test_j2_now_lays_the_piece_on_the_present_bar_and_enters_within_it(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    room.after(3)
    job = room.submit(member, start="now")
    start = one(room.effects, StartJob)
    assert room.job(job).anchor_tick == BAR
    assert 0 < start.start_sample < 2.2 * SAMPLE_RATE


def test_j2_now_is_rendered_once(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    room.after(3)
    room.started(member, start="now", seconds=1)
    room.after(0.05)
    assert not all_of(room.pace(), RenderFrom)


def test_j2_the_next_bar_of_a_loop_may_be_its_beginning(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True, loop=Loop(start_tick=0, end_tick=BAR))
    room.after(3)
    assert room.job(room.submit(member, start="bar")).anchor_tick == 0


def test_a1_a_stream_opens_for_each_stem(room: TestRoom) -> None:
    member = room.join()
    room.started(member)
    assert [opened.stem for opened in all_of(room.effects, StreamOpen)] == list(STEMS)
    assert len([effect for effect in room.effects if isinstance(effect, OpenTape)]) == len(STEMS)


def test_a6_a_late_joiner_gets_the_open_streams(room: TestRoom) -> None:
    room.started(room.join())
    room.join()
    assert [stream.stem for stream in one(room.effects, Welcome).streams] == list(STEMS)


def test_a2_chunks_continue_their_stem_or_are_dropped(room: TestRoom) -> None:
    job = room.started(room.join(), seconds=1)
    head = room.job(job).head
    assert not room.engine(audio(job, "drums", head + 1, 10))
    assert not room.engine(audio(job, "drums", head, 10, epoch=7))
    assert one(room.engine(audio(job, "drums", head, 10)), Chunk).start_sample == head


def test_a7_an_endless_job_gets_credit_ten_seconds_ahead_as_play_goes_on(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    job = room.started(member, seconds=10)
    room.after(4.15)
    credit = one(room.pace(), GrantCredit)
    assert credit.credit_sample == pytest.approx(4 * SAMPLE_RATE + AHEAD_SAMPLES, abs=5)
    assert room.job(job).credit == credit.credit_sample


def test_a7_nobody_to_hear_it_means_no_credit(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    room.started(member, seconds=10)
    room.take(people.leave(room.state, member, "left"))
    room.after(60)
    assert room.pace() == []


def test_a7_a_bounded_job_is_paced_by_its_quickest_reader(room: TestRoom) -> None:
    job = room.started(room.join(), bars=4)
    credit = one(room.pace({job: 5 * SAMPLE_RATE}), GrantCredit)
    assert credit.credit_sample == 5 * SAMPLE_RATE + AHEAD_SAMPLES


def test_a3_a_tempo_change_renders_anew_where_it_takes_effect(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    room.started(member, seconds=10)
    room.after(4.15)
    room.set_transport(member, bpm=120)
    anchor_tick = room.state.transport.anchor_tick
    render = one(room.pace(), RenderFrom)
    assert (render.bpm, render.epoch) == (120, 1)
    assert render.start_sample == pytest.approx(anchor_tick / 960 / 2 * SAMPLE_RATE, abs=1)
    assert {epoch.bpm for epoch in all_of(room.effects, StreamEpoch)} == {120}


def test_a3_a_tempo_change_on_the_bar_is_rendered_when_the_bar_is_near(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    room.started(member, seconds=10)
    room.after(0.5)
    room.set_transport(member, bpm=120, quantum="bar")
    assert not all_of(room.pace(), RenderFrom)
    room.now_us = room.state.transport.anchor_us - 200_000
    assert one(room.pace(), RenderFrom).bpm == 120


def test_a9_in_a_short_loop_a_new_tempo_is_rendered_from_the_loops_start(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True, loop=Loop(start_tick=0, end_tick=2 * BAR))
    room.started(member, seconds=10)
    room.after(2.5)
    room.set_transport(member, bpm=120)
    assert one(room.pace(), RenderFrom).start_sample == 0


def test_a9_a_seek_within_what_is_rendered_renders_nothing(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    room.started(member, seconds=10)
    room.after(4.15)
    room.set_transport(member, tick=0)
    assert not all_of(room.pace(), RenderFrom)


def test_a9_a_seek_past_it_begins_a_new_epoch_there(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    room.started(member, seconds=10)
    room.set_transport(member, tick=100 * BAR)
    render = one(room.pace(), RenderFrom)
    assert render.start_sample == pytest.approx(100 * 4 * 60 / 112 * SAMPLE_RATE, abs=1)
    assert [effect.clear for effect in room.effects if isinstance(effect, RewindTape)] == [True, True]


def test_j1_steering_turns_at_the_next_bar_with_the_old_params_where_none_are_new(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    job = room.started(member, seconds=10, key="F minor")
    room.after(1)
    effects = room.send(member, c.JobSteer(job=job, params=JobParams(prompt="darker", bars=3)))
    render = one(effects, RenderFrom)
    assert (render.params.prompt, render.params.key) == ("darker", "F minor")
    assert not isinstance(render.params.bars, int)
    assert render.start_sample == pytest.approx(4 * 60 / 112 * SAMPLE_RATE, abs=1)


def test_j1_only_a_generation_that_runs_can_be_steered(room: TestRoom) -> None:
    message = c.JobSteer(job="none", params=JobParams(prompt="x"))
    assert one(room.send(room.join(), message), Error).code == "not_found"


def test_a8_cancel_ends_the_streams_where_the_listeners_are(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    job = room.started(member, seconds=10)
    room.after(2)
    effects = room.send(member, c.JobCancel(job=job))
    assert one(effects, StopJob).job == job
    assert {close.samples for close in all_of(effects, StreamClose)} == {2 * SAMPLE_RATE}
    assert len([effect for effect in effects if isinstance(effect, DropTape)]) == len(STEMS)
    assert all_of(effects, Job)[-1].state == "cancelled"


def test_j5_a_finished_piece_stays_until_it_is_cancelled(room: TestRoom) -> None:
    member = room.join()
    job = room.started(member, seconds=10, bars=4)
    effects = room.done(job)
    assert [effect.samples for effect in effects if isinstance(effect, CloseTape)] == [10 * SAMPLE_RATE] * 2
    room.join()
    assert [view.state for view in one(room.effects, Welcome).jobs] == ["done"]
    assert not all_of(room.send(member, c.JobCancel(job=job)), StopJob)
    assert not room.state.jobs


def test_j4_a_lost_engine_queues_the_job_once_more_and_goes_on_where_it_was(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    room.started(member, seconds=10)
    assert one(room.lose_engine(), Job).state == "queued"
    room.after(1)
    start = one(room.engine(READY), StartJob)
    assert (start.epoch, start.start_sample) == (1, 10 * SAMPLE_RATE)


def test_j4_an_engine_back_late_enters_where_the_listeners_are(room: TestRoom) -> None:
    member = room.join()
    room.set_transport(member, playing=True)
    room.started(member, seconds=1)
    room.lose_engine()
    room.after(30)
    assert one(room.engine(READY), StartJob).start_sample > 29 * SAMPLE_RATE


def test_j4_the_second_loss_fails_the_job(room: TestRoom) -> None:
    job = room.started(room.join(), seconds=1)
    room.lose_engine()
    room.engine(READY)
    room.engine(JobStarted(job=job, stems=STEMS, samples=None))
    failed = all_of(room.lose_engine(), Job)[-1]
    assert failed.error is not None
    assert (failed.state, failed.error.code) == ("failed", "engine_lost")


def test_j4_finished_work_does_not_care_about_the_engine(room: TestRoom) -> None:
    job = room.started(room.join(), seconds=10, bars=4)
    room.done(job)
    assert room.lose_engine() == []


def test_q7_a_job_fails_alone(room: TestRoom) -> None:
    member = room.join()
    first, second = room.started(member, op_id="a"), room.started(member, op_id="b")
    room.engine(JobFailed(job=first, code="engine_error", message="No."))
    assert list(room.state.jobs) == [second]


def test_j_random_lives_never_leave_a_job_without_an_end_or_an_engine() -> None:
    """Whatever happens in whatever order: a job that runs has an engine, spans stay contiguous, credit only grows."""
    for seed in range(150):
        dice = random.Random(seed)
        room = TestRoom()
        member = room.join()
        for step in range(40):
            _random_event(room, member, dice, step)
            for job in room.state.jobs.values():
                running = job.view.state == "running"
                assert not running or room.state.engine is not None, f"seed {seed}"
                assert all(job.first <= head for head in job.heads.values()), f"seed {seed}"
                assert job.attempts <= 2, f"seed {seed}"


def _random_event(room: TestRoom, member: str, dice: random.Random, step: int) -> None:
    room.after(dice.random())
    jobs = list(room.state.jobs)
    job = dice.choice(jobs) if jobs else ""
    match dice.randrange(10):
        case 0:
            room.submit(member, op_id=str(step), **({"bars": 4} if dice.random() < 0.5 else {}))
        case 1:
            room.engine(READY)
        case 2 if dice.random() < 0.3:
            room.lose_engine()
        case 3 if job and room.state.engine and room.job(job).attempts:
            bounded = isinstance(room.job(job).view.params.bars, int)
            room.engine(JobStarted(job=job, stems=STEMS, samples=10 * SAMPLE_RATE if bounded else None))
        case 4 | 5 if job and room.job(job).stems and room.state.engine:
            room.render(job, 1)
        case 6:
            room.set_transport(member, tick=dice.randrange(100_000), bpm=dice.uniform(60, 180), playing=True)
        case 7 if job:
            room.send(member, c.JobCancel(job=job))
        case 8 if job:
            room.send(member, c.JobSteer(job=job, params=JobParams(prompt="x")))
        case _:
            room.pace()


def test_q2_a_job_that_is_done_in_an_epoch_that_has_ended_goes_on() -> None:
    room = TestRoom()
    room.engine(READY)
    member = room.join()
    job = room.started(member, 2, bars=4)
    room.send(member, c.JobSteer(job=job, params=JobParams(prompt="darker")))
    assert room.engine(JobDone(job=job, epoch=0)) == []
    assert room.job(job).view.state == "running"


def test_a7_a_piece_with_bars_whose_length_the_engine_does_not_say_is_rendered_on() -> None:
    room = TestRoom()
    room.engine(READY)
    job = room.submit(room.join(), bars=1)
    room.engine(JobStarted(job=job, stems=STEMS, samples=None))
    room.render(job, 3)
    assert one(room.pace(), GrantCredit).credit_sample == 3 * SAMPLE_RATE + AHEAD_SAMPLES
