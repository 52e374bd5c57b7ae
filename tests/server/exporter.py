"""A hub with the addresses of exports, in the test's own process, and someone who asks for them."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from logdrum_protocol.hub_messages import Event
from logdrum_server.config import Config
from logdrum_server.entry import HUB
from logdrum_server.exports.routes import WORK_FOLDER, add_export_routes
from logdrum_server.http import _errors
from logdrum_server.hub import Hub, open_data_folder
from tests.server.export_cases import KICK, SONG, SOUND, keep

Answer = tuple[int, bytes, Any]


class Exporter:
    """A hub with the addresses of exports, and someone who asks for them."""

    def __init__(self, hub: Hub, server: TestServer, http: aiohttp.ClientSession) -> None:
        self.hub = hub
        self.server = server
        self.url = str(server.make_url("")).rstrip("/")
        self._http = http

    async def get(self, file: str, room: str = "sunset", **headers: str) -> Answer:
        async with self._http.get(f"{self.url}/v1/rooms/{room}/export/{file}", headers=headers) as answer:
            return answer.status, await answer.read(), answer.headers

    async def post(
        self, body: bytes | AsyncIterator[bytes], room: str = "copy", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        url = f"{self.url}/v1/rooms/{room}/import"
        async with self._http.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def room_file(self, room: str = "sunset") -> dict[str, bytes]:
        status, body, _ = await self.get(f"{room}.logdrum", room)
        assert status == 200
        with ZipFile(io.BytesIO(body)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    async def keep(self, *events: Event, room: str = "sunset", checkpoint: int | None = None) -> None:
        await keep(self.hub.storage, events or SONG, room, checkpoint)
        self.hub.assets.note(room, KICK)
        self.hub.assets.path(KICK.asset).write_bytes(SOUND)

    @property
    def leftovers(self) -> list[Path]:
        """What is still in the folder where files are made."""
        return list((self.hub.config.data / WORK_FOLDER).iterdir())


@asynccontextmanager
async def exporting(data: Path, **options: Any) -> AsyncIterator[Exporter]:
    data.mkdir(exist_ok=True)
    open_data_folder(data)
    hub = Hub(Config(data=data, **({"engine": None} | options)))
    app = web.Application(middlewares=[_errors])
    app[HUB] = hub
    add_export_routes(app)
    server = TestServer(app, handler_cancellation=True)  # as `serve` has it
    async with asyncio.TaskGroup() as tasks, server, aiohttp.ClientSession() as http:
        running = tasks.create_task(hub.run())
        yield Exporter(hub, server, http)
        running.cancel()
