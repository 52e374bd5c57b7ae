"""Generated audio from a real engine behind a real hub, and what happens when the engine does not behave (J, A, Q)."""

import asyncio
import os
import signal
import wave
from collections import defaultdict
from io import BytesIO

import aiohttp
import msgpack

from logdrum_protocol import client_messages as c
from logdrum_protocol.bounds import SAMPLE_RATE
from logdrum_protocol.hub_messages import (
    Chat,
    Chunk,
    Error,
    Job,
    StreamClose,
    StreamEpoch,
    StreamOpen,
    Transport,
    Welcome,
)
from logdrum_protocol.records import JobParams
from tests.harness import Caller, RunningHub, is_alive, joined

STEMS = {"drums", "log_drum", "bass", "other"}


async def generate(caller: Caller, op_id: str = "op", **params: object) -> str:
    """Ask for a groove and return its job once it runs."""
    message = {"type": "job.submit", "op_id": op_id, "kind": "generate", "params": {"prompt": "deep", **params}}
    await caller.ws.send_bytes(msgpack.packb(message))
    return (await caller.until(Job, lambda job: job.op_id == op_id and job.state == "running")).job


async def play(caller: Caller, **changes: object) -> Transport:
    await caller.send(c.TransportSet(op_id=os.urandom(8).hex(), playing=True, **changes))  # type: ignore[arg-type]
    return await caller.until(Transport)


async def collect(caller: Caller, samples: int) -> dict[str, bytes]:
    """Read until every stem has so many samples; they must join without a gap."""
    heard: dict[str, bytes] = defaultdict(bytes)
    ends: dict[str, int] = {}  # an engine that was still starting enters after sample 0
    while len(heard) < len(STEMS) or min(map(len, heard.values())) < samples * 4:
        chunk = await caller.until(Chunk)
        stem = chunk.stream.split(".")[1]
        assert chunk.start_sample == ends.get(stem, chunk.start_sample), "a chunk does not continue its stream"
        ends[stem] = chunk.start_sample + chunk.samples
        heard[stem] += chunk.data
    return heard


