"""A write that the disk tore, under the real hub.

Promised is what is acknowledged, as long as the disk keeps what it said it had kept. Where it does not, what is left is
the history up to some event: nothing after a hole, no half of an edit, and a hub that starts and goes on from there.
"""

import asyncio
import os
import random
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from logdrum_protocol.client_messages import Edit, Hello
from logdrum_protocol.document import Op, Props
from logdrum_protocol.fold import Document, apply
from logdrum_protocol.hub_messages import Applied
from logdrum_server.hub import ROOMS_FILE
from tests.crash.editor import DEAD, ROOM, Editor, Witness, enter, hear
from tests.harness import RunningHub, call, running_hub


async def kill_at_work(hub: RunningHub, editor: Editor, witness: Witness) -> None:
    async with AsyncExitStack() as connections:
        caller = await editor.join(hub, connections)
        witness.after(150, hub.process.kill)
        with pytest.raises(DEAD):
            await editor.work(caller)
    await asyncio.to_thread(hub.process.wait)


def tear(wal: Path, dice: random.Random) -> None:
    """Leave out the end of what was written last, or have the disk hold something else there."""
    size = wal.stat().st_size
    cut = int(size * dice.uniform(0.3, 0.7))
    os.truncate(wal, cut)
    if dice.random() < 0.5:
        with wal.open("ab") as file:
            file.write(dice.randbytes(size - cut))


def document_at(witness: Witness, seq: int) -> Document:
    events = [witness.events[number] for number in range(1, seq + 1)]
    return apply(Document(), [op for event in events if isinstance(event, Applied) for op in event.ops])


@pytest.mark.parametrize("seed", range(4))
async def test_d7_a_torn_write_is_a_shorter_history_that_goes_on(tmp_path: Path, seed: int) -> None:
    witness = Witness()
    editor = Editor("editor", seed, witness)
    with running_hub(tmp_path, "--engine", "none") as hub:
        await kill_at_work(hub, editor, witness)
    tear(hub.data / f"{ROOMS_FILE}-wal", random.Random(seed))
    with running_hub(tmp_path, "--engine", "none") as hub:
        async with call(hub, ROOM) as caller:
            welcome = await enter(caller, Hello(name="editor", resume=editor.resume_point()))
            assert not welcome.recovered, "what was told is not there: a resume must not hide it (H2)"
            assert welcome.snapshot is not None
            assert 0 < welcome.seq < max(witness.events)
            assert welcome.snapshot.entities == document_at(witness, welcome.seq).listed()
            await caller.send(
                Edit(op_id="after", ops=(Op(op="put", kind="marker", id="marker-1", props=Props(tick=0)),))
            )
            answer = await hear(caller)
            assert isinstance(answer, Applied)
            assert answer.seq == welcome.seq + 1
