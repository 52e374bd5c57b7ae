"""picows on uvloop: its own send, to each member in turn."""

import asyncio

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from ..talk import say
from .pacing import broadcast_when_told, rate_from_command_line

members: set[WSTransport] = set()


class Member(WSListener):
    """One connection of the room."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Join."""
        members.add(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answer a close; subscribers send nothing else."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close()
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leave."""
        members.discard(transport)


def _admit(_request: WSUpgradeRequest) -> Member:
    return Member()


def _send_to_all(payload: bytes) -> None:
    for transport in members:
        transport.send(WSMsgType.BINARY, payload)


async def run(rate_hz: int) -> None:
    """Serve one room until stdin ends."""
    server = await ws_create_server(_admit, "127.0.0.1", 0)
    say(f"listening {server.sockets[0].getsockname()[1]}")
    await broadcast_when_told(_send_to_all, rate_hz)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(rate_from_command_line()))
