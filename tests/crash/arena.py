"""Rounds of one hub: started, edited, killed at a random moment, and found to hold what it said it holds."""

import asyncio
import random
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from logdrum_protocol.client_messages import Hello
from logdrum_protocol.hub_messages import Chat, Snapshot, Version
from tests.crash.editor import DEAD, ROOM, Editor, Witness, enter, operation
from tests.harness import RunningHub, call, running_hub

_EDITORS: Final = 3
_MOST_EVENTS: Final = 300
"""In one round, so that what a round is worth does not depend on how quick the machine is."""
_CHECKPOINT_EVERY: Final = 1_000
_NEAR: Final = 60
_SOON_S: Final = 0.01
_DOOR_S: Final = 0.05


class Report(msgspec.Struct, frozen=True):
    """What rounds came to."""

    events: int
    unanswered: int
    """Operations that were under way when the hub was killed."""
    repeats: int
    """Operations that were answered twice, because they had been done when they were asked for again (D4)."""
    absences: int
    kills_at_the_door: int


class Arena:
    """One data folder, and those who edit its room."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._dice = random.Random(seed)
        self._folder = folder
        self._witness = Witness()
        self._editors = [Editor(f"editor-{n}", self._dice.randrange(2**32), self._witness) for n in range(_EDITORS)]
        self._unanswered = self._absences = self._kills_at_the_door = 0

    def report(self) -> Report:
        return Report(
            events=len(self._witness.events),
            unanswered=self._unanswered,
            repeats=sum(editor.repeats for editor in self._editors),
            absences=self._absences,
            kills_at_the_door=self._kills_at_the_door,
        )

    async def round(self) -> None:
        """Start, edit, kill; now and then before anyone is in, and now and then with one of them away."""
        first, *others = self._editors
        present = [first, *(editor for editor in others if self._dice.random() < 0.9)]
        self._absences += _EDITORS - len(present)
        with self._hub() as hub:
            if self._dice.random() < 0.15:
                self._kills_at_the_door += 1
                asyncio.get_running_loop().call_later(self._dice.uniform(0, _DOOR_S), hub.process.kill)
                await self._fight(hub, [_come_and_work(hub, editor) for editor in present])
            else:
                await self._check_and_work(hub, present)
        self._unanswered += sum(len(editor.asked) for editor in present)

    async def _check_and_work(self, hub: RunningHub, present: Sequence[Editor]) -> None:
        async with AsyncExitStack() as connections:
            callers = [await editor.join(hub, connections) for editor in present]
            await self._check(hub, present)
            work = [editor.work(caller) for editor, caller in zip(present, callers, strict=True)]
            self._witness.after(self._a_while(), partial(self._kill_soon, hub))
            await self._fight(hub, work)

    def _a_while(self) -> int:
        """After how many events the hub is killed; where a checkpoint comes near, soon after that."""
        ahead = _CHECKPOINT_EVERY - len(self._witness.events) % _CHECKPOINT_EVERY
        return self._dice.randint(1, _MOST_EVENTS) if ahead > _MOST_EVENTS else ahead + self._dice.randint(0, _NEAR)

    def _kill_soon(self, hub: RunningHub) -> None:
        asyncio.get_running_loop().call_later(self._dice.uniform(0, _SOON_S), hub.process.kill)

    async def _fight(self, hub: RunningHub, work: Sequence[Coroutine[None, None, None]]) -> None:
        await asyncio.gather(*map(_until_dead, work))
        hub.process.kill()  # where all that was asked did not make as many events
        await asyncio.to_thread(hub.process.wait)

    async def end(self) -> None:
        """Everybody comes back and waits for every answer; then each operation was done once or refused."""
        with self._hub() as hub:
            async with AsyncExitStack() as connections:
                for editor in self._editors:
                    await editor.settle(await editor.join(hub, connections))
                for editor in self._editors:  # what the others settled after it had come
                    await editor.join(hub, connections)
                await self._check(hub, self._editors)
        done = {(editor.session, op_id) for editor in self._editors for op_id in editor.done}
        assert done == {operation(event) for event in self._witness.events.values()}, "someone's event was not theirs"

    async def _check(self, hub: RunningHub, present: Sequence[Editor]) -> None:
        """A newcomer is told of exactly what all the others were told (D7, H2)."""
        async with call(hub, ROOM) as caller:
            welcome = await enter(caller, Hello(name="newcomer"))
        snapshot = welcome.snapshot
        assert snapshot is not None
        self._witness.check(welcome.seq)
        self._check_answers()
        self._check_beside_document(snapshot)
        for editor in present:
            assert editor.seq == welcome.seq, f"{editor.name} is at {editor.seq}, a newcomer at {welcome.seq}"
            assert editor.document.listed() == snapshot.entities, f"{editor.name} has another document than a newcomer"

    def _check_answers(self) -> None:
        for editor in self._editors:
            for op_id, seq in editor.done.items():
                event = self._witness.events[seq]
                assert operation(event) == (editor.session, op_id), f"{op_id} was answered with {event}"
            assert not editor.refused & set(editor.done), f"{editor.name}: refused, and done"

    def _check_beside_document(self, snapshot: Snapshot) -> None:
        history = [event for _, event in sorted(self._witness.events.items())]
        chat = tuple(event for event in history if isinstance(event, Chat))
        assert snapshot.chat == chat[-500:], "the chat is not what was said"
        assert snapshot.versions == tuple(event for event in history if isinstance(event, Version)), "versions differ"

    @contextmanager
    def _hub(self) -> Iterator[RunningHub]:
        with running_hub(self._folder, "--engine", "none") as hub:
            yield hub
            faults = [line for line in hub.log.splitlines() if "Traceback" in line or "ERROR" in line]
            assert not faults, hub.log


async def _come_and_work(hub: RunningHub, editor: Editor) -> None:
    async with AsyncExitStack() as connections:
        await editor.work(await editor.join(hub, connections))


async def _until_dead(work: Coroutine[None, None, None]) -> None:
    with suppress(*DEAD):
        await work


def fight(seed: int, rounds: int, folder: Path) -> Report:
    """Play so many rounds and the end; a failure says which seed, and which round."""
    arena = Arena(seed, folder)
    asyncio.run(_play(arena, seed, rounds))
    return arena.report()


async def _play(arena: Arena, seed: int, rounds: int) -> None:
    played = 0
    try:
        for played in range(rounds):  # noqa: B007  # said where it fails
            await arena.round()
        await arena.end()
    except BaseException as fault:
        fault.add_note(f"seed {seed}, round {played}")
        raise
