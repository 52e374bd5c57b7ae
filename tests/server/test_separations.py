"""What is separated, where it lies and in which order it comes (J3, J11, Q10)."""

import pytest
from msgspec.structs import replace

from logdrum_protocol import client_messages as c
from logdrum_protocol.bounds import SAMPLE_RATE
from logdrum_protocol.engine_messages import GrantCredit, JobFailed, JobStarted, StartJob, StemFile, StopJob
from logdrum_protocol.hub_messages import Chunk, Error, Job, StreamClose, StreamEpoch, StreamOpen, Welcome
from logdrum_protocol.records import JobParams
from logdrum_server.core.effects import CloseTape, DropTape, ForgetFiles, RewindTape
from logdrum_server.core.state import AHEAD_SAMPLES
from tests.server.documents import clip, delete, track
from tests.server.rooms import READY, STEMS, TestRoom, all_of, one
from tests.server.separations import LENGTH, OUT, SEPARATOR, SONG, ask, begun, emit, finish, groove, jam, keep

BAR = 3840


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"asset": SONG.asset, "job": "j1"},
        {"asset": SONG.asset, "clip": "clip_0001"},
        {"job": "j1", "clip": "*"},
        {"asset": SONG.asset, "stems": True},
    ],
)
def test_j3_one_of_asset_job_and_clip_is_separated(params: dict[str, object]) -> None:
    assert one(ask(*jam(), **params), Error).code == "bad_params"


@pytest.mark.parametrize(
    "params", [{"asset": "f" * 64}, {"job": "none"}, {"clip": "*"}, {"clip": "clip_none"}, {"clip": "clip_0001"}]
)
def test_j3_what_is_not_there_or_has_no_sound_cannot_be_separated(params: dict[str, object]) -> None:
    room, member = jam()
    room.edit(member, track(), clip())  # which plays notes
    assert one(ask(room, member, **params), Error).code == "bad_reference"


def test_j3_only_a_generation_can_be_the_job_that_is_separated() -> None:
    room, member = jam()
    start = begun(room, member)
    assert one(ask(room, member, job=start.job), Error).code == "bad_reference"


def test_j3_a_sound_lies_where_the_request_says() -> None:
    room, member = jam()
    start = begun(room, member, start=7 * BAR)
    assert (start.anchor_tick, start.sounds, start.is_fed) == (7 * BAR, (SONG.asset,), False)


def test_j3_a_clips_sound_lies_where_the_clip_has_it() -> None:
    room, member = jam()
    second_ticks = 112 * 960 / 60
    room.edit(member, track(), clip(start_tick=4 * BAR, asset=SONG.asset, offset_samples=44_100))
    (start,) = all_of(ask(room, member, clip="clip_0001"), StartJob)
    assert (start.anchor_tick, start.sounds) == (round(4 * BAR - second_ticks), (SONG.asset,))


def test_j3_a_clip_whose_sound_begins_before_the_timeline_is_refused_with_a_reason() -> None:
    room, member = jam()
    room.edit(member, track(), clip(start_tick=0, asset=SONG.asset, offset_samples=44_100))
    assert one(ask(room, member, clip="clip_0001"), Error).code == "bad_params"


def test_j3_a_clip_that_is_deleted_while_its_separation_waits_is_separated_all_the_same() -> None:
    room = TestRoom()
    member = room.join()
    room.hold(SONG)
    room.edit(member, track(), clip(asset=SONG.asset))
    ask(room, member, clip="clip_0001")
    room.edit(member, delete("clip", "clip_0001"))
    assert one(room.engine(SEPARATOR), StartJob).sounds == (SONG.asset,)


def test_j5_a_separator_that_the_engine_lacks_is_unsupported() -> None:
    failed = all_of(ask(*jam(), asset=SONG.asset, model="htdemucs"), Job)[-1]
    assert failed.error is not None
    assert failed.error.code == "unsupported"


def test_j5_a_separation_takes_a_place_until_it_is_cancelled() -> None:
    room, member = jam(max_jobs=1)
    job = begun(room, member).job
    finish(room, job)
    assert one(ask(room, member, asset=SONG.asset), Error).code == "too_many_jobs"
    room.send(member, c.JobCancel(job=job))
    assert all_of(ask(room, member, asset=SONG.asset), StartJob)


def test_j11_a_separation_begins_at_the_playhead() -> None:
    room, member = jam()
    room.set_transport(member, playing=True)
    room.after(5.05)
    start = begun(room, member, start=0)
    assert start.entry_sample == start.start_sample == pytest.approx(5 * SAMPLE_RATE, abs=2)


def test_j11_where_the_transport_is_stopped_it_begins_where_that_stands() -> None:
    room, member = jam()
    room.set_transport(member, tick=2 * BAR)
    assert begun(room, member, start=BAR).entry_sample == pytest.approx(240 / 112 * SAMPLE_RATE, abs=1)


