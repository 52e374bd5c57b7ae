"""Edits: how long from the one who edits to everybody, and what is left of them when the server is killed."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from .editors import EDITORS, LOGDRUM, Editor, Serving
from .machine import LOAD_CORE, fsync_ms, running, scratch
from .rows import percentile
from .subjects import python
from .suite import Bench, Measurement, Numbers, Settings
from .visit import kept_percent
from .writers import Measured, Plan

WRITERS: Final = 20
_RATE_HZ: Final = 10
_WARM_UP_S: Final = 1.0
_BEYOND_WINDOW_S: Final = 60.0


def _plan(editor: Editor, serving: Serving, settings: Settings, run: int) -> Plan:
    return Plan(
        url=serving.url,
        wire=editor.wire,
        server_pid=serving.worker.pid,
        writers=WRITERS,
        rate_hz=_RATE_HZ,
        warm_up=round(_WARM_UP_S * _RATE_HZ),
        edits=round((_WARM_UP_S + settings.edits_seconds) * _RATE_HZ),
        seed=run,
    )


async def _take(editor: Editor, settings: Settings, run: int) -> Numbers:
    with scratch() as folder:
        fsyncs_ms = await fsync_ms(folder) if editor is LOGDRUM else []
        async with editor.start(folder) as serving:
            plan = _plan(editor, serving, settings, run)
            command = python("tests.bench.writers", msgspec.json.encode(plan).decode())
            async with running("writers", command, LOAD_CORE) as writers:
                answer = await writers.hear("measured ", settings.edits_seconds + _BEYOND_WINDOW_S)
                await serving.worker.kill()  # while the writers are there: some servers store when the last one leaves
        measured = msgspec.json.decode(answer, type=Measured)
        kept = await _kept(editor, folder, plan)
        return {**_numbers(measured), "kept_after_kill": (kept, "%"), "fsync_p99": (percentile(fsyncs_ms, 99), "ms")}


async def _kept(editor: Editor, folder: Path, plan: Plan) -> float | None:
    return await kept_percent(editor, folder, writers=plan.writers, edits=plan.edits) if editor.keeps else None


def _numbers(measured: Measured) -> Numbers:
    return {
        "delivered": (measured.delivered_percent, "%"),
        "p50": (measured.p50_ms, "ms"),
        "p99": (measured.p99_ms, "ms"),
        "max": (measured.max_ms, "ms"),
        "cpu_per_delivery": (1e6 * measured.cpu_s / measured.received if measured.received else None, "us"),
        "right": (measured.right_percent, "%"),
        "load_generator": (measured.load_percent, "% of a core"),
    }


def _round(settings: Settings, run: int) -> Iterator[Measurement]:
    for editor in EDITORS:
        yield Measurement(
            bench="edits",
            subject=editor.name,
            n=WRITERS,
            take=partial(_take, editor, settings, run),
            missing=editor.missing(),
        )


EDITS: Final = Bench(
    name="edits",
    title=f"Edits: n writers in a room of 20 tracks and 2,000 clips, {_RATE_HZ} edits a second each, heard by all n",
    note=(
        "Latency is from the sending of an edit to its arrival at each writer, its author included. Logdrum's goes "
        "out when it is on disk (SQLite, synchronous=FULL); Hocuspocus stores 2 s after the last edit or after 10 s of "
        "them; y-websocket hands each to LevelDB and does not wait; + says what a subject keeps, and the others keep "
        "nothing. `right` is what a newcomer finds after the last edit, of the clips that were edited; "
        "`kept_after_kill` is what is there after kill -9 at that moment and a restart. What is sent is made before, "
        "and what comes is not applied, for every subject alike: a client's own work on its document is in no figure. "
        "`fsync_p99` is what the disk alone took for 4 KiB just before, 300 times."
    ),
    round=_round,
)
