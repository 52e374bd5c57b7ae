"""The document's notes as a job plays them, and goes on playing them while they are edited (J8)."""

import pytest

from logdrum_protocol import bounds
from logdrum_protocol import client_messages as c
from logdrum_protocol.engine_messages import GrantCredit, JobStarted, RenderFrom, StartJob, StopJob
from logdrum_protocol.hub_messages import Error, Job
from logdrum_protocol.records import JobParams, Notation, Part, PlayedNote
from logdrum_server.core.effects import Effect
from tests.server.documents import clip, delete, note, set_, track
from tests.server.rooms import READY, STEMS, TestRoom, all_of, one


def written(*, playing: bool = True) -> tuple[TestRoom, str]:
    """A room with one bass note in bar 2."""
    room = TestRoom()
    room.engine(READY)
    member = room.join()
    room.edit(member, track(instrument="bass", gain_db=-3.0), clip(start_tick=3840), note(tick=480))
    if playing:
        room.set_transport(member, playing=True)
    return room, member


def play(room: TestRoom, member: str, clip: str = "*") -> StartJob:
    message = c.JobSubmit(op_id="play", kind="generate", params=JobParams(clip=clip))
    return one(room.send(member, message), StartJob)


def played(room: TestRoom, member: str, clip: str = "*") -> str:
    """A job that plays notes, its audio rendered as far as its credit goes."""
    job = play(room, member, clip).job
    room.engine(JobStarted(job=job, stems=STEMS, samples=None))
    room.render(job, 10)
    return job


def after_edit(room: TestRoom, member: str, *ops: object) -> list[Effect]:
    room.edit(member, *ops)  # type: ignore[arg-type]  # a test's own
    room.after(0.5)
    return room.pace()


def notes(start: StartJob | RenderFrom) -> tuple[PlayedNote, ...]:
    assert start.notation is not None
    return start.notation.notes


def test_j8_notes_are_sent_in_ticks_of_the_room_with_what_plays_them() -> None:
    start = play(*written())
    part = Part(instrument="bass", gain_db=-3.0)
    assert start.notation == Notation(parts=(part,), notes=(PlayedNote(0, 4320, 240, 41, 100),))
    assert start.anchor_tick == 0


def test_j8_one_clip_is_played_alone_even_where_its_track_is_muted() -> None:
    room, member = written()
    room.edit(member, clip("clip_0002"), note("note_0002", "clip_0002"), set_("track", "track_01", mute=True))
    assert [each.tick for each in notes(play(room, member, "clip_0002"))] == [0]


def test_j8_all_clips_are_those_that_are_heard() -> None:
    room, member = written()
    room.edit(member, track("track_02", mute=True), clip("clip_0002", "track_02"), note("note_0002", "clip_0002"))
    assert len(notes(play(room, member))) == 1


def test_j8_a_solo_leaves_the_others_out() -> None:
    room, member = written()
    room.edit(member, track("track_02", solo=True), clip("clip_0002", "track_02"), note("note_0002", "clip_0002"))
    assert [each.tick for each in notes(play(room, member))] == [0]


def test_j8_a_note_is_cut_where_its_clip_ends() -> None:
    room, member = written()
    room.edit(member, note("note_0002", tick=3800, length_ticks=9000), note("note_0003", tick=3840))
    assert [each.length_ticks for each in notes(play(room, member))] == [240, 40]


def test_j8_an_edited_note_is_heard_from_the_playhead_on() -> None:
    room, member = written()
    job = played(room, member)
    told = one(after_edit(room, member, set_("note", "note_0001", pitch=43)), RenderFrom)
    assert (told.job, [each.pitch for each in notes(told)]) == (job, [43])
    assert 16_800 < told.start_sample < 24_000  # 0.35 s were played; what begins lies a little ahead


def test_j8_notes_are_read_four_times_a_second_at_most() -> None:
    room, member = written()
    played(room, member)
    room.edit(member, set_("note", "note_0001", pitch=43))
    room.after(0.1)
    assert not all_of(room.pace(), RenderFrom)


def test_j8_an_edit_that_is_not_heard_turns_nothing() -> None:
    room, member = written()
    played(room, member)
    assert not all_of(after_edit(room, member, set_("track", "track_01", name="Sub")), RenderFrom)


def test_j8_a_job_ends_with_its_clip() -> None:
    room, member = written()
    job = played(room, member, "clip_0001")
    effects = after_edit(room, member, delete("clip", "clip_0001"))
    assert one(effects, Job).state == "cancelled"
    assert one(effects, StopJob).job == job


def test_j8_a_clip_that_is_not_there_cannot_be_played() -> None:
    room, member = written()
    message = c.JobSubmit(op_id="play", kind="generate", params=JobParams(clip="no_such_clip"))
    assert one(room.send(member, message), Error).code == "bad_reference"


def test_j8_nothing_is_rendered_after_the_last_note_has_rung_out() -> None:
    room, member = written()
    job = played(room, member, "clip_0001")
    assert room.job(job).credit < 10 * 48_000  # two bars at 112 BPM, and four seconds
    room.after(60)
    assert not all_of(room.pace(), GrantCredit | RenderFrom)  # type: ignore[arg-type]  # a union of types is one here


def test_j8_more_notes_than_a_job_can_play_fail_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_PLAYED_NOTES", 1)
    room, member = written()
    room.edit(member, note("note_0002"))
    message = c.JobSubmit(op_id="play", kind="generate", params=JobParams(clip="*"))
    jobs = all_of(room.send(member, message), Job)
    assert jobs[-1].error is not None
    assert jobs[-1].error.code == "too_large"


def test_j7_a_piece_does_not_follow_notes_that_are_played() -> None:
    room, member = written()
    played(room, member)
    message = c.JobSubmit(op_id="2", kind="generate", params=JobParams(prompt="deep"))
    room.send(member, message)
    assert next(job for job in room.state.jobs.values() if not job.plays_notes).leader is None
