"""Undo and redo, each of one's own (D6)."""

from logdrum_protocol import client_messages as c
from logdrum_protocol.hub_messages import Applied, Error
from logdrum_protocol.records import Limits
from logdrum_server.core import versions
from tests.server.documents import clip, delete, document, ids, note, props, put, set_, track
from tests.server.rooms import TestRoom, one


def two() -> tuple[TestRoom, str, str]:
    room = TestRoom()
    me, other = room.join("Thandi"), room.join("Sipho")
    room.edit(other, track(), clip(), note())
    return room, me, other


def undo(room: TestRoom, member: str) -> Applied:
    return one(room.send(member, c.Undo()), Applied)


def redo(room: TestRoom, member: str) -> Applied:
    return one(room.send(member, c.Redo()), Applied)


def test_d6_undo_takes_back_ones_own_edit_and_not_the_newest() -> None:
    room, me, other = two()
    room.edit(me, set_("track", "track_01", name="Mine"))
    room.edit(other, set_("track", "track_01", pan=0.5))
    assert undo(room, me).via == "undo"
    assert (props(room, "track_01").name, props(room, "track_01").pan) == ("", 0.5)


def test_d6_what_someone_else_has_written_since_is_left_alone() -> None:
    room, me, other = two()
    room.edit(me, set_("track", "track_01", name="Mine", pan=-1.0))
    room.edit(other, set_("track", "track_01", name="Theirs"))
    (op,) = undo(room, me).ops
    assert op == set_("track", "track_01", pan=0.0)
    assert props(room, "track_01").name == "Theirs"


def test_d6_the_same_value_written_by_someone_else_is_theirs_too() -> None:
    room, me, other = two()
    room.edit(me, set_("track", "track_01", name="Same"))
    room.edit(other, set_("track", "track_01", name="Same"))
    assert undo(room, me).ops == ()
    assert props(room, "track_01").name == "Same"


def test_d6_redo_makes_it_again() -> None:
    room, me, _ = two()
    room.edit(me, set_("track", "track_01", name="One"))
    room.edit(me, set_("track", "track_01", name="Two"))
    undo(room, me)
    undo(room, me)
    assert redo(room, me).via == "redo"
    assert props(room, "track_01").name == "One"
    redo(room, me)
    assert props(room, "track_01").name == "Two"
    undo(room, me)
    assert props(room, "track_01").name == "One"


def test_d6_a_new_edit_ends_what_could_be_redone() -> None:
    room, me, _ = two()
    room.edit(me, set_("track", "track_01", name="One"))
    undo(room, me)
    room.edit(me, set_("track", "track_01", pan=0.1))
    assert one(room.send(me, c.Redo()), Error).code == "nothing_to_undo"


def test_d6_undoing_a_deletion_brings_back_all_that_went_with_it() -> None:
    room, me, _ = two()
    before = document(room).entities
    room.edit(me, delete("track", "track_01"))
    assert [op.id for op in undo(room, me).ops] == ["track_01", "clip_0001", "note_0001"]
    assert document(room).entities == before


def test_d6_who_made_something_can_undo_that_after_another_brought_it_back() -> None:
    room, me, other = two()
    room.edit(me, delete("track", "track_01"))
    undo(room, me)
    undo(room, other)
    assert ids(room) == set()


def test_d6_undoing_the_making_of_something_takes_it_away() -> None:
    room, me, _ = two()
    room.edit(me, track("track_02"), clip("clip_0002", track="track_02"))
    undo(room, me)
    assert ids(room) == {"track_01", "clip_0001", "note_0001"}


def test_d6_what_someone_else_has_worked_in_is_not_taken_away() -> None:
    room, me, other = two()
    room.edit(me, track("track_02"), clip("clip_0002", track="track_02"))
    room.edit(other, note("note_0002", clip="clip_0002"))
    assert undo(room, me).ops == ()
    assert {"track_02", "clip_0002", "note_0002"} <= ids(room)


def test_d6_what_lies_in_something_gone_stays_gone() -> None:
    room, me, other = two()
    room.edit(me, delete("note", "note_0001"))
    room.edit(other, delete("track", "track_01"))
    assert undo(room, me).ops == ()
    assert ids(room) == set()


