"""A hub that a test plays by hand: it answers pings by itself, and everything else when told."""

import asyncio
import contextlib
import http
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from logdrum_protocol.client_messages import ClientMessage, ClockPing, Hello
from logdrum_protocol.codec import decode_client_message, encode
from logdrum_protocol.hub_messages import Chunk, ClockPong, HubMessage, Job, StreamOpen, Transport, Welcome
from logdrum_protocol.records import JobParams, Limits, Member

AHEAD_US = 5_000_000_000
"""How far the fake hub's clock is ahead of this machine's."""


def hub_us() -> int:
    return time.monotonic_ns() // 1000 + AHEAD_US


def transport(rev: int = 0, **changes: Any) -> Transport:
    fields: dict[str, Any] = {
        "rev": rev,
        "playing": False,
        "anchor_tick": 0,
        "anchor_us": 0,
        "bpm": 120.0,
        "numerator": 4,
        "denominator": 4,
        "loop": None,
        "by": None,
    }
    return Transport(**fields | changes)


def welcome(**changes: Any) -> Welcome:
    fields: dict[str, Any] = {
        "session": "s1",
        "key": "k1",
        "room": "sunset",
        "role": "owner",
        "epoch": 1,
        "seq": 0,
        "now_us": hub_us(),
        "recovered": False,
        "transport": transport(),
        "members": (Member(session="s1", name="Thandi", color="#112233", role="owner"),),
        "jobs": (),
        "streams": (),
        "limits": Limits(),
    }
    return Welcome(**fields | changes)


def job(state: str = "running", op_id: str | None = None, name: str = "j1", **changes: Any) -> Job:
    fields: dict[str, Any] = {
        "job": name,
        "kind": "generate",
        "by": "s1",
        "state": state,
        "progress": 0.0,
        "params": JobParams(prompt="x"),
        "op_id": op_id,
    }
    return Job(**fields | changes)


def stream(
    stem: str = "drums", epoch: int = 0, start: int = 0, bpm: float = 120.0, samples: int | None = None
) -> StreamOpen:
    return StreamOpen(
        stream=f"j1.{stem}",
        job="j1",
        stem=stem,
        sample_rate=48_000,
        channels=2,
        codec="pcm_s16le",
        anchor_tick=0,
        bpm=bpm,
        epoch=epoch,
        start_sample=start,
        samples=samples,
    )


def samples(start: int, end: int) -> bytes:
    """Samples that tell their address: left and right are its low 15 bits."""
    return b"".join((at & 0x7FFF).to_bytes(2, "little") * 2 for at in range(start, end))


def chunk(start: int, end: int, stem: str = "drums", epoch: int = 0) -> Chunk:
    return Chunk(stream=f"j1.{stem}", epoch=epoch, start_sample=start, samples=end - start, data=samples(start, end))


class Peer:
    """One client as the hub sees it."""

    def __init__(self, socket: ServerConnection, hello: ClientMessage) -> None:
        assert isinstance(hello, Hello)
        self.hello = hello
        self.closed_with: int | None = None
        self._socket = socket
        self._inbox: asyncio.Queue[ClientMessage | None] = asyncio.Queue()

    async def send(self, *messages: HubMessage) -> None:
        for message in messages:
            await self._socket.send(encode(message))

    async def send_bytes(self, frame: bytes) -> None:
        await self._socket.send(frame)

    async def receive(self) -> ClientMessage:
        async with asyncio.timeout(5):
            message = await self._inbox.get()
        assert message is not None, f"the client has left with {self.closed_with}"
        return message

    async def gone(self) -> int | None:
        """Wait until the client has left; returns its close code."""
        async with asyncio.timeout(5):
            while await self._inbox.get() is not None:
                pass
        return self.closed_with

    async def close(self, code: int, reason: str = "") -> None:
        await self._socket.close(code, reason)

    def cut(self) -> None:
        self._socket.transport.abort()

    async def run(self) -> None:
        try:
            async for frame in self._socket:
                assert isinstance(frame, bytes)
                message = decode_client_message(frame)
                if isinstance(message, ClockPing):
                    await self.send(ClockPong(t0=message.t0, received_us=hub_us(), sent_us=hub_us()))
                else:
                    self._inbox.put_nowait(message)
        except ConnectionClosed:
            pass
        finally:
            self.closed_with = self._socket.close_code
            self._inbox.put_nowait(None)


class FakeHub:
    """Made by `fake_hub`."""

    def __init__(self) -> None:
        self.server: Server | None = None
        self.refusal: Response | None = None
        self.fetched: list[tuple[int, int]] = []
        self.holds_audio = True
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"ws://127.0.0.1:{next(iter(self.server.sockets)).getsockname()[1]}"

    async def accept(self, answer: Welcome | None = None) -> Peer:
        """Wait for a client, and let it in."""
        peer = await self.knock()
        await peer.send(answer or welcome())
        return peer

    async def knock(self) -> Peer:
        """Wait for a client, and leave it at the door."""
        async with asyncio.timeout(5):
            return await self._peers.get()

    async def handle(self, socket: ServerConnection) -> None:
        frame = await socket.recv()
        assert isinstance(frame, bytes)
        peer = Peer(socket, decode_client_message(frame))
        self._peers.put_nowait(peer)
        await peer.run()

    def answer_http(self, socket: ServerConnection, request: Request) -> Response | None:
        parts = urlsplit(request.path)
        if "/streams/" not in parts.path:
            return self.refusal
        query = parse_qs(parts.query)
        start, end = int(query["from_sample"][0]), int(query["to_sample"][0])
        self.fetched.append((start, end))
        return respond(200, samples(start, end)) if self.holds_audio else refuse(410, "gone", "No longer kept.")


def respond(status: int, body: bytes) -> Response:
    headers = Headers({"Content-Length": str(len(body)), "Connection": "close"})
    return Response(status, http.HTTPStatus(status).phrase, headers, body)


def refuse(status: int, code: str, message: str) -> Response:
    return respond(status, f'{{"code": "{code}", "message": "{message}"}}'.encode())


@contextlib.asynccontextmanager
async def fake_hub() -> AsyncIterator[FakeHub]:
    hub = FakeHub()
    async with serve(
        hub.handle,
        "127.0.0.1",
        0,
        subprotocols=["logdrum.v1"],  # type: ignore[list-item]
        process_request=hub.answer_http,
        compression=None,
        close_timeout=0.5,
    ) as server:
        hub.server = server
        yield hub
