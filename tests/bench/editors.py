"""The servers of documents that are edited together: how each is started on a folder, and what it promises to keep."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from .machine import SERVER_CORE, Worker, running
from .subjects import NODE_PEERS, ROOM, hub, node, node_missing, python, room_url
from .wires import WireName


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """A server that runs, and where its room is."""

    worker: Worker
    url: str


Start: TypeAlias = Callable[[Path], AbstractAsyncContextManager[Serving]]


class Editor(msgspec.Struct, frozen=True, kw_only=True):
    """A server that can be measured."""

    name: str
    wire: WireName
    start: Start
    """Run it on a folder, which may hold what it kept there before."""
    keeps: bool
    """Whether it keeps anything on disk."""
    missing: Callable[[], str | None] = lambda: None
    """Why it cannot run here, if it cannot."""


@asynccontextmanager
async def _logdrum(folder: Path) -> AsyncIterator[Serving]:
    async with hub(engine="none", folder=folder, cores=SERVER_CORE) as (worker, address):
        yield Serving(worker=worker, url=room_url(address))


def _peer(log: str, command: Sequence[str], *, keeps: bool) -> Start:
    @asynccontextmanager
    async def start(folder: Path) -> AsyncIterator[Serving]:
        data = ["--data", str(folder)] if keeps else []
        async with running(log, [*command, *data], SERVER_CORE) as worker:
            yield Serving(worker=worker, url=f"ws://127.0.0.1:{await worker.hear('listening ')}/{ROOM}")

    return start


def _of_node(package: str, log: str, script: str, wire: WireName, store: str | None = None) -> Editor:
    return Editor(
        name=" ".join([_named(package, log), *([] if store is None else ["+", store])]),
        wire=wire,
        start=_peer(log, node(script), keeps=store is not None),
        keeps=store is not None,
        missing=node_missing,
    )


def _named(package: str, name: str) -> str:
    described = NODE_PEERS / "node_modules" / package / "package.json"
    if not described.is_file():
        return name
    return f"{name} {msgspec.json.decode(described.read_bytes())['version']}"


def _python_version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package


LOGDRUM: Final = Editor(name="logdrum", wire="logdrum", start=_logdrum, keeps=True)
HOCUSPOCUS: Final = _of_node("@hocuspocus/server", "hocuspocus", "hocuspocus_server.mjs", "hocuspocus", "sqlite")
Y_WEBSOCKET: Final = _of_node("y-websocket", "y-websocket", "y_websocket_server.mjs", "yjs")
Y_LEVELDB: Final = _of_node("y-websocket", "y-websocket", "y_websocket_server.mjs", "yjs", "leveldb")
PYCRDT: Final = Editor(
    name=_python_version("pycrdt-websocket"),
    wire="yjs",
    start=_peer("pycrdt-websocket", python("tests.bench.peers.pycrdt_websocket_server"), keeps=False),
    keeps=False,
)
EDITORS: Final = (LOGDRUM, HOCUSPOCUS, Y_LEVELDB, Y_WEBSOCKET, PYCRDT)
