import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logdrum_engine.errors import LinkError, ModelError
from logdrum_engine.link import Config, run
from logdrum_protocol.codec import decode_from_engine, encode
from logdrum_protocol.engine_messages import (
    AssetChecked,
    CheckAsset,
    EngineReady,
    FromEngine,
    Heartbeat,
    JobAudio,
    JobStarted,
    ToEngine,
)
from logdrum_protocol.framing import FrameSplitter, frame
from tests.engine.tone import BLOCK, credit, start, tone_models


class FakeHub:
    """The hub's end of the local queue."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._accepted: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self._splitter = FrameSplitter()
        self._messages: list[FromEngine] = []

    async def listen(self) -> asyncio.Server:
        return await asyncio.start_unix_server(lambda r, w: self._accepted.put_nowait((r, w)), self.path)

    async def accept(self) -> None:
        async with asyncio.timeout(20):
            self.reader, self.writer = await self._accepted.get()

    def send(self, *messages: ToEngine) -> None:
        for message in messages:
            self.writer.write(frame(encode(message)))

    async def receive(self) -> FromEngine:
        async with asyncio.timeout(20):
            while not self._messages:
                received = await self.reader.read(65536)
                assert received, "the engine hung up"
                self._messages += [decode_from_engine(payload) for payload in self._splitter.feed(received)]
        return self._messages.pop(0)

    async def receive_until(self, kind: type[FromEngine]) -> list[FromEngine]:
        seen = [await self.receive()]
        while not isinstance(seen[-1], kind):
            seen.append(await self.receive())
        return seen


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[FakeHub]:
    made = FakeHub(tmp_path / "queue.sock")
    server = await made.listen()
    yield made
    server.close()


def config(path: Path) -> Config:
    return Config(socket=path, version="1", load=tone_models)


async def test_q1_ready_then_heartbeats(hub: FakeHub) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(config(hub.path)))
        await hub.accept()
        first, second = await hub.receive(), await hub.receive()
        hub.writer.close()
    assert isinstance(first, EngineReady)
    assert isinstance(second, Heartbeat)


async def test_q2_audio_follows_the_start_of_a_job(hub: FakeHub) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(config(hub.path)))
        await hub.accept()
        hub.send(start(credit=0), credit("j1", BLOCK))
        seen = await hub.receive_until(JobAudio)
        hub.writer.close()
    assert [m.stems for m in seen if isinstance(m, JobStarted)] == [("low", "high")]
    assert isinstance(seen[-1], JobAudio)
    assert len(seen[-1].data) == BLOCK * 4


async def test_q6_an_asset_check_is_answered(hub: FakeHub, tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(config(hub.path)))
        await hub.accept()
        hub.send(CheckAsset(asset="a" * 64, path=str(tmp_path / "missing.wav")))
        seen = await hub.receive_until(AssetChecked)
        hub.writer.close()
    assert seen[-1] == AssetChecked(asset="a" * 64, error="The file is not there.")


async def test_the_engine_ends_when_the_hub_closes_the_socket(hub: FakeHub) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(run(config(hub.path)))
        await hub.accept()
        hub.send(start(credit=10**9))
        await hub.receive_until(JobAudio)
        hub.writer.transport.abort()


async def test_no_hub_is_a_link_error(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="There is no hub at"):
        await run(config(tmp_path / "none.sock"))


async def test_bytes_that_are_no_message_are_a_link_error(hub: FakeHub) -> None:
    async with asyncio.TaskGroup() as tasks:
        engine = tasks.create_task(_outcome(config(hub.path)))
        await hub.accept()
        hub.writer.write(frame(b"\xc1"))
    assert isinstance(engine.result(), LinkError)


async def test_models_that_break_are_a_model_error(hub: FakeHub) -> None:
    broken = Config(socket=hub.path, version="1", load=lambda: {}[""])
    async with asyncio.TaskGroup() as tasks:
        engine = tasks.create_task(_outcome(broken))
        await hub.accept()
    assert isinstance(engine.result(), ModelError)


async def _outcome(settings: Config) -> Exception | None:
    try:
        await run(settings)
    except (LinkError, ModelError) as fault:
        return fault
    return None


async def _spawn(hub: FakeHub) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "logdrum_engine", "run", "--connect", str(hub.path), "--log-level", "error"]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    await hub.accept()
    return process


async def test_the_process_leaves_quietly_on_sigterm(hub: FakeHub) -> None:
    process = await _spawn(hub)
    await hub.receive_until(EngineReady)
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")


async def test_the_process_plays_groove_and_ends_with_its_hub(hub: FakeHub) -> None:
    process = await _spawn(hub)
    hub.send(start(credit=10**9))
    await hub.receive_until(JobAudio)
    hub.writer.transport.abort()
    async with asyncio.timeout(10):
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
