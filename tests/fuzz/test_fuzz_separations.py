"""An engine that says nonsense of separations: the hub lives, nobody is harmed, no other file is touched (J3, Q10)."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from msgspec.structs import replace

from logdrum_protocol import client_messages as c
from logdrum_protocol.engine_messages import FromEngine, JobAudio, JobDone, JobFailed, JobStarted, StartJob, StemFile
from logdrum_protocol.hub_messages import Chat, Job, StreamClose
from logdrum_protocol.records import JobParams
from tests.fuzz.siege import faults_in
from tests.harness import Caller, RunningHub, joined
from tests.server.rooms import READY
from tests.server.scripted_engine import ScriptedEngine, scripted_hub

SEPARATOR: Final = replace(READY, separators=("builtin",))
N: Final = 96_000
STEP: Final = 9_600
STEMS: Final = ("mix", "vocals", "other")
SECRET: Final = b"nobody's business"


ODD_NAMES: Final = (
    *("../secret", "../../secret", "/etc/hostname", "..", ".", "", "a/b", "\0"),
    *("x" * 256, "folder", "link", "pipe", "absent"),
)
ODD_FILES: Final = (
    {"samples": 2**53 - 1},
    {"samples": 0},
    {"sample_rate": 0},
    {"sample_rate": -1},
    {"sample_rate": 2**62},
    {"channels": 0},
    {"channels": -(2**63)},
)


class Stage:
    """A real hub, the engine that a test plays, and a member who has a song separated."""

    def __init__(self, hub: RunningHub, engine: ScriptedEngine, callers: AsyncExitStack) -> None:
        self.hub = hub
        self.engine = engine
        self.caller: Caller
        self._callers = callers
        self.start: StartJob
        self._song = ""
        self._numbers = count()

    async def separate(self) -> StartJob:
        """Have the song separated, once more, by someone whom C6 lets."""
        self.caller = await self._callers.enter_async_context(_caller(self.hub))
        params = JobParams(asset=self._song)
        await self.caller.send(c.JobSubmit(op_id=f"s{next(self._numbers)}", kind="separate", params=params))
        self.start = await self.engine.asked(StartJob)
        return self.start

    async def upload(self) -> None:
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.hub.url}/v1/rooms/sunset/assets", data=b"a song") as answer,
        ):
            self._song = str((await answer.json())["asset"])

    async def give(self, *stems: str) -> None:
        """Give all audio of some stems."""
        for stem in stems:
            for start in range(0, N, STEP):
                await self.engine.say(self.audio(stem, start))

    def audio(self, stem: str, start: int, samples: int = STEP) -> JobAudio:
        data = bytes(4 * samples)
        job, epoch = self.start.job, self.start.epoch
        return JobAudio(job=job, stem=stem, epoch=epoch, start_sample=start, samples=samples, data=data)

    def started(self, stems: tuple[str, ...] = STEMS, samples: int | None = N) -> JobStarted:
        return JobStarted(job=self.start.job, stems=stems, samples=samples)

    def failed(self) -> JobFailed:
        return JobFailed(job=self.start.job, code="engine_error", message="It does not work.")

    def done(self, *files: StemFile) -> JobDone:
        return JobDone(job=self.start.job, epoch=self.start.epoch, files=files)

    async def over(self) -> None:
        """Wait until the last stream is closed, and take the separation off the timeline."""
        await self.caller.until(StreamClose, lambda close: close.stream == f"{self.start.job}.other")
        await self.caller.send(c.JobCancel(job=self.start.job))
        await self.caller.until(Job, lambda job: job.job == self.start.job and job.state == "cancelled")

    async def is_well(self) -> None:
        """Another separation goes through from end to end, whoever joins is welcome, and the log has no traceback."""
        await self.separate()
        await self.engine.say(self.started())
        await self.give(*STEMS)
        await self.engine.say(self.done())
        await self.over()
        async with joined(self.hub, name="Sipho") as (other, _):
            await other.send(c.SendChat(op_id="c", text="all well"))
            await other.until(Chat)
        assert self.hub.process.poll() is None
        assert not faults_in(self.hub.log), self.hub.log[-1500:]


@asynccontextmanager
async def _caller(hub: RunningHub) -> AsyncIterator[Caller]:
    async with joined(hub, name="Thandi") as (caller, _):
        yield caller


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    async with scripted_hub(folder, SEPARATOR, N) as (hub, engine), joined(hub), AsyncExitStack() as callers:
        stage = Stage(hub, engine, callers)
        await stage.upload()
        yield stage


def file(name: str, stem: str = "vocals", **odd: int) -> StemFile:
    return StemFile(stem=stem, name=name, **{"samples": N, "sample_rate": 48_000, "channels": 2, **odd})


def tree(folder: Path) -> dict[str, bytes]:
    """Every file that is none of the database's."""
    files = (path for path in folder.rglob("*") if path.is_file() and "sqlite" not in path.name)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.suffix != ".log"}


