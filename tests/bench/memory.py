"""Memory and disk: what a room costs after many edits, and how long it takes to come back after a restart."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import msgspec

from .editors import EDITORS, Editor
from .machine import LOAD_CORE, running, scratch, stored_bytes
from .subjects import python
from .suite import Bench, Measurement, Numbers, Settings
from .turns import EDITS, Measured, Plan
from .visit import Restarted, restarted

_WRITERS: Final = 10
_LIMIT_S: Final = 240.0


async def _take(editor: Editor, visits: int) -> Numbers:
    edits = visits * EDITS
    with scratch() as folder:
        async with editor.start(folder) as serving:
            plan = Plan(
                url=serving.url, wire=editor.wire, server_pid=serving.worker.pid, writers=_WRITERS, visits=visits
            )
            command = python("tests.bench.turns", msgspec.json.encode(plan).decode())
            async with running("turns", command, LOAD_CORE) as turns:
                measured = msgspec.json.decode(await turns.hear("measured ", _LIMIT_S), type=Measured)
        numbers = _numbers(measured, _WRITERS * edits)
        if not editor.keeps:
            return numbers
        stored = stored_bytes(folder)
        again = await restarted(editor, folder, writers=_WRITERS, edits=edits)
        return {**numbers, "stored": (stored / 2**20, "MiB"), **_after_restart(again)}


def _numbers(measured: Measured, edits: int) -> Numbers:
    return {
        "before": (measured.before_bytes / 2**20, "MiB"),
        "after": (measured.after_bytes / 2**20, "MiB"),
        "grown": ((measured.after_bytes - measured.before_bytes) / 2**20, "MiB"),
        "edits_per_s": (edits / measured.wall_s, ""),
        "cpu_per_edit": (1e6 * measured.cpu_s / edits, "us"),
        "right": (measured.right_percent, "%"),
    }


def _after_restart(again: Restarted) -> Numbers:
    return {"restart": (again.ready_s, "s"), "kept": (again.kept_percent, "%")}


def _round(settings: Settings, _run: int) -> Iterator[Measurement]:
    for editor in EDITORS:
        yield Measurement(
            bench="memory",
            subject=editor.name,
            n=_WRITERS * settings.visits * EDITS,
            take=partial(_take, editor, settings.visits),
            missing=editor.missing(),
        )


MEMORY: Final = Bench(
    name="memory",
    title="Memory and disk: n edits of the same room",
    note=(
        f"{_WRITERS} writers, two at a time, come, make {EDITS} edits as fast as they are answered (16 under way) and "
        "leave, again and again; one more stays. `before` and `after` are resident memory, each after 3 s of rest. "
        "`stored` is what lies on disk after a stop in peace; `restart` is from the start of the process until a "
        "client has the document, and `kept` is what it finds there of the last edits. CPU includes the joins."
    ),
    round=_round,
)
