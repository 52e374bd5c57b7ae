"""Joining, resuming, leaving and talking (H, P)."""

import pytest

from logdrum_protocol import client_messages as c
from logdrum_protocol.hub_messages import Chat, MemberJoined, MemberLeft, NoteLive, Presence, Rejected, Welcome
from logdrum_protocol.records import Limits, ResumePoint
from logdrum_server.core import people
from logdrum_server.core.effects import Tell, TellAll
from logdrum_server.core.state import MAX_CHAT, RESUME_GRACE_US
from tests.server.rooms import TestRoom, all_of, one


def resume_point(welcome: Welcome, **changes: object) -> ResumePoint:
    fields = {"session": welcome.session, "key": welcome.key, "epoch": welcome.epoch, "seq": welcome.seq, **changes}
    return ResumePoint(**fields)  # type: ignore[arg-type]  # a test's own fields


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


def test_h2_resume_hears_exactly_what_it_missed() -> None:
    room = TestRoom()
    member = room.join()
    welcome = one(room.effects, Welcome)
    other = room.join()
    room.take(people.lose(room.state, member, room.now_us))
    for text in ("one", "two"):
        room.send(other, c.SendChat(text=text))
    assert room.join(resume=resume_point(welcome)) == member
    back = one(room.effects, Welcome)
    assert back.recovered
    assert back.snapshot is None
    assert [line.text for line in all_of(room.effects, Chat)] == ["one", "two"]


def test_h4_the_others_hear_nothing_of_a_resume() -> None:
    room = TestRoom()
    member = room.join()
    welcome = one(room.effects, Welcome)
    assert room.take(people.lose(room.state, member, room.now_us)) == []
    room.join(resume=resume_point(welcome))
    assert not [effect for effect in room.effects if isinstance(effect, TellAll)]


@pytest.mark.parametrize("change", [{"epoch": 4}, {"seq": 99}])
def test_h2_recovery_is_never_partial(change: dict[str, int]) -> None:
    room = TestRoom()
    room.join()
    welcome = one(room.effects, Welcome)
    room.join(resume=resume_point(welcome, **change))
    assert one(room.effects, Welcome).recovered is False
    assert one(room.effects, Welcome).snapshot is not None


def test_h2_a_backlog_that_no_longer_holds_everything_recovers_nothing() -> None:
    room = TestRoom()
    member = room.join()
    welcome = one(room.effects, Welcome)
    for number in range(MAX_CHAT + 1):
        room.send(member, c.SendChat(text=str(number)))
    room.join(resume=resume_point(welcome))
    assert one(room.effects, Welcome).recovered is False


@pytest.mark.parametrize("change", [{"key": "guess"}, {"session": "nobody"}])
def test_h4_a_wrong_key_gets_a_session_of_its_own(change: dict[str, str]) -> None:
    room = TestRoom()
    member = room.join()
    welcome = one(room.effects, Welcome)
    assert room.join(resume=resume_point(welcome, **change)) != member


def test_h4_a_lost_session_is_forgotten_after_its_time() -> None:
    room = TestRoom()
    member = room.join()
    room.take(people.lose(room.state, member, room.now_us))
    assert room.take(people.expire(room.state, room.now_us + RESUME_GRACE_US)) == []
    gone = room.take(people.expire(room.state, room.now_us + RESUME_GRACE_US + 1))
    assert one(gone, MemberLeft).reason == "lost"


def test_h3_a_full_room_still_lets_its_own_come_back() -> None:
    room = TestRoom(limits=Limits(max_members=1))
    room.join()
    welcome = one(room.effects, Welcome)
    assert people.is_full(room.state, c.Hello(name="Sipho"))
    assert not people.is_full(room.state, c.Hello(name="Thandi", resume=resume_point(welcome)))


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
    assert room.state.chat == (line,)
    assert line.seq == 1


def test_p4_live_notes_go_to_the_others() -> None:
    room = TestRoom()
    member = room.join()
    (effect,) = room.send(member, c.PlayNote(track="track_01", pitch=40, velocity=0, at_us=7))
    assert isinstance(effect, TellAll)
    assert isinstance(effect.message, NoteLive)
    assert effect.skip == member


def test_d_an_edit_is_refused_for_as_long_as_there_is_no_document() -> None:
    room = TestRoom()
    member = room.join()
    (effect,) = room.send(member, c.Edit(op_id="e", ops=()))
    assert isinstance(effect, Tell)
    assert isinstance(effect.message, Rejected)
    assert effect.message.code == "unsupported"
