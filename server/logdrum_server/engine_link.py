"""The engine's end of the hub: a Unix socket, a supervised process, and nothing that can hang (Q1, Q5)."""

import asyncio
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from logdrum_protocol.codec import decode_from_engine, encode
from logdrum_protocol.engine_messages import (
    AssetChecked,
    CheckAsset,
    EngineReady,
    FromEngine,
    Heartbeat,
    JobAudio,
    MixRendered,
    RenderMix,
    StopMix,
    ToEngine,
)
from logdrum_protocol.errors import ProtocolError
from logdrum_protocol.framing import MAX_FRAME_BYTES, FrameSplitter, frame
from logdrum_server.config import EngineChoice, LocalEngine, OuterEngine
from logdrum_server.core.restarts import Backoff
from logdrum_server.errors import EngineUnavailable, StartError

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_SILENCE_S: Final = 3.0
_START_S: Final = 60.0
_CHECK_S: Final = 60.0
_MIX_S: Final = 900.0
_READY_S: Final = 10.0
_STOP_S: Final = 2.0
_LONGEST_STEP_US: Final = 30_000_000
_MAX_UNSENT_BYTES: Final = 4 * 1024 * 1024
_READ_BYTES: Final = 256 * 1024


class EngineLink:
    """Keeps one engine connected; tells the hub what it says and when it is lost."""

    def __init__(self, choice: EngineChoice, *, hear: Callable[[FromEngine], None], lost: Callable[[], None]) -> None:
        self._choice = choice
        self._hear = hear
        self._lost = lost
        self._writer: asyncio.StreamWriter | None = None
        self._checks: dict[str, asyncio.Future[AssetChecked]] = {}
        self._mixes: dict[str, asyncio.Future[MixRendered]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self.restarts = 0

    async def run(self) -> None:
        """Listen, and keep an engine alive where it is ours to start; ends only by cancellation."""
        if self._choice is None:
            return
        with tempfile.TemporaryDirectory(prefix="logdrum-") as folder:
            outer = isinstance(self._choice, OuterEngine)
            path = self._choice.path if isinstance(self._choice, OuterEngine) else Path(folder) / "engine"
            try:
                server = await asyncio.start_unix_server(self._serve, path)
            except OSError as fault:
                raise StartError(f"The engine's socket {path} cannot be opened: {fault.strerror}.") from fault
            async with server:
                await (server.serve_forever() if outer else self._supervise(path))

    async def _supervise(self, path: Path) -> None:
        backoff, loop = Backoff(), asyncio.get_running_loop()
        while True:
            started_s = loop.time()
            await self._run_process(path)
            delay_s = backoff.next_delay_s(loop.time() - started_s)
            self.restarts += 1
            log.warning("engine stopped; starting another", extra={"delay_s": delay_s})
            await asyncio.sleep(delay_s)

    async def _run_process(self, path: Path) -> None:
        command = engine_command(self._choice, path)
        self._process = process = await asyncio.create_subprocess_exec(*command, start_new_session=True)
        watchdog = asyncio.get_running_loop().call_later(_START_S, self._kill_unless_connected, process)
        try:
            log.info("engine started", extra={"pid": process.pid})
            await process.wait()
        finally:
            watchdog.cancel()
            await _end(process)

    def _kill_unless_connected(self, process: asyncio.subprocess.Process) -> None:
        if self._writer is None and process.returncode is None:
            log.error("engine did not connect; it is stopped")
            process.kill()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            log.warning("a second engine was turned away")
            writer.close()
            return
        self._writer = writer
        try:
            await self._listen(reader)
        except TimeoutError:
            log.error("engine is silent; it is stopped")
        except (ProtocolError, ConnectionError) as fault:
            log.error("engine connection failed", extra={"reason": str(fault)})
        except Exception:
            log.exception("engine message could not be carried out")
        finally:
            self._disconnect(writer)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        splitter = FrameSplitter()
        async with asyncio.timeout(_START_S) as patience:
            while received := await reader.read(_READ_BYTES):
                for payload in splitter.feed(received):
                    self._dispatch(decode_from_engine(payload, MAX_FRAME_BYTES), patience)

    def _dispatch(self, message: FromEngine, patience: asyncio.Timeout) -> None:
        match message:
            case JobAudio():
                self._hear(message)
            case Heartbeat() if message.step_us > _LONGEST_STEP_US:
                raise TimeoutError
            case Heartbeat():
                patience.reschedule(asyncio.get_running_loop().time() + _SILENCE_S)
            case AssetChecked():
                _answer(self._checks.pop(message.asset, None), message)
            case MixRendered():
                _answer(self._mixes.pop(message.mix, None), message)
            case EngineReady():
                self._ready.set()
                patience.reschedule(asyncio.get_running_loop().time() + _SILENCE_S)
                log.info("engine ready", extra={"pid": message.pid, "generators": ",".join(message.generators)})
                self._hear(message)
            case _:
                self._hear(message)

    def _disconnect(self, writer: asyncio.StreamWriter) -> None:
        self._writer = None
        self._ready.clear()
        writer.close()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        for check in self._checks.values():
            check.cancel()
        for mix in self._mixes.values():
            mix.cancel()
        self._checks.clear()
        self._mixes.clear()
        self._lost()

    def send(self, message: ToEngine) -> None:
        """Send to the engine; one that does not read is cut off, and its jobs go to the next."""
        if self._writer is None:
            return
        if self.unsent_bytes() > _MAX_UNSENT_BYTES:
            self._writer.transport.abort()
            return
        self._writer.write(frame(encode(message)))

    def unsent_bytes(self) -> int:
        """How much the engine has not read yet."""
        return 0 if self._writer is None else self._writer.transport.get_write_buffer_size()

    async def _until_ready(self) -> None:
        if self._choice is None:
            raise EngineUnavailable("This hub runs without an engine, and can neither check nor mix sounds.")
        try:
            async with asyncio.timeout(_READY_S):
                await self._ready.wait()
        except TimeoutError as fault:
            raise EngineUnavailable("No engine is running at this moment; try again in a while.") from fault

    async def check_asset(self, asset: str, path: Path) -> AssetChecked:
        """Have the engine open a stored file; raises `EngineUnavailable`."""
        await self._until_ready()
        waiting = self._checks.get(asset) or asyncio.get_running_loop().create_future()
        self._checks[asset] = waiting
        self.send(CheckAsset(asset=asset, path=str(path)))
        try:
            async with asyncio.timeout(_CHECK_S):
                return await asyncio.shield(waiting)
        except (TimeoutError, asyncio.CancelledError) as fault:
            if isinstance(fault, asyncio.CancelledError) and not waiting.cancelled():
                raise  # the request itself was cancelled, not the check
            raise EngineUnavailable("The engine stopped before it could check the sound; try again.") from fault

    async def render_mix(self, order: RenderMix) -> MixRendered:
        """Have the engine render stored sounds to files; raises `EngineUnavailable` (Q8)."""
        await self._until_ready()
        waiting = self._mixes[order.mix] = asyncio.get_running_loop().create_future()
        self.send(order)
        try:
            async with asyncio.timeout(_MIX_S):
                return await asyncio.shield(waiting)
        except TimeoutError as fault:
            raise EngineUnavailable(f"The mix took longer than {_MIX_S / 60:.0f} minutes, and was given up.") from fault
        except asyncio.CancelledError as fault:
            if not waiting.cancelled():
                raise  # the request itself was cancelled, not the mix
            raise EngineUnavailable("The engine stopped before the mix was done; try again.") from fault
        finally:
            if self._mixes.pop(order.mix, None) is not None:  # given up: the engine need not go on
                self.send(StopMix(mix=order.mix))


def engine_command(choice: EngineChoice, path: Path) -> tuple[str, ...]:
    """How the hub's own engine is started."""
    models = choice.models if isinstance(choice, LocalEngine) else None
    options = () if models is None else ("--models", str(models))
    return (sys.executable, "-m", "logdrum_engine", "run", "--connect", str(path), *options)


def _answer(waiting: asyncio.Future[Answer] | None, message: Answer) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(message)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to stop, and make sure."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
