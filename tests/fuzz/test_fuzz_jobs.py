"""What stories, lives of chance and attacks found about jobs, each as small as it can be said (J)."""

import pytest

from logdrum_protocol import client_messages as c
from logdrum_protocol.codec import decode_to_engine, encode
from logdrum_protocol.document import PARENT
from logdrum_protocol.engine_messages import JobDescribed, JobFailed, RenderFrom, StartJob
from logdrum_protocol.fold import parent_of
from logdrum_protocol.framing import MAX_FRAME_BYTES
from logdrum_protocol.hub_messages import Error
from logdrum_protocol.records import Harmony, JobParams
from tests.server.documents import clip, delete, document, note, put, track
from tests.server.rooms import READY, TestRoom, all_of, one
from tests.server.test_write_notes import answer, ask, jam, kinds

FIRST = Harmony(seed=1, key="F minor", anchor_tick=0, jazz=0.5)
OTHER = Harmony(seed=2, key="A minor", anchor_tick=0, jazz=0.5)


def band(pieces: int) -> tuple[TestRoom, str, list[str]]:
    room = TestRoom()
    room.engine(READY)
    member = room.join()
    return room, member, [room.started(member, 20, op_id=f"{number}") for number in range(pieces)]


def describe(room: TestRoom, job: str, harmony: Harmony) -> list[RenderFrom]:
    return all_of(room.engine(JobDescribed(job=job, choices=(), harmony=harmony)), RenderFrom)


def test_j9_a_job_that_is_cancelled_leaves_no_one_waiting_for_its_notes() -> None:
    room, member, job = jam()
    ask(room, member, job)
    assert one(room.send(member, c.JobCancel(job=job)), Error).op_id == "n"
    assert one(room.send(member, c.JobNotes(op_id="n", job=job)), Error).op_id == "n"


def test_j9_a_job_that_fails_leaves_no_one_waiting_for_its_notes() -> None:
    room, member, job = jam()
    ask(room, member, job)
    assert one(room.engine(JobFailed(job=job, code="engine_error", message="It broke.")), Error).op_id == "n"


def test_j9_a_section_that_was_thinned_out_is_not_doubled() -> None:
    room, member, job = jam()
    answer(room, ask(room, member, job))
    first = next(entity.id for entity in document(room).listed() if entity.id.endswith("-0"))
    room.edit(member, delete("note", first))
    answer(room, ask(room, member, job, "m"))
    assert kinds(room) == {"track": 2, "clip": 2, "note": 2}


def test_d5_a_section_lies_on_tracks_whatever_else_took_their_ids() -> None:
    room, member, job = jam()
    answer(room, ask(room, member, job))
    taken = [entity.id for entity in document(room).listed() if entity.kind == "track"]
    room, member, job = jam()  # the same job again, in a room where someone was quicker
    room.edit(member, *(put("marker", id, tick=0) for id in taken))
    answer(room, ask(room, member, job))
    for entity in document(room).listed():
        kind = PARENT[entity.kind]
        assert kind is None or document(room).get(kind, str(parent_of(entity))) is not None


def test_j7_where_the_first_goes_the_others_follow_the_next() -> None:
    room, member, (first, second, third) = band(3)
    describe(room, first, FIRST)
    room.send(member, c.JobCancel(job=first))
    assert [told.job for told in describe(room, second, OTHER)] == [third]


def test_j7_a_piece_whose_leader_went_before_it_had_chords_leads_with_its_own() -> None:
    room, member, (first, second) = band(2)
    describe(room, second, OTHER)
    room.send(member, c.JobCancel(job=first))
    message = c.JobSubmit(op_id="next", kind="generate", params=JobParams(prompt="more"))
    assert one(room.send(member, message), StartJob).harmony == OTHER


@pytest.mark.parametrize("tick", [0, 1, 2**40])
def test_q_an_engine_can_read_whatever_a_document_may_say(tick: int) -> None:
    room = TestRoom()
    room.engine(READY)
    member = room.join()
    room.edit(member, track(), clip(start_tick=2**40, length_ticks=2**40), note(tick=tick))
    message = c.JobSubmit(op_id="play", kind="generate", params=JobParams(clip="*"))
    start = one(room.send(member, message), StartJob)
    assert decode_to_engine(encode(start), MAX_FRAME_BYTES) == start
