"""Attacks beneath the messages: frames, handshakes and sockets that are not as they should be (C1, C2, C7)."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from logdrum_protocol import bounds as b
from logdrum_protocol import client_messages as c
from logdrum_protocol import encode
from logdrum_protocol.document import Op, Props
from tests.fuzz import raw
from tests.fuzz.arena import Arena, Attack, fresh

_HELLO: Final = encode(c.Hello(name="Nobody"))


async def vanish_in_the_middle(arena: Arena) -> None:
    """Cut off within a frame, within a message, within the handshake."""
    socket = await raw.RawSocket.connect(arena.hub)
    try:
        await socket.upgrade(arena.hub, arena.room)
        edit = encode(c.Edit(op_id="e", ops=(Op(op="put", kind="track", id=fresh(arena)),)))
        whole = raw.frame(_HELLO) + raw.frame(edit) * arena.dice.randint(1, 50)
        await socket.send(whole[: arena.dice.randrange(len(whole))])
        await asyncio.sleep(arena.dice.choice((0, 0.02)))
    finally:
        socket.cut()


async def send_pieces(arena: Arena) -> None:
    """A right message in hundreds of fragments, pings between them."""
    async with _upgraded(arena) as socket:
        for number in range(5):
            made = Op(op="put", kind="marker", id=fresh(arena), props=Props(tick=0, text="x" * 500))
            gone = Op(op="delete", kind="marker", id=made.id)
            await socket.send(*raw.fragments(arena.dice, encode(c.Edit(op_id=f"p{number}", ops=(made, gone)))))
        await socket.send(*[raw.frame(b"x", raw.CONTINUATION if n else raw.BINARY, head=0) for n in range(3000)])


async def break_the_rules(arena: Arena) -> None:
    """Frames that RFC 6455 forbids: each ends the connection, and no other."""
    hello = encode(c.ClockPing(t0=1))
    packed = zlib.compress(hello)[2:-4]
    wrongs = (
        raw.frame(hello, mask=None),
        raw.frame(packed, head=0xC0),
        raw.frame(hello, head=0xA0),
        raw.frame(hello, 3),
        raw.frame(hello, 15),
        raw.frame(b"", raw.CONTINUATION),
        raw.frame(hello, head=0) + raw.frame(hello),
        raw.frame(b"x" * 126, raw.PING),
        raw.frame(b"", raw.PING, head=0),
        raw.frame(b"\x03", raw.CLOSE),
        raw.frame(b"\x00\x00\xff\xff", raw.CLOSE),
        raw.frame((999).to_bytes(2, "big"), raw.CLOSE),
        raw.frame((1000).to_bytes(2, "big") + b"\xff\xfe", raw.CLOSE),
        raw.frame(b"\xff\xfe", raw.TEXT),
        b"\x82\xff" + b"\xff" * 12,
        b"\x82\xfe\x00\x01\0\0\0\0x",
        raw.frame(b"x" * (b.MAX_MESSAGE_BYTES + 1)),
        raw.frame(b"x" * b.MAX_MESSAGE_BYTES, head=0) + raw.frame(b"x" * 10, raw.CONTINUATION),
    )
    async with _upgraded(arena) as socket:
        await socket.send(arena.dice.choice(wrongs), raw.frame(hello))
        await socket.drain_all()


async def offer_compression(arena: Arena) -> None:
    async with _upgraded(arena, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99") as socket:
        bomb = zlib.compress(b"\0" * 10_000_000, 9)[2:-4]
        await socket.send(raw.frame(bomb, head=0xC0))
        await socket.drain_all()


async def ping_without_listening(arena: Arena) -> None:
    """Pings by the thousand, whose pongs nobody reads."""
    async with _upgraded(arena) as socket:
        await socket.send(raw.frame(b"x" * 125, raw.PING) * 5000)
        await asyncio.sleep(0.5)


async def stay_half_open(arena: Arena) -> None:
    """Connections that say nothing, or half of something."""
    sockets = [await raw.RawSocket.connect(arena.hub) for _ in range(10)]
    try:
        for socket in sockets:
            await socket.send(arena.dice.choice((b"", b"GET", b"GET / HTTP/1.1\r\nHost: a\r\n", b"\x16\x03\x01\x02")))
        await asyncio.sleep(0.3)
    finally:
        for socket in sockets:
            socket.cut()


async def say_hello_slowly(arena: Arena) -> None:
    """A hello that comes a byte at a time, or never (H1)."""
    socket = await raw.RawSocket.connect(arena.hub)
    try:
        await socket.upgrade(arena.hub, arena.room)
        for byte in raw.frame(_HELLO)[: arena.dice.randint(0, len(_HELLO))]:
            await socket.send(bytes((byte,)))
            await asyncio.sleep(0.1)
    finally:
        socket.cut()


@asynccontextmanager
async def _upgraded(arena: Arena, *headers: str) -> AsyncIterator[raw.RawSocket]:
    """A WebSocket that has said hello, and is cut off at the end."""
    socket = await raw.RawSocket.connect(arena.hub)
    try:
        await socket.upgrade(arena.hub, arena.room, *headers)
        await socket.send(raw.frame(_HELLO))
        yield socket
    finally:
        socket.cut()


WIRE_ATTACKS: Final[tuple[Attack, ...]] = (
    vanish_in_the_middle,
    send_pieces,
    break_the_rules,
    offer_compression,
    ping_without_listening,
    stay_half_open,
    say_hello_slowly,
)
