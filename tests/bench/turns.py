"""People who come, edit as fast as they are answered, and leave, many times over; see `memory`."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from .errand import carry_out
from .machine import usage
from .member import enter, look, seeded
from .studio import percent_kept
from .wires import WIRES, Wire, WireName

EDITS: Final = 400
"""Of one visit; Logdrum lets a connection send as many in one burst (C6)."""

_AT_ONCE: Final = 2
_UNCONFIRMED: Final = 16
_SETTLE_S: Final = 3.0
_VISIT_S: Final = 60.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes how often."""

    url: str
    wire: WireName
    server_pid: int
    writers: int
    visits: int
    """Of each writer."""

    @property
    def edits(self) -> int:
        """Of each writer, over all visits."""
        return self.visits * EDITS


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What the edits cost the server."""

    before_bytes: int
    after_bytes: int
    cpu_s: float
    wall_s: float
    right_percent: float


class Visit:
    """One stay of one writer: a few edits are under way at any time, and each that comes back makes room for one."""

    def __init__(self, wire: Wire, writer: int, script: Sequence[bytes]) -> None:
        self._wire = wire
        self._writer = writer
        self._left = iter(script)
        self._unheard = len(script)
        self._done = asyncio.Event()

    async def stay(self, url: str) -> None:
        """Come, edit, and leave once all edits have come back."""
        self._member = await enter(url, self._wire, self._hear)
        for _ in range(_UNCONFIRMED):
            self._send()
        async with asyncio.timeout(_VISIT_S):
            await self._done.wait()
        self._member.leave()

    def _send(self) -> None:
        if (frame := next(self._left, None)) is not None:
            self._member.send(frame)

    def _hear(self, frame: bytes) -> None:
        heard = self._wire.heard(frame)
        if heard is None or heard[0] != self._writer:
            return
        self._unheard -= 1
        self._send()
        if not self._unheard:
            self._done.set()


def visits(plan: Plan, wire: Wire) -> Iterator[Visit]:
    """Return everybody's visits, in turns, so that no two of one writer come at once."""
    scripts = [wire.script(writer, plan.edits) for writer in range(plan.writers)]
    for visit in range(plan.visits):
        for writer, script in enumerate(scripts):
            yield Visit(wire, writer, script[visit * EDITS : (visit + 1) * EDITS])


async def measure(plan: Plan) -> Measured:
    """Make the room, let everybody come and go, and see what the server has grown by."""
    wire = WIRES[plan.wire]
    queue = list(visits(plan, wire))
    async with seeded(plan.url, wire):
        await asyncio.sleep(_SETTLE_S)
        before, began = usage(plan.server_pid), time.monotonic()
        await _all_of(iter(queue), plan.url)
        wall_s = time.monotonic() - began
        edited = usage(plan.server_pid)
        await asyncio.sleep(_SETTLE_S)
        return Measured(
            before_bytes=before.rss_bytes,
            after_bytes=usage(plan.server_pid).rss_bytes,
            cpu_s=edited.cpu_s - before.cpu_s,
            wall_s=wall_s,
            right_percent=percent_kept(await look(plan.url, wire), plan.writers, plan.edits),
        )


async def _all_of(queue: Iterator[Visit], url: str) -> None:
    async def come_and_go() -> None:
        for visit in queue:
            await visit.stay(url)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_AT_ONCE):
            tasks.create_task(come_and_go())


if __name__ == "__main__":
    carry_out(Plan, measure)
