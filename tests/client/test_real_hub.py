"""The client beside the real hub and its engine, each in its own process."""

import asyncio
import contextlib
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from logdrum_client import Audio, JobFailedError, JobHandle, RequestRefused, Room, join
from logdrum_client.record import Take
from logdrum_protocol.hub_messages import Chat, MemberJoined, MemberLeft, Welcome
from logdrum_protocol.records import JobParams
from tests.harness import running_hub

BAR = 102_857  # samples at 112 BPM


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_hub(tmp_path_factory.mktemp("hub"), "--engine", "local") as hub:
        yield hub.url


@pytest.fixture
def room_name(request: pytest.FixtureRequest) -> str:
    return request.node.name.replace("_", "-")[:60].lower()


@pytest.fixture
async def room(url: str, room_name: str) -> AsyncIterator[Room]:
    async with asyncio.timeout(60), join(url, room_name, "Thandi") as joined:
        yield joined


async def heard(job: JobHandle, stem: str | None = None) -> list[Audio]:
    return [audio async for audio in job.audio(stem)]


def joined(audio: list[Audio]) -> bytes:
    for before, after in pairwise(audio):
        assert before.start_sample + before.samples == after.start_sample
    return b"".join(each.data for each in audio)


async def test_a7_a_bounded_job_is_heard_whole_while_the_transport_stands(room: Room) -> None:
    job = await room.generate("private school", bars=2, seed=5)
    pcm = joined(await heard(job))
    await job.done()
    assert len(pcm) == round(2 * 240 / 112 * 48_000) * 4
    assert np.abs(np.frombuffer(pcm, "<i2")).max() > 3000


async def test_j2_the_same_seed_gives_the_same_groove(room: Room) -> None:
    takes = [joined(await heard(await room.generate("dark", bars=1, seed=9))) for _ in range(2)]
    assert takes[0] == takes[1]


async def test_j2_without_stems_there_is_a_mix(room: Room) -> None:
    job = await room.generate("dark", bars=1, seed=9, stems=False)
    await heard(job)
    assert job.stems == ("mix",)


async def test_the_mix_is_the_sum_of_the_stems(room: Room) -> None:
    job = await room.generate("sgija", bars=1, seed=2)
    mix = np.frombuffer(joined(await heard(job)), "<i2")
    stems = [np.frombuffer(joined(await heard(job, stem)), "<i2").astype(int) for stem in job.stems]
    assert len(stems) == 4
    assert np.array_equal(mix, np.clip(sum(stems), -32768, 32767))


async def test_j5_a_late_joiner_hears_a_finished_job(room: Room, url: str, room_name: str) -> None:
    job = await room.generate("bacardi", bars=1, seed=4)
    first = joined(await heard(job))
    async with join(url, room_name, "Kofi") as late:
        assert joined(await heard(late.job(job.id))) == first


async def test_j1_a_bad_key_fails_the_job_with_a_sentence(room: Room) -> None:
    job = await room.generate("x", bars=1, key="H purple")
    with pytest.raises(JobFailedError) as failed:
        await job.done()
    assert failed.value.code == "bad_params"


async def test_j5_an_unknown_model_is_unsupported(room: Room) -> None:
    job = await room.generate("x", bars=1, model="gpt-9")
    with pytest.raises(JobFailedError) as failed:
        await job.done()
    assert failed.value.code == "unsupported"


async def test_e1_a_refused_submit_raises(room: Room) -> None:
    with pytest.raises(RequestRefused, match="needs a prompt") as refused:
        await room.submit("generate", JobParams())
    assert refused.value.code == "bad_params"


async def test_t3_play_moves_the_position(room: Room) -> None:
    made = await room.set_transport(playing=True, tick=3840, bpm=120)
    assert (made.playing, made.bpm, made.by) == (True, 120.0, room.session)
    assert room.view.transports.position(made.anchor_us + 500_000).tick == 3840 + 960


async def test_j2_an_endless_job_goes_on_until_cancelled(room: Room) -> None:
    await room.set_transport(playing=True)
    job = await room.generate("private school")
    got = 0
    async for audio in job.audio():
        got += audio.samples
        if got > BAR and job.state == "running":
            await job.cancel()
    assert job.state == "cancelled"


