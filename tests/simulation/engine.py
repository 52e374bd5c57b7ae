"""An engine that is pretended: it does what the local queue asks (Q), when and of which job first the story decides."""

import random
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.engine_messages import (
    EndFeed,
    EngineReady,
    FeedJob,
    FromEngine,
    GrantCredit,
    JobAudio,
    JobDescribed,
    JobDone,
    JobFailed,
    JobProgress,
    JobStarted,
    NotesWritten,
    RenderFrom,
    StartJob,
    StopJob,
    ToEngine,
    WriteNotes,
)
from logdrum_protocol.records import Choice, Conformance, Harmony, JobParams, Notation, Part, PlayedNote
from logdrum_protocol.timeline import bar_ticks, samples_per_tick
from tests.simulation.separations import Separations
from tests.simulation.sound import sound

READY: Final = EngineReady(pid=1, version="0", generators=("groove",), separators=("builtin",), scorers=("amapiano",))
STEMS: Final = ("drums", "log_drum")
_SECTION_TICKS: Final = 7_680
_LONGEST_BLOCK: Final = 4 * b.SAMPLE_RATE

_Turn = StartJob | RenderFrom


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A generation under way, as the engine was last told to play it."""

    start: StartJob
    turn: _Turn
    position: b.Sample
    credit: b.Sample

    @property
    def params(self) -> JobParams:
        """What is played."""
        return self.turn.params

    @property
    def end(self) -> b.Sample | None:
        """How long it is; None where it goes on."""
        bars = self.start.params.bars
        if not isinstance(bars, int) or self.start.notation is not None:
            return None
        bar = bar_ticks(self.turn.numerator, self.turn.denominator)
        return round(bars * bar * samples_per_tick(self.turn.bpm))

    @property
    def harmony(self) -> Harmony:
        """Its chords: what it was given, or what it chooses."""
        key = self.params.key if isinstance(self.params.key, str) and self.params.key else "F minor"
        own = Harmony(seed=self.start.seed, key=key, anchor_tick=self.start.anchor_tick, jazz=0.5)
        return self.turn.harmony or own


class SimulatedEngine:
    """One life of an engine. What is of one job stays in order; between jobs there is none."""

    def __init__(self, rng: random.Random, length_of: Callable[[str], b.Samples] = lambda _: b.SAMPLE_RATE) -> None:
        self._rng = rng
        self.separations = Separations(rng, length_of)
        self._known: set[b.JobId] = set()
        """Jobs that were ever begun here."""
        self._inbox: defaultdict[b.JobId, deque[ToEngine]] = defaultdict(deque)
        self._outbox: defaultdict[b.JobId, deque[FromEngine]] = defaultdict(deque)
        self._finished: dict[b.JobId, Run] = {}
        self.runs: dict[b.JobId, Run] = {}

    @property
    def is_idle(self) -> bool:
        """Whether it has done what it was asked, said so, and rendered as far as it may."""
        is_busy = any(self._inbox.values()) or any(self._outbox.values())
        return not (is_busy or any(map(_may_go_on, self.runs.values())) or self.separations.due)

    def take(self, message: ToEngine) -> None:
        """Put a command on the job's pile."""
        assert isinstance(message, StartJob | RenderFrom | GrantCredit | FeedJob | EndFeed | StopJob | WriteNotes)
        if isinstance(message, StartJob):
            self._known.add(message.job)
        assert message.job in self._known or isinstance(message, StopJob | WriteNotes), f"of no job: {message}"
        self._inbox[message.job].append(message)

    def obey(self) -> None:
        """Carry out a command of some job."""
        piles = [pile for pile in self._inbox.values() if pile]
        if piles:
            self._carry_out(self._rng.choice(piles).popleft())

    def render(self) -> None:
        """Go on with some job, as far as its credit lets it."""
        jobs = [*(job for job, run in self.runs.items() if _may_go_on(run)), *self.separations.due]
        if not jobs:
            return
        job = self._rng.choice(jobs)
        if job in self.runs:
            self._render(job)
            return
        for answer in self.separations.go_on(job):
            self._answer(answer)

    def say(self) -> FromEngine | None:
        """The next answer of some job."""
        piles = [pile for pile in self._outbox.values() if pile]
        return self._rng.choice(piles).popleft() if piles else None

    def _carry_out(self, command: ToEngine) -> None:
        match command:
            case StartJob(kind="score"):
                self._score(command)
            case StartJob(kind="separate"):
                for answer in self.separations.start(command):
                    self._answer(answer)
            case FeedJob() | EndFeed():
                self.separations.hear(command)
            case StartJob():
                self._start(command)
            case RenderFrom():
                self._turn(command)
            case GrantCredit(job=job, credit_sample=credit) if job in self.runs:
                self.runs[job] = replace(self.runs[job], credit=credit)
            case GrantCredit(job=job, credit_sample=credit):
                self.separations.grant(job, credit)
            case StopJob(job=job):
                self._forget(job)
            case WriteNotes():
                self._answer(self._written(command))

    def _answer(self, message: FromEngine) -> None:
        self._outbox[getattr(message, "job", "")].append(message)

    def _start(self, start: StartJob) -> None:
        if self._rng.random() < 0.05:
            self._answer(JobFailed(job=start.job, code="engine_error", message="It does not work."))
            return
        run = Run(start=start, turn=start, position=start.start_sample, credit=start.credit_sample)
        self.runs[start.job] = run
        self._answer(JobStarted(job=start.job, stems=STEMS, samples=run.end))
        self._describe(run)

    def _turn(self, turn: RenderFrom) -> None:
        self.separations.turn(turn)
        before = self.runs.get(turn.job) or self._finished.pop(turn.job, None)
        if before is not None:
            run = replace(before, turn=turn, position=turn.start_sample, credit=turn.credit_sample)
            self.runs[turn.job] = run
            self._describe(run)

    def _describe(self, run: Run) -> None:
        choices = (Choice(what="key", value=run.harmony.key, why="chance"),)
        self._answer(JobDescribed(job=run.start.job, choices=choices, harmony=run.harmony))

    def _score(self, start: StartJob) -> None:
        low, value, high = sorted(self._rng.random() for _ in range(3))
        found = Conformance(value=value, low=low, high=high, version="1", genre="amapiano", fitted_on="chance")
        self._answer(JobStarted(job=start.job, stems=(), samples=None))
        self._answer(JobProgress(job=start.job, progress=0.5))
        self._answer(JobDone(job=start.job, epoch=start.epoch, conformance=found))

    def _forget(self, job: b.JobId) -> None:
        self.runs.pop(job, None)
        self._finished.pop(job, None)
        self.separations.forget(job)

    def _render(self, job: b.JobId) -> None:
        run = self.runs[job]
        end = min(run.credit, run.position + _LONGEST_BLOCK, run.credit if run.end is None else run.end)
        if end > run.position:
            self._give(run, end - run.position)
            run = self.runs[job] = replace(run, position=end)
        ends_anyway = run.end is None and run.params.section == "outro"
        if ends_anyway or (run.end is not None and run.position >= run.end):
            self._finished[job] = self.runs.pop(job)
            self._answer(JobDone(job=job, epoch=run.turn.epoch))

    def _give(self, run: Run, samples: b.Samples) -> None:
        for stem in STEMS:
            self._answer(
                JobAudio(
                    job=run.start.job,
                    stem=stem,
                    epoch=run.turn.epoch,
                    start_sample=run.position,
                    samples=samples,
                    data=sound(run.start.job, stem, run.turn.epoch, run.position, samples),
                )
            )

    def _written(self, question: WriteNotes) -> NotesWritten:
        if self.separations.knows(question.job):
            return self.separations.notes(question)
        run = self.runs.get(question.job) or self._finished.get(question.job)
        if run is None or run.start.notation is not None:
            return NotesWritten(job=question.job, op_id=question.op_id, error="This piece has no notes.")
        return NotesWritten(
            job=question.job,
            op_id=question.op_id,
            name="drop",
            start_tick=question.tick - question.tick % _SECTION_TICKS,
            length_ticks=_SECTION_TICKS,
            notation=_section(run.start.seed),
        )


def _may_go_on(run: Run) -> bool:
    return run.credit > run.position or (run.end is not None and run.position >= run.end)


def _section(seed: b.Seed) -> Notation:
    """One or two players with a note or two each."""
    players = tuple(Part(instrument=name) for name in ("log_drum:1", "drums:3")[: 1 + seed % 2])
    notes = tuple(
        PlayedNote(part, 240 * each, 240, 36 + each, 100) for part in range(len(players)) for each in range(1 + part)
    )
    return Notation(parts=players, notes=notes)
