"""Commands and steps in, messages out: everything the thread of separations does, without the thread."""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final, TypeAlias, assert_never

from logdrum_engine.errors import EngineError, RefusalError
from logdrum_engine.scheduler import Scheduler, Slot
from logdrum_engine.separation.catalogue import AnySeparator
from logdrum_protocol.engine_messages import (
    EndFeed,
    FeedJob,
    FromEngine,
    GrantCredit,
    JobFailed,
    NotesWritten,
    RenderFrom,
    StartJob,
    StopJob,
    WriteNotes,
)
from logdrum_protocol.errors import ErrorCode

from .job import Job, opened
from .passage import Answers
from .shelf import Loaded, Shelf
from .written import Heard, written

log = logging.getLogger(__name__)

SeparationCommand: TypeAlias = StartJob | RenderFrom | GrantCredit | FeedJob | EndFeed | StopJob | WriteNotes

FINISHED_LIMIT: Final = 64
"""Finished jobs whose notes may still be asked for."""

_BROKEN: Final = "The separation failed; the engine's log says why."
_NO_JOB: Final = "The engine does not have this separation any more: separate it again."


class Desk:
    """Runs separations on the separators that it has loaded; one that goes wrong fails alone (Q7)."""

    def __init__(self, shelf: Shelf) -> None:
        self._loaded = Loaded(shelf)
        self._scheduler = Scheduler(self._loaded.lanes)
        self._jobs: dict[str, Job] = {}
        self._finished: dict[str, Heard] = {}

    @property
    def jobs(self) -> int:
        """Jobs under way."""
        return len(self._jobs)

    @property
    def has_work(self) -> bool:
        """Whether a step would do anything."""
        is_asked = any(job.is_ready or job.is_to_write for job in self._jobs.values())
        return is_asked or self._scheduler.next_batch() is not None

    def prepare(self) -> None:
        """Import what is heavy, on the thread that will use it."""
        self._loaded.prepare()

    def warm_up(self) -> None:
        """Load what most jobs will want, so that the first need not wait for it."""
        self._loaded.warm_up()

    def handle(self, command: SeparationCommand) -> list[FromEngine]:
        """Carry out a command; the answer is short, audio comes by `step`."""
        match command:
            case StartJob():
                return self._guarded(command.job, lambda: self._start(command))
            case StopJob():
                self._forget(command.job)
                return []
            case WriteNotes():
                return [self._write_notes(command)]
            case RenderFrom() | GrantCredit() | FeedJob() | EndFeed():
                job = self._jobs.get(command.job)  # None where it was stopped or failed while this was on its way
                return [] if job is None else self._guarded(command.job, lambda: self._tell(job, command))
            case _:
                assert_never(command)

    def step(self) -> list[FromEngine]:
        """Send what can be sent, separate a little of what is needed first, write a little of what is finished."""
        messages = self._send_all()
        messages += self._separate()
        messages += self._send_all()
        writing = next((job for job in self._jobs.values() if job.is_to_write), None)
        if writing is not None:
            messages += self._guarded(writing.name, writing.write)
        messages += [self._finish(job) for job in list(self._jobs.values()) if job.is_done]
        return messages

    def close(self) -> None:
        """Let go of all jobs; what is on disk stays."""
        for name in list(self._jobs):
            self._forget(name)

    def _start(self, start: StartJob) -> Iterable[FromEngine]:
        self._forget(start.job)
        model = self._loaded.pick(start.params, in_use={job.model for job in self._jobs.values()})
        job = Job(start, model, opened(start, self._loaded.at(model)))
        slot = Slot(
            job=job.name,
            model=model,
            rendered_sample=start.start_sample,
            credit_sample=0,
            playhead_sample=start.start_sample,
        )
        if not self._scheduler.admit(slot):
            job.close()
            raise RefusalError(ErrorCode.TOO_MANY_JOBS, "The engine has no slot free for another separation.")
        self._jobs[job.name] = job
        self._line_up(job)
        return [job.begun()]

    def _tell(self, job: Job, command: RenderFrom | GrantCredit | FeedJob | EndFeed) -> None:
        match command:
            case RenderFrom():
                job.turn(command)
                self._scheduler.rendered(job.name, job.settled_sample)
            case GrantCredit():
                job.grant(command.credit_sample, command.playhead_sample)
            case FeedJob():
                job.feed(command)
            case EndFeed():
                job.end(command)
            case _:
                assert_never(command)
        self._line_up(job)

    def _line_up(self, job: Job) -> None:
        """Let the scheduler know where a job is; what is not due has no credit there."""
        self._scheduler.grant(job.name, job.credit_sample if job.is_due else 0, job.playhead_sample)

    def _separate(self) -> list[FromEngine]:
        batch = self._scheduler.next_batch()
        if batch is None:
            return []
        jobs = [self._jobs[name] for name in batch.jobs]
        answers = self._answers(self._loaded.at(batch.model), jobs)
        return [
            message
            for job, answer in zip(jobs, answers, strict=True)
            for message in self._guarded(job.name, lambda: self._take(job, answer))  # noqa: B023  # called at once
        ]

    def _answers(self, separator: AnySeparator, jobs: Sequence[Job]) -> Sequence[Answers | Exception]:
        turns = [job.turns() for job in jobs]
        try:
            answers = iter(separator.step([turn for each in turns for turn in each]))
            return [tuple(islice(answers, len(each))) for each in turns]
        except Exception as fault:
            # Q7: whoever is at fault fails alone, so the others try again without it.
            return [fault] if len(jobs) == 1 else [self._answers(separator, [job])[0] for job in jobs]

    def _take(self, job: Job, answers: Answers | Exception) -> None:
        if isinstance(answers, Exception):
            raise answers
        job.take(answers)
        self._scheduler.rendered(job.name, job.settled_sample)
        self._line_up(job)

    def _send_all(self) -> list[FromEngine]:
        return [message for job in list(self._jobs.values()) for message in self._guarded(job.name, job.send)]

    def _write_notes(self, question: WriteNotes) -> NotesWritten:
        job = self._jobs.get(question.job)
        heard = self._finished.get(question.job) if job is None else job.heard()
        if heard is None:
            return NotesWritten(job=question.job, op_id=question.op_id, error=_NO_JOB)
        return written(question, heard)

    def _finish(self, job: Job) -> FromEngine:
        self._forget(job.name)
        self._finished[job.name] = job.heard()
        while len(self._finished) > FINISHED_LIMIT:
            del self._finished[next(iter(self._finished))]
        return job.done()

    def _guarded(self, job: str, action: Callable[[], Iterable[FromEngine] | None]) -> list[FromEngine]:
        """Do something for a job; where that cannot be done, the job fails, and no other."""
        try:
            return list(action() or ())
        except RefusalError as refusal:
            return [self._fail(job, refusal.code, refusal.message)]
        except EngineError as fault:
            return [self._fail(job, ErrorCode.BAD_PARAMS, str(fault))]
        except Exception:
            log.exception("separation failed", extra={"job": job})
            return [self._fail(job, ErrorCode.ENGINE_ERROR, _BROKEN)]

    def _fail(self, job: str, code: str, message: str) -> JobFailed:
        self._forget(job)
        return JobFailed(job=job, code=code, message=message)

    def _forget(self, name: str) -> None:
        self._scheduler.remove(name)
        self._finished.pop(name, None)
        job = self._jobs.pop(name, None)
        if job is not None:
            job.close()
