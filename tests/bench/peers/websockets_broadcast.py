"""`websockets.broadcast` on uvloop."""

import asyncio

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from ..talk import say
from .pacing import broadcast_when_told, rate_from_command_line


async def run(rate_hz: int) -> None:
    """Serve one room until stdin ends."""
    members: set[ServerConnection] = set()

    async def stay(connection: ServerConnection) -> None:
        members.add(connection)
        try:
            await connection.wait_closed()
        finally:
            members.remove(connection)

    async with serve(stay, "127.0.0.1", 0, compression=None) as server:
        say(f"listening {server.sockets[0].getsockname()[1]}")
        await broadcast_when_told(lambda payload: broadcast(members, payload), rate_hz)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(rate_from_command_line()))
