"""A reconnect storm: everybody in a room is cut off at one moment, while edits and audio go on."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import msgspec

from .errand import carry_out
from .fanout import FANOUT_HZ
from .machine import LOAD_CORE, running, scratch, usage
from .member import enter, seeded
from .rows import percentile
from .subjects import fed_hub, python
from .suite import Bench, Measurement, Numbers, Settings
from .survivor import Survivor
from .talk import say
from .verdict import Verdict, judge
from .wires.logdrum import LogdrumWire, edit, op_id

_WRITERS: Final = 5
_RATE_HZ: Final = 10
_BEFORE_S: Final = 3.0
_AFTER_S: Final = 4.0
_SETTLED_S: Final = 20.0
_LOOK_S: Final = 0.05
_LIMIT_S: Final = 150.0
_SAMPLES_A_MS: Final = 48


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Which room, and how many are in it."""

    url: str
    server_pid: int
    members: int


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """How everybody came back; moments are from the cut on, sorted."""

    back_s: list[float]
    caught_up_s: list[float]
    audio_s: list[float]
    """First chunk after the cut, of those who heard one."""
    recovered: int
    missed_audio_ms: float
    """Of the one who missed most."""
    cpu_s: float
    """The hub's, from the cut until all had caught up."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one storm gave."""

    back: Return
    edits: int
    verdict: Verdict


class Writers:
    """The few who edit, at a steady rate, whether they are connected or not."""

    def __init__(self, survivors: Sequence[Survivor]) -> None:
        self._survivors = survivors
        self._stopping = asyncio.Event()
        self.sent: list[str] = []

    async def run(self) -> None:
        """Edit until stopped."""
        began, turn = time.monotonic(), 0
        period_s = 1 / (_RATE_HZ * len(self._survivors))
        while not self._stopping.is_set():
            number, writer = divmod(turn, len(self._survivors))
            self._edit(writer, number)
            turn += 1
            await asyncio.sleep(began + turn * period_s - time.monotonic())

    def stop(self) -> None:
        """Make no more edits."""
        self._stopping.set()

    def _edit(self, writer: int, number: int) -> None:
        self.sent.append(op_id(writer, number))
        self._survivors[writer].edit(self.sent[-1], edit(writer, number))


async def measure(plan: Plan) -> Measured:
    """Fill the room, wait for "go" on stdin, let the storm through, and judge what is left."""
    wire = LogdrumWire()
    async with seeded(plan.url, wire):
        survivors = [Survivor(plan.url) for _ in range(plan.members)]
        for survivor in survivors:
            await survivor.come()
        say("connected")
        await asyncio.to_thread(sys.stdin.readline)
        writers = Writers(survivors[:_WRITERS])
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writers.run())
            back = await _storm(plan, survivors)
            writers.stop()
        await _settled(survivors)
        newcomer = await enter(plan.url, wire)
        newcomer.leave()
        document = wire.open(await newcomer.arrived()).document
        verdict = judge([survivor.log for survivor in survivors], writers.sent, document)
    return Measured(back=back, edits=len(writers.sent), verdict=verdict)


async def _storm(plan: Plan, survivors: Sequence[Survivor]) -> Return:
    await asyncio.sleep(_BEFORE_S)
    before, cut_at = usage(plan.server_pid), time.monotonic()
    for survivor in survivors:
        survivor.cut()
    await asyncio.gather(*(survivor.come() for survivor in survivors))
    await _until(lambda: all(survivor.caught_up_at for survivor in survivors))
    after = usage(plan.server_pid)
    await asyncio.sleep(_AFTER_S)
    return Return(
        back_s=sorted(survivor.back_at - cut_at for survivor in survivors),
        caught_up_s=sorted(survivor.caught_up_at - cut_at for survivor in survivors),
        audio_s=sorted(survivor.heard_again_at - cut_at for survivor in survivors if survivor.heard_again_at),
        recovered=sum(survivor.recovered is True for survivor in survivors),
        missed_audio_ms=max(survivor.hearing.missed_samples for survivor in survivors) / _SAMPLES_A_MS,
        cpu_s=after.cpu_s - before.cpu_s,
    )


async def _settled(survivors: Sequence[Survivor]) -> None:
    def settled() -> bool:
        answered = not any(survivor.unanswered for survivor in survivors)
        return answered and len({survivor.log.seq for survivor in survivors}) == 1

    await _until(settled)


async def _until(holds: Callable[[], bool]) -> None:
    """Wait until it holds, or for as long as it reasonably could take: then the verdict says what is wrong."""
    for _ in range(round(_SETTLED_S / _LOOK_S)):
        if holds():
            return
        await asyncio.sleep(_LOOK_S)


async def _take(members: int) -> Numbers:
    with scratch() as folder:
        async with fed_hub(folder, FANOUT_HZ) as server:
            plan = Plan(url=server.url, server_pid=server.pid, members=members)
            command = python("tests.bench.storm", msgspec.json.encode(plan).decode())
            async with running("storm", command, LOAD_CORE) as storm:
                await storm.hear("connected", _LIMIT_S)
                await server.begin()
                await storm.tell("go")
                measured = msgspec.json.decode(await storm.hear("measured ", _LIMIT_S), type=Measured)
    return _numbers(measured, members)


def _numbers(measured: Measured, members: int) -> Numbers:
    back, verdict = measured.back, measured.verdict
    return {
        "back_p50": (_ms(back.back_s, 50), "ms"),
        "back_all": (_ms(back.back_s, 100), "ms"),
        "caught_up_all": (_ms(back.caught_up_s, 100), "ms"),
        "recovered": (100 * back.recovered / members, "%"),
        "edits": (measured.edits, ""),
        "lost": (verdict.lost, "edits"),
        "doubled": (verdict.doubled, "edits"),
        "gaps": (verdict.gaps, "events"),
        "documents": (verdict.documents, ""),
        "audio_back": (100 * len(back.audio_s) / members, "%"),
        "audio_back_all": (_ms(back.audio_s, 100), "ms"),
        "audio_missed": (back.missed_audio_ms, "ms"),
        "cpu": (1e3 * back.cpu_s, "ms"),
    }


def _ms(sorted_s: list[float], percent: float) -> float | None:
    value_s = percentile(sorted_s, percent)
    return None if value_s is None else 1e3 * value_s


def _round(settings: Settings, _run: int) -> Iterator[Measurement]:
    n = settings.storm_size
    yield Measurement(bench="storm", subject="logdrum", n=n, take=partial(_take, n))


STORM: Final = Bench(
    name="storm",
    title="Storm: n members are cut off at one moment, and all come back at once",
    note=(
        f"{_WRITERS} of them make {_RATE_HZ} edits a second each throughout, and all hear audio, 20,480 bytes at "
        f"{FANOUT_HZ} Hz. Nobody waits before coming back, though real clients do. `back` is until the welcome, "
        "`caught_up` until every event before it is there, and `recovered` are those who needed no snapshot. "
        "`documents` counts the different ones in the end, a newcomer's included: 1 is right; `audio_missed` is what "
        "was not sent to the one who missed most."
    ),
    round=_round,
)


if __name__ == "__main__":
    carry_out(Plan, measure)
