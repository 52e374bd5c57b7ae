"""What a generation plays, written into the document by one edit (J9)."""

from logdrum_protocol import client_messages as c
from logdrum_protocol.engine_messages import NotesWritten, WriteNotes
from logdrum_protocol.hub_messages import Applied, Error
from logdrum_protocol.records import Limits, Notation, Part, PlayedNote
from logdrum_server.core import people
from logdrum_server.core.effects import Effect, Tell
from tests.server.documents import delete, document, note
from tests.server.rooms import READY, TestRoom, all_of, one

DROP = Notation(
    parts=(Part(instrument="drums:3"), Part(instrument="log_drum:1")),
    notes=(PlayedNote(0, 0, 120, 36, 110), PlayedNote(1, 720, 240, 33, 90), PlayedNote(1, 960, 240, 36, 0)),
)


def jam(**limits: int) -> tuple[TestRoom, str, str]:
    room = TestRoom(limits=Limits(**limits))
    room.engine(READY)
    member = room.join()
    return room, member, room.started(member, 20)


def ask(room: TestRoom, member: str, job: str, op_id: str = "n", **fields: int) -> WriteNotes:
    return one(room.send(member, c.JobNotes(op_id=op_id, job=job, **fields)), WriteNotes)


def answer(room: TestRoom, question: WriteNotes, start_tick: int = 7_680) -> list[Effect]:
    room.engine(
        NotesWritten(
            job=question.job,
            op_id=question.op_id,
            name="drop",
            start_tick=start_tick,
            length_ticks=30_720,
            notation=DROP,
        )
    )
    return room.settle()


def kinds(room: TestRoom) -> dict[str, int]:
    return {kind: document(room).count(kind) for kind in ("track", "clip", "note")}  # type: ignore[arg-type]


def test_j9_the_section_is_one_edit_of_who_asked() -> None:
    room, member, job = jam()
    applied = one(answer(room, ask(room, member, job)), Applied)
    assert (applied.op_id, applied.by, applied.via) == ("n", member, "notes")
    assert kinds(room) == {"track": 2, "clip": 2, "note": 3}


def test_j9_tracks_say_what_plays_them_and_clips_where_they_are() -> None:
    room, member, job = jam()
    answer(room, ask(room, member, job))
    entities = document(room).listed()
    assert {e.props.instrument for e in entities if e.kind == "track"} == {"drums:3", "log_drum:1"}
    assert {e.props.name for e in entities if e.kind == "track"} == {"Drums", "Log drum"}
    clips = [(e.props.name, e.props.start_tick, e.props.length_ticks) for e in entities if e.kind == "clip"]
    assert clips == [("Drop", 7_680, 30_720)] * 2
    assert min(e.props.velocity for e in entities if e.kind == "note") == 1  # type: ignore[type-var]  # all have one


def test_j9_undo_takes_all_of_it_away() -> None:
    room, member, job = jam()
    answer(room, ask(room, member, job))
    room.send(member, c.Undo())
    assert kinds(room) == {"track": 0, "clip": 0, "note": 0}


def test_j9_a_second_section_lies_on_the_first_ones_tracks() -> None:
    room, member, job = jam()
    answer(room, ask(room, member, job))
    answer(room, ask(room, member, job, "m"), start_tick=38_400)
    assert kinds(room) == {"track": 2, "clip": 4, "note": 6}


def test_j9_a_section_that_is_there_is_left_as_it_is() -> None:
    room, member, job = jam()
    answer(room, ask(room, member, job))
    assert one(answer(room, ask(room, member, job, "m")), Applied).ops == ()


def test_j9_a_section_whose_tracks_were_deleted_is_written_anew() -> None:
    room, member, job = jam()
    answer(room, ask(room, member, job))
    room.edit(member, *(delete("track", e.id) for e in document(room).listed() if e.kind == "track"))
    answer(room, ask(room, member, job, "m"))
    assert kinds(room) == {"track": 2, "clip": 2, "note": 3}


def test_j9_new_tracks_lie_below_those_that_are_there() -> None:
    room, member, job = jam()
    answer(room, ask(room, member, job))
    orders = sorted(str(e.props.order) for e in document(room).listed() if e.kind == "track")
    answer(room, ask(room, member, room.started(member, 20, op_id="2"), "m"))
    assert sorted(str(e.props.order) for e in document(room).listed() if e.kind == "track")[:2] == orders


def test_j9_without_a_tick_the_section_at_the_playhead_is_meant() -> None:
    room, member, job = jam()
    room.set_transport(member, tick=96_000)
    room.after(1)
    assert ask(room, member, job).tick == 96_000
    assert ask(room, member, job, "m", tick=5).tick == room.job(job).anchor_tick + 5


def test_d4_asked_twice_it_is_written_once() -> None:
    room, member, job = jam()
    question = ask(room, member, job)
    assert room.send(member, c.JobNotes(op_id="n", job=job)) == []
    answer(room, question)
    assert one(room.send(member, c.JobNotes(op_id="n", job=job)), Applied).ops == ()
    assert kinds(room)["note"] == 3


def test_j9_no_such_job_is_not_found() -> None:
    room, member, _ = jam()
    assert one(room.send(member, c.JobNotes(op_id="n", job="nobody")), Error).code == "not_found"


def test_j9_a_piece_without_notes_says_so() -> None:
    room, member, job = jam()
    question = ask(room, member, job)
    refusal = NotesWritten(job=job, op_id=question.op_id, error="This piece has no notes to write down.")
    assert room.engine(refusal) == [Tell(member, Error(code="not_found", message=refusal.error or "", op_id="n"))]


def test_j9_an_engine_that_dies_leaves_no_one_waiting() -> None:
    room, member, job = jam()
    ask(room, member, job)
    assert one(room.lose_engine(), Error).code == "no_engine"
    assert room.state.inquiries == {}


def test_d9_a_section_beyond_the_rooms_limits_is_refused_whole() -> None:
    room, member, job = jam(max_notes=2)
    assert one(answer(room, ask(room, member, job)), Error).code == "too_many"
    assert kinds(room)["track"] == 0


def test_j9_who_has_left_gets_nothing_written() -> None:
    room, member, job = jam()
    room.join("Sipho")
    question = ask(room, member, job)
    room.take(people.leave(room.state, member, "left"))
    assert not all_of(answer(room, question), Applied)


def test_d6_a_section_that_someone_else_has_worked_on_is_not_taken_away() -> None:
    room, member, job = jam()
    other = room.join("Sipho")
    answer(room, ask(room, member, job))
    drums = next(e.id for e in document(room).listed() if e.kind == "clip")
    room.edit(other, note("note_0009", drums))
    room.send(member, c.Undo())
    assert "note_0009" in document(room).entities
