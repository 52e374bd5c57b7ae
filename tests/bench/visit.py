"""A visit to a room by itself: how long until the document is in hand, and what is in it."""

import asyncio
import time
from collections import deque
from pathlib import Path
from typing import Final

import msgspec

from .editors import Editor
from .errand import carry_out
from .machine import LOAD_CORE, running
from .member import enter
from .studio import percent_kept
from .subjects import python
from .wires import WIRES, WireName

_VISIT_S: Final = 60.0
_EMPTY_S: Final = 10.0
_AGAIN_S: Final = 0.02


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Where to go, and what should be there."""

    url: str
    wire: WireName
    writers: int
    edits: int


class Visited(msgspec.Struct, frozen=True, kw_only=True):
    """What one visit gave."""

    kept_percent: float
    in_hand_s: float
    """From connecting."""


async def visit(plan: Plan) -> Visited:
    """Join and read the document; where it is empty, wait: some servers let people in before they have read it."""
    wire = WIRES[plan.wire]
    later: deque[bytes] = deque()
    began = time.monotonic()
    member = await enter(plan.url, wire, later.append)
    opened = wire.open(await member.arrived())
    in_hand_s = time.monotonic() - began
    while not (ticks := opened.ticks()) and in_hand_s < _EMPTY_S:
        await asyncio.sleep(_AGAIN_S)
        while later:
            opened.take(later.popleft())
        in_hand_s = time.monotonic() - began
    member.leave()
    return Visited(kept_percent=percent_kept(ticks, plan.writers, plan.edits), in_hand_s=in_hand_s)


class Restarted(msgspec.Struct, frozen=True, kw_only=True):
    """What a server that was started again brought back."""

    kept_percent: float
    ready_s: float
    """From the start of its process to a client that has the document, that client's own start not counted."""


async def restarted(editor: Editor, folder: Path, *, writers: int, edits: int) -> Restarted:
    """Start a server on a folder that it has kept a room in, and visit it."""
    began = time.monotonic()
    async with editor.start(folder) as serving:
        up_s = time.monotonic() - began
        plan = Plan(url=serving.url, wire=editor.wire, writers=writers, edits=edits)
        command = python("tests.bench.visit", msgspec.json.encode(plan).decode())
        async with running("visit", command, LOAD_CORE) as visitor:
            visited = msgspec.json.decode(await visitor.hear("visited ", _VISIT_S), type=Visited)
    return Restarted(kept_percent=visited.kept_percent, ready_s=up_s + visited.in_hand_s)


async def kept_percent(editor: Editor, folder: Path, *, writers: int, edits: int) -> float:
    """Return how much of what was edited a server finds in its folder when it is started again."""
    return (await restarted(editor, folder, writers=writers, edits=edits)).kept_percent


if __name__ == "__main__":
    carry_out(Plan, visit, "visited")
