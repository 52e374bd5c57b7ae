"""Joining, resuming, leaving and talking (H, P)."""

import pytest

from logdrum_protocol import client_messages as c
from logdrum_protocol.document import Op
from logdrum_protocol.hub_messages import (
    Applied,
    Chat,
    Error,
    MemberJoined,
    MemberLeft,
    NoteLive,
    Presence,
    Welcome,
)
from logdrum_protocol.records import JobParams, Limits
from logdrum_server.core import people
from logdrum_server.core.effects import Tell, TellAll
from logdrum_server.core.state import RESUME_GRACE_US
from tests.server.rooms import TestRoom, one

TRACK = Op(op="put", kind="track", id="track_01")


def test_h2_the_first_in_the_room_is_its_owner() -> None:
    room = TestRoom()
    room.join()
    first = one(room.effects, Welcome)
    room.join()
    assert (first.role, one(room.effects, Welcome).role) == ("owner", "editor")


def test_h2_welcome_shows_everyone_the_new_member_included() -> None:
    room = TestRoom()
    room.join("Thandi")
    room.join("Sipho")
    assert [member.name for member in one(room.effects, Welcome).members] == ["Thandi", "Sipho"]


def test_p2_the_others_hear_of_a_new_member() -> None:
    room = TestRoom()
    room.join("Thandi")
    newcomer = room.join("Sipho")
    (news,) = [effect for effect in room.effects if isinstance(effect, TellAll)]
    assert isinstance(news.message, MemberJoined)
    assert news.skip == newcomer


def back(session: str, *, recovered: bool = True) -> people.Door:
    """The door of someone whose key was right."""
    return people.Door(session=session, key="key", recovered=recovered)


def test_h2_who_hears_all_that_was_missed_gets_no_snapshot() -> None:
    room = TestRoom()
    member = room.join()
    room.take(people.lose(room.state, member, room.now_us))
    assert room.enter(back(member)) == member
    welcome = one(room.effects, Welcome)
    assert (welcome.recovered, welcome.snapshot) == (True, None)


def test_h2_recovery_is_never_partial() -> None:
    room = TestRoom()
    member = room.join()
    line = one(room.send(member, c.SendChat(text="sho")), Chat)
    room.enter(back(member, recovered=False))
    welcome = one(room.effects, Welcome)
    assert welcome.snapshot is not None
    assert (welcome.recovered, welcome.seq, welcome.snapshot.chat) == (False, 1, (line,))


def test_h4_the_others_hear_nothing_of_a_resume() -> None:
    room = TestRoom()
    member = room.join()
    assert room.take(people.lose(room.state, member, room.now_us)) == []
    room.enter(back(member))
    assert not [effect for effect in room.effects if isinstance(effect, TellAll)]


def test_h4_who_comes_back_late_is_the_same_and_the_others_see_it_join() -> None:
    room = TestRoom()
    member, other = room.join("Thandi"), room.join("Sipho")
    room.edit(member, TRACK)
    room.take(people.lose(room.state, member, room.now_us))
    room.take(people.expire(room.state, room.now_us + RESUME_GRACE_US + 1))
    room.enter(back(member))
    assert one(room.effects, MemberJoined).member.session == member
    assert one(room.send(member, c.Undo()), Applied).by == member
    assert other in room.state.sessions


def test_h5_a_token_says_who_one_is() -> None:
    room = TestRoom()
    room.enter(people.Door(session="s", key="k", role="listener", name="Zanele"), "Mallory")
    (member,) = one(room.effects, Welcome).members
    assert (member.name, member.role) == ("Zanele", "listener")


def test_h5_another_role_at_a_resume_is_told_to_the_others() -> None:
    room = TestRoom()
    member = room.join()
    room.enter(people.Door(session=member, key="k", role="listener"))
    assert one(room.effects, MemberJoined).member.role == "listener"


def test_h4_who_was_put_out_is_gone_at_once() -> None:
    room = TestRoom()
    member = room.join()
    room.take(people.put_out(room.state, member))
    assert one(room.effects, MemberLeft).reason == "closed"
    assert room.state.put_out == {member}


def test_h4_a_lost_session_is_forgotten_after_its_time() -> None:
    room = TestRoom()
    member = room.join()
    room.take(people.lose(room.state, member, room.now_us))
    assert room.take(people.expire(room.state, room.now_us + RESUME_GRACE_US)) == []
    gone = room.take(people.expire(room.state, room.now_us + RESUME_GRACE_US + 1))
    assert one(gone, MemberLeft).reason == "lost"


def test_h3_a_full_room_still_lets_its_own_come_back() -> None:
    room = TestRoom(limits=Limits(max_members=1))
    member = room.join()
    assert people.is_full(room.state, "someone")
    assert not people.is_full(room.state, member)


def test_p1_presence_goes_to_the_others() -> None:
    room = TestRoom()
    member = room.join()
    (effect,) = room.send(member, c.SetPresence(state={"tick": 960}))
    assert effect == TellAll(Presence(session=member, state={"tick": 960}), "presence", skip=member)


def test_p3_chat_goes_to_everybody_and_into_history() -> None:
    room = TestRoom()
    member = room.join()
    line = one(room.send(member, c.SendChat(text="sho")), Chat)
    room.join()
    assert one(room.effects, Welcome).snapshot is not None
    assert room.state.settled.chat == (line,)
    assert line.seq == 1


def test_p4_live_notes_go_to_the_others() -> None:
    room = TestRoom()
    member = room.join()
    (effect,) = room.send(member, c.PlayNote(track="track_01", pitch=40, velocity=0, at_us=7))
    assert isinstance(effect, TellAll)
    assert isinstance(effect.message, NoteLive)
    assert effect.skip == member


def test_d4_a_line_that_is_said_again_is_said_once() -> None:
    room = TestRoom()
    member = room.join()
    line = one(room.send(member, c.SendChat(text="sho", op_id="a")), Chat)
    (again,) = room.send(member, c.SendChat(text="sho", op_id="a"))
    assert again == Tell(member, line, "events")
    assert room.state.settled.chat == (line,)


def test_d8_a_listener_may_talk() -> None:
    room = TestRoom()
    room.join()
    room.enter(people.Door(session="ears", key="k", role="listener"))
    assert one(room.send("ears", c.SendChat(text="yebo")), Chat).text == "yebo"


@pytest.mark.parametrize(
    "message",
    [
        c.TransportSet(op_id="a", playing=True),
        c.Undo(op_id="a"),
        c.VersionSave(op_id="a", name="x"),
        c.VersionRestore(op_id="a", version="x"),
        c.JobSubmit(op_id="a", kind="generate", params=JobParams(prompt="x")),
    ],
    ids=lambda message: message.__struct_config__.tag,
)
def test_d8_a_listener_changes_nothing(message: c.ClientMessage) -> None:
    room = TestRoom()
    room.enter(people.Door(session="ears", key="k", role="listener"))
    (effect,) = room.send("ears", message)
    assert isinstance(effect, Tell)
    assert isinstance(effect.message, Error)
    assert (effect.message.code, effect.message.op_id) == ("forbidden", "a")
