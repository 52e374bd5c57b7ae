"""The engine's end of the local queue: moves messages between the hub's socket and the threads (Q rules)."""

import asyncio
import contextlib
import logging
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, assert_never

import msgspec

from logdrum_engine.assets import AssetChecker, AssetExchange
from logdrum_engine.errors import EngineError, LinkError, ModelError
from logdrum_engine.exchange import Closed, Exchange
from logdrum_engine.mixdown import Mixer, MixExchange
from logdrum_engine.models import Model
from logdrum_engine.scorer import ScoreExchange, Scorer
from logdrum_engine.separating.desk import FINISHED_LIMIT, SeparationCommand
from logdrum_engine.separating.shelf import Shelf
from logdrum_engine.separating.worker import COMMAND_LIMIT, SeparationExchange, Separations
from logdrum_engine.worker import ModelExchange, Worker
from logdrum_protocol.bounds import JobKind
from logdrum_protocol.codec import decode_to_engine, encode
from logdrum_protocol.engine_messages import (
    CheckAsset,
    EndFeed,
    EngineReady,
    FeedJob,
    FromEngine,
    GrantCredit,
    Heartbeat,
    JobDone,
    JobFailed,
    RenderFrom,
    RenderMix,
    StartJob,
    StopJob,
    StopMix,
    WriteNotes,
)
from logdrum_protocol.errors import ProtocolError
from logdrum_protocol.framing import MAX_FRAME_BYTES, FrameSplitter, frame

log = logging.getLogger(__name__)

