import random

import pytest

from logdrum_client.address import checked_room, parse_address
from logdrum_client.backoff import FIRST_S, LONGEST_S, Backoff
from logdrum_client.errors import BadAddressError, BadHubMessageError, Disconnected, HubUnreachable, JoinRefused
from logdrum_client.feed import Feed
from logdrum_client.ops import put, set_
from logdrum_client.session import comes_back
from logdrum_client.transport import TransportHistory
from logdrum_client.view import RoomView, entered, folded
from logdrum_protocol.document import Entity, Op
from logdrum_protocol.hub_messages import (
    Applied,
    Asset,
    Chat,
    HubMessage,
    MemberJoined,
    MemberLeft,
    Presence,
    Snapshot,
    StreamClose,
    StreamEpoch,
    Version,
    VersionDeleted,
)
from logdrum_protocol.records import Loop, Member
from tests.client.fake_hub import chunk, job, stream, transport, welcome

KOFI = Member(session="s2", name="Kofi", color="#445566", role="editor")


def after(*messages: HubMessage, view: RoomView | None = None) -> RoomView:
    view = view or entered(welcome())
    for message in messages:
        view = folded(view, message, 0.0)
    return view


def chat(seq: int, text: str = "hi") -> Chat:
    return Chat(seq=seq, session="s2", name="Kofi", text=text, at_us=0)


@pytest.mark.parametrize(
    ("url", "socket"),
    [
        ("ws://hub:1", "ws://hub:1/v1/rooms/r/ws"),
        ("http://hub", "ws://hub/v1/rooms/r/ws"),
        ("https://hub/jam/", "wss://hub/jam/v1/rooms/r/ws"),
        ("127.0.0.1:8765", "ws://127.0.0.1:8765/v1/rooms/r/ws"),
        ("ws://[::1]:9", "ws://[::1]:9/v1/rooms/r/ws"),
    ],
)
def test_c1_a_room_has_one_socket_however_the_hub_is_named(url: str, socket: str) -> None:
    assert parse_address(url).room_socket("r") == socket


@pytest.mark.parametrize("url", ["", "ftp://hub", "ws://", "file:///etc/passwd", "ws://hub:port", "ws://hub:99999"])
def test_what_is_no_hubs_address_is_said(url: str) -> None:
    with pytest.raises(BadAddressError):
        parse_address(url)


@pytest.mark.parametrize("room", ["", "Sunset", "a b", "-a", "a" * 65, "a/b", "é", "a\n"])
def test_c1_a_bad_room_name_is_refused_before_anything_is_sent(room: str) -> None:
    with pytest.raises(BadAddressError):
        checked_room(room)


@pytest.mark.parametrize("code", [1001, 1006, 1011, 1012, 4408])
def test_h4_a_broken_connection_is_taken_up_again(code: int) -> None:
    assert comes_back(Disconnected(code, ""), has_been_in=True)


@pytest.mark.parametrize("code", [1000, 1003, 1009, 4400, 4401, 4403, 4409, 4410, 4429])
def test_h3_a_refusal_is_not_tried_again(code: int) -> None:
    assert not comes_back(Disconnected(code, ""), has_been_in=True)


def test_h3_a_draining_hub_is_tried_again_even_at_first() -> None:
    assert comes_back(Disconnected(1012, ""), has_been_in=False)


@pytest.mark.parametrize("fault", [HubUnreachable(""), Disconnected(1006, "")])
def test_a_first_join_that_fails_is_for_the_caller(fault: HubUnreachable | Disconnected) -> None:
    assert not comes_back(fault, has_been_in=False)


@pytest.mark.parametrize("fault", [JoinRefused("bad_token", ""), BadHubMessageError("")])
def test_what_would_fail_again_is_not_tried_again(fault: JoinRefused | BadHubMessageError) -> None:
    assert not comes_back(fault, has_been_in=True)


def test_delays_grow_from_a_quarter_second_to_ten_with_jitter() -> None:
    rng, backoff, longest = random.Random(1), Backoff().after(0), FIRST_S
    for _ in range(12):
        assert longest / 2 <= backoff.delay_s(rng) <= longest
        backoff, longest = backoff.after(0), min(LONGEST_S, longest * 2)
    assert longest == LONGEST_S


