"""Connections to a real hub, well-behaved and not (C, H, K, P, T, E)."""

import asyncio
import itertools
import math
import time

import aiohttp
import msgpack
import pytest

from logdrum_protocol import client_messages as c
from logdrum_protocol import encode
from logdrum_protocol.document import Op, Props
from logdrum_protocol.hub_messages import (
    Applied,
    Chat,
    ClockPong,
    MemberJoined,
    MemberLeft,
    NoteLive,
    Presence,
    Transport,
    Welcome,
)
from logdrum_protocol.records import ResumePoint
from tests.harness import Caller, RunningHub, call, joined

rooms = (f"room-{number}" for number in itertools.count())


async def test_c1_the_subprotocol_is_agreed_on(bare_hub: RunningHub) -> None:
    async with call(bare_hub) as caller:
        assert caller.ws.protocol == "logdrum.v1"


@pytest.mark.parametrize("protocols", [[], ["chat"]])
async def test_c1_without_it_the_answer_names_it(bare_hub: RunningHub, protocols: list[str]) -> None:
    headers = {"upgrade": "websocket", "connection": "upgrade", "sec-websocket-protocol": ",".join(protocols)}
    async with aiohttp.ClientSession() as http, http.get(f"{bare_hub.url}/v1/rooms/a/ws", headers=headers) as answer:
        body = await answer.json()
        assert (answer.status, body["code"]) == (400, "bad_subprotocol")
        assert "logdrum.v1" in body["message"]


@pytest.mark.parametrize("room", ["Sunset", "-a", "a" * 65, "a%20b", "..%2f", "caf%C3%A9", "a_b"])
async def test_c1_a_bad_room_name_is_refused(bare_hub: RunningHub, room: str) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{bare_hub.url}/v1/rooms/{room}/ws") as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "bad_room")


async def test_c2_a_text_frame_closes_with_1003(bare_hub: RunningHub) -> None:
    async with joined(bare_hub) as (caller, _):
        await caller.ws.send_str("hello")
        assert await caller.close_code() == 1003


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xc1",
        msgpack.packb([1]),
        msgpack.packb({"type": "chat", "text": "hi"})[:-1],
        msgpack.packb({"type": "clock.ping", "t0": math.nan}),
        msgpack.packb({"type": "transport.set", "op_id": "a", "bpm": "fast"}),
        b"\x82\xa4type\xa4undo\xa1x" + b"\x91" * 100_000,
    ],
    ids=["empty", "no messagepack", "an array", "truncated", "NaN", "wrong type", "nested"],
)
async def test_c2_a_bad_message_is_answered_and_the_connection_stays(bare_hub: RunningHub, frame: bytes) -> None:
    async with joined(bare_hub) as (caller, _):
        await caller.ws.send_bytes(frame)
        assert (await caller.error()).code == "bad_message"
        await caller.send(c.ClockPing(t0=1))
        assert (await caller.until(ClockPong)).t0 == 1


async def test_c2_ten_bad_messages_close_with_4400(bare_hub: RunningHub) -> None:
    async with joined(bare_hub) as (caller, _):
        for _ in range(10):
            await caller.ws.send_bytes(b"\xc1")
        assert await caller.close_code() == 4400


async def test_c2_an_oversized_frame_closes_with_1009(bare_hub: RunningHub) -> None:
    async with joined(bare_hub) as (caller, welcome):
        await caller.ws.send_bytes(b"x" * (welcome.limits.max_message_bytes + 1))
        assert await caller.close_code() == 1009


async def test_c3_unknown_types_never_close(bare_hub: RunningHub) -> None:
    async with joined(bare_hub) as (caller, _):
        for _ in range(30):
            await caller.ws.send_bytes(msgpack.packb({"type": "dance"}))
            assert (await caller.error()).code == "unknown_type"


async def test_c6_a_flood_is_closed_and_the_room_does_not_notice(bare_hub: RunningHub) -> None:
    room = next(rooms)
    async with joined(bare_hub, room) as (witness, _), joined(bare_hub, room) as (flooder, welcome):
        flood = asyncio.create_task(_flood(flooder))
        for number in range(15):  # what C6 lets through in a burst
            await witness.send(c.SendChat(text=str(number)))
            await witness.until(Chat, lambda line, number=number: line.text == str(number))  # type: ignore[misc]
        assert await flood == 4429
        left = await witness.until(MemberLeft, lambda left: left.session == welcome.session)
        assert left.reason == "closed"


async def test_c6_a_flood_of_unknown_messages_is_a_flood_too(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, next(rooms)) as (flooder, _):
        assert await _flood(flooder, msgpack.packb({"type": "dance"})) == 4429


async def _flood(caller: Caller, frame: bytes = encode(c.SetPresence(state={"tick": 1}))) -> int | None:
    try:
        for _ in range(100_000):
            await caller.ws.send_bytes(frame)
    except (ConnectionError, aiohttp.ClientError):
        pass
    return await caller.close_code()


async def test_h1_anything_but_hello_first_closes_with_4401(bare_hub: RunningHub) -> None:
    async with call(bare_hub) as caller:
        await caller.send(c.ClockPing(t0=1))
        assert await caller.close_code() == 4401


async def test_h1_nothing_at_all_closes_with_4401(bare_hub: RunningHub) -> None:
    async with call(bare_hub) as caller:
        assert await caller.close_code() == 4401


