"""A generator that computes nothing, and breaks on request."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from logdrum_engine.generator import Block, Description, Spec, WrittenSection, bar_samples
from logdrum_engine.models import Model
from logdrum_engine.scheduler import Lane
from logdrum_protocol.engine_messages import FromEngine, GrantCredit, JobAudio, RenderFrom, StartJob
from logdrum_protocol.records import Choice, Harmony, JobParams, Notation, Part, PlayedNote

BLOCK = 4_800
HARMONY = Harmony(seed=3, key="A minor", anchor_tick=0, jazz=0.5)
NOTATION = Notation(parts=(Part(instrument="bass"),), notes=(PlayedNote(0, 0, 960, 33, 100),))


class ToneError(Exception):
    """What cannot be played."""


class ToneState(msgspec.Struct, frozen=True):
    spec: Spec
    position: int


class Tone:
    """Two constant stems, `low` at 0.25 and `high` at the tempo's thousandth, so that a test can see what it hears."""

    def describe(self, spec: Spec) -> Description:
        choices = (Choice(what="mood", value=spec.prompt or "none", why="the prompt"),)
        return Description(stems=("low", "high"), choices=choices, harmony=spec.harmony or HARMONY)

    def turn(self, state: ToneState, spec: Spec, start_sample: int) -> ToneState:
        return self.begin(spec, start_sample)

    def written(self, state: ToneState, tick: int) -> WrittenSection | None:
        if state.spec.prompt == "no notes":
            return None
        return WrittenSection(name="drop", start_tick=tick - tick % 3_840, length_ticks=3_840, notation=NOTATION)

    def begin(self, spec: Spec, start_sample: int) -> ToneState:
        if spec.key == "H":
            raise ToneError("there is no key of H")
        if spec.prompt == "break at begin":
            raise RuntimeError("a path: /secret")
        return ToneState(spec, start_sample)

    def step(self, states: Sequence[ToneState]) -> list[tuple[Block | None, ToneState]]:
        return [self._step(state) for state in states]

    def _step(self, state: ToneState) -> tuple[Block | None, ToneState]:
        if state.spec.prompt == "break":
            raise RuntimeError("a path: /secret")
        left = BLOCK if state.spec.bars is None else round(state.spec.bars * bar_samples(state.spec)) - state.position
        samples = min(BLOCK, left)
        if samples <= 0:
            return None, state
        levels = {"low": 0.25, "high": state.spec.bpm / 1000}
        stems = {stem: np.full((2, samples), level, np.float32) for stem, level in levels.items()}
        block = Block(start_sample=state.position, samples=samples, stems=stems)
        return block, ToneState(state.spec, state.position + samples)


def tone_models(batch: int = 1) -> Mapping[str, Model]:
    lane = Lane(block_samples=BLOCK, batch=batch)
    return {"groove": Model(generator=Tone(), lane=lane, refusal=ToneError)}


def start(job: str = "j1", credit: int = 10 * BLOCK, params: JobParams | None = None, at: int = 0) -> StartJob:
    return StartJob(
        job=job,
        kind="generate",
        params=params or JobParams(),
        seed=3,
        bpm=120.0,
        numerator=4,
        denominator=4,
        anchor_tick=0,
        epoch=0,
        start_sample=at,
        credit_sample=credit,
    )


def render_from(
    job: str = "j1", at: int = 0, credit: int = 10 * BLOCK, params: JobParams | None = None, bpm: float = 120.0
) -> RenderFrom:
    return RenderFrom(
        job=job,
        epoch=1,
        start_sample=at,
        credit_sample=credit,
        params=params or JobParams(),
        bpm=bpm,
        numerator=4,
        denominator=4,
    )


def credit(job: str, credit_sample: int, playhead_sample: int = 0) -> GrantCredit:
    return GrantCredit(job=job, credit_sample=credit_sample, playhead_sample=playhead_sample)


def audio(messages: Sequence[FromEngine]) -> list[JobAudio]:
    return [message for message in messages if isinstance(message, JobAudio)]
