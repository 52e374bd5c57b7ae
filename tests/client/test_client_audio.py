"""What a job sounds like to a client, beside a hub that the test plays by hand (A rules)."""

import asyncio
from itertools import pairwise

from logdrum_client import Audio, AudioGone, JobHandle, RequestRefused
from logdrum_protocol.hub_messages import StreamClose, StreamEpoch
from tests.client.fake_hub import FakeHub, chunk, job, samples, stream, transport, welcome
from tests.client.test_client_room import Band, generated, outcome


async def heard(made: JobHandle, stem: str | None = None, **options: bool) -> list[Audio]:
    async with asyncio.timeout(5):
        return [audio async for audio in made.audio(stem, **options)]


def joined(audio: list[Audio]) -> bytes:
    assert all(a.start_sample + a.samples == b.start_sample for a, b in pairwise(audio))
    return b"".join(each.data for each in audio)


def closed(stem: str, at: int) -> StreamClose:
    return StreamClose(stream=f"j1.{stem}", samples=at, asset=None)


async def test_a2_a_stem_is_heard_to_its_end(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(heard(made, "drums"))
            await peer.send(stream(), stream("bass"), chunk(0, 10), chunk(10, 20), closed("drums", 20))
        assert joined(hearing.result()) == samples(0, 20)
        assert hearing.result()[0].stem == "drums"


async def test_a4_what_did_not_come_is_fetched(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(heard(made, "drums"))
            await peer.send(stream(), chunk(0, 10), chunk(30, 40), closed("drums", 50))
        assert joined(hearing.result()) == samples(0, 50)
        assert hub.fetched == [(10, 30), (40, 50)]


async def test_a4_a_job_that_is_done_is_fetched_whole(hub: FakeHub) -> None:
    answer = welcome(jobs=(job("done"),), streams=(stream(),))
    async with Band(hub, answer) as (room, peer):
        await peer.send(closed("drums", 40))
        assert joined(await heard(room.job("j1"))) == samples(0, 40)


async def test_a4_audio_that_the_hub_keeps_no_more_is_said(hub: FakeHub) -> None:
    hub.holds_audio = False
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        await peer.send(stream(), chunk(0, 10), chunk(30, 40), transport(1))
        await room._session.until(lambda view: view.transports.newest.rev == 1)
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(outcome(heard(made, "drums")))
            await peer.send(chunk(50, 60))
    assert isinstance(hearing.result(), AudioGone)


async def test_a_mix_is_the_sum_of_the_stems(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(heard(made))
            await peer.send(stream(), stream("bass"), chunk(0, 10), chunk(0, 4, "bass"), chunk(4, 12, "bass"))
            await peer.send(chunk(10, 20), closed("drums", 20), closed("bass", 12))
        frames = [frame for audio in hearing.result() for frame in audio.frames.tolist()]
    assert frames == [[2 * at, 2 * at] if at < 12 else [at, at] for at in range(20)]


async def test_a3_a_mix_follows_all_stems_into_a_new_epoch(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(heard(made))
            await peer.send(stream(), stream("bass"), chunk(0, 20), chunk(0, 20, "bass"))
            for stem in ("drums", "bass"):
                await peer.send(StreamEpoch(stream=f"j1.{stem}", epoch=1, start_sample=10, bpm=120.0))
            await peer.send(chunk(10, 30, epoch=1), chunk(10, 30, "bass", epoch=1))
            await peer.send(closed("drums", 30), closed("bass", 30))
        frames = [0] * 30
        for audio in hearing.result():
            frames[audio.start_sample : audio.start_sample + audio.samples] = audio.frames[:, 0].tolist()
    assert hearing.result()[-1].epoch == 1
    assert frames == [2 * at for at in range(30)]
    assert {audio.stem for audio in hearing.result()} == {None}


async def test_a8_the_audio_of_a_cancelled_job_ends(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(heard(made))
            await peer.send(stream(), chunk(0, 10), closed("drums", 5))
        await peer.send(job("cancelled"))
        assert joined(hearing.result()) == samples(0, 10)


async def test_a8_a_job_that_failed_before_it_began_has_no_audio(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer, "queued")
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(heard(made))
            await peer.send(job("failed"))
        assert hearing.result() == []


async def test_a6_live_audio_begins_with_what_comes(hub: FakeHub) -> None:
    answer = welcome(jobs=(job(),), streams=(stream(),))
    async with Band(hub, answer) as (room, peer):
        hearing = room.job("j1").audio(live=True)
        async with asyncio.timeout(5):
            await peer.send(chunk(100, 110))
            await room._session.until(lambda view: view.streams["j1.drums"].heard)
            async with asyncio.TaskGroup() as tasks:
                first = tasks.create_task(anext(hearing))
                await asyncio.wait({first}, timeout=0)
                await peer.send(chunk(110, 120))
        assert first.result().start_sample == 110
        assert hub.fetched == []


async def test_an_unknown_stem_is_refused(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        await peer.send(stream(), chunk(0, 10))
        assert isinstance(await outcome(heard(made, "kazoo")), RequestRefused)


async def test_audio_across_a_broken_connection_has_no_gap(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(heard(made, "drums"))
            await peer.send(stream(), chunk(0, 10))
            await room._session.until(lambda view: any(s.heard for s in view.streams.values()))
            peer.cut()
            again = await hub.accept(welcome(recovered=True, jobs=(job(),), streams=(stream(),)))
            await again.send(chunk(30, 40), closed("drums", 40))
        assert joined(hearing.result()) == samples(0, 40)


async def test_a8_a_stream_that_left_the_room_meanwhile_ends(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        made = await generated(room, peer)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(heard(made, "drums"))
            await peer.send(stream(), chunk(0, 10))
            await room._session.until(lambda view: any(s.heard for s in view.streams.values()))
            peer.cut()
            await hub.accept(welcome())
        assert made.state == "cancelled"
