"""What the fuzzing found, each as small as it can be said.

What the hub does not withstand yet is a strict xfail: whoever mends it takes the mark off, and what the requests leave
out for its sake comes back (`_is_open`).
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgpack
import pytest

from logdrum_protocol import client_messages as c
from logdrum_protocol import encode
from logdrum_protocol.hub_messages import Applied, ClockPong, Error, HubMessage, Rejected, Transport
from tests.fuzz import raw
from tests.fuzz.requests import Request, ask
from tests.fuzz.witness import hear
from tests.harness import Caller, RunningHub, joined, running_hub
from tests.server.documents import clip, delete, note, put, set_, track


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    folder = tmp_path_factory.mktemp("findings")
    (folder / "page").mkdir()
    (folder / "page" / "index.html").write_text("the page")
    with running_hub(folder, "--engine", "none", "--page", str(folder / "page")) as running:
        yield running


def found(reason: str) -> pytest.MarkDecorator:
    return pytest.mark.xfail(strict=True, reason=reason)


async def applied(caller: Caller, op_id: str) -> Applied:
    """Wait for one's own edit, or another's."""
    while True:
        message = await hear(caller)
        assert not isinstance(message, Rejected), message
        if isinstance(message, Applied) and message.op_id == op_id:
            return message


async def heard(caller: Caller) -> list[HubMessage]:
    """Everything that there is to hear by now; raises `ProtocolError` where something of it cannot be read."""
    await caller.send(c.ClockPing(t0=1))
    messages: list[HubMessage] = []
    while not messages or not isinstance(messages[-1], ClockPong):
        messages.append(await hear(caller))
    return messages


_LONG: Final = tuple(put("marker", f"marker_{number:03}", tick=0, text="x" * 2000) for number in range(120))


async def test_c7_many_long_edits_at_once_close_nobody_who_reads(hub: RunningHub) -> None:
    async with joined(hub, "room-1") as (talker, _), joined(hub, "room-1", name="Sipho") as (reader, _):
        reading = asyncio.gather(applied(talker, "last"), applied(reader, "last"))
        for number in range(30):
            await talker.send(c.Edit(op_id=f"e{number}", ops=_LONG))
        await talker.send(c.Edit(op_id="last", ops=(track(),)))
        await reading


async def test_d6_undo_of_a_great_deletion_closes_nobody(hub: RunningHub) -> None:
    async with joined(hub, "room-2") as (thandi, _), joined(hub, "room-2", name="Sipho") as (sipho, _):
        await thandi.send(c.Edit(op_id="t", ops=(track(), clip())))
        for number in range(12):
            notes = tuple(note(f"note_{number:02}_{each:04}") for each in range(1024))
            await thandi.send(c.Edit(op_id=f"n{number}", ops=notes))
            await applied(thandi, f"n{number}")
            await applied(sipho, f"n{number}")
        await thandi.send(c.Edit(op_id="d", ops=(delete("track", "track_01"),)))
        await thandi.send(c.Undo(op_id="u"))
        assert len((await applied(sipho, "u")).ops) == 12 * 1024 + 2


async def test_d6_undo_that_finds_nothing_holds_nobody_up(tmp_path: Path) -> None:
    with running_hub(tmp_path, "--engine", "none") as hub:
        async with joined(hub) as (thandi, _), joined(hub, name="Sipho") as (sipho, _):
            await thandi.send(c.Edit(op_id="t", ops=(track(),)))
            flicker = tuple(set_("track", "track_01", mute=bool(each % 2)) for each in range(1024))
            for number in range(14):  # what C6 lets through in a burst
                await thandi.send(c.Edit(op_id=f"e{number}", ops=flicker))
                await applied(thandi, f"e{number}")
                await applied(sipho, f"e{number}")
            await sipho.send(c.Edit(op_id="mine", ops=(set_("track", "track_01", mute=False),)))
            await applied(thandi, "mine")
            for _ in range(100):
                await thandi.ws.send_bytes(encode(c.Undo()))
            try:
                async with asyncio.timeout(5):
                    await heard(thandi)
            finally:
                hub.process.kill()  # it would be busy for a minute yet


async def test_t_what_follows_the_last_tick_is_a_transport(hub: RunningHub) -> None:
    async with joined(hub, "room-4") as (thandi, _):
        await thandi.send(c.TransportSet(op_id="1", tick=2**40, playing=True))
        await thandi.send(c.TransportSet(op_id="2", tick=2**40 - 1, quantum="bar"))
        await thandi.send(c.TransportSet(op_id="3", quantum="bar"))
        await heard(thandi)


async def test_t5_nobody_puts_the_transport_off_for_hours(hub: RunningHub) -> None:
    async with joined(hub, "room-5") as (thandi, welcome):
        for number in range(60):
            bar = {"bpm": 20.0, "numerator": 64, "denominator": 1, "quantum": "bar"}
            await thandi.send(c.TransportSet(op_id=f"{number}", tick=1, playing=True, **bar))  # type: ignore[arg-type]
        newest = [message for message in await heard(thandi) if isinstance(message, Transport)][-1]
        assert newest.anchor_us - welcome.now_us < 3600 * 1_000_000


async def test_e1_an_op_id_that_is_too_long_is_not_sent_back(hub: RunningHub) -> None:
    async with joined(hub, "room-6") as (thandi, _):
        await thandi.ws.send_bytes(msgpack.packb({"type": "undo", "op_id": "x" * 65}))
        assert any(isinstance(message, Error) for message in await heard(thandi))


async def test_c7_a_ping_from_who_has_gone_is_no_fault(hub: RunningHub) -> None:
    before = len(hub.log)
    for _ in range(20):
        socket = await raw.RawSocket.connect(hub)
        await socket.upgrade(hub, "room-7")
        hello = raw.frame(encode(c.Hello(name="Thandi")))
        await socket.send(hello + raw.frame(b"x" * 125, raw.PING) * 2000)
        socket.cut()
    async with joined(hub, "room-7"):
        assert "Traceback" not in hub.log[before:]


@pytest.mark.parametrize("path", ["/a%00b", "/" + "a" * 300, "/v1/admin/rooms/a%00/kick"])
async def test_e2_a_path_that_can_be_no_file_is_not_found(hub: RunningHub, path: str) -> None:
    said = f"GET {path} HTTP/1.1\r\nHost: {{host}}\r\nConnection: close\r\n\r\n"
    assert (await ask(hub, Request(said.encode()))).status == 404


async def test_a5_a_key_of_any_bytes_is_a_wrong_key(hub: RunningHub) -> None:
    async with joined(hub, "room-9") as (_, _):
        head = b"POST /v1/rooms/room-9/assets HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 1\r\n"
        said = head + b"X-Logdrum-Session: \xff\r\nX-Logdrum-Key: \xff\xfe\r\n\r\nx"
        assert (await ask(hub, Request(said))).status == 503


@found("E2: aiohttp answers this by itself: text, its own name and version, what was sent, and a traceback in the log")
@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\nX: " + b"x" * 9000, b"FOO?BAR / HTTP/1.1", b"\x16\x03\x01 \r\n"])
async def test_e2_what_is_no_http_is_answered_in_json(hub: RunningHub, said: bytes) -> None:
    before = len(hub.log)
    answer = await ask(hub, Request(said + b"\r\n\r\n"))
    assert "Traceback" not in hub.log[before:]
    assert "aiohttp" not in answer.headers.get("server", "")


async def test_e2_a_body_that_is_no_gzip_is_no_fault_of_the_hub(hub: RunningHub) -> None:
    before = len(hub.log)
    head = "GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: 9"
    await ask(hub, Request(f"{head}\r\n\r\nno gzip!!".encode()))
    assert "Traceback" not in hub.log[before:]


@found("E2: a range that a file does not have is answered by aiohttp with no body")
async def test_e2_a_range_beyond_a_file_is_answered_in_json(hub: RunningHub) -> None:
    said = b"GET /r/sunset HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nRange: bytes=1000-\r\n\r\n"
    answer = await ask(hub, Request(said))
    assert answer.status == 416
    assert b'"code"' in answer.body
