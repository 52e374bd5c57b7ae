import asyncio

import pytest

from logdrum_client import (
    BadHubMessageError,
    Disconnected,
    HubUnreachable,
    JobFailedError,
    JobHandle,
    JoinRefused,
    RequestRefused,
    Room,
    join,
    open_connection,
)
from logdrum_protocol.client_messages import (
    ClientMessage,
    Hello,
    JobCancel,
    JobSteer,
    JobSubmit,
    SendChat,
    SetPresence,
    TransportSet,
)
from logdrum_protocol.codec import encode
from logdrum_protocol.hub_messages import Chat, Error, Snapshot, Welcome
from logdrum_protocol.records import Failure
from tests.client.fake_hub import FakeHub, Peer, hub_us, job, refuse, transport, welcome


class Band:
    """A client in a room, and the hub's end of it."""

    def __init__(self, hub: FakeHub, answer: Welcome | None = None) -> None:
        self._hub = hub
        self._answer = answer
        self._join = join(hub.url, "sunset", "Thandi")

    async def __aenter__(self) -> tuple[Room, Peer]:
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            peer = tasks.create_task(self._hub.accept(self._answer))
            room = await self._join.__aenter__()
        return room, peer.result()

    async def __aexit__(self, *fault: object) -> None:
        await self._join.__aexit__(*fault)  # type: ignore[arg-type]


async def test_h1_hello_is_the_first_message(hub: FakeHub) -> None:
    async with Band(hub) as (_, peer):
        assert peer.hello.name == "Thandi"


async def test_leaving_closes_with_1000(hub: FakeHub) -> None:
    async with Band(hub) as (_, peer):
        pass
    assert await peer.gone() == 1000


async def test_k1_the_clock_is_in_time_after_joining(hub: FakeHub) -> None:
    async with Band(hub) as (room, _):
        assert room.clock.synced
        assert abs(room.clock.now_us() - hub_us()) < 100_000


async def test_a_fault_in_the_block_comes_out_as_it_is(hub: FakeHub) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Band(hub):
            raise ZeroDivisionError


async def test_h3_a_bad_token_is_refused(hub: FakeHub) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(turn_away(hub, 4403, "The token has expired."))
        with pytest.raises(JoinRefused, match="expired") as refused:
            await join(hub.url, "sunset", "T", token="old").__aenter__()
    assert refused.value.code == "bad_token"


async def test_h3_a_full_room_is_refused_with_the_hubs_own_words(hub: FakeHub) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(turn_away(hub, 4429, "", Error(code="room_full", message="The room is full.")))
        with pytest.raises(JoinRefused) as refused:
            await join(hub.url, "sunset", "T").__aenter__()
    assert (refused.value.code, refused.value.message) == ("room_full", "The room is full.")


async def turn_away(hub: FakeHub, code: int, reason: str, *messages: Error) -> None:
    peer = await hub.knock()
    await peer.send(*messages)
    await peer.close(code, reason)


async def test_h3_a_draining_hub_is_tried_again(hub: FakeHub) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(turn_away(hub, 1012, ""))
        async with Band(hub) as (room, _):
            assert room.connected


async def test_e2_a_refusal_over_http_says_why(hub: FakeHub) -> None:
    hub.refusal = refuse(400, "bad_room", "No such name.")
    with pytest.raises(JoinRefused, match="No such name") as refused:
        await join(hub.url, "sunset", "T").__aenter__()
    assert refused.value.code == "bad_room"


async def test_no_hub_is_said_at_once() -> None:
    with pytest.raises(HubUnreachable):
        await join("ws://127.0.0.1:1", "sunset", "T").__aenter__()


