"""A room for tests of the core: time is a number, chance is a counter, and effects are kept."""

from itertools import count
from typing import TypeVar

from msgspec.structs import replace

from logdrum_protocol import client_messages as c
from logdrum_protocol.bounds import SAMPLE_RATE
from logdrum_protocol.document import Op
from logdrum_protocol.engine_messages import EngineReady, JobAudio, JobDone, JobStarted
from logdrum_protocol.hub_messages import Asset, Job
from logdrum_protocol.records import JobParams, Limits
from logdrum_server.core import ledger, pace, people
from logdrum_server.core.effects import Command, Effect, Publish, Tell, TellAll
from logdrum_server.core.engine_events import engine_lost
from logdrum_server.core.jobs import Ticket
from logdrum_server.core.room import handle, hear_engine
from logdrum_server.core.state import JobRecord, Outcome, RoomState, new_room

START_US = 1_000_000_000
READY = EngineReady(pid=1, version="0", generators=("groove",), separators=(), scorers=("amapiano",))
STEMS = ("drums", "log_drum")
SOUND = Asset(seq=0, asset="a" * 64, name="song.mp3", samples=9, sample_rate=48_000, channels=2, by=None)

M = TypeVar("M")


class TestRoom:
    """Drives a `RoomState` as the shell would."""

    __test__ = False

    def __init__(self, *, engine: bool = True, limits: Limits | None = None) -> None:
        self.now_us = START_US
        limits = limits or Limits()
        self.state: RoomState = new_room("sunset", epoch=5, now_us=START_US, limits=limits, has_engine=engine)
        self.effects: list[Effect] = []
        self._numbers = count(1)

    def take(self, outcome: Outcome) -> list[Effect]:
        self.state, effects = outcome
        self.effects = effects
        return effects

    def join(self, name: str = "Thandi", **fields: object) -> str:
        door = people.Door(session=f"s{next(self._numbers)}", key="key")
        return self.enter(door, name, **fields)

    def enter(self, door: people.Door, name: str = "Thandi", **fields: object) -> str:
        """Let someone in by a door that is made up by the test."""
        hello = c.Hello(name=name, **fields)  # type: ignore[arg-type]  # a test's own fields
        self.take(people.join(self.state, hello, door, self.now_us))
        return door.session

    def send(self, session: str, message: c.ClientMessage, *, settle: bool = True) -> list[Effect]:
        """Have a member send a message; what it puts into the history is on disk at once, unless said."""
        number = next(self._numbers)
        self.take(handle(self.state, session, message, Ticket(f"j{number}", number), self.now_us))
        return self.settle() if settle else self.effects

    def settle(self) -> list[Effect]:
        """Everything that waits is on disk."""
        before = self.effects
        self.effects = before + self.take(ledger.settle(self.state, self.state.history.seq))
        return self.effects

    def hold(self, sound: Asset) -> None:
        """Have a sound in the room."""
        self.take(ledger.record(self.state, replace(sound, seq=self.state.history.seq + 1)))
        self.settle()

    def edit(self, session: str, *ops: Op, op_id: str = "", settle: bool = True) -> list[Effect]:
        """Have a member edit the document."""
        edit = c.Edit(op_id=op_id or f"e{next(self._numbers)}", ops=ops)
        return self.send(session, edit, settle=settle)

    def set_transport(self, session: str, **fields: object) -> list[Effect]:
        message = c.TransportSet(op_id=f"t{next(self._numbers)}", **fields)  # type: ignore[arg-type]  # a test's own
        return self.send(session, message)

    def after(self, seconds: float) -> None:
        self.now_us += round(seconds * 1_000_000)

    def engine(self, message: object) -> list[Effect]:
        return self.take(hear_engine(self.state, message, self.now_us))  # type: ignore[arg-type]  # of the union

    def lose_engine(self) -> list[Effect]:
        return self.take(engine_lost(self.state))

    def pace(self, readers: dict[str, int] | None = None) -> list[Effect]:
        return self.take(pace.pace(self.state, readers or {}, self.now_us))

    def submit(self, session: str, op_id: str = "op", **params: object) -> str:
        """Submit a generation and return its id, or "" where it was refused."""
        params.setdefault("prompt", "deep")
        message = c.JobSubmit(op_id=op_id, kind="generate", params=JobParams(**params))  # type: ignore[arg-type]
        return next((job.job for job in all_of(self.send(session, message), Job)), "")

    def started(self, session: str, seconds: float = 0, **params: object) -> str:
        """Submit a generation that the engine has begun, with some seconds of audio."""
        job = self.submit(session, **params)
        self.engine(JobStarted(job=job, stems=STEMS, samples=None if "bars" not in params else 10 * SAMPLE_RATE))
        self.render(job, seconds)
        return job

    def render(self, job: str, seconds: float) -> None:
        """Have the engine deliver audio from where the job's head is."""
        for stem in STEMS if seconds else ():
            record = self.job(job)
            self.engine(audio(job, stem, record.heads[stem], round(seconds * SAMPLE_RATE), record.epoch))

    def done(self, job: str) -> list[Effect]:
        return self.engine(JobDone(job=job, epoch=self.job(job).epoch))

    def job(self, job: str) -> JobRecord:
        return self.state.jobs[job]


def audio(job: str, stem: str, start: int, samples: int, epoch: int = 0) -> JobAudio:
    return JobAudio(job=job, stem=stem, epoch=epoch, start_sample=start, samples=samples, data=b"")


def all_of(effects: list[Effect], kind: type[M]) -> list[M]:
    """Every message of a kind that effects send to anyone, the engine included."""
    messages = [effect.message for effect in effects if isinstance(effect, Tell | TellAll | Command)]
    messages += [effect.chunk for effect in effects if isinstance(effect, Publish)]
    return [message for message in messages if isinstance(message, kind)]


def one(effects: list[Effect], kind: type[M]) -> M:
    """The only message of a kind."""
    (message,) = all_of(effects, kind)
    return message
