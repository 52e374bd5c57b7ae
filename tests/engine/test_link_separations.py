"""Separations through the engine's end of the queue, beside the music (Q1, Q5, Q10)."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from logdrum_engine.link import Config, run
from logdrum_engine.separating.shelf import Shelf
from logdrum_engine.separation.interface import Separated, Turn
from logdrum_engine.separation.options import Options
from logdrum_protocol.engine_messages import (
    EndFeed,
    EngineReady,
    FeedJob,
    FromEngine,
    Heartbeat,
    JobAudio,
    JobDone,
    JobFailed,
    JobStarted,
    NotesWritten,
    StopJob,
    WriteNotes,
)
from tests.engine.separating.band_split import note
from tests.engine.separating.room_jobs import RATE, Fifths, noise, order, shelf, total, wav
from tests.engine.test_engine_link import FakeHub
from tests.engine.tone import credit, start, tone_models


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[FakeHub]:
    made = FakeHub(tmp_path / "queue.sock")
    server = await made.listen()
    yield made
    server.close()


@asynccontextmanager
async def engine(hub: FakeHub, separators: Shelf) -> AsyncIterator[None]:
    config = Config(socket=hub.path, version="1", load=tone_models, separators=separators)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(config))
        await hub.accept()
        yield
        hub.writer.close()


async def until(hub: FakeHub, is_last: Callable[[FromEngine], bool]) -> list[FromEngine]:
    seen = [await hub.receive()]
    while not is_last(seen[-1]):
        seen.append(await hub.receive())
    return seen


@pytest.fixture
def song(tmp_path: Path) -> str:
    return wav(tmp_path / "song.wav", noise(2 * RATE))


class Held(Fifths):
    """Is in one long step until the test lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.leave = threading.Event(), threading.Event()

    def step(self, turns: Sequence[Turn[int]]) -> list[tuple[Separated, int]]:
        if any(abs(turn.audio).max(initial=0) > 0 for turn in turns):  # not while it warms up
            self.entered.set()
            self.leave.wait(20)
        return super().step(turns)


async def test_q1_ready_names_the_separators_before_any_is_loaded(hub: FakeHub) -> None:
    leave = threading.Event()

    def load(_: Options) -> Fifths:
        leave.wait(20)
        return Fifths()

    async with engine(hub, Shelf(names=("fifths", "more"), load=load)):
        ready, beat = await hub.receive(), await hub.receive()
        leave.set()
    assert isinstance(ready, EngineReady)
    assert ready.separators == ("fifths", "more")
    assert isinstance(beat, Heartbeat)


async def test_q10_a_sound_is_separated_to_its_files(hub: FakeHub, song: str, tmp_path: Path) -> None:
    async with engine(hub, shelf(Fifths(note(0.5)))):
        hub.send(order(song, files=tmp_path))
        seen = await until(hub, lambda message: isinstance(message, JobDone))
        hub.send(WriteNotes(job="s1", op_id="q1", tick=0))
        answered = await until(hub, lambda message: isinstance(message, NotesWritten))
    assert len(total(seen)) == 2 * RATE
    assert [file.stem for file in seen[-1].files if (tmp_path / file.name).exists()] == [  # type: ignore[union-attr]
        "vocals",
        "drums",
        "bass",
        "log_drum",
        "other",
    ]
    assert [each.tick for each in answered[-1].notation.notes] == [960]  # type: ignore[union-attr]


async def test_q10_what_is_fed_comes_to_its_separation(hub: FakeHub) -> None:
    async with engine(hub, shelf(Fifths())):
        hub.send(order(is_fed=True))
        data = b"\x00\x10" * 2 * 4_800
        for at in range(0, RATE, 4_800):
            hub.send(FeedJob(job="s1", stem="mix", epoch=0, start_sample=at, samples=4_800, data=data))
        hub.send(EndFeed(job="s1", epoch=0, end_sample=RATE))
        seen = await until(hub, lambda message: isinstance(message, JobDone))
    assert (total(seen) == 4_096).all()


async def test_a_long_step_holds_up_neither_music_nor_heartbeats_nor_stops(hub: FakeHub, song: str) -> None:
    separator = Held()
    async with engine(hub, shelf(separator)):
        hub.send(order(song, credit=10**9))
        assert await asyncio.to_thread(separator.entered.wait, 20)
        hub.send(start("music", credit=10**9))
        await until(hub, lambda message: isinstance(message, JobAudio) and message.job == "music")
        first = (await until(hub, lambda message: isinstance(message, Heartbeat)))[-1]
        hub.send(StopJob(job="music"), start("next", credit=10**9))
        await until(hub, lambda message: isinstance(message, JobStarted) and message.job == "next")
        during = await until(hub, lambda message: isinstance(message, Heartbeat))
        separator.leave.set()
        await until(hub, lambda message: isinstance(message, JobAudio) and message.stem == "vocals")
    assert first.jobs == 2  # type: ignore[union-attr]
    assert not [each for each in during if isinstance(each, JobAudio) and each.stem == "vocals"]


async def test_a_flood_of_feeds_into_a_long_step_holds_up_no_music(hub: FakeHub, song: str) -> None:
    separator = Held()
    async with engine(hub, shelf(separator)):
        hub.send(order(song, job="busy"), order(is_fed=True))
        assert await asyncio.to_thread(separator.entered.wait, 20)
        for at in range(1_000):
            hub.send(FeedJob(job="s1", stem="mix", epoch=0, start_sample=at * 10, samples=10, data=bytes(40)))
        hub.send(start("music", credit=10**9), credit("music", 10**9))
        await until(hub, lambda message: isinstance(message, JobAudio) and message.job == "music")
        separator.leave.set()


async def test_j4_who_comes_after_a_killed_engine_goes_on_where_it_was(hub: FakeHub, song: str, tmp_path: Path) -> None:
    separator = Held()
    async with engine(hub, shelf(separator)):
        hub.send(order(song, files=tmp_path, credit=RATE))
        separator.leave.set()
        await until(hub, lambda message: _reaches(message, RATE))
    async with engine(hub, shelf(Fifths())):
        hub.send(order(song, start=RATE, files=tmp_path))
        seen = await until(hub, lambda message: isinstance(message, JobDone))
    assert len(total(seen)) == RATE
    assert len(seen[-1].files) == 5  # type: ignore[union-attr]


def _reaches(message: FromEngine, sample: int) -> bool:
    is_audio = isinstance(message, JobAudio) and message.stem == "other"
    return is_audio and message.start_sample + message.samples == sample


async def test_j5_an_engine_without_separators_makes_music_and_fails_separations(hub: FakeHub, song: str) -> None:
    async with engine(hub, Shelf()):
        ready = await hub.receive()
        hub.send(order(song), start(credit=10**9))
        seen = await until(hub, lambda message: isinstance(message, JobAudio))
        seen += [] if any(isinstance(each, JobFailed) for each in seen) else await until(hub, _is_failure)
    assert isinstance(ready, EngineReady)
    assert ready.separators == ()
    assert [each.code for each in seen if isinstance(each, JobFailed)] == ["unsupported"]


def _is_failure(message: FromEngine) -> bool:
    return isinstance(message, JobFailed)