def test_a_stay_that_lasted_begins_the_delays_anew() -> None:
    backoff = Backoff()
    for _ in range(9):
        backoff = backoff.after(0)
    assert backoff.after(60_000_000).delay_s(random.Random(1)) <= FIRST_S


def test_t4_an_older_revision_changes_nothing() -> None:
    history = TransportHistory((transport(5),))
    assert history.heard(transport(4), 0.0) == history
    assert history.heard(transport(5, playing=True), 0.0) == history


def test_t5_the_transport_before_stays_in_force_until_the_anchor() -> None:
    history = TransportHistory((transport(0),)).heard(transport(1, playing=True, anchor_us=1000), 500.0)
    assert history.at(999).rev == 0
    assert history.at(1000).rev == 1


def test_t5_all_that_are_still_ahead_are_kept() -> None:
    history = TransportHistory((transport(0),))
    for rev in (1, 2, 3):
        history = history.heard(transport(rev, anchor_us=rev * 1000), 500.0)
    assert [known.rev for known in history.known] == [0, 1, 2, 3]


def test_t5_those_that_are_past_are_forgotten() -> None:
    history = TransportHistory((transport(0),))
    for rev in (1, 2, 3):
        history = history.heard(transport(rev, anchor_us=rev * 1000), rev * 1000.0 - 1)
    assert [known.rev for known in history.known] == [2, 3]


def test_t2_a_position_is_counted_as_musicians_do() -> None:
    history = TransportHistory((transport(1, playing=True),))  # at 120 a beat lasts half a second
    position = history.position(2_750_000)
    assert (position.tick, position.bar, position.beat, position.playing) == (5280.0, 2, 2, True)


def test_t2_a_loop_wraps() -> None:
    loop = Loop(start_tick=960, end_tick=1920)
    assert TransportHistory((transport(1, playing=True, loop=loop),)).position(1_250_000).tick == 1440.0


def test_h2_members_include_ourselves() -> None:
    assert entered(welcome()).members["s1"].name == "Thandi"


def test_p2_members_come_and_go() -> None:
    here = after(MemberJoined(member=KOFI), Presence(session="s2", state={"cursor": 1}))
    assert (here.members["s2"], here.presence["s2"]) == (KOFI, {"cursor": 1})
    gone = after(MemberLeft(session="s2", reason="left"), view=here)
    assert "s2" not in gone.members
    assert "s2" not in gone.presence


def test_h2_the_resume_point_follows_the_history() -> None:
    point = after(chat(7)).resume_point
    assert (point.session, point.key, point.epoch, point.seq) == ("s1", "k1", 1, 7)


def test_h2_a_recovered_view_keeps_its_past() -> None:
    before = after(chat(1))
    recovered = entered(welcome(recovered=True, seq=2), before)
    assert (recovered.chat, recovered.seq) == (before.chat, 1)
    assert after(chat(2), view=recovered).seq == 2


def test_h2_a_view_that_is_not_recovered_begins_anew() -> None:
    assert entered(welcome(seq=9), after(chat(1))).chat == ()


def test_t5_a_reconnect_to_the_same_hub_keeps_the_transport_in_force() -> None:
    ahead = transport(1, playing=True, anchor_us=10**15)
    assert entered(welcome(recovered=True, transport=ahead), after()).transports.at(5.0).rev == 0


def test_a_hub_that_was_restarted_says_which_transport_is_in_force() -> None:
    before = after(transport(9))
    assert entered(welcome(transport=transport(7)), before).transports.newest.rev == 7


def test_a_transport_of_another_clock_is_in_force_at_once() -> None:
    restarted = welcome(transport=transport(10, anchor_us=10**15))
    assert entered(restarted, after(transport(9)), same_clock=False).transports.at(5.0).rev == 10


def applied(seq: int, *ops: Op) -> Applied:
    return Applied(seq=seq, op_id=f"op{seq}", by="s2", ops=ops)


