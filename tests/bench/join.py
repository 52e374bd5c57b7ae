"""Joining: from connecting to the whole document in hand."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from typing import Final

import msgspec

from .editors import EDITORS, Editor
from .errand import carry_out
from .machine import LOAD_CORE, running, scratch, usage
from .member import enter, seeded
from .rows import percentile
from .studio import CLIPS
from .subjects import python
from .suite import Bench, Measurement, Numbers, Settings
from .wires import WIRES, Wire, WireName

_PAUSE_S: Final = 0.05
_LIMIT_S: Final = 120.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Which room to join, and how often."""

    url: str
    wire: WireName
    server_pid: int
    joins: int


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What the joins took."""

    arrived_s: list[float]
    """From connecting to the frame that holds the document."""
    in_hand_s: list[float]
    """From connecting to a document that the client can read."""
    frame_bytes: int
    cpu_s: float
    """The server's, over all joins."""


async def measure(plan: Plan) -> Measured:
    """Make the room, and join it again and again."""
    wire = WIRES[plan.wire]
    async with seeded(plan.url, wire):
        await asyncio.sleep(1)
        before = usage(plan.server_pid)
        taken = [await _join(plan.url, wire) for _ in range(plan.joins)]
        after = usage(plan.server_pid)
    arrived_s, in_hand_s, sizes = zip(*taken, strict=True)
    return Measured(
        arrived_s=sorted(arrived_s),
        in_hand_s=sorted(in_hand_s),
        frame_bytes=max(sizes),
        cpu_s=after.cpu_s - before.cpu_s,
    )


async def _join(url: str, wire: Wire) -> tuple[float, float, int]:
    began = time.monotonic()
    member = await enter(url, wire)
    whole = await member.arrived()
    arrived_s = time.monotonic() - began
    opened = wire.open(whole)
    in_hand_s = time.monotonic() - began
    member.leave()
    if len(opened.ticks()) != CLIPS:
        raise SystemExit("a join brought less than the document")
    await asyncio.sleep(_PAUSE_S)
    return arrived_s, in_hand_s, len(whole)


async def _take(editor: Editor, joins: int) -> Numbers:
    with scratch() as folder:
        async with editor.start(folder) as serving:
            plan = Plan(url=serving.url, wire=editor.wire, server_pid=serving.worker.pid, joins=joins)
            command = python("tests.bench.join", msgspec.json.encode(plan).decode())
            async with running("join", command, LOAD_CORE) as joiner:
                measured = msgspec.json.decode(await joiner.hear("measured ", _LIMIT_S), type=Measured)
    return {
        "p50": (_ms(measured.in_hand_s, 50), "ms"),
        "p95": (_ms(measured.in_hand_s, 95), "ms"),
        "arrived_p50": (_ms(measured.arrived_s, 50), "ms"),
        "arrived_p95": (_ms(measured.arrived_s, 95), "ms"),
        "cpu_per_join": (1e3 * measured.cpu_s / joins, "ms"),
        "document": (measured.frame_bytes / 1024, "KiB"),
    }


def _ms(sorted_s: list[float], percent: float) -> float | None:
    value_s = percentile(sorted_s, percent)
    return None if value_s is None else 1e3 * value_s


def _round(settings: Settings, _run: int) -> Iterator[Measurement]:
    for editor in EDITORS:
        yield Measurement(
            bench="join",
            subject=editor.name,
            n=settings.joins,
            take=partial(_take, editor, settings.joins),
            missing=editor.missing(),
        )


JOIN: Final = Bench(
    name="join",
    title="Join: from connecting to the document of 20 tracks and 2,000 clips in hand, n joins a run",
    note=(
        "One after the other, into a room that is loaded. `arrived` is when the frame with the document is there, p50 "
        "and p95 when the client has made its own document of it: Logdrum's Python client by the fold of `fold.py`, "
        "the Yjs servers' by pycrdt, which is compiled."
    ),
    round=_round,
)


if __name__ == "__main__":
    carry_out(Plan, measure)
