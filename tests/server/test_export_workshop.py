"""Tasks in a process of their own: what becomes of one that fails, or that nobody waits for (X1)."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from logdrum_protocol.codec import encode
from logdrum_server.errors import RequestError
from logdrum_server.exports import workshop
from logdrum_server.exports.tasks import Kept, ListVersions, MakeMidi, Versions
from logdrum_server.exports.workshop import done
from tests.harness import is_alive
from tests.server.export_cases import SONG, transport

KEPT = Kept(
    room="sunset", epoch=1, checkpoint=None, events=tuple(encode(event) for event in SONG), transport=transport(),
    stems=(), sounds="",
)  # fmt: skip


async def test_a_task_is_done_elsewhere() -> None:
    assert await done(ListVersions(kept=KEPT)) == Versions(("first",))


async def test_a_history_that_cannot_be_read_is_refused_and_no_traceback() -> None:
    kept = msgspec.structs.replace(KEPT, checkpoint=b"\xc1")
    with pytest.raises(RequestError, match="cannot be read") as refused:
        await done(ListVersions(kept=kept))
    assert refused.value.status == 503


async def test_a_folder_that_is_gone_is_refused() -> None:
    with pytest.raises(RequestError) as refused:
        await done(MakeMidi(kept=KEPT, out="/nowhere/midi"))
    assert "/nowhere" not in refused.value.message


async def test_a_process_that_dies_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "_COMMAND", (sys.executable, "-c", "import os; os.abort()"))
    with pytest.raises(RequestError, match="could not do this") as refused:
        await done(ListVersions(kept=KEPT))
    assert refused.value.status == 500


def _sleeper(pipe: Path) -> tuple[str, ...]:
    """A worker that says its process id and then does nothing."""
    os.mkfifo(pipe)
    says = f"import os, time; open({str(pipe)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    return (sys.executable, "-c", says)


async def test_a_process_ends_with_whoever_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "_COMMAND", _sleeper(tmp_path / "pid"))
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(done(ListVersions(kept=KEPT)))
        pid = int(await asyncio.to_thread((tmp_path / "pid").read_text))
        asking.cancel()
    assert not is_alive(pid)


async def test_a_process_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "_COMMAND", _sleeper(tmp_path / "pid"))
    monkeypatch.setattr(workshop, "_PATIENCE_S", 0.01)
    with pytest.raises(RequestError, match="given up"):
        await done(ListVersions(kept=KEPT))


def test_the_worker_needs_neither_the_web_server_nor_the_engine() -> None:
    loads = "import sys, logdrum_server.exports.worker; print(*{'aiohttp', 'numpy', 'soundfile'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == ""
