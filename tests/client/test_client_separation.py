"""A separation as a client hears it: from within the sound to its end, and on from its beginning (A2, J3, J11)."""

import asyncio

from logdrum_client import Audio, JobHandle, Room
from logdrum_protocol.client_messages import JobSubmit
from logdrum_protocol.hub_messages import StreamClose, StreamEpoch, StreamOpen
from logdrum_protocol.records import JobParams
from tests.client.fake_hub import FakeHub, Peer, chunk, job, samples, stream, welcome
from tests.client.test_client_room import Band

ASSET = "ab" * 32
_ADDRESSES = [*range(30, 50), *range(30)]
"""In the order in which a sound of 50 samples comes that is entered at 30."""


def whole() -> bytes:
    return b"".join(samples(at, at + 1) for at in _ADDRESSES)


def closed(stem: str) -> StreamClose:
    return StreamClose(stream=f"j1.{stem}", samples=50, asset=None)


def entered(stem: str) -> StreamOpen:
    return stream(stem, start=30, samples=50)


async def separated(room: Room, peer: Peer) -> JobHandle:
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(room.separate(ASSET, stems=("drums",), start="now"))
        request = await peer.receive()
        assert isinstance(request, JobSubmit)
        assert request.params == JobParams(asset=ASSET, stems=("drums",), start="now")
        await peer.send(job("running", request.op_id, kind="separate", params=request.params))
    return asked.result()


async def heard(made: JobHandle, stem: str | None = None, from_sample: int | None = None) -> list[Audio]:
    async with asyncio.timeout(5):
        return [audio async for audio in made.audio(stem, from_sample=from_sample)]


def data(audio: list[Audio]) -> bytes:
    return b"".join(each.data for each in audio)


async def test_a2_a_separation_goes_on_with_the_beginning_behind_its_end(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await separated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(heard(made, "drums"))
            await peer.send(entered("drums"), chunk(30, 42), chunk(42, 50), chunk(0, 30), closed("drums"))
        assert data(hearing.result()) == whole()
        assert [audio.start_sample for audio in hearing.result()] == [30, 42, 0]
        assert hub.fetched == []


async def test_a4_what_did_not_come_is_fetched_on_both_sides_of_the_turn(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await separated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(heard(made, "drums"))
            await peer.send(entered("drums"), chunk(30, 35), chunk(10, 20), closed("drums"))
        assert data(hearing.result()) == whole()
        assert hub.fetched == [(35, 50), (0, 10), (20, 30)]


async def test_a4_a_separation_that_is_done_is_fetched_whole_from_its_beginning(hub: FakeHub) -> None:
    done = job("done", kind="separate", params=JobParams(asset=ASSET))
    async with Band(hub, welcome(jobs=(done,), streams=(entered("drums"),))) as (room, peer):
        await peer.send(closed("drums"))
        assert data(await heard(room.job("j1"))) == whole()


async def test_j11_the_sound_itself_is_no_stem_of_the_sum(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await separated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(heard(made))
            both = (entered("mix"), entered("drums"))
            await peer.send(*both, chunk(30, 50, "mix"), chunk(30, 50), chunk(0, 30), closed("mix"), closed("drums"))
        assert data(hearing.result()) == whole()
        assert data(await heard(made, "mix")) == whole()


async def test_a3_an_engine_that_was_lost_goes_on_behind_the_turn(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await separated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(heard(made, "drums"))
            turn = StreamEpoch(stream="j1.drums", epoch=1, start_sample=10, bpm=120.0)
            await peer.send(entered("drums"), chunk(30, 50), chunk(0, 10), turn)
            await peer.send(chunk(10, 30, epoch=1), closed("drums"))
        assert data(hearing.result()) == whole()
        assert room.view.streams["j1.drums"].opened.start_sample == 30
