"""An engine that a test plays itself: it says what the test says, and keeps what the hub asks (Q)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from logdrum_protocol.codec import decode_to_engine, encode
from logdrum_protocol.engine_messages import AssetChecked, CheckAsset, EngineReady, FromEngine, Heartbeat, ToEngine
from logdrum_protocol.framing import MAX_FRAME_BYTES, FrameSplitter, frame
from tests.harness import RunningHub, running_hub

M = TypeVar("M")
_BEAT_S = 0.5


class ScriptedEngine:
    """The engine's end of the queue; uploads are all sounds of the length that it is told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, samples: int) -> None:
        self._reader = reader
        self._writer = writer
        self._samples = samples
        self._asked: asyncio.Queue[ToEngine] = asyncio.Queue()

    async def say(self, *messages: FromEngine) -> None:
        for message in messages:
            self._writer.write(frame(encode(message)))
            await self._writer.drain()

    async def asked(self, kind: type[M], accept: Callable[[M], bool] = lambda _: True) -> M:
        """The next command of a kind; what comes before it is passed over."""
        async with asyncio.timeout(20):
            while True:
                command = await self._asked.get()
                if isinstance(command, kind) and accept(command):
                    return command

    async def beat(self) -> None:
        while True:
            await self.say(Heartbeat(step_us=0, jobs=0))
            await asyncio.sleep(_BEAT_S)

    async def listen(self) -> None:
        splitter = FrameSplitter()
        while received := await self._reader.read(256 * 1024):
            for payload in splitter.feed(received):
                await self._take(decode_to_engine(payload, MAX_FRAME_BYTES))

    async def _take(self, command: ToEngine) -> None:
        if isinstance(command, CheckAsset):
            await self.say(AssetChecked(asset=command.asset, samples=self._samples, sample_rate=48_000, channels=2))
        else:
            self._asked.put_nowait(command)


@asynccontextmanager
async def engine_at(socket: Path, ready: EngineReady, samples: int) -> AsyncIterator[ScriptedEngine]:
    """Be the engine of the hub at this socket."""
    while not socket.exists():  # noqa: ASYNC110  # once, while the hub starts
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_unix_connection(socket)
    engine = ScriptedEngine(reader, writer, samples)
    try:
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(engine.listen())
            await engine.say(ready)
            beating = tasks.create_task(engine.beat())
            yield engine
            beating.cancel()
            listening.cancel()
    finally:
        writer.close()


@asynccontextmanager
async def scripted_hub(
    folder: Path, ready: EngineReady, samples: int
) -> AsyncIterator[tuple[RunningHub, ScriptedEngine]]:
    """A hub whose engine the test plays."""
    socket = folder / "engine"
    with running_hub(folder, "--engine", f"unix:{socket}") as hub:
        async with engine_at(socket, ready, samples) as engine:
            yield hub, engine