async def test_t3_set_transport_returns_what_came_of_it(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(room.set_transport(playing=True, quantum="bar"))
        request = await peer.receive()
        assert isinstance(request, TransportSet)
        assert (request.playing, request.quantum) == (True, "bar")
        await peer.send(transport(1, by="s2"), transport(2, playing=True, by="s1"))
        assert (await asked).rev == 2


async def test_e1_a_refused_request_raises(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(outcome(room.generate("x")))
        request = await peer.receive()
        assert isinstance(request, JobSubmit)
        await peer.send(Error(code="no_engine", message="No engine.", op_id=request.op_id))
        refusal = await asked
    assert isinstance(refusal, RequestRefused)
    assert refusal.code == "no_engine"


async def outcome(asked: object) -> Exception | None:
    try:
        await asked  # type: ignore[misc]
    except Exception as fault:
        return fault
    return None


async def generated(room: Room, peer: Peer, state: str = "running") -> JobHandle:
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(room.generate("x", bars=2))
        request = await peer.receive()
        assert isinstance(request, JobSubmit)
        await peer.send(job(state, request.op_id))
    return asked.result()


async def test_j1_a_job_is_followed_to_its_end(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer, "queued")
        assert made.state == "queued"
        await peer.send(job("running", progress=0.5), job("done", progress=1.0))
        await made.done()
        assert (made.state, made.progress) == ("done", 1.0)


async def test_j1_a_job_that_fails_says_why(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        await peer.send(job("failed", error=Failure(code="bad_params", message="No such key.")))
        with pytest.raises(JobFailedError, match="No such key"):
            await made.done()


async def test_j5_cancel_waits_for_the_hub(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(made.cancel())
            assert await peer.receive() == JobCancel(job="j1")
            await peer.send(job("cancelled"))
        assert made.state == "cancelled"


async def test_j5_cancelling_what_somebody_else_has_cancelled_is_fine(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(made.cancel())
            await peer.receive()
            await peer.send(Error(code="not_found", message="There is no such job."))


async def test_j1_steering_sends_only_what_changes(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        await made.steer("darker")
        message = await peer.receive()
    assert isinstance(message, JobSteer)
    assert encode(message) == encode(JobSteer(job="j1", params=type(message.params)(prompt="darker")))


async def test_p3_chat_is_sent_and_heard(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        with room.listen(Chat) as chats:
            async with asyncio.TaskGroup() as tasks:
                said = tasks.create_task(room.chat("Yebo"))
                line = said_line(await peer.receive(), 1)
                await peer.send(transport(1), line)
            assert await anext(chats) == said.result() == line
        assert room.view.chat == (line,)


def said_line(message: ClientMessage, seq: int) -> Chat:
    assert isinstance(message, SendChat)
    assert isinstance(message.op_id, str)
    return Chat(seq=seq, session="s1", name="Thandi", text=message.text, at_us=0, op_id=message.op_id)


async def test_p3_a_line_is_said_again_under_its_op_id_until_it_is_heard(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        saying = tasks.create_task(room.chat("Yebo"))
        first = await peer.receive()
        peer.cut()
        again = await hub.accept(welcome(recovered=True))
        second = await again.receive()
        assert second == first
        await again.send(said_line(second, 1))
        assert (await saying).text == "Yebo"


async def test_d4_a_line_that_is_said_again_too_fast_may_have_been_said(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        saying = tasks.create_task(room.chat("Yebo"))
        line = said_line(await peer.receive(), 1)
        peer.cut()
        again = await hub.accept(welcome(recovered=True))
        await again.receive()
        await again.send(Error(code="rate_limited", message="Slower.", op_id=line.op_id), line)
        assert await saying == line


async def test_p3_a_line_that_the_snapshot_holds_has_been_said(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        saying = tasks.create_task(room.chat("Yebo"))
        line = said_line(await peer.receive(), 1)
        peer.cut()
        await hub.accept(welcome(seq=9, snapshot=Snapshot(chat=(line,))))
        assert await saying == line


async def test_p3_a_line_that_comes_too_fast_is_refused(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        saying = tasks.create_task(outcome(room.chat("Yebo")))
        message = await peer.receive()
        assert isinstance(message, SendChat)
        await peer.send(Error(code="rate_limited", message="Slower.", op_id=str(message.op_id)))
        refusal = await saying
    assert isinstance(refusal, RequestRefused)
    assert refusal.code == "rate_limited"


async def test_p1_presence_is_sent(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        await room.show({"cursor": 960})
        assert await peer.receive() == SetPresence(state={"cursor": 960})


async def test_h4_a_broken_connection_is_resumed(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        await peer.send(Chat(seq=4, session="s1", name="T", text="x", at_us=0))
        with room.listen(Chat, Welcome) as news:
            await anext(news)
            peer.cut()
            again = await hub.accept(welcome(recovered=True, seq=4))
            assert isinstance(await anext(news), Welcome)
        assert again.hello.resume == room.view.resume_point
        assert room.connected


async def test_j1_a_request_without_an_answer_is_repeated_with_its_op_id(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(room.generate("x"))
        first = await peer.receive()
        peer.cut()
        again = await hub.accept(welcome(recovered=True))
        second = await again.receive()
        assert isinstance(second, JobSubmit)
        assert second == first
        await again.send(job("queued", second.op_id))
        assert (await asked).id == "j1"


async def test_j1_a_job_that_the_welcome_tells_of_is_not_asked_for_again(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(room.generate("x"))
        first = await peer.receive()
        assert isinstance(first, JobSubmit)
        peer.cut()
        again = await hub.accept(welcome(jobs=(job("running", first.op_id),)))
        assert (await asked).id == "j1"
        await room.show({"is": "the next message"})
        assert await again.receive() == SetPresence(state={"is": "the next message"})


async def test_t6_the_present_transport_answers_a_repeat(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(room.set_transport(playing=True))
        await peer.receive()
        peer.cut()
        present = transport(7, playing=True, by="s1")
        again = await hub.accept(welcome(recovered=True, transport=present))
        await again.receive()
        await again.send(present)
        assert (await asked).rev == 7


async def test_what_is_said_while_the_connection_is_broken_is_said_after(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        peer.cut()
        await peer.gone()
        saying = tasks.create_task(room.chat("still here"))
        again = await hub.accept(welcome(recovered=True))
        await again.send(said_line(await again.receive(), 1))
        assert (await saying).text == "still here"


async def test_h3_being_turned_out_ends_the_stay(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        await peer.close(4409, "Elsewhere.")
        with pytest.raises(Disconnected, match="Elsewhere") as end:
            await room.until_closed()
        assert end.value.code == 4409


async def test_what_is_no_message_ends_the_stay(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        await peer.send_bytes(b"\xc1")
        with pytest.raises(BadHubMessageError):
            await room.until_closed()


async def test_c3_a_message_of_a_newer_hub_is_passed_over(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        await peer.send_bytes(b"\x81\xa4type\xa9weather.1")
        made = await generated(room, peer)
        assert made.id == "j1"


async def test_a_connection_carries_typed_messages(hub: FakeHub) -> None:
    async with open_connection(hub.url, "sunset") as connection:
        await connection.send(Hello(name="bot"))
        peer = await hub.accept()
        assert isinstance(await connection.receive(), Welcome)
        await peer.send(transport(1), transport(2))
        await peer.close(1001)
        assert [message async for message in connection] == [transport(1), transport(2)]
        with pytest.raises(Disconnected):
            await connection.send(SendChat(text="x"))


async def test_a_connection_can_be_dropped_without_a_word(hub: FakeHub) -> None:
    async with open_connection(hub.url, "sunset") as connection:
        await connection.send(Hello(name="bot"))
        peer = await hub.accept()
        connection.abort()
        assert await peer.gone() in (None, 1006)