def version(seq: int, name: str) -> Version:
    return Version(seq=seq, version=name, name=name, by="s2", author="Kofi", at_us=0)


def sound(seq: int) -> Asset:
    return Asset(seq=seq, asset="a" * 64, name="kick.wav", samples=1, sample_rate=48_000, channels=2, by=None)


def test_d3_the_document_is_what_was_applied() -> None:
    view = after(applied(1, put("track", "track-one")), applied(2, set_("track", "track-one", name="Drums")))
    track = view.document.get("track", "track-one")
    assert track is not None
    assert (track.props.name, view.seq) == ("Drums", 2)


def test_v_versions_come_and_go() -> None:
    view = after(version(1, "v1"), version(2, "v2"), VersionDeleted(seq=3, version="v1", by="s2", op_id="x"))
    assert (list(view.versions), view.seq) == (["v2"], 3)


def test_a5_a_sound_is_an_event_of_the_history() -> None:
    view = after(sound(4))
    assert (view.assets["a" * 64].name, view.seq) == ("kick.wav", 4)


def test_h2_a_snapshot_brings_document_sounds_versions_and_chat() -> None:
    track = Entity(kind="track", id="track-one")
    brought = Snapshot(entities=(track,), assets=(sound(1),), versions=(version(2, "v"),), chat=(chat(3),))
    view = entered(welcome(seq=3, snapshot=brought), after(chat(1, "old")))
    assert [entity.id for entity in view.document.listed()] == ["track-one"]
    assert (list(view.assets), list(view.versions), view.chat) == (["a" * 64], ["v"], (chat(3),))


def test_h2_a_recovered_view_keeps_document_sounds_and_versions() -> None:
    before = after(applied(1, put("track", "track-one")), sound(2), version(3, "v"))
    again = entered(welcome(recovered=True, seq=5), before)
    assert (again.document, again.assets, again.versions) == (before.document, before.assets, before.versions)


def test_d4_a_line_that_is_answered_again_is_not_heard_twice() -> None:
    assert after(chat(1), chat(1)).chat == (chat(1),)


def test_a1_a_stream_is_known_from_its_opening_on() -> None:
    view = after(stream(), chunk(0, 10))
    assert (view.streams["j1.drums"].head_sample, view.streams["j1.drums"].heard) == (10, True)


def test_a3_a_turn_moves_the_head() -> None:
    turn = StreamEpoch(stream="j1.drums", epoch=1, start_sample=5, bpm=120.0)
    view = after(stream(), chunk(0, 10), turn)
    assert (view.streams["j1.drums"].head_sample, view.streams["j1.drums"].opened.epoch) == (5, 1)


def test_a8_a_closed_stream_is_remembered() -> None:
    end = StreamClose(stream="j1.drums", samples=10, asset=None)
    assert after(stream(), end).streams["j1.drums"].closed == end


def test_j5_a_cancelled_job_takes_its_streams_along() -> None:
    assert after(job(), stream(), job("cancelled")).streams == {}


def test_jobs_that_are_off_are_not_kept_for_ever() -> None:
    many = after(*(job("cancelled", name=f"j{n}") for n in range(300)))
    assert len(many.jobs) < 100


async def test_a_full_feed_drops_the_oldest_and_counts_it() -> None:
    feed: Feed[int] = Feed(2)
    for item in range(4):
        feed.put(item)
    feed.end()
    assert [item async for item in feed] == [2, 3]
    assert feed.dropped == 2


async def test_a_full_feed_keeps_what_may_not_be_dropped() -> None:
    feed: Feed[int] = Feed(2, may_drop=lambda item: item % 2 == 1)
    for item in range(5):
        feed.put(item)
    feed.end()
    assert [item async for item in feed] == [0, 2, 4]


async def test_a_feed_that_ends_in_a_fault_gives_what_is_left_first() -> None:
    feed: Feed[int] = Feed()
    feed.put(1)
    feed.end(Disconnected(4403, "no"))
    assert await anext(feed) == 1
    with pytest.raises(Disconnected):
        await anext(feed)
