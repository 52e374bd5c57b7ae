"""A hub under attack from all sides, with witnesses in its rooms; and what must be true of it afterwards."""

import asyncio
import json
import random
import re
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from logdrum_protocol import bounds as b
from logdrum_protocol.fold import document_of
from tests.fuzz.arena import Attack
from tests.fuzz.attacks import ATTACKS
from tests.fuzz.witness import PATIENCE_S, Witness, welcomed
from tests.harness import ROOT, RunningHub, call

_SEATS: Final = (("siege", "thandi"), ("siege", "sipho"), ("elsewhere", "lerato"))

_FIXED_BYTES: Final = 96 * 2**20
"""For a dozen attackers at a time (a connection's budget of 1 MiB, a message of 256 KiB, what the kernel was not yet
given), forty rooms, the pages that the allocator keeps."""

_BYTES_PER_OP: Final = 512
"""What a room remembers of an operation that can be undone (D6): 400 bytes where it wrote one property."""

_RECORD: Final = re.compile(r"^(?=\d{4}-\d\d-\d\d )", re.MULTILINE)
_OPEN_FAULTS: Final = ("aiohttp.server: Error handling request",)
"""What a peer can make the hub log today: bytes that are no HTTP, and a ping from someone who has gone by then. Both
have a test in `test_fuzz_findings.py`."""


class Fallen(AssertionError):
    """A siege found a fault in the hub; the seed is in the message."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How a siege went."""

    attacks: Counter[str]
    answers: Counter[str]
    ops: int
    grown_bytes: int
    slowest_pong_s: float


async def besiege(hub: RunningHub, seed: int, seconds: float, attacks: Sequence[Attack] = ATTACKS) -> Tally:
    """Attack a hub for so long; raises `Fallen` where anything is not as it should be."""
    try:
        return await _Siege(hub, seed, attacks).run(seconds)
    except Exception as fault:
        raise Fallen(f"{hub.log[-2000:]}\nseed {seed}: {_told(fault)}") from fault


def _told(fault: BaseException) -> str:
    if isinstance(fault, BaseExceptionGroup):
        return "; ".join(_told(inner) for inner in fault.exceptions)
    return f"{type(fault).__name__}: {fault}"


class _Siege:
    def __init__(self, hub: RunningHub, seed: int, attacks: Sequence[Attack]) -> None:
        self._hub = hub
        self._seed = seed
        self._attacks = attacks
        self._made: Counter[str] = Counter()
        self._witnesses: dict[str, tuple[b.RoomId, Witness]] = {}

    async def run(self, seconds: float) -> Tally:
        before = rss_bytes(self._hub)
        async with AsyncExitStack() as connections, asyncio.TaskGroup() as tasks:
            for room, name in _SEATS:
                await self._seat(room, name, connections)
            listening = [tasks.create_task(witness.listen()) for _, witness in self._witnesses.values()]
            await self._attack(seconds)
            await self._check_documents()
            for task in listening:
                task.cancel()
        tally = self._tally(rss_bytes(self._hub) - before)
        self._check_hub(tally)
        return tally

    async def _seat(self, room: b.RoomId, name: str, connections: AsyncExitStack) -> None:
        caller = await connections.enter_async_context(call(self._hub, room))
        dice = random.Random(f"{self._seed} {name}")
        self._witnesses[name] = room, Witness(name, caller, await welcomed(caller, name=name), dice)

    async def _attack(self, seconds: float) -> None:
        """Have everybody work while the attackers are there."""
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(witness.work()) for _, witness in self._witnesses.values()]
            asking = tasks.create_task(self._ask_for_health())
            await self._let_loose(seconds)
            for task in (*working, asking):
                task.cancel()

    async def _let_loose(self, seconds: float) -> None:
        names = [attack.__name__ for attack in self._attacks]
        command = ("-m", "tests.fuzz.attackers", self._hub.url, str(self._seed), str(seconds), *names)
        process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT, stdout=PIPE, stderr=PIPE)
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise Fallen(err.decode()[-1500:])
        self._made = Counter(json.loads(out))

    async def _ask_for_health(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_S)) as http:
            while True:
                async with http.get(f"{self._hub.url}/healthz") as answer:
                    assert answer.status == 200
                await asyncio.sleep(0.5)

    async def _check_documents(self) -> None:
        """Everything is answered, and whoever comes now is told what the witnesses know."""
        for room, witness in self._witnesses.values():
            await witness.settled()
            await self._check_document(room, witness)

    async def _check_document(self, room: b.RoomId, witness: Witness) -> None:
        async with call(self._hub, room) as caller:
            welcome = await welcomed(caller, name="fresh")
        assert welcome.snapshot is not None
        document = await witness.document_at(welcome.seq)  # what an attacker sent last may still be under way
        told = document_of(welcome.snapshot.entities)
        assert document.listed() == told.listed(), f"{witness.name} has another document at {welcome.seq}"

    def _tally(self, grown_bytes: int) -> Tally:
        witnesses = [witness for _, witness in self._witnesses.values()]
        return Tally(
            attacks=self._made,
            answers=sum((witness.answers for witness in witnesses), Counter[str]()),
            ops=sum(witness.ops() for witness in witnesses),
            grown_bytes=grown_bytes,
            slowest_pong_s=max(witness.slowest_pong_s for witness in witnesses),
        )

    def _check_hub(self, tally: Tally) -> None:
        assert self._hub.process.poll() is None, "the hub has died"
        tracebacks = faults_in(self._hub.log)
        assert not tracebacks, f"{len(tracebacks)} tracebacks, the first: …{tracebacks[0][-1500:]}"
        allowed = _FIXED_BYTES + _BYTES_PER_OP * tally.ops
        assert tally.grown_bytes < allowed, (
            f"the hub grew by {tally.grown_bytes:,} bytes, {allowed:,} are accounted for"
        )
        applied, others = tally.answers["applied"], tally.answers.total() - tally.answers["applied"]
        assert applied > others, f"hardly anything of the witnesses came through: {dict(tally.answers)}"


def rss_bytes(hub: RunningHub) -> int:
    """What the hub's process holds of the machine's memory."""
    lines = Path(f"/proc/{hub.process.pid}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def faults_in(log: str) -> list[str]:
    """The records of a log that hold a traceback, but for those of open findings."""
    records = [one for one in _RECORD.split(log) if "Traceback (most recent call last)" in one]
    return [one for one in records if not any(fault in one for fault in _OPEN_FAULTS)]