async def test_a3_steering_begins_a_new_epoch(room: Room) -> None:
    await room.set_transport(playing=True)
    job = await room.generate("private school", seed=1)
    steered = False
    async for audio in job.audio("drums"):
        if not steered and audio.start_sample > BAR:
            await job.steer("sgija, hard, busy")
            steered = True
        if audio.epoch > 0:
            break
    assert audio.epoch == 1
    await job.cancel()


async def test_a3_another_tempo_begins_a_new_epoch(room: Room) -> None:
    await room.set_transport(playing=True)
    job = await room.generate("private school", seed=1)
    changed = False
    async for audio in job.audio():
        if not changed:
            await room.set_transport(bpm=118)
            changed = True
        if audio.epoch > 0:
            break
    assert audio.epoch >= 1
    await job.cancel()


async def test_p_rules_people_are_seen_and_heard(room: Room, url: str, room_name: str) -> None:
    with room.listen(MemberJoined, MemberLeft, Chat) as news:
        async with join(url, room_name, "Kofi") as other:
            await other.chat("Yebo")
            came, said = await anext(news), await anext(news)
        left = await anext(news)
    assert isinstance(came, MemberJoined)
    assert isinstance(said, Chat)
    assert isinstance(left, MemberLeft)
    assert (came.member.name, said.text, left.reason) == ("Kofi", "Yebo", "left")


class Wire:
    """A cable to the hub that can be cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, far_writer}
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_pump(reader, far_writer))
            tasks.create_task(_pump(far_reader, writer))

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while received := await reader.read(65_536):
            writer.write(received)
            await writer.drain()
    writer.close()


@pytest.fixture
async def wire(url: str) -> AsyncIterator[tuple[Wire, str]]:
    made = Wire(int(url.rsplit(":", 1)[1]))
    server = await asyncio.start_server(made.carry, "127.0.0.1", 0)
    yield made, f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    made.cut()
    server.close()


async def test_h4_a_cut_cable_is_survived_by_the_session(wire: tuple[Wire, str], room_name: str) -> None:
    cable, url = wire
    async with asyncio.timeout(30), join(url, room_name, "Thandi") as room:
        session = room.session
        with room.listen(Chat, Welcome) as news:
            await room.chat("before")
            await anext(news)
            cable.cut()
            again = await anext(news)
        assert isinstance(again, Welcome)
        assert (again.session, again.recovered) == (session, True)
        assert [line.text for line in room.view.chat] == ["before"]


async def test_a4_audio_across_a_cut_cable_has_no_gap(wire: tuple[Wire, str], room_name: str) -> None:
    cable, url = wire
    async with asyncio.timeout(60), join(url, room_name, "Thandi") as room:
        job = await room.generate("private school", bars=8, seed=3)
        got: list[Audio] = []
        async for audio in job.audio():
            got.append(audio)
            if len(got) == 5:
                cable.cut()
        assert len(joined(got)) == round(8 * 240 / 112 * 48_000) * 4


def test_the_recorder_writes_what_was_heard(url: str, tmp_path: Path) -> None:
    out = tmp_path / "groove.wav"
    command = [sys.executable, "-m", "logdrum_client.record", "private school", "--url", url, "--bars", "1"]
    done = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    with wave.open(str(out)) as file:
        assert (file.getnframes(), file.getnchannels(), file.getframerate()) == (BAR, 2, 48_000)


def test_the_recorder_says_in_a_sentence_that_there_is_no_hub(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "logdrum_client.record", "x", "--url", "ws://127.0.0.1:1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_a_take_is_overwritten_by_what_a_new_epoch_makes_void() -> None:
    take = Take(4)
    for epoch, start, value in ((0, 0, 1), (0, 2, 1), (1, 1, 2), (1, 3, 3)):
        data = np.full((2, 2), value, "<i2").tobytes()
        take.lay(Audio(stem=None, epoch=epoch, start_sample=start, tick=0.0, data=data))
    assert take._frames[:, 0].tolist() == [1, 2, 2, 3]