async def test_j2_a_groove_comes_in_four_stems_that_join(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        await play(caller)
        await generate(caller, seed=7, section="drop")  # in an intro some are silent
        heard = await collect(caller, 2 * SAMPLE_RATE)
        assert set(heard) == STEMS
        assert all(any(stem) for stem in heard.values()), "a stem is silent"


async def test_everyone_hears_the_same_bytes(hub: RunningHub) -> None:
    async with joined(hub) as (first, _), joined(hub) as (second, _):
        await play(first)
        await generate(first)
        heard = await asyncio.gather(*(collect(caller, SAMPLE_RATE) for caller in (first, second)))
        for stem in STEMS:
            size = min(len(heard[0][stem]), len(heard[1][stem]))
            assert heard[0][stem][:size] == heard[1][stem][:size]


async def test_a8_a_bounded_groove_ends_exactly_and_becomes_an_asset(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _), aiohttp.ClientSession() as http:
        await generate(caller, bars=2)
        samples = round(2 * 4 * 60 / 112 * SAMPLE_RATE)
        heard = await collect(caller, samples)
        closes = {m.stream.split(".")[1]: m for m in caller.seen if isinstance(m, StreamClose)}
        while set(closes) != STEMS:
            close = await caller.until(StreamClose)
            closes[close.stream.split(".")[1]] = close
        drums = closes["drums"]
        assert {close.samples for close in closes.values()} == {samples}
        async with http.get(f"{hub.url}/v1/rooms/sunset/assets/{drums.asset}") as answer:
            with wave.open(BytesIO(await answer.read())) as stored:
                assert stored.readframes(samples) == heard["drums"]


async def test_a4_what_was_missed_can_be_fetched(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _), aiohttp.ClientSession() as http:
        job = await generate(caller, bars=2)
        heard = await collect(caller, 2 * SAMPLE_RATE)
        url = f"{hub.url}/v1/rooms/sunset/streams/{job}.log_drum"
        async with http.get(url, params={"from_sample": 1000, "to_sample": 50_000}) as answer:
            assert await answer.read() == heard["log_drum"][4000:200_000]
        async with http.get(url, params={"from_sample": 1000, "to_sample": 10**9}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (416, "bad_range")
        async with http.get(url, params={"from_sample": "-1"}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, "bad_range")
        async with http.get(f"{hub.url}/v1/rooms/sunset/streams/none") as answer:
            assert (answer.status, (await answer.json())["code"]) == (404, "not_found")


async def test_a6_a_late_joiner_hears_the_running_groove_from_its_position(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        transport = await play(caller)
        await generate(caller)
        await collect(caller, 5 * SAMPLE_RATE)
        async with joined(hub, name="Sipho") as (late, welcome):
            assert {stream.stem for stream in welcome.streams} == STEMS
            first = await late.until(Chunk)
            position = (welcome.now_us - transport.anchor_us) * SAMPLE_RATE // 1_000_000
            assert abs(first.start_sample - position) < SAMPLE_RATE


async def test_a3_a_tempo_change_is_followed(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        await play(caller)
        await generate(caller)
        await collect(caller, SAMPLE_RATE)
        await play(caller, bpm=118)
        epoch = await caller.until(StreamEpoch)
        chunk = await caller.until(Chunk, lambda chunk: chunk.epoch == epoch.epoch)
        assert (epoch.bpm, chunk.start_sample) == (118, epoch.start_sample)


async def test_a9_a_seek_far_ahead_is_rendered_there(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        await play(caller)
        await generate(caller)
        await collect(caller, SAMPLE_RATE)
        await play(caller, tick=500 * 3840)
        epoch = await caller.until(StreamEpoch)
        assert epoch.start_sample > 400 * SAMPLE_RATE
        assert (await caller.until(Chunk, lambda chunk: chunk.epoch == epoch.epoch)).start_sample == epoch.start_sample


async def test_j1_steering_goes_on_from_the_next_bar(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        await play(caller)
        job = await generate(caller)
        await collect(caller, 5 * SAMPLE_RATE)
        await caller.send(c.JobSteer(job=job, params=JobParams(prompt="sparse, no drums")))
        epoch = await caller.until(StreamEpoch)
        bar = 4 * 60 / 112 * SAMPLE_RATE
        assert abs(epoch.start_sample / bar - round(epoch.start_sample / bar)) * bar < 2


async def test_j1_cancel_ends_the_streams(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        await play(caller)
        job = await generate(caller)
        await collect(caller, SAMPLE_RATE)
        await caller.send(c.JobCancel(job=job))
        await caller.until(StreamClose)
        await caller.until(Job, lambda view: view.state == "cancelled")
        await caller.send(c.SendChat(text="quiet now"))
        after = len(caller.seen)
        await caller.until(Chat)
        assert not [message for message in caller.seen[after:] if isinstance(message, Chunk)]


async def test_j5_what_the_engine_cannot_do_fails_with_a_reason(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        message = {"type": "job.submit", "op_id": "a", "kind": "generate", "params": {"prompt": "x", "key": "H flat"}}
        await caller.ws.send_bytes(msgpack.packb(message))
        failed = await caller.until(Job, lambda job: job.state == "failed")
        assert failed.error is not None
        assert failed.error.code == "bad_params"


async def test_j4_a_killed_engine_is_replaced_and_the_groove_goes_on(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        await play(caller)
        await generate(caller)
        await collect(caller, 5 * SAMPLE_RATE)
        os.kill(hub.engine_pid(), signal.SIGKILL)
        await caller.until(Job, lambda job: job.state == "queued")
        await caller.until(Job, lambda job: job.state == "running")
        epoch = next(m for m in reversed(caller.seen) if isinstance(m, StreamEpoch))
        chunk = await caller.until(Chunk, lambda chunk: chunk.epoch == epoch.epoch)
        ends = [m.start_sample + m.samples for m in caller.seen if isinstance(m, Chunk) and m.epoch < epoch.epoch]
        assert chunk.start_sample <= max(ends), "the groove has a hole"


async def test_q1_an_engine_that_hangs_is_replaced(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        await play(caller)
        await generate(caller)
        hung = hub.engine_pid()
        os.kill(hung, signal.SIGSTOP)
        await caller.until(Job, lambda job: job.state == "queued")
        await caller.until(Job, lambda job: job.state == "running")
        assert not is_alive(hung)


async def test_j4_the_second_death_fails_the_job_and_the_room_plays_on(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        await generate(caller)
        for states in (("queued", "running"), ("failed",)):
            os.kill(hub.engine_pid(), signal.SIGKILL)
            for state in states:
                view = await caller.until(Job, lambda job, state=state: job.state == state)  # type: ignore[misc]
        assert view.error is not None
        assert view.error.code == "engine_lost"
        await generate(caller, op_id="again")


async def test_the_engine_goes_with_its_hub_even_when_that_is_killed(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        await generate(caller, bars=1)
    engine = hub.engine_pid()
    fd = os.pidfd_open(engine)
    hub.process.kill()
    gone = await asyncio.to_thread(_wait_for_end, fd)
    assert gone, "the engine was orphaned"


def _wait_for_end(pidfd: int) -> bool:
    import select

    ready, _, _ = select.select([pidfd], [], [], 10)
    return bool(ready)


async def test_stems_false_gives_one_mix(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        await generate(caller, stems=False, bars=1)
        opened = [m.stem for m in caller.seen if isinstance(m, StreamOpen)] or [(await caller.until(StreamOpen)).stem]
        assert opened == ["mix"]


async def test_rooms_do_not_hear_each_other(hub: RunningHub) -> None:
    async with joined(hub, "one") as (one, _), joined(hub, "two") as (two, _):
        await generate(one, bars=1)
        await one.until(Chunk)
        await two.send(c.SendChat(text="quiet here"))
        await two.until(Chat)
        assert [type(message) for message in two.seen] == [Welcome, Chat]


async def test_an_unknown_job_is_not_found(hub: RunningHub) -> None:
    async with joined(hub) as (caller, _):
        await caller.send(c.JobCancel(job="nothing"))
        assert (await caller.until(Error)).code == "not_found"
