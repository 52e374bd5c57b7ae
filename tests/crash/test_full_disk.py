"""A disk that is full, under the real hub: what would have to be kept is refused, and nothing else is (D7)."""

import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from logdrum_protocol.client_messages import Edit, Hello, SendChat, SetPresence, TransportSet
from logdrum_protocol.document import Op, Props
from logdrum_protocol.hub_messages import Applied, Chat, Error, Presence, Rejected, Transport, Welcome
from tests.crash.editor import ROOM, enter
from tests.harness import Caller, RunningHub, call, joined, running_hub

MIB = 1024 * 1024
NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)

MakeSpace: TypeAlias = Callable[[], object]
SmallHub: TypeAlias = tuple[RunningHub, MakeSpace]


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB // 2, resource.RLIM_INFINITY))


@contextmanager
def limited_hub(folder: Path) -> Iterator[SmallHub]:
    """A hub whose files may not grow large, as under a quota (EFBIG)."""
    with running_hub(folder, "--engine", "none", preexec=limit_files) as hub:
        yield hub, lambda: resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, NO_LIMIT)


@contextmanager
def crowded_hub(folder: Path) -> Iterator[SmallHub]:
    """A hub on a disk of three megabytes, a third of which something else has filled (ENOSPC)."""
    with small_disk(folder / "data") as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(MIB))
        with running_hub(folder, "--engine", "none") as hub:
            yield hub, ballast.unlink


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    if sys.platform != "linux":
        pytest.skip("NOT TESTED: a disk that is full for real needs Linux, to mount one")
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"NOT TESTED: a disk that is full for real; {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(params=[limited_hub, crowded_hub], ids=["file limit", "full disk"])
def small_hub(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallHub]:
    with request.param(tmp_path) as hub:
        yield hub


def mark(number: int) -> Edit:
    """An edit of two kilobytes."""
    props = Props(tick=number, text=f"{number} ".ljust(2_000, "."))
    return Edit(op_id=f"mark-{number}", ops=(Op(op="put", kind="marker", id=f"marker-{number:04}", props=props),))


async def answer(caller: Caller) -> Applied | Rejected:
    """The next answer to an edit."""
    while True:
        message = await caller.next()
        if isinstance(message, Applied | Rejected):
            return message


async def fill(caller: Caller) -> tuple[int, Rejected]:
    """Edit until the hub refuses; return how many edits it took, and the refusal."""
    for number in range(900):
        await caller.send(mark(number))
        answered = await answer(caller)
        if isinstance(answered, Rejected):
            return number, answered
    raise AssertionError("the disk never filled")


async def newcomer(hub: RunningHub) -> Welcome:
    async with call(hub, ROOM) as caller:
        return await enter(caller, Hello(name="Naledi"))


@asynccontextmanager
async def two(hub: RunningHub) -> AsyncIterator[tuple[Caller, Caller]]:
    async with AsyncExitStack() as stack:
        writer, _ = await stack.enter_async_context(joined(hub, ROOM))
        other, _ = await stack.enter_async_context(joined(hub, ROOM, name="Sipho"))
        yield writer, other


async def test_d7_edits_are_refused_while_there_is_no_space(small_hub: SmallHub) -> None:
    hub, make_space = small_hub
    async with two(hub) as (writer, other):
        taken, refusal = await fill(writer)
        assert refusal.code == "no_space"
        welcome = await newcomer(hub)
        assert welcome.snapshot is not None
        assert (welcome.seq, len(welcome.snapshot.entities)) == (taken, taken), "the room is readable, and no more"
        await other.until(Applied, lambda applied: applied.seq == taken)
        assert not [message for message in other.seen if isinstance(message, Rejected)]
        make_space()
        await writer.send(mark(5_000))
        applied = await other.until(Applied)
        assert (applied.seq, applied.op_id) == (taken + 1, "mark-5000")
    again = await newcomer(hub)
    assert again.seq == taken + 1


async def test_d7_what_is_not_kept_goes_on_while_there_is_no_space(small_hub: SmallHub) -> None:
    """Presence and the transport are no history; chat is."""
    hub, _ = small_hub
    async with two(hub) as (writer, other):
        await fill(writer)
        await writer.send(SendChat(text="x" * 2_000, op_id="said"))
        assert (await writer.until(Error, lambda error: error.op_id == "said")).code == "no_space"
        await writer.send(SetPresence(state={"tick": 5}))
        assert (await other.until(Presence)).state == {"tick": 5}
        await writer.send(TransportSet(op_id="play", playing=True))
        assert (await other.until(Transport)).playing
        assert not [message for message in other.seen if isinstance(message, Chat)]


async def test_d7_what_was_refused_is_nowhere_after_a_restart(tmp_path: Path) -> None:
    """Edits under way together are each kept or refused, and only those that were kept come back."""
    with limited_hub(tmp_path) as (hub, _):
        async with joined(hub, ROOM) as (writer, _):
            taken, _ = await fill(writer)
            for number in range(1_000, 1_040):
                await writer.send(mark(number))
            answers = [await answer(writer) for _ in range(40)]
            kept = [answered for answered in answers if isinstance(answered, Applied)]
        hub.process.kill()
        hub.process.wait()
    with running_hub(tmp_path, "--engine", "none") as hub:
        welcome = await newcomer(hub)
    assert welcome.snapshot is not None
    wanted = {f"marker-{number:04}" for number in range(taken)} | {op.id for applied in kept for op in applied.ops}
    assert {entity.id for entity in welcome.snapshot.entities} == wanted
    assert welcome.seq == taken + len(kept)
