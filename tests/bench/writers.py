"""Writers who edit one room at a steady rate, and what comes back to all of them; see `edits`."""

import asyncio
import gc
import random
import sys
import time
from array import array
from collections.abc import Sequence
from typing import Final

import msgspec
import uvloop

from .machine import usage
from .member import Member, enter, look, seed
from .rows import percentile
from .studio import percent_kept
from .talk import finish
from .wires import WIRES, Wire, WireName

_SETTLE_S: Final = 1.0
_GRACE_S: Final = 3.0
_TICK_S: Final = 0.05


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Who edits what, and how fast."""

    url: str
    wire: WireName
    server_pid: int
    writers: int
    rate_hz: float
    """Edits a second of each writer."""
    warm_up: int
    """Edits of each writer that come before those that are measured."""
    edits: int
    """Edits of each writer, the warm-up included."""
    seed: int
    """Of when in its period each writer edits."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one window gave."""

    delivered_percent: float
    p50_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    received: int
    cpu_s: float
    """The server's, while it took all edits."""
    load_percent: float
    """Of a core: what the load generator itself used."""
    right_percent: float
    """Of the clips that were edited, those that a newcomer finds as they should be."""


class Tally:
    """When each edit was sent, and how long it took to each who heard it."""

    def __init__(self, plan: Plan, wire: Wire) -> None:
        self._wire = wire
        self._warm_up = plan.warm_up
        self._sent_ns = [array("q", bytes(8 * plan.edits)) for _ in range(plan.writers)]
        self.latencies_ns = array("q")
        self.received = 0

    def sent(self, writer: int, number: int) -> None:
        """An edit leaves now."""
        self._sent_ns[writer][number] = time.monotonic_ns()

    def hear(self, frame: bytes) -> None:
        """Count a frame, if it brings an edit."""
        now_ns = time.monotonic_ns()
        heard = self._wire.heard(frame)
        if heard is None:
            return
        writer, number = heard
        self.received += 1
        if number >= self._warm_up:
            self.latencies_ns.append(now_ns - self._sent_ns[writer][number])


def schedule(plan: Plan) -> list[tuple[float, int, int]]:
    """Return when each edit is due, as moment in seconds, writer and number; every writer is at a phase of its own."""
    dice = random.Random(plan.seed)
    phases = [dice.random() for _ in range(plan.writers)]
    return sorted(
        ((number + phase) / plan.rate_hz, writer, number)
        for writer, phase in enumerate(phases)
        for number in range(plan.edits)
    )


async def pace(plan: Plan, members: Sequence[Member], scripts: Sequence[Sequence[bytes]], tally: Tally) -> None:
    """Send every edit when it is due, whether or not those before it have come back."""
    began = time.monotonic()
    for moment, writer, number in schedule(plan):
        if (early := began + moment - time.monotonic()) > 0:
            await asyncio.sleep(early)
        tally.sent(writer, number)
        members[writer].send(scripts[writer][number])


async def measure(plan: Plan) -> Measured:
    """Make the room, edit it, and see what everybody heard."""
    wire = WIRES[plan.wire]
    scripts = [wire.script(writer, plan.edits) for writer in range(plan.writers)]
    tally = Tally(plan, wire)
    members = [await enter(plan.url, wire, tally.hear) for _ in range(plan.writers)]
    await seed(members[0], plan.url, wire)
    await asyncio.sleep(_SETTLE_S)
    gc.freeze()  # a collection here would be counted as the server's latency
    gc.disable()
    began, began_cpu_s, before = time.monotonic(), time.process_time(), usage(plan.server_pid)
    await pace(plan, members, scripts, tally)
    expected = plan.writers**2 * (plan.edits - plan.warm_up)
    await _grace(tally, expected)
    after, wall_s, own_cpu_s = usage(plan.server_pid), time.monotonic() - began, time.process_time() - began_cpu_s
    latencies_ms = sorted(latency_ns / 1e6 for latency_ns in tally.latencies_ns)
    return Measured(
        delivered_percent=100 * len(latencies_ms) / expected,
        p50_ms=percentile(latencies_ms, 50),
        p99_ms=percentile(latencies_ms, 99),
        max_ms=percentile(latencies_ms, 100),
        received=tally.received,
        cpu_s=after.cpu_s - before.cpu_s,
        load_percent=100 * own_cpu_s / wall_s,
        right_percent=percent_kept(await look(plan.url, wire), plan.writers, plan.edits),
    )


async def _grace(tally: Tally, expected: int) -> None:
    for _ in range(round(_GRACE_S / _TICK_S)):
        if len(tally.latencies_ns) >= expected:
            return
        await asyncio.sleep(_TICK_S)


def main() -> None:
    """Carry out the plan that is the one argument, and print what was measured; the writers stay until stdin ends."""
    plan = msgspec.json.decode(sys.argv[1], type=Plan)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        measured = runner.run(measure(plan))
        finish("measured " + msgspec.json.encode(measured).decode())


if __name__ == "__main__":
    main()