def test_d6_a_clip_is_not_moved_back_to_a_track_that_is_gone() -> None:
    room, me, other = two()
    room.edit(me, track("track_02"))
    room.edit(me, set_("clip", "clip_0001", track="track_02", name="Moved"))
    room.edit(other, delete("track", "track_01"))
    undo(room, me)
    assert (props(room, "clip_0001").track, props(room, "clip_0001").name) == ("track_02", "")


def test_d6_an_edit_of_which_nothing_is_left_is_passed_over() -> None:
    room, me, other = two()
    room.edit(me, set_("track", "track_01", name="First"))
    room.edit(me, track("track_02"))
    room.edit(other, delete("track", "track_02"))
    undo(room, me)
    assert props(room, "track_01").name == ""


def test_d4_an_undo_that_is_asked_again_undoes_once() -> None:
    room, me, _ = two()
    room.edit(me, set_("track", "track_01", name="One"))
    room.edit(me, set_("track", "track_01", name="Two"))
    for _ in range(2):
        room.send(me, c.Undo(op_id="u"))
    assert props(room, "track_01").name == "One"


def test_d9_an_undo_brings_back_no_more_than_a_room_holds() -> None:
    room = TestRoom(limits=Limits(max_tracks=1))
    me = room.join()
    room.edit(me, track())
    room.edit(me, delete("track", "track_01"))
    other = room.join()
    room.edit(other, track("track_02"))
    assert one(room.send(me, c.Undo(op_id="u")), Error).code == "too_many"
    assert ids(room) == {"track_02"}


def test_d6_a_hundred_edits_are_remembered() -> None:
    room, me, _ = two()
    for number in range(150):
        room.edit(me, set_("track", "track_01", name=str(number)))
    for _ in range(100):
        undo(room, me)
    assert props(room, "track_01").name == "49"
    assert one(room.send(me, c.Undo()), Error).code == "nothing_to_undo"


def test_d4_an_undo_of_nothing_stays_one() -> None:
    room, me, _ = two()
    room.send(me, c.Undo(op_id="u"))
    room.edit(me, set_("track", "track_01", name="Later"))
    assert one(room.send(me, c.Undo(op_id="u")), Error).code == "nothing_to_undo"
    assert props(room, "track_01").name == "Later"


def test_d6_what_would_change_nothing_is_passed_over() -> None:
    room, me, _ = two()
    room.edit(me, set_("track", "track_01", name="Mine"))
    room.edit(me, track("track_02"), delete("track", "track_02"))
    undo(room, me)
    assert props(room, "track_01").name == ""


def test_d6_what_someone_else_deleted_later_is_not_brought_back() -> None:
    room, me, other = two()
    then = document(room).listed()
    room.edit(me, delete("note", "note_0001"))
    message = c.VersionRestore(op_id="r", version="v")
    room.take(versions.restore(room.state, other, message, then))
    room.settle()
    room.edit(other, delete("note", "note_0001"))
    assert undo(room, me).ops == ()
    assert "note_0001" not in ids(room)


def test_d6_what_someone_else_put_back_into_something_keeps_it() -> None:
    room, me, other = two()
    room.edit(me, track("track_02"))
    room.edit(other, clip("clip_0002", track="track_02"))
    room.edit(other, delete("clip", "clip_0002"))
    undo(room, other)
    assert undo(room, me).ops == ()
    assert "clip_0002" in ids(room)


def test_d6_what_cannot_be_taken_back_is_looked_at_once() -> None:
    room, me, other = two()
    room.edit(me, set_("track", "track_01", name="Mine"))
    room.edit(other, set_("track", "track_01", name="Theirs"))
    assert undo(room, me).ops == ()
    assert room.state.settled.author(me).undo == ()
    assert one(room.send(me, c.Undo()), Error).code == "nothing_to_undo"


def test_d6_great_edits_are_remembered_as_far_as_there_is_room() -> None:
    room, me, _ = two()
    for number in range(20):
        room.edit(me, *(put("marker", f"marker_{each:04}", tick=number) for each in range(1000)))
    kept = room.state.settled.author(me).undo
    assert sum(len(trace.steps) for trace in kept) == 8_000
    assert kept[-1].seq == room.state.settled.seq
