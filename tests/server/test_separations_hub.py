"""Separations through a real hub: streams, files and feeds, with an engine that the test plays (J3, J11, Q10)."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from logdrum_protocol import client_messages as c
from logdrum_protocol.engine_messages import (
    EndFeed,
    FeedJob,
    JobAudio,
    JobDone,
    JobStarted,
    RenderFrom,
    StartJob,
    StemFile,
    StopJob,
)
from logdrum_protocol.hub_messages import Asset, Chunk, Job, StreamClose, StreamEpoch, StreamOpen, Transport, Welcome
from logdrum_protocol.records import JobParams
from logdrum_server.config import LocalEngine
from logdrum_server.engine_link import engine_command
from tests.harness import Caller, RunningHub, joined, running_hub
from tests.server.scripted_engine import ScriptedEngine, engine_at, scripted_hub
from tests.server.separations import OUT, SEPARATOR

SECOND = 48_000
LENGTH = 2 * SECOND
ENTRY = SECOND
STEP = SECOND // 2
TICK = ENTRY * 112 * 960 // (60 * SECOND)


def pcm(stem: str, start: int, samples: int) -> bytes:
    """Audio of which every sample says what it is."""
    tag = hashlib.sha256(stem.encode()).digest()[:1]
    return b"".join((at % 65_536).to_bytes(2, "little") + tag * 2 for at in range(start, start + samples))


async def upload(hub: RunningHub, name: str = "Song.mp3") -> str:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{hub.url}/v1/rooms/sunset/assets", params={"name": name}, data=b"a song") as answer,
    ):
        return str((await answer.json())["asset"])


async def fetch(hub: RunningHub, path: str, **params: int) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.get(f"{hub.url}/v1/rooms/sunset/{path}", params=params) as answer:
        is_json = answer.content_type == "application/json"
        return answer.status, await answer.json() if is_json else await answer.read()


async def ask(caller: Caller, op_id: str = "s", **params: object) -> None:
    await caller.send(c.JobSubmit(op_id=op_id, kind="separate", params=JobParams(**params)))  # type: ignore[arg-type]


async def begun(hub: RunningHub, engine: ScriptedEngine, caller: Caller) -> StartJob:
    """A separation of an uploaded song that begins a second into it."""
    await caller.send(c.TransportSet(op_id="t", tick=TICK))
    await caller.until(Transport)
    await ask(caller, asset=await upload(hub), start=0)
    start = await engine.asked(StartJob)
    await engine.say(JobStarted(job=start.job, stems=OUT, samples=LENGTH))
    return start


async def render(engine: ScriptedEngine, job: str, start: int, end: int, stems: tuple[str, ...] = OUT) -> None:
    """Deliver places of the course, as an engine numbers them."""
    for at in range(start, end, STEP):
        for stem in stems:
            data = pcm(stem, at % LENGTH, STEP)
            await engine.say(JobAudio(job=job, stem=stem, epoch=0, start_sample=at, samples=STEP, data=data))


async def heard(caller: Caller, stream: str, chunks: int) -> list[tuple[int, bytes]]:
    got = [m for m in caller.seen if isinstance(m, Chunk) and m.stream == stream]
    while len(got) < chunks:
        got.append(await caller.until(Chunk, lambda chunk: chunk.stream == stream))
    return [(chunk.start_sample, chunk.data) for chunk in got]


async def test_a2_a_song_is_heard_from_the_playhead_on_and_then_from_its_start(tmp_path: Path) -> None:
    async with scripted_hub(tmp_path, SEPARATOR, LENGTH) as (hub, engine), joined(hub) as (caller, _):
        start = await begun(hub, engine, caller)
        assert abs(start.entry_sample - ENTRY) < 50, "a tick has 27 samples"
        entry = start.entry_sample
        opened = await caller.until(StreamOpen)
        assert (opened.start_sample, opened.samples, opened.anchor_tick) == (entry, LENGTH, 0)
        await render(engine, start.job, entry, entry + STEP)
        await engine.say(*blocks(start.job, entry + STEP, LENGTH), *blocks(start.job, LENGTH, LENGTH + entry))
        told = await heard(caller, f"{start.job}.vocals", 4)
        assert [at for at, _ in told] == [entry, entry + STEP, 0, entry - 1]
        assert all(data == pcm("vocals", at, len(data) // 4) for at, data in told)


def blocks(job: str, start: int, end: int) -> list[JobAudio]:
    """A run of places in two blocks a stem, the last of one sample."""
    return [
        JobAudio(
            job=job,
            stem=stem,
            epoch=0,
            start_sample=at,
            samples=stop - at,
            data=pcm(stem, at if at < LENGTH else at - LENGTH, stop - at),
        )
        for stem in OUT
        for at, stop in (((start, end),) if end == LENGTH else ((start, end - 1), (end - 1, end)))
    ]


async def test_a4_what_is_rendered_can_be_fetched_on_both_sides_of_where_it_began(tmp_path: Path) -> None:
    async with scripted_hub(tmp_path, SEPARATOR, LENGTH) as (hub, engine), joined(hub) as (caller, _):
        start = await begun(hub, engine, caller)
        job, entry = start.job, start.entry_sample
        stream = f"streams/{job}.vocals"
        await engine.say(*blocks(job, entry, LENGTH))
        await heard(caller, f"{job}.vocals", 1)
        assert await fetch(hub, stream, from_sample=entry, to_sample=LENGTH) == (
            200,
            pcm("vocals", entry, LENGTH - entry),
        )
        status, _ = await fetch(hub, stream, from_sample=0, to_sample=LENGTH)
        assert status == 416, "what is before the entry is to come"
        await engine.say(*blocks(job, LENGTH, LENGTH + entry))
        await heard(caller, f"{job}.vocals", 3)
        assert await fetch(hub, stream, from_sample=10, to_sample=LENGTH - 10) == (
            200,
            pcm("vocals", 10, LENGTH - 20),
        )
        assert await fetch(hub, stream) == (200, pcm("vocals", 0, LENGTH))
        assert (await fetch(hub, stream, to_sample=LENGTH + 1))[0] == 416


async def finished(hub: RunningHub, engine: ScriptedEngine, caller: Caller, *files: StemFile) -> StartJob:
    start = await begun(hub, engine, caller)
    assert start.files is not None
    folder = Path(start.files)
    folder.joinpath("vocals.flac").write_bytes(b"fLaC vocals")
    folder.joinpath("link.flac").symlink_to(hub.data / "admin.key")
    await engine.say(*blocks(start.job, start.entry_sample, LENGTH))
    await engine.say(*blocks(start.job, LENGTH, LENGTH + start.entry_sample))
    await engine.say(JobDone(job=start.job, files=files))
    return start


def stem_file(stem: str, name: str) -> StemFile:
    return StemFile(stem=stem, name=name, samples=LENGTH, sample_rate=SECOND, channels=2)


async def closes(caller: Caller, job: str) -> dict[str, str | None]:
    """What every stream has become, by stem."""
    assets: dict[str, str | None] = {}
    while len(assets) < len(OUT):
        close = await caller.until(StreamClose)
        assert close.samples == LENGTH
        assets[close.stream.removeprefix(f"{job}.")] = close.asset
    return assets


async def test_j11_finished_stems_become_sounds_of_the_room_and_their_folder_goes(tmp_path: Path) -> None:
    async with scripted_hub(tmp_path, SEPARATOR, LENGTH) as (hub, engine), joined(hub) as (caller, welcome):
        start = await finished(hub, engine, caller, stem_file("vocals", "vocals.flac"))
        assert [Path(sound).read_bytes() for sound in start.sounds] == [b"a song"]
        assets = await closes(caller, start.job)
        told = {m.asset: m for m in caller.seen if isinstance(m, Asset)}
        assert assets["mix"] is None
        vocals, other = told[str(assets["vocals"])], told[str(assets["other"])]
        assert (vocals.name, vocals.by, vocals.samples) == ("Song vocals.flac", welcome.session, LENGTH)
        assert other.name == "Song other.wav", "the engine wrote none, and the hub had kept it all"
        assert await fetch(hub, f"assets/{vocals.asset}") == (200, b"fLaC vocals")
        await until_gone(Path(str(start.files)))


async def until_gone(path: Path) -> None:
    """Wait for a folder to be removed; it is, as soon as everything is stored of it."""
    async with asyncio.timeout(20):
        while path.exists():  # noqa: ASYNC110  # the hub tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", ["../admin.key", "/etc/hostname", "..", "", "link.flac", "none.flac", "a\0b"])
async def test_q10_only_plain_files_of_the_jobs_own_folder_become_sounds(tmp_path: Path, name: str) -> None:
    async with scripted_hub(tmp_path, SEPARATOR, LENGTH) as (hub, engine), joined(hub) as (caller, _):
        key = (hub.data / "admin.key").read_bytes()
        start = await finished(hub, engine, caller, stem_file("vocals", name))
        vocals = str((await closes(caller, start.job))["vocals"])
        told = {m.asset: m for m in caller.seen if isinstance(m, Asset)}
        assert told[vocals].name == "Song vocals.wav", "what the hub kept itself is stored in its place"
        assert (await fetch(hub, f"assets/{vocals}"))[1].startswith(b"RIFF")
        assert (hub.data / "admin.key").read_bytes() == key


async def test_j1_a_cancelled_separation_leaves_nothing_on_disk(tmp_path: Path) -> None:
    async with scripted_hub(tmp_path, SEPARATOR, LENGTH) as (hub, engine), joined(hub) as (caller, _):
        start = await begun(hub, engine, caller)
        await caller.send(c.JobCancel(job=start.job))
        assert (await engine.asked(StopJob)).job == start.job
        await until_gone(Path(str(start.files)))


def test_q10_what_an_earlier_run_left_of_stems_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "data" / "separations" / "job"
    left.mkdir(parents=True)
    (left / "vocals.spool").write_bytes(b"half")
    with running_hub(tmp_path, "--engine", "none"):
        assert not left.exists()


async def test_a6_a_late_joiner_gets_the_course_from_the_playhead_on(tmp_path: Path) -> None:
    async with scripted_hub(tmp_path, SEPARATOR, LENGTH) as (hub, engine), joined(hub) as (caller, _):
        start = await begun(hub, engine, caller)
        await engine.say(*blocks(start.job, start.entry_sample, LENGTH))
        await heard(caller, f"{start.job}.other", 1)
        async with joined(hub, name="Sipho") as (late, welcome):
            assert isinstance(welcome, Welcome)
            assert {stream.samples for stream in welcome.streams} == {LENGTH}
            await engine.say(*blocks(start.job, LENGTH, LENGTH + start.entry_sample))
            told = await heard(late, f"{start.job}.other", 3)
            assert [at for at, _ in told] == [start.entry_sample, 0, start.entry_sample - 1]


async def source(engine: ScriptedEngine, caller: Caller) -> str:
    """An endless generation that the engine has begun, with four seconds of two stems."""
    await caller.send(c.JobSubmit(op_id="g", kind="generate", params=JobParams(prompt="deep")))
    job = (await engine.asked(StartJob)).job
    await engine.say(JobStarted(job=job, stems=("drums", "bass"), samples=None))
    await render(engine, job, 0, LENGTH, ("drums", "bass"))
    await heard(caller, f"{job}.bass", LENGTH // STEP)
    return job


async def test_q10_a_generation_is_fed_to_its_separation_as_it_is_made(tmp_path: Path) -> None:
    async with scripted_hub(tmp_path, SEPARATOR, LENGTH) as (hub, engine), joined(hub) as (caller, _):
        job = await source(engine, caller)
        await ask(caller, job=job)
        start = await engine.asked(StartJob)
        assert (start.is_fed, start.start_sample) == (True, 0)
        fed = [await engine.asked(FeedJob) for _ in range(2 * LENGTH // STEP)]
        assert [piece.start_sample for piece in fed] == [at for at in range(0, LENGTH, STEP) for _ in range(2)]
        assert all(piece.data == pcm(piece.stem, piece.start_sample, STEP) for piece in fed)
        await render(engine, job, LENGTH, LENGTH + STEP, ("drums",))
        assert (await engine.asked(FeedJob)).start_sample == LENGTH
        await caller.send(c.JobCancel(job=job))
        assert (await engine.asked(EndFeed)).end_sample == LENGTH


async def test_q10_a_turn_of_the_source_feeds_anew_in_another_epoch(tmp_path: Path) -> None:
    async with scripted_hub(tmp_path, SEPARATOR, LENGTH) as (hub, engine), joined(hub) as (caller, _):
        job = await source(engine, caller)
        await ask(caller, job=job)
        start = await engine.asked(StartJob)
        await engine.say(JobStarted(job=start.job, stems=("drums", "other"), samples=None))
        await caller.until(Job, lambda view: view.job == start.job and view.state == "running")
        await caller.send(c.JobSteer(job=job, params=JobParams(prompt="darker")))
        turn = await engine.asked(RenderFrom, lambda render: render.job == start.job)
        data = pcm("drums", 0, STEP)
        await engine.say(JobAudio(job=job, stem="drums", epoch=1, start_sample=0, samples=STEP, data=data))
        piece = await engine.asked(FeedJob)
        assert (piece.epoch, piece.start_sample, piece.data) == (turn.epoch, 0, data)
        epoch = await caller.until(StreamEpoch, lambda epoch: epoch.stream == f"{start.job}.drums")
        assert (epoch.epoch, epoch.start_sample) == (1, turn.start_sample)


async def test_j4_another_engine_goes_on_where_the_first_was_lost(tmp_path: Path) -> None:
    socket = tmp_path / "engine"
    with running_hub(tmp_path, "--engine", f"unix:{socket}") as hub:
        async with joined(hub) as (caller, _):
            async with engine_at(socket, SEPARATOR, LENGTH) as engine:
                start = await begun(hub, engine, caller)
                await engine.say(*blocks(start.job, start.entry_sample, LENGTH))
                await heard(caller, f"{start.job}.other", 1)
                Path(str(start.files)).joinpath("vocals.spool").write_bytes(b"half")
            await caller.until(Job, lambda view: view.state == "queued")
            async with engine_at(socket, SEPARATOR, LENGTH) as engine:
                again = await engine.asked(StartJob)
                assert (again.entry_sample, again.start_sample) == (start.entry_sample, LENGTH)
                assert again.files == start.files
                assert Path(str(again.files)).joinpath("vocals.spool").exists()
                await engine.say(JobStarted(job=start.job, stems=OUT, samples=LENGTH))
                block = blocks(start.job, LENGTH, LENGTH + start.entry_sample)[0]
                await engine.say(replace(block, epoch=again.epoch))
                chunk = await caller.until(Chunk, lambda chunk: chunk.epoch == again.epoch)
                assert chunk.start_sample == 0


async def test_j1_a_room_that_is_closed_leaves_nothing_of_its_separations(tmp_path: Path) -> None:
    async with scripted_hub(tmp_path, SEPARATOR, LENGTH) as (hub, engine), joined(hub) as (caller, _):
        start = await begun(hub, engine, caller)
        key = (hub.data / "admin.key").read_text()
        headers = {"authorization": f"Bearer {key}"}
        async with (
            aiohttp.ClientSession() as http,
            http.delete(f"{hub.url}/v1/admin/rooms/sunset", headers=headers) as answer,
        ):
            assert answer.status < 300
        await until_gone(Path(str(start.files)))


def test_serve_passes_the_folder_of_models_to_its_engine(tmp_path: Path) -> None:
    assert engine_command(LocalEngine(tmp_path), Path("socket"))[-2:] == ("--models", str(tmp_path))
    assert "--models" not in engine_command(LocalEngine(), Path("socket"))


def test_serve_takes_a_folder_of_models_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no folder"), running_hub(tmp_path, "--models", os.devnull):
        pass
    refused = pytest.raises(AssertionError, match="--models is for")
    with refused, running_hub(tmp_path, "--models", str(tmp_path), "--engine", "none"):
        pass
