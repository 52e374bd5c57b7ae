"""A hub inside the test's own process, so that a test can hold its clock and look into its rooms."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from logdrum_server.config import Config
from logdrum_server.http import build_app
from logdrum_server.hub import Hub, open_data_folder
from tests.harness import Caller


class InnerHub:
    """A hub and where it is."""

    def __init__(self, hub: Hub, url: str) -> None:
        self.hub = hub
        self.url = url

    async def ask(self, method: str, path: str, **request: Any) -> tuple[int, Any]:
        """Ask over HTTP; return the status and the decoded JSON."""
        async with aiohttp.ClientSession() as http, http.request(method, self.url + path, **request) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else await answer.read()

    async def admin(self, method: str, path: str, **request: Any) -> tuple[int, Any]:
        """Ask the admin API with its key."""
        key = (self.hub.config.data / "admin.key").read_text()
        return await self.ask(method, f"/v1/admin/{path}", headers={"authorization": f"Bearer {key}"}, **request)


async def farewell(caller: Caller) -> int | None:
    """Read on until the hub closes, and say with which code it did, whether or not it waited for an answer."""
    async with asyncio.timeout(20):
        while (frame := await caller.ws.receive()).type is aiohttp.WSMsgType.BINARY:
            pass
    return frame.data if frame.type is aiohttp.WSMsgType.CLOSE else None


@asynccontextmanager
async def inner_hub(data: Path, **config: Any) -> AsyncIterator[InnerHub]:
    """Run a hub without an engine."""
    open_data_folder(data)
    hub = Hub(Config(data=data, engine=None, **config))
    runner = web.AppRunner(build_app(hub), handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    running = asyncio.create_task(hub.run())
    try:
        host, port = runner.addresses[0]
        yield InnerHub(hub, f"http://{host}:{port}")
    finally:
        await runner.cleanup()
        running.cancel()
        await asyncio.wait([running])
        hub.clear()
