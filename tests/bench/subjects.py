"""The servers that are measured: how each is started, reached, and told to broadcast."""

import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from .load import Dialect
from .machine import LOAD_CORE, ROOT, SERVER_CORE, Worker, running

ROOM: Final = "bench"
NODE_PEERS: Final = ROOT / "tests" / "bench" / "peers" / "node"


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A server that runs."""

    pid: int
    url: str
    begin: Callable[[], Awaitable[None]]
    """Start the broadcasts."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A server that can be measured."""

    name: str
    dialect: Dialect
    start: Callable[[int], AbstractAsyncContextManager[Server]]
    """Run it, ready to broadcast so many times a second."""
    missing: Callable[[], str | None] = lambda: None
    """Why it cannot run here, if it cannot."""


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules."""
    return [sys.executable, "-m", module, *arguments]


@asynccontextmanager
async def hub(*, engine: str, folder: Path, cores: set[int]) -> AsyncIterator[tuple[Worker, str]]:
    """Run the hub; yields it and its HTTP address."""
    command = python("logdrum_server", "serve", "--port", "0", "--data", str(folder / "hub"), "--engine", engine)
    async with running("logdrum", command, cores) as worker:
        yield worker, await worker.hear("Logdrum is at ")


def room_url(address: str) -> str:
    """Return where the benchmark's room is, given the hub's HTTP address."""
    return f"{address.rstrip('/').replace('http', 'ws', 1)}/v1/rooms/{ROOM}/ws"


@asynccontextmanager
async def fed_hub(folder: Path, rate_hz: int) -> AsyncIterator[Server]:
    """Run the hub on a folder, and beside it an engine that only paces."""
    queue = folder / "engine.sock"
    async with hub(engine=f"unix:{queue}", folder=folder, cores=SERVER_CORE) as (worker, address):
        url = room_url(address)
        feeder = python("tests.bench.feeder", "--queue", str(queue), "--url", url, "--rate", str(rate_hz))
        async with running("feeder", feeder, LOAD_CORE) as feeding:
            await feeding.hear("ready")

            async def begin() -> None:
                await feeding.tell("go")
                await feeding.hear("going")

            yield Server(pid=worker.pid, url=url, begin=begin)


@asynccontextmanager
async def _logdrum(rate_hz: int) -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory(prefix="logdrum-bench-") as name:
        async with fed_hub(Path(name), rate_hz) as server:
            yield server


def _peer(name: str, command: Sequence[str], path: str = "/") -> Callable[[int], AbstractAsyncContextManager[Server]]:
    @asynccontextmanager
    async def start(rate_hz: int) -> AsyncIterator[Server]:
        async with running(name, [*command, "--rate", str(rate_hz)], SERVER_CORE) as worker:
            port = await worker.hear("listening ")

            async def begin() -> None:
                await worker.tell("go")
                await worker.hear("going")

            yield Server(pid=worker.pid, url=f"ws://127.0.0.1:{port}{path}", begin=begin)

    return start


def node(script: str) -> list[str]:
    """Return the command that runs one of the peers in Node."""
    return ["node", str(NODE_PEERS / script)]


def node_missing() -> str | None:
    """Say why the peers in Node cannot run here, if they cannot."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (NODE_PEERS / "node_modules").is_dir():
        return "run `npm ci` in tests/bench/peers/node first"
    return None


LOGDRUM: Final = Subject(name="logdrum", dialect="logdrum", start=_logdrum)
WEBSOCKETS: Final = Subject(
    name="websockets.broadcast",
    dialect="plain",
    start=_peer("websockets.broadcast", python("tests.bench.peers.websockets_broadcast")),
)
PICOWS: Final = Subject(
    name="picows", dialect="plain", start=_peer("picows", python("tests.bench.peers.picows_broadcast"))
)
WS: Final = Subject(
    name="node ws", dialect="plain", start=_peer("node-ws", node("ws_server.mjs")), missing=node_missing
)
SOCKETIO: Final = Subject(
    name="socket.io",
    dialect="socketio",
    start=_peer("socket.io", node("socketio_server.mjs"), "/socket.io/?EIO=4&transport=websocket"),
    missing=node_missing,
)
