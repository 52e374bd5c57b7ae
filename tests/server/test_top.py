"""`logdrum top`: one look at a real hub, and what it says when there is none."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from rich.console import Console, RenderableType

from logdrum_protocol.client_messages import SendChat
from logdrum_protocol.hub_messages import Chat
from logdrum_server.top.frame import frame
from logdrum_server.top.source import HubAway, Look, Source
from logdrum_server.top.watch import next_screen
from logdrum_server.views import CommitView, HubView, JobView, MemberView, RoomDetails, RoomView
from tests.harness import RunningHub, joined, running_hub

ROOM = RoomView(room="sunset", in_memory=True, epoch=1, seq=12, connections=1, members=2, received=100, published=50)
MEMBER = MemberView(session="s1", name="Thandi", role="owner", connected=True, since_us=0, lag_bytes=2048)
JOB = JobView(job="j1", kind="generate", by="s1", state="running", progress=0.25, prompt="deep")
HUB = HubView(
    version="1",
    now_us=60_000_000,
    draining=False,
    engine="ready",
    engine_restarts=0,
    commits=CommitView(commits=10, writes=25, failures=0, p50_s=0.001, p99_s=0.02, longest_s=0.05),
    events=30,
    rejects={"bad_reference": 3},
    resumes={},
    turned_away={"token": 2},
    rooms=(ROOM,),
)
LOOK = Look(HUB, (RoomDetails(room=ROOM, members=(MEMBER,), jobs=(JOB,)),))


def drawn(screen: RenderableType) -> str:
    console = Console(file=StringIO(), width=160, force_terminal=False)
    console.print(screen)
    file = console.file
    assert isinstance(file, StringIO)
    return file.getvalue()


def top(hub_url: str, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "logdrum_server", "top", "--once", "--url", hub_url, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


async def test_one_look_at_a_real_hub(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, "top-room", name="Thandi") as (caller, _):
        await caller.send(SendChat(text="sho"))
        await caller.until(Chat)
        done = top(bare_hub.url, "--data", str(bare_hub.data))
    assert done.returncode == 0, done.stderr
    assert "engine none" in done.stdout
    assert "top-room  1/1" in done.stdout
    assert "Thandi" in done.stdout


def test_a_wrong_key_is_one_sentence(bare_hub: RunningHub, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 43)
    done = top(bare_hub.url, "--key-file", str(tmp_path / "key"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"logdrum: The hub at {bare_hub.url} does not take the key in {tmp_path}/key.\n"


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"two\nlines"])
def test_no_key_is_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    done = top("http://127.0.0.1:9", "--key-file", str(tmp_path / "key"))
    assert done.returncode == 1
    assert done.stderr.startswith("logdrum: The" if content is None else "logdrum: There is no admin key in")
    assert done.stderr.count("\n") == 1


def test_no_hub_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "admin.key").write_text("k" * 43)
    done = top("http://127.0.0.1:9", "--data", str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "logdrum: No hub answers at http://127.0.0.1:9.\n")


def test_a_hub_that_goes_away_is_waited_for_and_seen_again(tmp_path: Path) -> None:
    with running_hub(tmp_path, "--engine", "none") as hub:
        source = Source(hub.url, hub.data / "admin.key")
        first = source.look()
    port = hub.url.rsplit(":", 1)[1]
    screen, kept = next_screen(source, first)
    assert "Waiting for it" in drawn(screen)
    assert kept is first
    with running_hub(tmp_path, "--engine", "none", port=int(port)):
        screen, second = next_screen(source, kept)
    assert "Waiting" not in drawn(screen)
    assert second.hub.now_us > first.hub.now_us


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b'{"status": "ok"}', "is no hub of this version"),
        (200, b"\xff", "is no hub of this version"),
        (404, b"{}", "is no hub of this version"),
        (503, b"{}", "answers with status 503"),
    ],
)
def test_what_answers_and_is_no_hub_is_said_to_be_none(tmp_path: Path, status: int, body: bytes, said: str) -> None:
    (tmp_path / "key").write_text("k" * 43)
    with one_answer(status, body) as url, pytest.raises(HubAway, match=said):
        Source(url, tmp_path / "key").look()


def test_a_room_that_goes_between_two_questions_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 43)
    with answers({"/v1/admin/rooms": (200, msgspec.json.encode(HUB))}) as url:
        assert Source(url, tmp_path / "key").look() == Look(HUB, ())


@contextmanager
def one_answer(status: int, body: bytes) -> Iterator[str]:
    with answers({"/v1/admin/rooms": (status, body)}) as url:
        yield url


@contextmanager
def answers(of: dict[str, tuple[int, bytes]]) -> Iterator[str]:
    """A server that gives these answers, and 404 at any other path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = of.get(self.path, (404, b""))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


def test_rates_are_since_the_look_before() -> None:
    before = Look(replace(HUB, now_us=58_000_000, events=10, rooms=(replace(ROOM, received=60, published=0),)), ())
    text = drawn(frame(LOOK, before))
    assert "events 30 (10/s)" in text
    (row,) = [line.split() for line in text.splitlines() if line.startswith("sunset")]
    assert row[4:6] == ["20", "25"]


def test_after_a_restart_there_are_no_rates_until_the_next_look() -> None:
    before = Look(replace(HUB, now_us=58_000_000, events=1000), ())
    assert "/s)" not in drawn(frame(LOOK, before))


def test_members_jobs_and_refusals_are_shown() -> None:
    text = drawn(frame(LOOK, None))
    for part in ("Thandi", "2 KiB", "1:00", "25%", "deep", "bad_reference 3", "token 2", "2.5 writes each", "20.0 ms"):
        assert part in text


def test_what_members_write_is_neither_markup_nor_an_escape() -> None:
    wicked = replace(MEMBER, name="\x1b[2J[red]Eve[/red]\x07\n")
    text = drawn(frame(Look(HUB, (RoomDetails(room=ROOM, members=(wicked,)),)), None))
    assert "[2J[red]Eve[/red]" in text
    assert "\x1b" not in text
    assert "\x07" not in text