async def test_q10_no_file_outside_of_the_folder_is_taken(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        secrets = [stage.hub.data / "separations" / "secret", stage.hub.data / "secret"]
        for name in ODD_NAMES:
            folder = Path(str((await stage.separate()).files))
            for secret in secrets:
                secret.write_bytes(SECRET)
            (folder / "folder").mkdir()
            os.symlink(secrets[0], folder / "link")
            os.mkfifo(folder / "pipe")
            await stage.engine.say(stage.started())
            await stage.give(*STEMS)
            await stage.engine.say(stage.done(file(name)))
            await stage.over()
        await stage.is_well()
        kept = tree(stage.hub.data)
        assert kept["separations/secret"] == kept["secret"] == SECRET
        assert not any(SECRET in held for path, held in kept.items() if path.startswith("assets/"))
        assert [path.name for path in (stage.hub.data / "separations").iterdir()] == ["secret"]


async def test_q10_whatever_a_file_is_said_to_hold_the_room_goes_on(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        for number, odd in enumerate(ODD_FILES):
            folder = Path(str((await stage.separate()).files))
            (folder / "vocals.flac").write_bytes(b"fLaC%d" % number)
            await stage.engine.say(stage.started())
            await stage.give(*STEMS)
            await stage.engine.say(stage.done(file("vocals.flac", **odd)))
            await stage.over()
        await stage.is_well()
        async with joined(stage.hub, name="Lerato") as (_, welcome):
            assert welcome.snapshot is not None
            odd_sounds = [sound for sound in welcome.snapshot.assets if sound.sample_rate < 1 or sound.channels < 1]
        assert not odd_sounds


Answers = Callable[[Stage], tuple[FromEngine, ...]]

WRONG: Final[dict[str, Answers]] = {
    "started twice": lambda on: (on.started(), on.started()),
    "no stems": lambda on: (on.started(()), on.done()),
    "no length": lambda on: (on.started(samples=None), on.audio("vocals", 0), on.done()),
    "of no length": lambda on: (on.started(samples=0), on.audio("vocals", 0), on.done()),
    "another length": lambda on: (on.started(), on.audio("vocals", 0), on.started(samples=5)),
    "of another job": lambda on: (JobStarted(job="nobody's", stems=STEMS, samples=N),),
    "audio before the start": lambda on: (on.audio("vocals", 0), on.started()),
    "audio of no stem": lambda on: (on.started(), on.audio("guitar", 0)),
    "audio from behind the end": lambda on: (on.started(), on.audio("vocals", N)),
    "audio beyond the end": lambda on: (on.started(), on.audio("vocals", 0, N), on.audio("vocals", N)),
    "a block across the end": lambda on: (on.started(), on.audio("vocals", 0, N - 1), on.audio("vocals", N - 1)),
    "less data than samples": lambda on: (on.started(), replace(on.audio("vocals", 0), data=b"")),
    "more data than samples": lambda on: (on.started(), replace(on.audio("vocals", 0), samples=1)),
    "no samples": lambda on: (on.started(), on.audio("vocals", 0, 0), on.audio("vocals", 0, 0)),
    "another epoch": lambda on: (on.started(), replace(on.audio("vocals", 0), epoch=7), replace(on.done(), epoch=7)),
    "done at once": lambda on: (on.done(), on.done()),
    "done early, then more": lambda on: (on.started(), on.done(), on.audio("vocals", 0), on.started(), on.done()),
    "done, then failed": lambda on: (on.started(), on.done(), on.failed()),
    "failed, then done": lambda on: (on.failed(), on.started(), on.done()),
    "files of no stem": lambda on: (on.started(), on.done(file("x", stem="guitar"), file("y", stem="mix"))),
    "one file for all": lambda on: (on.started(), on.done(*(file("x.flac", stem=stem) for stem in STEMS))),
    "other stems the second time": lambda on: (on.started(), on.started(("mix", "drums"))),
    "the same stem twice": lambda on: (on.started(("vocals", "vocals")),),
}
"""What no engine should say of a separation."""


async def test_q_an_engine_that_says_nonsense_of_one_separation_harms_no_other(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        for name, answers in WRONG.items():
            await check(stage, name, answers)


async def check(stage: Stage, name: str, answers: Answers) -> None:
    await stage.separate()
    await stage.engine.say(*answers(stage))
    await stage.caller.send(c.JobCancel(job=stage.start.job))
    try:
        await stage.is_well()
    except (AssertionError, EOFError, TimeoutError, OSError) as fault:
        pytest.fail(f"after '{name}': {fault!r}\n{stage.hub.log[-2000:]}")
