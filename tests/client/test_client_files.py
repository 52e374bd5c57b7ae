"""What a client fetches and stores over HTTP: its addresses, its token, and what a hub may answer."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest

from logdrum_client import AudioGone, HubUnreachable, RequestRefused
from logdrum_client.address import parse_address
from logdrum_client.fetch import RoomFiles

ASSET = "ab" * 32
MEMBER = {"X-Logdrum-Session": "s1", "X-Logdrum-Key": "k1"}


class Shop(ThreadingHTTPServer):
    """Answers every request with what a test has laid out, and remembers what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.answer: tuple[int, bytes] = (201, b'{"asset": "%s"}' % ASSET.encode())
        self.asked: list[tuple[str, dict[str, str], bytes]] = []

    def files(self, token: str | None = None) -> RoomFiles:
        return RoomFiles(parse_address(f"ws://127.0.0.1:{self.server_port}"), "sunset", token)


class Counter(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        shop = cast("Shop", self.server)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        shop.asked.append((f"{self.command} {self.path}", dict(self.headers), body))
        status, answer = shop.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def kick(tmp_path: Path) -> Path:
    path = tmp_path / "my kick.wav"
    path.write_bytes(b"RIFF" * 1000)
    return path


async def test_a5_a_sound_is_stored_under_its_name_by_the_member(shop: Shop, kick: Path) -> None:
    assert await shop.files().store(kick, MEMBER) == ASSET
    (asked, headers, body) = shop.asked[0]
    assert asked == "POST /v1/rooms/sunset/assets?name=my+kick.wav"
    assert (headers["X-Logdrum-Session"], headers["X-Logdrum-Key"]) == ("s1", "k1")
    assert body == kick.read_bytes()
    assert "Authorization" not in headers


async def test_h6_the_token_goes_with_every_request(shop: Shop, kick: Path) -> None:
    files = shop.files("t.o.k")
    await files.store(kick, MEMBER)
    shop.answer = (200, b"\0" * 40)
    await files.span("j1.drums", 0, 10)
    assert [headers["Authorization"] for _, headers, _ in shop.asked] == ["Bearer t.o.k"] * 2


async def test_a5_a_refused_sound_says_why(shop: Shop, kick: Path) -> None:
    shop.answer = (415, b'{"code": "unsupported_media", "message": "There is no sound in it."}')
    with pytest.raises(RequestRefused, match="no sound") as refused:
        await shop.files().store(kick, MEMBER)
    assert refused.value.code == "unsupported_media"


async def test_what_answers_an_upload_like_no_hub_is_said(shop: Shop, kick: Path) -> None:
    shop.answer = (200, b"<html>")
    with pytest.raises(HubUnreachable):
        await shop.files().store(kick, MEMBER)


@pytest.mark.parametrize("status", [404, 410, 416])
async def test_a4_audio_that_is_not_kept_is_said(shop: Shop, status: int) -> None:
    shop.answer = (status, b'{"code": "gone", "message": "No longer kept."}')
    with pytest.raises(AudioGone, match="No longer kept"):
        await shop.files().span("j1.drums", 0, 10)


async def test_a4_audio_that_is_cut_short_is_not_taken_for_whole(shop: Shop) -> None:
    shop.answer = (200, b"\0" * 36)
    with pytest.raises(AudioGone):
        await shop.files().span("j1.drums", 0, 10)


async def test_h6_a_refused_token_is_no_missing_audio(shop: Shop) -> None:
    shop.answer = (401, b'{"code": "bad_token", "message": "The token has expired."}')
    with pytest.raises(RequestRefused, match="expired") as refused:
        await shop.files().span("j1.drums", 0, 10)
    assert refused.value.code == "bad_token"


async def test_a_status_without_a_sentence_is_put_into_one(shop: Shop) -> None:
    shop.answer = (500, b"\xff")
    with pytest.raises(RequestRefused, match="HTTP 500"):
        await shop.files().span("j1.drums", 0, 10)
