"""Commands and steps in, messages out: everything the model thread does, without the thread."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, assert_never

import msgspec
from msgspec.structs import replace

from logdrum_engine.errors import RefusalError
from logdrum_engine.generator import Block, Pcm
from logdrum_engine.models import Model
from logdrum_engine.pcm import mixed, to_s16le
from logdrum_engine.scheduler import SLOT_LIMIT, Batch, Scheduler, Slot
from logdrum_engine.specs import MIX, Order, order_of, steered
from logdrum_protocol.engine_messages import (
    FromEngine,
    GrantCredit,
    JobAudio,
    JobDescribed,
    JobDone,
    JobFailed,
    JobStarted,
    NotesWritten,
    RenderFrom,
    StartJob,
    StopJob,
    WriteNotes,
)
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.records import Choice, JobParams

log = logging.getLogger(__name__)

JobCommand: TypeAlias = StartJob | RenderFrom | GrantCredit | StopJob | WriteNotes

# Finished jobs that are kept: a new epoch may cross `job.done` on its way, and notes may be asked for later.
_FINISHED_LIMIT: Final = 256
_MAX_CHOICES: Final = 64
_BROKEN: Final = "The generator failed; the engine's log says why."
_NO_NOTES: Final = "The playhead is outside this piece, or the piece has no notes."
_NO_PIECE: Final = "The engine does not have this piece any more: generate it again."


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    """A job that has begun; the generator's state of it is replaced at every step."""

    job: str
    order: Order
    stems: tuple[str, ...]
    epoch: int
    position: int
    state: Any


_Stepped: TypeAlias = tuple[Block | None, Any] | Exception