@pytest.mark.parametrize("tick", [0, 100 * BAR])
def test_j11_where_the_playhead_is_outside_it_begins_with_its_first_sample(tick: int) -> None:
    room, member = jam()
    room.set_transport(member, tick=tick)
    assert begun(room, member, start=BAR).entry_sample == 0


def at_five(room: TestRoom, member: str) -> str:
    """A separation of the song that began five seconds into it."""
    tick = 5 * 112 * 960 // 60
    room.set_transport(member, tick=tick)
    return begun(room, member, start=0).job


def test_a1_its_streams_say_where_they_begin_and_how_long_they_are() -> None:
    room, member = jam()
    at_five(room, member)
    assert [opened.stem for opened in all_of(room.effects, StreamOpen)] == list(OUT)
    assert {(opened.start_sample, opened.samples) for opened in all_of(room.effects, StreamOpen)} == {
        (5 * SAMPLE_RATE, LENGTH)
    }


def test_a1_a_generation_with_bars_says_how_long_it_is() -> None:
    room, member = jam()
    groove(room, member, 0, bars=4)
    assert {opened.samples for opened in all_of(room.effects, StreamOpen)} == {10 * SAMPLE_RATE}


def test_q10_samples_count_on_past_the_end_of_the_sound() -> None:
    room, member = jam()
    job = at_five(room, member)
    emit(room, job, 15)
    assert one(emit(room, job, 1, ("vocals",)), Chunk).start_sample == LENGTH
    assert room.job(job).course.address(LENGTH) == 0


def test_j11_progress_is_what_is_separated_and_the_mix_is_not() -> None:
    room, member = jam()
    job = at_five(room, member)
    assert not all_of(emit(room, job, 15, ("mix",)), Job)
    told = all_of(emit(room, job, 10, OUT[1:]), Job)
    assert told[-1].progress == pytest.approx(0.5)


def test_a7_it_is_paced_by_its_quickest_reader_the_mixs_too() -> None:
    room, member = jam()
    job = at_five(room, member)
    credit = one(room.pace({job: 9 * SAMPLE_RATE}), GrantCredit)
    assert credit.credit_sample == 9 * SAMPLE_RATE + AHEAD_SAMPLES


def test_a7_where_nobody_listens_it_may_go_all_the_way_round() -> None:
    room, member = jam()
    at_five(room, member)
    assert one(room.pace(), GrantCredit).credit_sample == 5 * SAMPLE_RATE + LENGTH


def test_a7_the_last_quarter_second_of_a_piece_that_nobody_hears_is_rendered() -> None:
    room, member = jam()
    job = room.submit(member, bars=4)
    room.engine(JobStarted(job=job, stems=STEMS, samples=AHEAD_SAMPLES + 100))
    assert one(room.pace(), GrantCredit).credit_sample == AHEAD_SAMPLES + 100


def test_j4_after_a_lost_engine_it_goes_on_at_its_head() -> None:
    room, member = jam()
    job = at_five(room, member)
    emit(room, job, 17)
    emit(room, job, 1, ("mix",))
    assert one(room.lose_engine(), Job).state == "queued"
    effects = room.engine(SEPARATOR)
    start = one(effects, StartJob)
    assert (start.entry_sample, start.start_sample, start.epoch) == (5 * SAMPLE_RATE, 22 * SAMPLE_RATE, 1)
    assert {epoch.start_sample for epoch in all_of(effects, StreamEpoch)} == {2 * SAMPLE_RATE}
    rewinds = {(e.start_sample, e.clear) for e in effects if isinstance(e, RewindTape)}
    assert rewinds == {(22 * SAMPLE_RATE, False)}


def test_j4_one_that_had_all_but_its_files_gives_its_last_sample_once_more() -> None:
    room, member = jam()
    job = at_five(room, member)
    emit(room, job, 20)
    room.lose_engine()
    effects = room.engine(SEPARATOR)
    assert one(effects, StartJob).start_sample == 5 * SAMPLE_RATE + LENGTH - 1
    assert {epoch.start_sample for epoch in all_of(effects, StreamEpoch)} == {5 * SAMPLE_RATE - 1}


def test_j4_the_second_loss_fails_it_and_its_files_go() -> None:
    room, member = jam()
    job = at_five(room, member)
    room.lose_engine()
    room.engine(SEPARATOR)
    effects = room.lose_engine()
    assert one(effects, Job).state == "failed"
    assert ForgetFiles(job) in effects


def test_j11_finished_stems_are_sounds_and_the_mix_is_one_already() -> None:
    room, member = jam()
    job = at_five(room, member)
    emit(room, job, 20)
    file = StemFile(stem="vocals", name="vocals.flac", samples=LENGTH, sample_rate=48_000, channels=2)
    effects = finish(room, job, file)
    closed = {effect.stream: effect for effect in effects if isinstance(effect, CloseTape)}
    assert {name: effect.is_sound for name, effect in closed.items()} == {
        f"{job}.mix": False,
        f"{job}.vocals": True,
        f"{job}.other": True,
    }
    assert [effect.file for effect in closed.values()] == [None, file, None]
    assert {effect.samples for effect in closed.values()} == {LENGTH}
    assert [effect for effect in effects if isinstance(effect, CloseTape | ForgetFiles)][-1] == ForgetFiles(job)


