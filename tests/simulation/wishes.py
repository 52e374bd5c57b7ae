"""What members want of the engine, of the transport and of each other's scores; some of it makes no sense (J, T)."""

import random
from collections.abc import Callable

from logdrum_protocol import client_messages as c
from logdrum_protocol.fold import Document
from logdrum_protocol.records import JobParams, Loop
from tests.simulation.intents import Intents
from tests.simulation.member import Member

_KEYS = ("F minor", "A minor", "C# minor", "")
_STEMS = ("vocals", "drums", "bass", "log_drum", "other", "mix", "guitar")
_BPM = (60.0, 112.0, 112.5, 240.0)


class Wishes:
    """Thinks of something to ask, given what a member sees."""

    def __init__(self, rng: random.Random, intents: Intents, *, are_of_separations: bool) -> None:
        self._rng = rng
        self._intents = intents
        self._are_of_separations = are_of_separations

    def next(self, member: Member) -> c.ClientMessage:
        """Something to ask."""
        few, many, moves = (10, 50, 40) if self._are_of_separations else (30, 8, 10)
        choices: dict[Callable[[Member], c.ClientMessage], float] = {
            self._submit: few,
            self._play_clips: few / 3,
            self._separate: many,
            self._score: 5,
            self._notes: 25,
            self._steer: 12,
            self._cancel: 9,
            self._threshold: 7,
            self._transport: moves,
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

    def _separate(self, member: Member) -> c.ClientMessage:
        """A sound, what a clip plays or a generation; sometimes of several, or of none, or of what is not there."""
        makes = (self._a_sound, self._a_clip, self._a_job)
        chosen = self._rng.choices(makes, (3, 2, 5), k=self._rng.choices((1, 2, 0), (94, 4, 2))[0])
        params: dict[str, object] = {}
        for make in chosen:
            params |= make(member)
        chance = self._rng.random
        if chance() < 0.4:
            params["stems"] = tuple(self._rng.sample(_STEMS, self._rng.randrange(4)))
        if chance() < 0.8:
            params["start"] = self._rng.choice(("now", "now", "bar", self._rng.randrange(10_000)))
        if chance() < 0.1:
            params |= self._rng.choice(({"model": "demucs"}, {"model": "builtin"}, {"shifts": 1}, {"stems": True}))
        return c.JobSubmit(op_id=self._op_id(), kind="separate", params=JobParams(**params))  # type: ignore[arg-type]  # as they are made

    def _a_sound(self, member: Member) -> dict[str, object]:
        sounds = [] if member.view is None else [*member.view.assets]
        return {"asset": self._rng.choice([*sounds, "f" * 64])}

    def _a_clip(self, member: Member) -> dict[str, object]:
        """Mostly one that plays a sound."""
        clips = [entity for entity in member.document.listed() if entity.kind == "clip"]
        sounding = [entity.id for entity in clips if entity.props.asset is not None]
        return {
            "clip": self._rng.choice(sounding) if sounding and self._rng.random() < 0.7 else self._clip(member.document)
        }

    def _a_job(self, member: Member) -> dict[str, object]:
        known = {} if member.view is None else member.view.jobs
        played = [
            job.job for job in known.values() if job.kind == "generate" and job.state not in ("cancelled", "failed")
        ]
        return {"job": self._rng.choice(played) if played and self._rng.random() < 0.9 else self._job(member)}

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
