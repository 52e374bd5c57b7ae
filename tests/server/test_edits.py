"""Edits: whole or not at all, in one order, with references that hold (D1 to D5, D8, D9)."""

import pytest

from logdrum_protocol import client_messages as c
from logdrum_protocol.document import DEFAULTS, Op, Props
from logdrum_protocol.hub_messages import Applied, Asset, Rejected
from logdrum_protocol.records import Limits
from logdrum_server.core import people
from logdrum_server.core.effects import Tell, TellAll
from logdrum_server.core.ledger import record
from tests.server.documents import clip, delete, document, ids, note, props, put, set_, track
from tests.server.rooms import TestRoom, all_of, one

SOUND = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def filled() -> tuple[TestRoom, str]:
    room = TestRoom()
    member = room.join()
    room.edit(member, track(), clip(), note())
    return room, member


def refusal(room: TestRoom, member: str, *ops: Op) -> str:
    """The code with which an edit is refused; nothing else may come of it."""
    before = room.state.history
    (effect,) = room.edit(member, *ops)
    assert isinstance(effect, Tell)
    assert isinstance(effect.message, Rejected)
    assert (effect.session, room.state.history) == (member, before)
    return effect.message.code


def test_d3_everyone_hears_of_an_edit_its_author_included() -> None:
    room, member = filled()
    ops = (set_("track", "track_01", gain_db=-6.0),)
    _, told = room.edit(member, *ops, op_id="e")
    assert told == TellAll(Applied(seq=2, op_id="e", by=member, ops=ops), "events")


def test_d1_an_entity_has_every_property_of_its_kind() -> None:
    room, _ = filled()
    assert props(room, "track_01") == DEFAULTS["track"]
    assert props(room, "note_0001").velocity == 100


def test_d2_a_put_gives_a_live_entity_all_its_properties_anew() -> None:
    room, member = filled()
    room.edit(member, set_("track", "track_01", name="Keys", pan=0.5))
    room.edit(member, track(name="Bass"))
    assert (props(room, "track_01").name, props(room, "track_01").pan) == ("Bass", 0.0)


def test_d2_a_set_leaves_the_other_properties_alone() -> None:
    room, member = filled()
    room.edit(member, set_("note", "note_0001", pitch=43))
    assert (props(room, "note_0001").pitch, props(room, "note_0001").length_ticks) == (43, 240)


def test_d2_an_edit_is_applied_whole_or_not_at_all() -> None:
    room, member = filled()
    assert refusal(room, member, set_("track", "track_01", name="Keys"), set_("clip", "clip_none", name="x"))


def test_d2_an_op_stands_on_those_before_it() -> None:
    room, member = filled()
    room.edit(member, track("track_02"), set_("clip", "clip_0001", track="track_02"), delete("track", "track_01"))
    assert ids(room) == {"track_02", "clip_0001", "note_0001"}