async def test_h2_welcome_holds_the_room(bare_hub: RunningHub) -> None:
    room = next(rooms)
    async with joined(bare_hub, room) as (_, welcome):
        assert (welcome.room, welcome.role, welcome.recovered) == (room, "owner", False)
        assert welcome.transport.bpm == 112
        assert abs(welcome.now_us - time.time_ns() // 1000) < 60_000_000


async def test_h4_a_cut_connection_comes_back_as_the_same_member(bare_hub: RunningHub) -> None:
    room = next(rooms)
    async with joined(bare_hub, room) as (witness, _):
        async with joined(bare_hub, room, name="Sipho") as (caller, welcome):
            caller.vanish()
        await witness.send(c.SendChat(text="where is he?"))
        await witness.until(Chat)
        resume = ResumePoint(session=welcome.session, key=welcome.key, epoch=welcome.epoch, seq=welcome.seq)
        async with joined(bare_hub, room, name="Sipho", resume=resume) as (caller, back):
            assert (back.session, back.recovered) == (welcome.session, True)
            assert (await caller.until(Chat)).text == "where is he?"
        kinds = [type(message) for message in witness.seen]
        assert kinds.count(MemberJoined) == 1
        assert MemberLeft not in kinds


async def test_h4_a_resume_takes_over_from_a_connection_that_still_stands(bare_hub: RunningHub) -> None:
    room = next(rooms)
    async with joined(bare_hub, room) as (old, welcome):
        resume = ResumePoint(session=welcome.session, key=welcome.key, epoch=welcome.epoch, seq=welcome.seq)
        async with joined(bare_hub, room, resume=resume) as (new, _):
            assert await old.close_code() == 4409
            await new.send(c.SendChat(text="still here"))
            assert (await new.until(Chat)).session == welcome.session


async def test_h3_sigterm_sends_everyone_away_with_1012(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.harness import running_hub

    with running_hub(tmp_path_factory.mktemp("drain"), "--engine", "none") as hub:
        async with joined(hub) as (caller, _):
            hub.process.terminate()
            assert await caller.close_code() == 1012
        assert hub.process.wait(10) == 0
        assert "Traceback" not in hub.log


async def test_k1_pings_are_answered_with_the_hubs_time(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, next(rooms)) as (caller, _):
        times = []
        for t0 in (0, -7, 1.5):
            await caller.send(c.ClockPing(t0=t0))
            pong = await caller.until(ClockPong)
            assert pong.t0 == t0
            assert type(pong.t0) is type(t0)
            times += [pong.received_us, pong.sent_us]
        assert times == sorted(times)


async def test_t3_everyone_hears_of_a_change_before_it_takes_effect(bare_hub: RunningHub) -> None:
    room = next(rooms)
    async with joined(bare_hub, room) as (first, _), joined(bare_hub, room) as (second, _):
        await first.send(c.TransportSet(op_id="a", playing=True, bpm=113.5))
        heard = [await caller.until(Transport) for caller in (first, second)]
        await second.send(c.ClockPing(t0=0))
        assert heard[0] == heard[1]
        assert (await second.until(ClockPong)).received_us < heard[0].anchor_us


async def test_p_presence_notes_and_chat_reach_the_others(bare_hub: RunningHub) -> None:
    room = next(rooms)
    async with joined(bare_hub, room) as (first, welcome), joined(bare_hub, room) as (second, _):
        await first.send(c.SetPresence(state={"tick": 960}))
        assert (await second.until(Presence)).session == welcome.session
        await first.send(c.PlayNote(track="track_01", pitch=41, velocity=100, at_us=1))
        assert (await second.until(NoteLive)).pitch == 41
        await first.send(c.SendChat(text="sho"))
        assert (await second.until(Chat)).name == "Thandi"
        assert not [message for message in first.seen if isinstance(message, Presence | NoteLive)]


async def test_p2_leaving_is_told(bare_hub: RunningHub) -> None:
    room = next(rooms)
    async with joined(bare_hub, room) as (witness, _):
        async with joined(bare_hub, room) as (_, welcome):
            pass
        left = await witness.until(MemberLeft)
        assert (left.session, left.reason) == (welcome.session, "left")


async def test_j5_without_an_engine_jobs_are_refused(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, next(rooms)) as (caller, _):
        await caller.ws.send_bytes(
            msgpack.packb({"type": "job.submit", "op_id": "g", "kind": "generate", "params": {"prompt": "deep"}})
        )
        refusal = await caller.error()
        assert (refusal.code, refusal.op_id) == ("no_engine", "g")


async def test_c7_a_client_that_stops_reading_is_closed_and_the_room_does_not_notice(bare_hub: RunningHub) -> None:
    room = next(rooms)
    async with joined(bare_hub, room) as (stalled, welcome), joined(bare_hub, room) as (talker, _):
        stalled.stall()
        async with asyncio.timeout(20):
            for number in itertools.count():
                await talker.send(c.Edit(op_id=str(number), ops=_LONG))
                await talker.until(Applied)
                await asyncio.sleep(0.01)  # no faster than C6 lets through
                if f"session={welcome.session} code=4408" in bare_hub.log:
                    break
        await talker.send(c.SendChat(text="still here"))
        assert (await talker.until(Chat)).text == "still here"


_LONG = tuple(
    Op(op="put", kind="marker", id=f"marker_{number}", props=Props(tick=0, text="x" * 2000)) for number in range(20)
)


async def test_welcome_is_the_first_message(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, next(rooms)) as (caller, _):
        assert isinstance(caller.seen[0], Welcome)
