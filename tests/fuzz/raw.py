"""A socket that speaks WebSocket as badly as it is told to (RFC 6455)."""

import asyncio
import random
from base64 import b64encode
from typing import Self

from tests.harness import RunningHub

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(payload: bytes, opcode: int = BINARY, *, head: int = 0x80, mask: bytes | None = b"\0\0\0\0") -> bytes:
    """One frame; `head` is its first four bits, `mask` None for none."""
    size, masked = len(payload), 0 if mask is None else 0x80
    if size < 126:
        length = bytes((masked | size,))
    elif size < 65_536:
        length = bytes((masked | 126,)) + size.to_bytes(2, "big")
    else:
        length = bytes((masked | 127,)) + size.to_bytes(8, "big")
    body = payload if not mask else bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes((head | opcode,)) + length + (mask or b"") + body


def fragments(dice: random.Random, payload: bytes, most: int = 200) -> list[bytes]:
    """The frames of one message in pieces, with pings between them."""
    cuts = sorted(dice.randrange(len(payload) + 1) for _ in range(min(most, len(payload))))
    pieces = [payload[start:end] for start, end in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
    frames = []
    for number, piece in enumerate(pieces):
        last = 0x80 if number == len(pieces) - 1 else 0
        frames.append(frame(piece, CONTINUATION if number else BINARY, head=last, mask=dice.randbytes(4)))
        if dice.random() < 0.2:
            frames.append(frame(dice.randbytes(dice.randrange(126)), PING))
    return frames


class RawSocket:
    """A TCP connection to a hub."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, hub: RunningHub) -> Self:
        host, _, port = hub.url.removeprefix("http://").partition(":")
        return cls(*await asyncio.open_connection(host, int(port), limit=2**16))

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def upgrade(self, hub: RunningHub, room: str, *more: str) -> None:
        """Become a WebSocket; what the hub says to it is left in the buffer after its headers."""
        key = b64encode(bytes(16)).decode()
        lines = [
            f"GET /v1/rooms/{room}/ws HTTP/1.1",
            f"Host: {hub.url.removeprefix('http://')}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Protocol: logdrum.v1",
            *more,
        ]
        await self.send("\r\n".join([*lines, "", ""]).encode())
        answer = await self.reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 "), answer

    async def drain_all(self) -> int:
        """Read until the hub closes; how many bytes that was."""
        count = 0
        while block := await self.reader.read(2**16):
            count += len(block)
        return count

    def cut(self) -> None:
        """Vanish, with a reset."""
        self.writer.transport.abort()
