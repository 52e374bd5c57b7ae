"""How far a client's estimate of the hub's clock is off: idle, under fan-out, and behind a jittery network."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import msgspec
import uvloop

from logdrum_client import join

from .fanout import FANOUT_HZ, loading, measured_by
from .jitter import jittered
from .load import Plan
from .machine import LOAD_CORE, Worker, running
from .rows import percentile
from .subjects import LOGDRUM, ROOM, Server, python
from .suite import Bench, Measurement, Numbers, Settings
from .talk import finish, say
from .truth import Truth, find_truth

_SETTLE_S: Final = 5.0
_SAMPLE_S: Final = 0.02
_ANSWER_S: Final = 60.0


class Probing(msgspec.Struct, frozen=True, kw_only=True):
    """What the probing process is to do."""

    url: str
    """The room's WebSocket."""
    seconds: float
    jitter_seed: int | None
    """None goes straight to the hub."""


class Errors(msgspec.Struct, frozen=True, kw_only=True):
    """What one window gave; errors are estimate minus truth, at even intervals."""

    early_us: list[float]
    """From the moment on at which joining was done."""
    settled_us: list[float]
    uncertainty_us: float
    """How well the truth is known."""


async def probe(probing: Probing) -> Errors:
    """Find the truth on an idle hub; when told to, join and compare the client's clock with it."""
    truth = await find_truth(probing.url)
    say("truth")
    await asyncio.to_thread(sys.stdin.readline)
    async with _way(probing) as url, join(url, room=ROOM, name="probe") as room:
        early_us = await _errors_us(room.clock.now_us, truth, _SETTLE_S)
        settled_us = await _errors_us(room.clock.now_us, truth, probing.seconds)
    return Errors(early_us=early_us, settled_us=settled_us, uncertainty_us=truth.uncertainty_us)


@asynccontextmanager
async def _way(probing: Probing) -> AsyncIterator[str]:
    """Yield the hub's address, behind the jitter where that is asked for."""
    address = urlsplit(probing.url)
    assert address.hostname is not None
    assert address.port is not None
    if probing.jitter_seed is None:
        yield f"ws://{address.netloc}"
        return
    async with jittered(address.hostname, address.port, probing.jitter_seed) as port:
        yield f"ws://127.0.0.1:{port}"


async def _errors_us(now_us: Callable[[], int], truth: Truth, seconds: float) -> list[float]:
    errors_us = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        errors_us.append(now_us() - (time.monotonic_ns() / 1000 + truth.offset_us))
        await asyncio.sleep(_SAMPLE_S)
    return errors_us


async def _take(*, settings: Settings, n: int, jitter_seed: int | None) -> Numbers:
    async with LOGDRUM.start(FANOUT_HZ) as server:
        probing = Probing(url=server.url, seconds=settings.clock_seconds, jitter_seed=jitter_seed)
        command = python("tests.bench.clock", msgspec.json.encode(probing).decode())
        async with running("clock", command, LOAD_CORE) as prober:
            await prober.hear("truth", _ANSWER_S)
            if n == 1:
                return _numbers(await _probed(prober, settings))
            return await _under_fanout(server, prober, settings, n)


async def _under_fanout(server: Server, prober: Worker, settings: Settings, n: int) -> Numbers:
    seconds = _SETTLE_S + settings.clock_seconds
    plan = Plan(
        url=server.url,
        dialect=LOGDRUM.dialect,
        server_pid=server.pid,
        subscribers=n,
        rate_hz=FANOUT_HZ,
        seconds=seconds,
    )
    async with loading(server, plan) as load:
        errors = await _probed(prober, settings)
        measured = await measured_by(load, seconds)
    return {**_numbers(errors), "delivered": (measured.delivered_percent, "%")}


async def _probed(prober: Worker, settings: Settings) -> Errors:
    await prober.tell("go")
    answer = await prober.hear("errors ", _SETTLE_S + settings.clock_seconds + _ANSWER_S)
    return msgspec.json.decode(answer, type=Errors)


def _numbers(errors: Errors) -> Numbers:
    settled_ms, early_ms = _sizes_ms(errors.settled_us), _sizes_ms(errors.early_us)
    return {
        "p50": (percentile(settled_ms, 50), "ms"),
        "p95": (percentile(settled_ms, 95), "ms"),
        "worst": (settled_ms[-1], "ms"),
        "first_5_s_p95": (percentile(early_ms, 95), "ms"),
        "truth_known_to": (errors.uncertainty_us / 1000, "ms"),
    }


def _sizes_ms(errors_us: Sequence[float]) -> list[float]:
    return sorted(abs(error) / 1000 for error in errors_us)


def _bench(name: str, title: str, size: Callable[[Settings], int], *, jitter: bool = False) -> Bench:
    def measurements(settings: Settings, run: int) -> Iterator[Measurement]:
        n = size(settings)
        take = partial(_take, settings=settings, n=n, jitter_seed=run if jitter else None)
        yield Measurement(bench=name, subject="logdrum", n=n, take=take)

    return Bench(
        name=name,
        title=title,
        note=(
            f"Error of `logdrum_client`'s hub time, read every {_SAMPLE_S * 1e3:.0f} ms from {_SETTLE_S:.0f} s after "
            "joining on. Hub and client share CLOCK_MONOTONIC, so the truth is a constant, bounded by 400 pings of an "
            "idle hub."
        ),
        round=measurements,
    )


CLOCK_IDLE: Final = _bench("clock-idle", "Clock error, idle", lambda _: 1)
CLOCK_FANOUT: Final = _bench(
    "clock-fanout",
    "Clock error under fan-out: 20,480 bytes at 20 Hz to n others and to the client itself",
    lambda settings: settings.clock_size,
)
CLOCK_JITTER: Final = _bench(
    "clock-jitter",
    "Clock error behind a network that delays each direction by 40 ± 20 ms at random, in order",
    lambda _: 1,
    jitter=True,
)


def main() -> None:
    """Probe as the one argument says, and print the errors."""
    probing = msgspec.json.decode(sys.argv[1], type=Probing)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        errors = runner.run(probe(probing))
    finish("errors " + msgspec.json.encode(errors).decode())


if __name__ == "__main__":
    main()
