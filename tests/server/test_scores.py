"""Scores of stored sounds, and the threshold that the room's owner sets (J10)."""

from msgspec.structs import replace

from logdrum_protocol import client_messages as c
from logdrum_protocol.engine_messages import JobDone, JobProgress, JobStarted, StartJob
from logdrum_protocol.hub_messages import Asset, Error, Job, RoomSettings
from logdrum_protocol.records import Conformance, JobParams, Limits
from logdrum_server.core import ledger, settings
from logdrum_server.core.checkpoint import decode_history, encode_history
from logdrum_server.core.effects import Effect
from logdrum_server.core.people import snapshot
from tests.server.rooms import READY, TestRoom, all_of, one

SOUND = Asset(seq=1, asset="a" * 64, name="song.wav", samples=9, sample_rate=48_000, channels=2, by=None)
SCORE = Conformance(value=0.6, low=0.4, high=0.7, version="1", genre="amapiano", fitted_on="renders")


def jam(**limits: int) -> tuple[TestRoom, str]:
    room = TestRoom(limits=Limits(**limits))
    room.engine(READY)
    owner = room.join()
    room.take(ledger.record(room.state, SOUND))
    room.settle()
    return room, owner


def submit(room: TestRoom, member: str, op_id: str = "s", **params: str) -> list[Effect]:
    message = c.JobSubmit(op_id=op_id, kind="score", params=replace(JobParams(asset=SOUND.asset), **params))
    return room.send(member, message)


def scored(room: TestRoom, member: str, op_id: str = "s", score: Conformance = SCORE) -> Job:
    job = one(submit(room, member, op_id), StartJob).job
    room.engine(JobStarted(job=job, stems=(), samples=None))
    return one(room.engine(JobDone(job=job, conformance=score)), Job)


def set_threshold(room: TestRoom, member: str, threshold: float) -> list[Effect]:
    effects = room.send(member, c.SettingsSet(op_id=f"t{threshold}", threshold=threshold))
    return effects + room.take(settings.judge_anew(room.state))


def test_j10_a_finished_score_says_what_was_found_and_what_it_means() -> None:
    job = scored(*jam())
    assert (job.state, job.conformance, job.verdict) == ("done", SCORE, "review")


def test_j10_only_a_whole_interval_on_one_side_is_beyond_doubt() -> None:
    room, owner = jam()
    assert scored(room, owner, "1", replace(SCORE, low=0.5, high=0.7)).verdict == "accept"
    assert scored(room, owner, "2", replace(SCORE, low=0.2, high=0.49)).verdict == "reject"


def test_j10_a_new_threshold_judges_finished_scores_anew() -> None:
    room, owner = jam()
    scored(room, owner)
    effects = set_threshold(room, owner, 0.3)
    assert one(effects, RoomSettings).threshold == 0.3
    assert one(effects, Job).verdict == "accept"


def test_j10_only_the_owner_sets_the_threshold() -> None:
    room, _ = jam()
    other = room.join("Sipho")
    assert one(set_threshold(room, other, 0.9), Error).code == "forbidden"
    assert room.state.history.settings is None


def test_j10_the_threshold_outlives_the_hub_and_is_in_the_snapshot() -> None:
    room, owner = jam()
    set_threshold(room, owner, 0.8)
    kept = decode_history(encode_history(room.state.settled))
    assert kept.settings is not None
    assert (kept.settings.threshold, snapshot(kept).settings) == (0.8, kept.settings)


def test_j10_a_sound_that_the_room_does_not_hold_cannot_be_scored() -> None:
    room, owner = jam()
    assert one(submit(room, owner, asset="b" * 64), Error).code == "bad_reference"


def test_j10_a_genre_that_the_engine_does_not_know_is_unsupported() -> None:
    room, owner = jam()
    jobs = all_of(submit(room, owner, genre="polka"), Job)
    assert jobs[-1].error is not None
    assert jobs[-1].error.code == "unsupported"


def test_j10_progress_is_told_in_steps() -> None:
    room, owner = jam()
    job = one(submit(room, owner), StartJob).job
    assert one(room.engine(JobProgress(job=job, progress=0.5)), Job).progress == 0.5
    assert room.engine(JobProgress(job=job, progress=0.51)) == []


def test_j5_finished_scores_take_no_place_and_the_newest_32_are_kept() -> None:
    room, owner = jam(max_jobs=1)
    for number in range(40):
        scored(room, owner, str(number))
    assert len(room.state.jobs) == 32
