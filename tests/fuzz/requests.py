"""HTTP requests of chance, said raw; and what an answer must look like, whatever was asked (E2)."""

import asyncio
import json
import random
from typing import Final
from urllib.parse import quote_from_bytes

import msgspec

from tests.fuzz.raw import RawSocket
from tests.harness import RunningHub

_METHODS: Final = ("GET", "GET", "POST", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "CONNECT")
_ROUTES: Final = (
    "/v1/rooms/siege/assets?name={text}",
    "/v1/rooms/siege/assets",
    "/v1/rooms/{room}/assets",
    "/v1/rooms/{room}/assets/{text}",
    "/v1/rooms/{room}/streams/{text}",
    "/v1/rooms/{room}/streams/{text}?from_sample={number}&to_sample={number}",
    "/v1/rooms/{room}/export/{file}",
    "/v1/rooms/{room}/import",
    "/v1/rooms/{room}/ws",
    "/v1/admin/rooms",
    "/v1/admin/rooms/{room}/kick",
    "/v1/rooms//",
    "/r/{text}",
    "/healthz?{text}={text}",
    "/metrics/",
    "/page/{text}",
    "/{text}",
    "/v1/rooms/{room}/assets?name={text}&token={text}",
)
_ROOMS: Final = ("siege", "siege", "never", "Bad", "..", "%2e%2e", "é", "a" * 65, "")
_FILES: Final = ("siege.mid", "siege.logdrum", "siege.dawproject", "mix.wav?format={text}", "mix.wav", "stems.zip", "x")
_NUMBERS: Final = ("0", "-1", "1e9", "9" * 15, "9" * 5000, "٣", "", "%00", "NaN")
_TEXTS: Final = (
    b"x",
    b"..",
    b"../../etc/passwd",
    b"\xff\xfe",
    b"\xf0\x9f\xa5\x81",
    b"a" * 200,
    b"%",
    b"<script>",
    b"\r\n",
)
_HEADERS: Final = (
    "Range: bytes={number}-{number}",
    "Range: bytes=-0,{number}-",
    "Range: lines=1-2",
    "Authorization: Bearer {latin}",
    "Authorization: {latin}",
    "Origin: {latin}",
    "Origin: http://[::",
    "Content-Type: multipart/form-data; boundary={latin}",
    "Cookie: {latin}",
    "If-None-Match: {latin}",
    "If-Modified-Since: {latin}",
    "Accept-Encoding: {latin}",
    "Expect: 100-continue",
    "Upgrade: h2c",
    "X-Huge: {huge}",
    "X-Logdrum-Session: {ascii}",
    "X-Logdrum-Key: {ascii}",
)
BODIES: Final = (b"", b"this is no sound", b"RIFF\xff\xff\xff\x7fWAVEfmt ", b"PK\x03\x04" + bytes(100), b"\0" * 200_000)
_PATIENCE_S: Final = 10


class Request(msgspec.Struct, frozen=True):
    """What goes out; `{host}` stands for the hub's name."""

    said: bytes
    is_whole: bool = True
    """False where the sender promises more than comes, and then goes."""


class Answer(msgspec.Struct, frozen=True):
    """What came back; status 0 where the hub closed without a word."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Error(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    message: str


_NOTHING: Final = Answer(0, {}, b"")


def request(dice: random.Random) -> Request:
    """A request as it goes out; it says `Connection: close`, so that its answer has an end."""
    head = [
        f"{dice.choice(_METHODS)} {_fill(dice, dice.choice(_ROUTES))} HTTP/1.1",
        "Host: {host}",
        "Connection: close",
    ]
    head += [_fill(dice, dice.choice(_HEADERS)) for _ in range(dice.randrange(3))]
    body = dice.choice(BODIES)
    match dice.randrange(5):
        case 0 | 1:
            return _joined([*head, f"Content-Length: {len(body)}"], body)
        case 2:
            chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n" if body else b""
            return _joined([*head, "Transfer-Encoding: chunked"], chunk + b"0\r\n\r\n")
        case 3:
            return _joined([*head, f"Content-Length: {len(body) + 1000}"], body, is_whole=False)
        case _:
            return _joined(head, b"")


def _joined(head: list[str], body: bytes, *, is_whole: bool = True) -> Request:
    return Request("\r\n".join([*head, "", ""]).encode("latin-1") + body, is_whole)


def _fill(dice: random.Random, form: str) -> str:
    """The form with something of chance in each of its places."""
    for place, value in (
        ("{room}", quote_from_bytes(dice.choice(_ROOMS).encode(), safe="%.")),
        ("{file}", dice.choice(_FILES)),
        ("{text}", quote_from_bytes(dice.choice((*_TEXTS, dice.randbytes(5).replace(b"\0", b"0"))))),
        ("{number}", dice.choice(_NUMBERS).replace("٣", "%D9%A3")),
        ("{latin}", dice.choice(("x", "\xff\xfe", "a" * 3000, "", "\x85", ";;==", "[::"))),
        ("{ascii}", dice.choice(("x", "a" * 3000, "", "=", "a" * 64))),
        ("{huge}", "x" * dice.choice((100, 8000))),
    ):
        form = form.replace(place, value)
    return form


async def ask(hub: RunningHub, asked: Request) -> Answer:
    """Say it, and read whatever comes until the hub closes."""
    socket = await RawSocket.connect(hub)
    try:
        host = hub.url.removeprefix("http://").encode()
        async with asyncio.timeout(_PATIENCE_S):
            await socket.send(asked.said.replace(b"{host}", host))
            if not asked.is_whole:
                socket.writer.write_eof()
            return _parsed(await socket.reader.read(-1))
    except ConnectionError:
        return _NOTHING
    finally:
        socket.cut()


def _parsed(told: bytes) -> Answer:
    head, _, body = told.partition(b"\r\n\r\n")
    if not head:
        return _NOTHING
    first, *rest = head.decode("latin-1").split("\r\n")
    status = int(first.split()[1])
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    return _parsed(body) if status == 100 else Answer(status, headers, body)


def check(asked: Request, answer: Answer) -> None:
    """An error is JSON `{code, message}`, and no fault of the hub's own (E1, E2)."""
    if answer.status < 400 or asked.said.startswith(b"HEAD ") or _is_open(answer):
        return
    assert answer.status != 500, f"{asked.said[:300]!r} was answered {answer.body[:300]!r}"
    try:
        # As browsers read it, who mind no lone surrogates: an Origin that is no UTF-8 is quoted with some.
        error = msgspec.convert(json.loads(answer.body), _Error)
    except (ValueError, msgspec.ValidationError) as fault:
        raise AssertionError(f"{asked.said[:300]!r} was answered {answer.status} {answer.body[:300]!r}") from fault
    assert "Traceback" not in error.message


def _is_open(answer: Answer) -> bool:
    """What aiohttp answers by itself: to bytes that are no HTTP, and to a range that a file does not have. Both have a
    test in `test_fuzz_findings.py`."""
    by_the_parser = answer.status == 400 and answer.headers.get("server") != "logdrum"
    return by_the_parser or (answer.status == 416 and "content-range" in answer.headers)
