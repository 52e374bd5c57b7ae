"""What members want of the engine, of the transport and of each other's scores; some of it makes no sense (J, T)."""

import random
from collections.abc import Callable

from logdrum_protocol import client_messages as c
from logdrum_protocol.fold import Document
from logdrum_protocol.records import JobParams, Loop
from tests.simulation.intents import Intents
from tests.simulation.member import Member

_KEYS = ("F minor", "A minor", "C# minor", "")
_BPM = (60.0, 112.0, 112.5, 240.0)


class Wishes:
    """Thinks of something to ask, given what a member sees."""

    def __init__(self, rng: random.Random, intents: Intents) -> None:
        self._rng = rng
        self._intents = intents

    def next(self, member: Member) -> c.ClientMessage:
        """Something to ask."""
        choices: dict[Callable[[Member], c.ClientMessage], float] = {
            self._submit: 30,
            self._play_clips: 12,
            self._score: 5,
            self._notes: 25,
            self._steer: 12,
            self._cancel: 7,
            self._threshold: 7,
            self._transport: 10,
        }
        return self._rng.choices(list(choices), list(choices.values()))[0](member)

    def _op_id(self) -> str:
        return self._intents.op_id()

    def _job(self, member: Member) -> str:
        """Mostly one that is there, sometimes one that has gone or never was."""
        known = {} if member.view is None else member.view.jobs
        there = [job.job for job in known.values() if job.state in ("queued", "running", "done")]
        return self._rng.choice(there if there and self._rng.random() < 0.9 else [*known, "nobody's"])

    def _params(self) -> JobParams:
        chance = self._rng.random
        given = {
            "bars": self._rng.randint(1, 4) if chance() < 0.3 else None,
            "key": self._rng.choice(_KEYS) if chance() < 0.2 else None,
            "start": self._rng.choice(("now", "bar", self._rng.randrange(40_000))) if chance() < 0.5 else None,
            "section": self._rng.choice(("drop", "break", "outro")) if chance() < 0.2 else None,
            "seed": self._rng.randrange(4) if chance() < 0.3 else None,
        }
        asked = {name: value for name, value in given.items() if value is not None}
        return JobParams(prompt=f"take {self._rng.randrange(100)}", **asked)  # type: ignore[arg-type]  # as they are made

    def _submit(self, member: Member) -> c.ClientMessage:
        return c.JobSubmit(op_id=self._op_id(), kind="generate", params=self._params())

    def _play_clips(self, member: Member) -> c.ClientMessage:
        params = JobParams(clip=self._clip(member.document))
        return c.JobSubmit(op_id=self._op_id(), kind="generate", params=params)

    def _clip(self, document: Document) -> str:
        clips = [entity.id for entity in document.listed() if entity.kind == "clip"]
        return self._rng.choice(["*", *clips, self._rng.choice(["clip-gone", *clips])])

    def _score(self, member: Member) -> c.ClientMessage:
        sounds = [] if member.view is None else [*member.view.assets]
        genre = "amapiano" if self._rng.random() < 0.9 else "polka"
        params = JobParams(asset=self._rng.choice([*sounds, "f" * 64]), genre=genre)
        return c.JobSubmit(op_id=self._op_id(), kind="score", params=params)

    def _notes(self, member: Member) -> c.ClientMessage:
        ticks = {} if self._rng.random() < 0.5 else {"tick": self._rng.randrange(30_000)}
        return c.JobNotes(op_id=self._op_id(), job=self._job(member), **ticks)

    def _steer(self, member: Member) -> c.ClientMessage:
        return c.JobSteer(job=self._job(member), params=self._params())

    def _cancel(self, member: Member) -> c.ClientMessage:
        return c.JobCancel(job=self._job(member))

    def _threshold(self, member: Member) -> c.ClientMessage:
        return c.SettingsSet(op_id=self._op_id(), threshold=self._rng.randrange(11) / 10)

    def _transport(self, member: Member) -> c.ClientMessage:
        number = self._rng.randrange(40_000)
        fields = self._rng.choice(
            (
                {"playing": True},
                {"playing": False},
                {"tick": number},
                {"bpm": self._rng.choice(_BPM)},
                {"loop": self._rng.choice((None, Loop(start_tick=number, end_tick=number + 3_840)))},
                {"playing": True, "tick": 0, "quantum": "beat"},
            )
        )
        return c.TransportSet(op_id=self._op_id(), **fields)  # type: ignore[arg-type]  # as they are made
