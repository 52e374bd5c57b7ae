"""This machine: which core does what, processes that are bound to one, and what a process has used."""

import asyncio
import os
import resource
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).resolve().parents[2]
LOGS: Final = ROOT / "bench-results" / "logs"
_SCRATCH: Final = ROOT / "data"
_CORES: Final = sorted(os.sched_getaffinity(0))
SERVER_CORE: Final = {_CORES[0]}
LOAD_CORE: Final = {_CORES[-1]}
ALL_CORES: Final = set(_CORES)

_ANSWER_S: Final = 30.0
_STOP_S: Final = 10.0
_FSYNCS: Final = 300
_FSYNC_PAUSE_S: Final = 0.005
_PAGE_BYTES: Final = 4096
_MAX_LINE_BYTES: Final = 16 * 1024 * 1024


class BenchError(Exception):
    """A measurement that could not be made; the message says why."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a process has used, its children not counted."""

    cpu_s: float
    rss_bytes: int


def usage(pid: int) -> Usage:
    """Return what a process has used until now."""
    resident_pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Usage(cpu_s=time.clock_gettime(_cpu_clock(pid)), rss_bytes=resident_pages * resource.getpagesize())


def _cpu_clock(pid: int) -> int:
    # As clock_getcpuclockid(3) makes it on Linux: all threads, to the nanosecond, where /proc/PID/stat counts in 10 ms.
    return ~pid << 3 | 2


class Worker:
    """A process that talks to us in lines."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self._name = name
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def tell(self, word: str) -> None:
        """Send it one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())
        await self._process.stdin.drain()

    async def hear(self, prefix: str, timeout_s: float = _ANSWER_S) -> str:
        """Return the rest of its next line that starts with `prefix`."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._line_with(prefix)
        except TimeoutError:
            raise BenchError(f"{self._name} did not say '{prefix}' within {timeout_s:.0f} s") from None

    async def _line_with(self, prefix: str) -> str:
        assert self._process.stdout is not None
        while (line := (await self._process.stdout.readline()).decode()).endswith("\n"):
            if line.startswith(prefix):
                return line.removeprefix(prefix).strip()
        status = await self._process.wait()
        raise BenchError(f"{self._name} ended with status {status} before it said '{prefix}'; see {self._name}.log")

    async def kill(self) -> None:
        """End it by SIGKILL: it writes nothing more."""
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """End it: by the end of its stdin and SIGTERM, and where that does not help by SIGKILL."""
        if self._process.returncode is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder on the checkout's own disk: /tmp may be memory, where an fsync costs nothing."""
    _SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_SCRATCH) as name:
        yield Path(name)


def filesystem() -> str:
    """Return the kind of file system that `scratch` is on."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return max((point, kind) for _, point, kind, *_ in mounts if _SCRATCH.is_relative_to(point))[1]


async def fsync_ms(folder: Path) -> list[float]:
    """Return what the disk alone takes for a small write to be safe, sorted; what a commit takes at the least."""
    taken_ms = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(_FSYNCS):
            began = time.perf_counter()
            file.write(bytes(_PAGE_BYTES))
            await asyncio.to_thread(os.fdatasync, file.fileno())
            taken_ms.append(1e3 * (time.perf_counter() - began))
            await asyncio.sleep(_FSYNC_PAUSE_S)
    return sorted(taken_ms)


def stored_bytes(folder: Path) -> int:
    """Return how much lies in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@asynccontextmanager
async def running(name: str, command: Sequence[str], cores: set[int]) -> AsyncIterator[Worker]:
    """Start a process on these cores, and stop it at the end; what it writes to stderr is in `LOGS`."""
    worker = Worker(name, await _start(command, cores, LOGS / f"{name}.log"))
    try:
        yield worker
    finally:
        await worker.stop()


async def _start(command: Sequence[str], cores: set[int], log: Path) -> asyncio.subprocess.Process:
    log.parent.mkdir(parents=True, exist_ok=True)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # a child inherits it before its first instruction
    try:
        with log.open("wb") as stderr:
            return await asyncio.create_subprocess_exec(
                *command,
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                limit=_MAX_LINE_BYTES,
            )
    except OSError as fault:
        raise BenchError(f"{command[0]} does not start: {fault.strerror}") from fault
    finally:
        os.sched_setaffinity(0, before)
