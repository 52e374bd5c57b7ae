"""pycrdt-websocket behind Hypercorn, as its documentation sets it up; it keeps documents in memory alone."""

import asyncio
import socket

from hypercorn import Config
from hypercorn.asyncio import serve
from pycrdt.websocket import ASGIServer, WebsocketServer

from ..talk import say
from .pacing import stdin_lines


async def run() -> None:
    """Serve rooms until stdin ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = Config()
        config.bind = [f"fd://{listening.fileno()}"]
        told = await stdin_lines()
        async with WebsocketServer() as rooms, asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(serve(ASGIServer(rooms), config, mode="asgi"))  # type: ignore[arg-type]
            say(f"listening {listening.getsockname()[1]}")
            await told.read()
            serving.cancel()


if __name__ == "__main__":
    asyncio.run(run())