def test_j11_stems_are_called_after_what_they_were_in() -> None:
    room, member = jam()
    assert room.job(begun(room, member).job).title("vocals") == "Song.one vocals"
    room.edit(member, track(), clip(asset=SONG.asset, name="The hook"))
    (start,) = all_of(ask(room, member, clip="clip_0001"), StartJob)
    assert room.job(start.job).title("drums") == "The hook drums"


def test_a8_cancel_ends_it_where_the_listeners_are() -> None:
    room, member = jam()
    job = at_five(room, member)
    emit(room, job, 18)  # round the end, to 3 s
    effects = room.send(member, c.JobCancel(job=job))
    assert one(effects, StopJob).job == job
    assert {close.samples for close in all_of(effects, StreamClose)} == {5 * SAMPLE_RATE}
    assert len([effect for effect in effects if isinstance(effect, DropTape)]) == len(OUT)
    assert ForgetFiles(job) in effects


def test_a6_a_late_joiner_hears_of_the_streams_from_where_they_began() -> None:
    room, member = jam()
    job = at_five(room, member)
    emit(room, job, 18)
    room.join()
    streams = one(room.effects, Welcome).streams
    assert {(stream.start_sample, stream.samples) for stream in streams} == {(5 * SAMPLE_RATE, LENGTH)}


def bounded(room: TestRoom, member: str) -> str:
    return groove(room, member, 10, bars=4)


def test_j3_a_bounded_generation_is_separated_once_it_is_done_and_stored() -> None:
    room, member = jam()
    room.set_transport(member, tick=7)
    source = bounded(room, member)
    (job,) = all_of(ask(room, member, job=source), Job)
    assert job.state == "queued"
    assert not all_of(room.pace(), StartJob)
    stored = room.done(source)
    assert not all_of(room.pace(), StartJob)
    keep(room, stored)
    start = one(room.pace(), StartJob)
    assert len(start.sounds) == len(STEMS)
    assert (start.anchor_tick, start.bpm) == (room.job(source).anchor_tick, room.job(source).bpm)


def test_j3_a_generation_of_which_no_whole_was_kept_cannot_be_separated() -> None:
    room, member = jam()
    source = bounded(room, member)
    ask(room, member, job=source)
    keep(room, room.done(source), "drums")
    failed = one(room.pace(), Job)
    assert failed.error is not None
    assert (failed.state, failed.error.code) == ("failed", "not_found")


def test_j3_a_generation_that_is_cancelled_before_it_is_done_fails_what_waits_for_it() -> None:
    room, member = jam()
    source = bounded(room, member)
    ask(room, member, job=source)
    room.send(member, c.JobCancel(job=source))
    failed = one(room.pace(), Job)
    assert failed.error is not None
    assert failed.error.code == "not_found"


def test_j3_one_that_has_begun_outlives_its_source() -> None:
    room, member = jam()
    source = bounded(room, member)
    keep(room, room.done(source))
    (start,) = all_of(ask(room, member, job=source), StartJob)
    room.send(member, c.JobCancel(job=source))
    room.lose_engine()
    assert one(room.engine(SEPARATOR), StartJob).sounds == start.sounds


def test_j3_a_lost_engine_leaves_what_waits_for_its_source() -> None:
    room, member = jam()
    source = bounded(room, member)
    (job,) = all_of(ask(room, member, job=source), Job)
    room.lose_engine()
    assert not all_of(room.engine(SEPARATOR), Job)
    assert (room.job(job.job).attempts, room.job(job.job).view.state) == (0, "queued")


def test_q7_it_fails_alone_with_the_engines_reason() -> None:
    room, member = jam()
    first, second = begun(room, member).job, begun(room, member).job
    effects = room.engine(JobFailed(job=first, code="bad_params", message="No sound."))
    assert list(room.state.jobs) == [second]
    assert ForgetFiles(first) in effects


def test_a3_a_tempo_change_leaves_a_separation_as_it_lies() -> None:
    room, member = jam()
    at_five(room, member)
    room.set_transport(member, playing=True, bpm=140)
    room.after(1)
    assert not all_of(room.pace(), StreamEpoch)


def test_j1_a_separation_cannot_be_steered() -> None:
    room, member = jam()
    job = begun(room, member).job
    message = c.JobSteer(job=job, params=JobParams(prompt="x"))
    assert one(room.send(member, message), Error).code == "not_found"


def test_j3_an_asset_of_no_rate_is_no_fault_of_the_hubs() -> None:
    room, member = jam()
    room.hold(replace(SONG, asset="e" * 64, sample_rate=0))
    assert all_of(ask(room, member, asset="e" * 64), StartJob)


def test_j5_an_engine_without_separators_says_so() -> None:
    room, member = jam()
    room.lose_engine()
    room.engine(READY)
    assert all_of(ask(room, member, asset=SONG.asset), Job)[-1].state == "failed"