@pytest.mark.parametrize(
    ("op", "code"),
    [
        (put("note", "note_0002", clip="clip_0001", tick=0, length_ticks=1), "bad_params"),
        (put("marker", "marker_1"), "bad_params"),
        (set_("note", "note_0001", pan=0.5), "bad_params"),
        (clip("clip_0002", track="track_99"), "bad_reference"),
        (clip("clip_0002", track="note_0001"), "bad_reference"),
        (clip("clip_0002", asset=SOUND), "bad_reference"),
        (note("note_0002", clip="track_01"), "bad_reference"),
        (set_("clip", "clip_0001", track="track_99"), "bad_reference"),
        (set_("clip", "clip_0002", name="x"), "bad_reference"),
        (set_("note", "clip_0001", pitch=1), "bad_reference"),
        (delete("clip", "clip_0002"), "bad_reference"),
        (track("clip_0001"), "bad_reference"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.op}-{value.kind}-{value.id}",
)
def test_d5_what_names_something_must_name_what_is_there(op: Op, code: str) -> None:
    room, member = filled()
    assert refusal(room, member, op) == code


def test_d5_a_clip_plays_a_sound_that_the_room_holds() -> None:
    room, member = filled()
    sound = Asset(seq=2, asset=SOUND, name="vox.wav", samples=1, sample_rate=48_000, channels=1, by=None)
    room.take(record(room.state, sound))
    room.settle()
    room.edit(member, set_("clip", "clip_0001", asset=SOUND))
    assert props(room, "clip_0001").asset == SOUND


def test_d5_deleting_a_track_deletes_all_in_it() -> None:
    room, member = filled()
    room.edit(member, delete("track", "track_01"))
    assert ids(room) == set()
    assert document(room).count("note") == 0


def test_d5_a_clip_that_moved_stays_when_its_old_track_goes() -> None:
    room, member = filled()
    room.edit(member, track("track_02"))
    room.edit(member, set_("clip", "clip_0001", track="track_02"))
    room.edit(member, delete("track", "track_01"))
    assert ids(room) == {"track_02", "clip_0001", "note_0001"}


@pytest.mark.parametrize("late", [set_("note", "note_0001", pitch=1), note(), note("note_0002"), clip()])
def test_d5_a_late_edit_never_brings_back_what_was_deleted(late: Op) -> None:
    room, member = filled()
    room.edit(member, delete("clip", "clip_0001"))
    assert refusal(room, member, late) == "bad_reference"


def test_d5_two_who_delete_one_thing_both_get_what_they_wanted() -> None:
    room, member = filled()
    room.edit(member, delete("note", "note_0001"))
    other = room.join()
    assert one(room.edit(other, delete("note", "note_0001"), track("track_02")), Applied).by == other
    assert "track_02" in ids(room)


def test_d4_the_same_edit_twice_is_applied_once() -> None:
    room, member = filled()
    first = one(room.edit(member, track("track_02"), op_id="e"), Applied)
    (again,) = room.edit(member, track("track_02"), op_id="e")
    assert again == Tell(member, first, "events")


def test_d4_a_repeat_before_the_first_is_on_disk_is_answered_by_the_first() -> None:
    room, member = filled()
    room.edit(member, track("track_02"), op_id="e", settle=False)
    assert room.edit(member, track("track_02"), op_id="e", settle=False) == []
    assert one(room.settle(), Applied).op_id == "e"


def test_d4_what_was_refused_stays_refused() -> None:
    room, member = filled()
    first = room.edit(member, set_("clip", "clip_0002", name="x"), op_id="e")
    room.edit(member, clip("clip_0002"))
    assert room.edit(member, set_("clip", "clip_0002", name="x"), op_id="e") == first


def test_d4_one_op_id_of_two_sessions_is_two_edits() -> None:
    room, member = filled()
    other = room.join()
    room.edit(member, track("track_02"), op_id="e")
    assert one(room.edit(other, track("track_03"), op_id="e"), Applied).by == other


def test_d8_a_listener_edits_nothing() -> None:
    room, _ = filled()
    room.enter(people.Door(session="ears", key="k", role="listener"))
    assert one(room.edit("ears", track("track_02")), Rejected).code == "forbidden"
    assert "track_02" not in ids(room)


@pytest.mark.parametrize(
    ("limits", "op"),
    [
        (Limits(max_tracks=1), track("track_02")),
        (Limits(max_clips=1), clip("clip_0002")),
        (Limits(max_notes=1), note("note_0002")),
        (Limits(max_markers=0), put("marker", "marker_1", tick=0)),
    ],
)
def test_d9_a_room_holds_so_much_and_no_more(limits: Limits, op: Op) -> None:
    room = TestRoom(limits=limits)
    member = room.join()
    room.edit(member, track(), clip(), note())
    assert refusal(room, member, op) == "too_many"
    room.edit(member, track(name="still there"))
    assert props(room, "track_01").name == "still there"


def test_d7_nobody_hears_of_an_edit_before_it_is_on_disk() -> None:
    room, member = filled()
    effects = room.edit(member, track("track_02"), settle=False)
    assert not [effect for effect in effects if isinstance(effect, Tell | TellAll)]
    assert "track_02" not in ids(room)


def test_d7_an_edit_may_stand_on_one_that_is_not_on_disk_yet() -> None:
    room, member = filled()
    room.edit(member, track("track_02"), settle=False)
    room.edit(member, clip("clip_0002", track="track_02"), settle=False)
    assert [event.seq for event in all_of(room.settle(), Applied)] == [2, 3]


def test_a_set_without_properties_changes_nothing() -> None:
    room, member = filled()
    before = document(room).entities
    room.edit(member, Op(op="set", kind="track", id="track_01"))
    room.send(member, c.Edit(op_id="x", ops=(Op(op="set", kind="track", id="track_01", props=Props()),)))
    assert document(room).entities == before
