"""A real hub in its own process, and a raw connection to it, for tests at the boundary."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp

from logdrum_protocol import SUBPROTOCOL, ClientMessage, HubMessage, decode_hub_message, encode
from logdrum_protocol.client_messages import Hello
from logdrum_protocol.hub_messages import Error, Welcome

ROOT = Path(__file__).parents[1]
M = TypeVar("M")
_MAX_BYTES = 64 * 1024 * 1024  # the limit is for clients; a great room's welcome is great


class RunningHub:
    """A hub process and where it is."""

    def __init__(self, process: "subprocess.Popen[str]", url: str, data: Path, log: Path) -> None:
        self.process = process
        self.url = url
        self.data = data
        self._log = log

    @property
    def log(self) -> str:
        """What the hub has written to its standard error."""
        return self._log.read_text()

    def engine_pid(self) -> int:
        """The process id of the engine that is ready now."""
        lines = [line for line in self.log.splitlines() if "engine ready" in line]
        return int(lines[-1].split("pid=")[1].split()[0])

    def stop(self, timeout_s: float = 15) -> int:
        """Ask the hub to stop and wait for it."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)


@contextmanager
def running_hub(
    folder: Path, *options: str, port: int = 0, preexec: Callable[[], None] | None = None
) -> Iterator[RunningHub]:
    """Start `logdrum serve` and stop it at the end; its URL is read from the line it prints."""
    log = folder / f"hub-{len(list(folder.iterdir()))}.log"
    data = folder / "data"
    command = [sys.executable, "-m", "logdrum_server", "serve", "--port", str(port), "--data", str(data), *options]
    with log.open("w") as stderr:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=ROOT, preexec_fn=preexec
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Logdrum is at "), log.read_text()
        yield RunningHub(process, line.split()[-1], data, log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        if process.stdout is not None:
            process.stdout.close()


class Caller:
    """One raw WebSocket: sends anything, and keeps all that comes."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.seen: list[HubMessage] = []

    async def send(self, message: ClientMessage) -> Self:
        await self.ws.send_bytes(encode(message))
        return self

    async def next(self) -> HubMessage:
        """The next message, whatever it is; raises EOFError where the hub closes."""
        async with asyncio.timeout(20):
            frame = await self.ws.receive()
        if frame.type is not aiohttp.WSMsgType.BINARY:
            raise EOFError(f"closed with {self.ws.close_code}")
        message = decode_hub_message(frame.data, _MAX_BYTES)
        self.seen.append(message)
        return message

    async def until(self, kind: type[M], accept: Callable[[M], bool] = lambda _: True) -> M:
        """The next message of a kind that is accepted; what comes before it is passed over."""
        while True:
            message = await self.next()
            if isinstance(message, kind) and accept(message):
                return message

    async def close_code(self) -> int | None:
        """Read on until the hub closes, and say with which code."""
        try:
            while True:
                await self.next()
        except EOFError:
            return self.ws.close_code

    def _transport(self) -> asyncio.Transport:
        connection = self.ws._response.connection
        assert connection is not None
        assert isinstance(connection.transport, asyncio.Transport)
        return connection.transport

    def vanish(self) -> None:
        """Cut the connection without a farewell: the laptop's lid."""
        self._transport().abort()

    def stall(self) -> None:
        """Read no more, for good."""
        self._transport().pause_reading()

    async def error(self) -> Error:
        return await self.until(Error)


def _small_socket(address: Any) -> socket.socket:
    """A socket whose kernel buffer fills soon when nobody reads."""
    made = socket.socket(address[0], address[1], address[2])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    return made


@asynccontextmanager
async def call(hub: RunningHub, room: str = "sunset") -> AsyncIterator[Caller]:
    """Open a WebSocket without saying hello."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=_small_socket)) as session,
        session.ws_connect(f"{hub.url}/v1/rooms/{room}/ws", protocols=[SUBPROTOCOL], max_msg_size=0) as ws,
    ):
        yield Caller(ws)


@asynccontextmanager
async def joined(hub: RunningHub, room: str = "sunset", **hello: Any) -> AsyncIterator[tuple[Caller, Welcome]]:
    """Open a WebSocket and join the room."""
    async with call(hub, room) as caller:
        await caller.send(Hello(**{"name": "Thandi", **hello}))
        yield caller, await caller.until(Welcome)


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z" and os.path.exists(f"/proc/{pid}")
