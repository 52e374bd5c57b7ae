"""The log drum that a separation hears, as one clip that grows (J12)."""

from logdrum_protocol import client_messages as c
from logdrum_protocol.engine_messages import JobStarted, NotesWritten, StartJob, WriteNotes
from logdrum_protocol.hub_messages import Applied, Error
from logdrum_protocol.records import Notation, Part, PlayedNote
from logdrum_server.core.effects import Effect
from tests.server.documents import delete, document, props, set_
from tests.server.rooms import TestRoom, all_of, one
from tests.server.separations import LENGTH, SONG, ask, jam

FIRST = (PlayedNote(0, 100, 50, 33, 90), PlayedNote(0, 400, 50, 36, 80))
LATER = (PlayedNote(0, 900, 30, 31, 70), PlayedNote(0, 930, 60, 29, 70))


def heard_log_drum() -> tuple[TestRoom, str, str]:
    room, member = jam()
    (start,) = all_of(ask(room, member, asset=SONG.asset, start=7_680), StartJob)
    room.engine(JobStarted(job=start.job, stems=("mix", "log_drum", "other"), samples=LENGTH))
    return room, member, start.job


def write(room: TestRoom, member: str, job: str, *notes: PlayedNote, length_ticks: int) -> list[Effect]:
    """Ask for the notes, and have the engine answer with what it has heard so far."""
    request = c.JobNotes(op_id=f"n{room.state.history.seq}", job=job)
    question = one(room.send(member, request), WriteNotes)
    assert question.tick >= 7_680
    answer = NotesWritten(
        job=job,
        op_id=question.op_id,
        name="log drum",
        start_tick=7_680,
        length_ticks=length_ticks,
        notation=Notation(parts=(Part(instrument="log_drum"),), notes=notes),
    )
    return room.engine(answer) + room.settle()


def kinds(room: TestRoom) -> tuple[int, int, int]:
    return document(room).count("track"), document(room).count("clip"), document(room).count("note")


def the_clip(room: TestRoom) -> str:
    (clip,) = (entity.id for entity in document(room).entities.values() if entity.kind == "clip")
    return clip


def test_j12_what_was_heard_is_one_track_and_clip_by_one_edit() -> None:
    room, member, job = heard_log_drum()
    applied = all_of(write(room, member, job, *FIRST, length_ticks=500), Applied)[-1]
    assert (applied.via, applied.by, kinds(room)) == ("notes", member, (1, 1, 2))
    clip = props(room, the_clip(room))
    assert (clip.start_tick, clip.length_ticks, clip.name) == (7_680, 500, "Log drum")


def test_j12_asked_again_the_clip_grows_by_what_was_heard_since() -> None:
    room, member, job = heard_log_drum()
    write(room, member, job, *FIRST, length_ticks=500)
    write(room, member, job, *FIRST, *LATER, length_ticks=1_000)
    assert kinds(room) == (1, 1, 4)
    assert props(room, the_clip(room)).length_ticks == 1_000


def test_j12_what_was_edited_meanwhile_stays_as_it_is() -> None:
    room, member, job = heard_log_drum()
    write(room, member, job, *FIRST, length_ticks=500)
    low, high = sorted(document(room).children(the_clip(room)), key=lambda id: int(props(room, id).pitch or 0))
    room.edit(member, delete("note", low), set_("note", high, pitch=60))
    write(room, member, job, *FIRST, *LATER, length_ticks=1_000)
    pitches = {props(room, id).pitch for id in document(room).children(the_clip(room))}
    assert pitches == {60, 31, 29}


def test_j12_a_clip_that_was_taken_back_is_written_anew() -> None:
    room, member, job = heard_log_drum()
    write(room, member, job, *FIRST, length_ticks=500)
    room.send(member, c.Undo())
    assert kinds(room) == (0, 0, 0)
    write(room, member, job, *FIRST, length_ticks=500)
    assert kinds(room) == (1, 1, 2)


def test_j12_a_separation_without_a_log_drum_has_no_notes() -> None:
    room, member = jam()
    (start,) = all_of(ask(room, member, asset=SONG.asset), StartJob)
    request = c.JobNotes(op_id="n", job=start.job)
    assert one(room.send(member, request), Error).code == "not_found"
    room.engine(JobStarted(job=start.job, stems=("mix", "vocals", "other"), samples=LENGTH))
    again = c.JobNotes(op_id="m", job=start.job)
    assert one(room.send(member, again), Error).code == "not_found"


def test_j12_who_waits_for_the_notes_of_a_separation_that_is_cancelled_is_told() -> None:
    room, member, job = heard_log_drum()
    room.send(member, c.JobNotes(op_id="n", job=job))
    error = one(room.send(member, c.JobCancel(job=job)), Error)
    assert (error.code, error.op_id) == ("not_found", "n")