HEARTBEAT_S: Final = 0.5
_CONNECT_TIMEOUT_S: Final = 5.0
_WRITE_TIMEOUT_S: Final = 10.0
_JOIN_TIMEOUT_S: Final = 0.5
_READ_BYTES: Final = 64 * 1024


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All that `logdrum-engine run` needs to know."""

    socket: Path
    version: str
    load: Callable[[], Mapping[str, Model]]
    separators: Shelf = Shelf()


class _Finished(Exception):  # ends the task group: the hub has gone, or we were told to go
    pass


async def run(config: Config) -> None:
    """Serve one hub until it closes the socket or a signal comes; raise `EngineError` where that went wrong."""
    reader, writer = await _connect(config.socket)
    link = Link(reader, writer, config)
    try:
        with _stop_signals(link.stop):
            await link.serve()
    finally:
        writer.close()


class Kinds:
    """What each job is, so that messages about it go to the thread that has it; one nobody began is music."""

    def __init__(self) -> None:
        self._kinds: dict[str, JobKind] = {}
        """Of jobs that are no music."""
        self._done: deque[str] = deque()
        """Separations that are done; their notes may still be asked for."""

    def of(self, message: SeparationCommand) -> JobKind:
        """Tell from its beginning on, and up to its stop, what a job is."""
        if isinstance(message, StartJob) and message.kind != "generate":
            self._kinds[message.job] = message.kind
        kind = self._kinds.get(message.job, "generate")
        if isinstance(message, StopJob):
            self._kinds.pop(message.job, None)
        return kind

    def end(self, message: JobDone | JobFailed) -> None:
        """Forget a job that has ended, or one that did so long ago."""
        if isinstance(message, JobDone) and self._kinds.get(message.job) == "separate":
            self._done.append(message.job)
        else:
            self._kinds.pop(message.job, None)
        while len(self._done) > FINISHED_LIMIT:
            self._kinds.pop(self._done.popleft(), None)


class Link:
    """One connection to a hub."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, config: Config) -> None:
        self._reader = reader
        self._writer = writer
        loop = asyncio.get_running_loop()
        self._music: ModelExchange = Exchange(loop)
        self._assets: AssetExchange = Exchange(loop)
        self._mixes: MixExchange = Exchange(loop)
        self._scores: ScoreExchange = Exchange(loop)
        self._separated: SeparationExchange = Exchange(loop, commands=COMMAND_LIMIT)
        self._exchanges = (self._music, self._assets, self._mixes, self._scores, self._separated)
        self._worker = Worker(self._music, config.load, config.version, config.separators.names)
        self._separations = Separations(self._separated, config.separators)
        self._beside = (AssetChecker(self._assets), Mixer(self._mixes), Scorer(self._scores))
        """What works beside the model thread."""
        self._kinds = Kinds()
        self._ready = asyncio.Event()
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Ask `serve` to return."""
        self._stop.set()

    async def serve(self) -> None:
        """Move messages both ways until one side ends."""
        for thread in (self._worker, *self._beside):
            thread.start()
        try:
            await self._move()
        finally:
            for exchange in self._exchanges:
                exchange.close()
            self._worker.join(_JOIN_TIMEOUT_S)
            self._separations.join(_JOIN_TIMEOUT_S)

    async def _move(self) -> None:
        faults: list[Exception] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read())
                for exchange in self._exchanges:
                    tasks.create_task(self._forward(exchange.receive))
                tasks.create_task(self._beat())
                tasks.create_task(self._wait_for_stop())
        except* (_Finished, ConnectionError):  # the hub closed, or died while we wrote
            log.info("link finished")
        except* EngineError as group:
            faults += group.exceptions
        if faults:
            raise faults[0]

    async def _read(self) -> None:
        splitter = FrameSplitter()
        # No timeout: a hub may have nothing to say for hours, and its end closes the socket.
        while received := await self._reader.read(_READ_BYTES):
            try:
                for payload in splitter.feed(received):
                    await self._take(payload)
            except ProtocolError as fault:
                raise LinkError(f"The hub sent what is no message: {fault.message}") from fault
        raise _Finished

    async def _take(self, payload: bytes) -> None:
        message = decode_to_engine(payload, MAX_FRAME_BYTES)
        match message:
            case StartJob() | RenderFrom() | GrantCredit() | FeedJob() | EndFeed() | StopJob() | WriteNotes():
                await self._hand_on(message)
            case CheckAsset():
                await self._assets.send(message)
            case RenderMix() | StopMix():
                await self._mixes.send(message)
            case _:
                assert_never(message)

    async def _hand_on(self, message: SeparationCommand) -> None:
        """Give a message to the thread that has its job; one that such a job has no use for is for nobody."""
        match self._kinds.of(message):
            case "separate":
                await self._separated.send(message)
            case "score":
                if isinstance(message, StartJob | StopJob):
                    await self._scores.send(message)
            case "generate":
                if not isinstance(message, FeedJob | EndFeed):
                    await self._music.send(message)

    async def _forward(self, receive: Callable[[], Awaitable[FromEngine]]) -> None:
        try:
            while True:
                message = await receive()
                if isinstance(message, JobDone | JobFailed):
                    self._kinds.end(message)
                await self._write(message)
                if isinstance(message, EngineReady):
                    self._ready.set()
                    self._separations.start()  # not before: what it loads at once would keep the music from loading
        except Closed as end:
            raise ModelError("The engine's models could not be loaded or broke; its log says why.") from end

    async def _beat(self) -> None:
        await self._ready.wait()  # Q1: engine.ready comes first
        while True:
            await self._write(Heartbeat(step_us=self._worker.step_us, jobs=self._worker.jobs + self._separations.jobs))
            await asyncio.sleep(HEARTBEAT_S)

    async def _wait_for_stop(self) -> None:
        await self._stop.wait()
        raise _Finished

    async def _write(self, message: FromEngine) -> None:
        try:
            self._writer.write(frame(encode(message)))
            async with asyncio.timeout(_WRITE_TIMEOUT_S):
                await self._writer.drain()
        except TimeoutError as fault:
            raise LinkError("The hub has stopped reading.") from fault


async def _connect(socket: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            return await asyncio.open_unix_connection(socket)
    except (OSError, TimeoutError) as fault:
        raise LinkError(f"There is no hub at {socket}.") from fault


@contextlib.contextmanager
def _stop_signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