class Renderer:
    """Runs jobs on the models that it owns; a job that goes wrong fails alone (Q7)."""

    def __init__(self, models: Mapping[str, Model], slots: int = SLOT_LIMIT) -> None:
        self._models = models
        self._scheduler = Scheduler({name: model.lane for name, model in models.items()}, slots)
        self._runs: dict[str, _Run] = {}
        self._finished: dict[str, _Run] = {}

    @property
    def jobs(self) -> int:
        """Jobs under way."""
        return len(self._scheduler)

    @property
    def has_work(self) -> bool:
        """Whether a step would render anything."""
        return self._scheduler.next_batch() is not None

    def handle(self, command: JobCommand) -> list[FromEngine]:
        """Carry out a command; the answer is short, audio comes by `step`."""
        match command:
            case StartJob():
                return self._start(command)
            case RenderFrom():
                return self._render_from(command)
            case GrantCredit():
                self._scheduler.grant(command.job, command.credit_sample, command.playhead_sample)
                return []
            case StopJob():
                self._forget(command.job)
                return []
            case WriteNotes():
                return [self._write(command)]
            case _:
                assert_never(command)

    def step(self) -> list[FromEngine]:
        """Advance the most urgent jobs by one block; nothing happens while nobody has credit (Q3)."""
        batch = self._scheduler.next_batch()
        if batch is None:
            return []
        runs = [self._runs[job] for job in batch.jobs]
        stepped = self._step_all(batch, runs)
        return [message for run, result in zip(runs, stepped, strict=True) for message in self._after(run, result)]

    def _start(self, start: StartJob) -> list[FromEngine]:
        try:
            order = self._checked(order_of(start))
            run = self._begin(start.job, order, start)
        except RefusalError as refusal:
            return [self._fail(start.job, refusal)]
        return [JobStarted(job=start.job, stems=run.stems, samples=order.samples), self._describe(run)]

    def _render_from(self, render: RenderFrom) -> list[FromEngine]:
        run = self._runs.get(render.job) or self._finished.get(render.job)
        if run is None:  # stopped or failed while this was on its way
            return []
        try:
            return [self._describe(self._begin(render.job, steered(run.order, render), render, run))]
        except RefusalError as refusal:
            return [self._go_on(run, render, refusal)]

    def _go_on(self, run: _Run, render: RenderFrom, refusal: RefusalError) -> FromEngine:
        """Play on what played before, for one who asks for what cannot be played shall not end everybody's music."""
        try:
            as_it_was = steered(run.order, replace(render, params=JobParams(), harmony=run.order.spec.harmony))
            described = self._describe(self._begin(render.job, as_it_was, render, run))
        except RefusalError as fault:
            return self._fail(render.job, fault)
        return replace(described, refused=refusal.message)

    def _checked(self, order: Order) -> Order:
        if order.model not in self._models:
            raise RefusalError(ErrorCode.UNSUPPORTED, f"This engine has no model '{order.model[:64]}'.")
        return order

    def _begin(self, job: str, order: Order, at: StartJob | RenderFrom, before: _Run | None = None) -> _Run:
        with self._refusing(job, order.model):
            generator = self._models[order.model].generator
            if before is None:
                stems = (MIX,) if order.mix else generator.describe(order.spec).stems
                state = generator.begin(order.spec, at.start_sample)
            else:
                stems, state = before.stems, generator.turn(before.state, order.spec, at.start_sample)
        slot = Slot(
            job=job,
            model=order.model,
            rendered_sample=at.start_sample,
            credit_sample=at.credit_sample,
            playhead_sample=at.start_sample,
            end_sample=order.samples,
        )
        if not self._scheduler.admit(slot):
            raise RefusalError(ErrorCode.TOO_MANY_JOBS, "The engine has no slot free for another job.")
        self._finished.pop(job, None)
        run = _Run(job=job, order=order, stems=stems, epoch=at.epoch, position=at.start_sample, state=state)
        self._runs[job] = run
        return run

    def _describe(self, run: _Run) -> JobDescribed:
        """Say what was made of a request, what the genre added first (J6)."""
        if run.order.spec.notation is not None:  # whoever wrote the notes has chosen
            return JobDescribed(job=run.job, choices=())
        with self._refusing(run.job, run.order.model):
            description = self._models[run.order.model].generator.describe(run.order.spec)
        added = tuple(Choice(what="added", value=each.words, why=each.why[:256]) for each in run.order.added)
        choices = (*description.choices, *added)
        return JobDescribed(job=run.job, choices=choices[:_MAX_CHOICES], harmony=description.harmony)

    def _write(self, question: WriteNotes) -> NotesWritten:
        """Answer with the notes of a section (Q9)."""
        refusal = NotesWritten(job=question.job, op_id=question.op_id, error=_NO_NOTES)
        run = self._runs.get(question.job) or self._finished.get(question.job)
        if run is None:
            return replace(refusal, error=_NO_PIECE)
        try:
            section = self._models[run.order.model].generator.written(run.state, question.tick)
        except Exception:
            log.exception("generator failed to write notes", extra={"job": run.job, "model": run.order.model})
            return replace(refusal, error=_BROKEN)
        if section is None:
            return refusal
        return NotesWritten(
            job=question.job,
            op_id=question.op_id,
            name=section.name,
            start_tick=section.start_tick,
            length_ticks=section.length_ticks,
            notation=section.notation,
        )

    @contextmanager
    def _refusing(self, job: str, model: str) -> Iterator[None]:
        """Turn whatever a generator raises at a spec into what the job's owner is told."""
        try:
            yield
        except self._models[model].refusal as refusal:
            raise RefusalError(ErrorCode.BAD_PARAMS, str(refusal)) from refusal
        except Exception as fault:
            log.exception("generator failed to begin", extra={"job": job, "model": model})
            raise RefusalError(ErrorCode.ENGINE_ERROR, _BROKEN) from fault

    def _step_all(self, batch: Batch, runs: Sequence[_Run]) -> Sequence[_Stepped]:
        generator = self._models[batch.model].generator
        try:
            return generator.step([run.state for run in runs])
        except Exception as fault:
            log.exception("generator failed", extra={"model": batch.model, "jobs": batch.jobs})
            # Q7: whoever is at fault fails alone, so the others try again without it.
            return [fault] if len(runs) == 1 else [self._step_all(_only(batch, run), [run])[0] for run in runs]

    def _after(self, run: _Run, stepped: _Stepped) -> Iterator[FromEngine]:
        if isinstance(stepped, Exception):
            yield self._fail(run.job, RefusalError(ErrorCode.ENGINE_ERROR, _BROKEN))
            return
        block, state = stepped
        end = run.order.samples
        if block is not None and (block := _cut(block, run.position, end)) is not None:
            yield from self._audio(run, block)
            run = self._advance(run, block, state)
        if block is None or (end is not None and run.position >= end):
            yield self._finish(run)

    def _advance(self, run: _Run, block: Block, state: object) -> _Run:
        run = replace(run, state=state, position=run.position + block.samples)
        self._runs[run.job] = run
        self._scheduler.rendered(run.job, run.position)
        return run

    def _audio(self, run: _Run, block: Block) -> Iterator[FromEngine]:
        stems: Mapping[str, Pcm] = {MIX: mixed(block.stems)} if run.order.mix else block.stems
        for stem in run.stems:
            yield JobAudio(
                job=run.job,
                stem=stem,
                epoch=run.epoch,
                start_sample=run.position,
                samples=block.samples,
                data=to_s16le(stems[stem]),
            )

    def _finish(self, run: _Run) -> JobDone:
        self._forget(run.job)
        self._finished[run.job] = run
        while len(self._finished) > _FINISHED_LIMIT:
            del self._finished[next(iter(self._finished))]
        return JobDone(job=run.job, epoch=run.epoch)

    def _fail(self, job: str, refusal: RefusalError) -> JobFailed:
        self._forget(job)
        return JobFailed(job=job, code=refusal.code, message=refusal.message)

    def _forget(self, job: str) -> None:
        self._scheduler.remove(job)
        self._runs.pop(job, None)
        self._finished.pop(job, None)


def _only(batch: Batch, run: _Run) -> Batch:
    return replace(batch, jobs=(run.job,))


def _cut(block: Block, position: int, end: int | None) -> Block | None:
    """Return what of the block is before the piece's end: its last bar line, whatever still rings there."""
    samples = block.samples if end is None else min(block.samples, end - position)
    if samples <= 0:
        return None
    if samples == block.samples:
        return block
    stems = {stem: pcm[:, :samples] for stem, pcm in block.stems.items()}
    return Block(start_sample=block.start_sample, samples=samples, stems=stems)
