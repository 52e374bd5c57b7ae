"""Fan-out, stalled readers and idle connections: what the load generator measures of every server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import msgspec

from . import subjects
from .load import Measured, Plan
from .machine import LOAD_CORE, Worker, running
from .subjects import Server, Subject, python
from .suite import Bench, Measurement, Numbers, Settings

FANOUT_HZ: Final = 20
STALLED_HZ: Final = 60
"""Fast enough that the kernel's buffers, 4 to 10 MB a connection, are full before the window ends."""
STALLED: Final = 4

_CONNECTED_S: Final = 90.0
_BEYOND_WINDOW_S: Final = 30.0
_ALL: Final = (
    subjects.LOGDRUM,
    subjects.PICOWS,
    subjects.WEBSOCKETS,
    subjects.WS,
    subjects.SOCKETIO,
)
_STALLED_SUBJECTS: Final = (subjects.LOGDRUM, subjects.PICOWS, subjects.WEBSOCKETS, subjects.WS)


@asynccontextmanager
async def loading(server: Server, plan: Plan) -> AsyncIterator[Worker]:
    """Connect the load generator, begin the broadcasts, and have it measure."""
    command = python("tests.bench.load", msgspec.json.encode(plan).decode())
    async with running("load", command, LOAD_CORE) as load:
        await load.hear("connected", _CONNECTED_S)
        if plan.rate_hz:
            await server.begin()
        await load.tell("measure")
        yield load


async def measured_by(load: Worker, seconds: float) -> Measured:
    """Return what the load generator measured in its window."""
    return msgspec.json.decode(await load.hear("measured ", seconds + _BEYOND_WINDOW_S), type=Measured)


async def take(subject: Subject, n: int, rate_hz: int, seconds: float, stalled: int = 0) -> Measured:
    """Run a server and the load generator for one window."""
    async with subject.start(max(rate_hz, 1)) as server:
        plan = Plan(
            url=server.url,
            dialect=subject.dialect,
            server_pid=server.pid,
            subscribers=n,
            rate_hz=rate_hz,
            seconds=seconds,
            stalled=stalled,
        )
        async with loading(server, plan) as load:
            return await measured_by(load, seconds)


def _per_message_us(measured: Measured) -> float | None:
    return 1e6 * measured.cpu_s / measured.received if measured.received else None


async def _fanout(subject: Subject, n: int, settings: Settings) -> Numbers:
    measured = await take(subject, n, FANOUT_HZ, settings.fanout_seconds)
    return {
        "delivered": (measured.delivered_percent, "%"),
        "p50": (measured.p50_ms, "ms"),
        "p99": (measured.p99_ms, "ms"),
        "cpu_per_message": (_per_message_us(measured), "us"),
        "cpu": (100 * measured.cpu_s / measured.wall_s, "% of a core"),
        "memory_per_connection": (measured.connected_bytes / n / 1024, "KiB"),
        "lost": (measured.lost_connections, "connections"),
    }


async def _stalled(subject: Subject, n: int, settings: Settings) -> Numbers:
    without = await take(subject, n, STALLED_HZ, settings.stalled_seconds)
    measured = await take(subject, n, STALLED_HZ, settings.stalled_seconds, STALLED)
    return {
        "others_delivered": (measured.delivered_percent, "%"),
        "others_p99": (measured.p99_ms, "ms"),
        "p99_without": (without.p99_ms, "ms"),
        "grown": (measured.grown_bytes / 2**20, "MiB"),
        "grown_without": (without.grown_bytes / 2**20, "MiB"),
    }


async def _idle(subject: Subject, n: int, settings: Settings) -> Numbers:
    measured = await take(subject, n, 0, settings.idle_seconds)
    return {
        "memory_per_connection": (measured.connected_bytes / n / 1024, "KiB"),
        "cpu": (100 * measured.cpu_s / measured.wall_s, "% of a core"),
        "lost": (measured.lost_connections, "connections"),
    }


def _measurement(bench: str, subject: Subject, n: int, take_numbers: Callable[[], Awaitable[Numbers]]) -> Measurement:
    return Measurement(bench=bench, subject=subject.name, n=n, take=take_numbers, missing=subject.missing())


def _fanout_round(settings: Settings, _run: int) -> Iterator[Measurement]:
    for n in settings.fanout_sizes:
        for subject in _ALL:
            yield _measurement("fanout", subject, n, partial(_fanout, subject, n, settings))


def _stalled_round(settings: Settings, _run: int) -> Iterator[Measurement]:
    n = settings.stalled_size
    for subject in _STALLED_SUBJECTS:
        yield _measurement("stalled", subject, n, partial(_stalled, subject, n, settings))


def _idle_round(settings: Settings, _run: int) -> Iterator[Measurement]:
    n = settings.idle_size
    for subject in _ALL:
        yield _measurement("idle", subject, n, partial(_idle, subject, n, settings))


FANOUT: Final = Bench(
    name="fanout",
    title="Fan-out: one room, 20,480 bytes at 20 Hz to n subscribers",
    note=(
        "Latency is from the stamp in the payload to its arrival. The peers make the payload in their own process; "
        "Logdrum's hub receives it from an engine process over a Unix socket, checks it, keeps it for late joiners and "
        "frames it, and all of that is in its CPU and its latency. Children are not counted."
    ),
    round=_fanout_round,
)
STALLED_READERS: Final = Bench(
    name="stalled",
    title=f"Stalled readers: {STALLED} of n subscribers stop reading, 20,480 bytes at {STALLED_HZ} Hz",
    note=(
        "`others` are the subscribers that go on reading; `without` is the same run, just before, in which all read. "
        "`grown` is the growth of the server's memory; Logdrum's includes the audio that it keeps for late joiners."
    ),
    round=_stalled_round,
)
IDLE: Final = Bench(
    name="idle",
    title="Idle: n connections that say and hear nothing",
    note="CPU includes whatever keeps connections alive: pings by default in some, heartbeats of Logdrum's engine.",
    round=_idle_round,
)
