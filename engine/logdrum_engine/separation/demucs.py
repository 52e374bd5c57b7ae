"""Demucs' hybrid transformer nets, for sounds that go on.

Segments lie on a fixed grid and fade into one another as in Demucs' own `apply_model`, whose answers these are. Its
command line also norms the whole track first, which no stream can; these nets norm each segment themselves.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import torch
from torch import Tensor

from .builtin import with_the_rest
from .errors import SeparationError
from .interface import SAMPLE_RATE, Audio, Separated, Turn
from .options import Precision
from .windows import in_batches, step_in_blocks

OVERLAP: Final = 0.25
_GIVEN: Final = ("vocals", "drums", "bass")
"""All else is `other`, guitar and piano too."""
_FURTHEST_SHIFT: Final = SAMPLE_RATE // 2
SEED: Final = 1
_GPU_BATCH: Final = 8


class Member(msgspec.Struct, frozen=True):
    """A net of a bag."""

    net: Any
    """`demucs.htdemucs.HTDemucs`, which has no types."""
    weights: tuple[float, ...]
    """How much its word counts, for each source."""


class Take(NamedTuple):
    """One net that hears a sound behind so much silence."""

    member: int
    shift: int


class Line(NamedTuple):
    """How far a take is, in one job."""

    at: int
    """Where its next segment begins; before the sound at first where it is shifted."""
    summed: Tensor
    """What segments said of samples from there on, `[stem, 2, segment]`."""
    weight: Tensor
    """How much they weighed, `[segment]`."""
    ready: Tensor
    """What is settled and waits for the other takes, `[stem, 2, n]`."""


class Hearing(NamedTuple):
    """Of one job; nothing in it is written to."""

    audio: Tensor
    """What a segment may still hear, `[2, n]`."""
    first: int
    """Where it begins."""
    given: int
    """How many samples are given out."""
    lines: tuple[Line, ...]


class _Segment(NamedTuple):
    """What a net is to hear next, of one take of one job."""

    job: int
    take: int
    audio: Tensor
    """`[2, segment]`"""
    early: int
    """How much of it only lends context, because the sound ends."""
    samples: int
    """How much after that is of the sound."""


class Demucs:
    """Vocals, drums, bass and other; a `Separator`."""

    def __init__(
        self,
        name: str,
        bag: Sequence[Member],
        *,
        shifts: int = 0,
        overlap: float | None = None,
        precision: Precision = "float32",
    ) -> None:
        net = bag[0].net
        if net.samplerate != SAMPLE_RATE or net.audio_channels != 2:
            raise SeparationError(f"The net {name} does not hear stereo at {SAMPLE_RATE} Hz.")
        self.name = name
        self._bag = [member.net.eval().requires_grad_(False) for member in bag]
        self._device = next(net.parameters()).device
        self._segment = int(net.segment * SAMPLE_RATE)
        self._stride = int((1 - (OVERLAP if overlap is None else overlap)) * self._segment)
        if not 0 < self._stride <= self._segment:
            raise SeparationError("Segments overlap by 0 or more, and by less than all.")
        total = np.sum([member.weights for member in bag], axis=0)
        given = [stem for stem in _GIVEN if stem in net.sources and total[net.sources.index(stem)]]
        self.stems = (*given, "other")
        self._rows = [net.sources.index(stem) for stem in given]
        self._takes = _takes(len(bag), shifts)
        shares = np.array([bag[take.member].weights for take in self._takes])[:, self._rows] / total[self._rows]
        self._shares = torch.from_numpy(shares / max(1, shifts)).to(self._device, torch.float32)  # [take, stem]
        self._fade = _triangle(self._segment, self._device)
        self._is_narrow = precision == "bfloat16"
        self._most = 1 if self._device.type == "cpu" else _GPU_BATCH
        self.block_samples = self._stride

    def begin(self) -> Hearing:
        """Return the state of a job that has heard nothing."""
        stems, device = len(self._rows), self._device
        return Hearing(
            torch.zeros(2, 0, device=device),
            0,
            0,
            tuple(
                Line(
                    -take.shift,
                    torch.zeros(stems, 2, self._segment, device=device),
                    torch.zeros(self._segment, device=device),
                    torch.zeros(stems, 2, 0, device=device),
                )
                for take in self._takes
            ),
        )

    @torch.inference_mode()
    def step(self, turns: Sequence[Turn[Hearing]]) -> Sequence[tuple[Separated, Hearing]]:
        """Go on with several jobs; on a GPU each net has a segment of all of them in one batch."""
        return step_in_blocks(self._step, turns, self._segment)

    def _step(self, turns: Sequence[Turn[Hearing]]) -> list[tuple[Separated, Hearing]]:
        states = [_heard(turn, self._device) for turn in turns]
        ends = [turn.last for turn in turns]
        while due := [x for job, state in enumerate(states) for x in self._due(job, state, last=ends[job])]:
            for batch in in_batches(due, lambda segment: self._takes[segment.take].member, self._most):
                for segment, made in zip(batch, self._asked(batch), strict=True):
                    states[segment.job] = self._told(states[segment.job], segment, made)
        return [self._given(state) for state in states]

    def _due(self, job: int, state: Hearing, *, last: bool) -> Iterator[_Segment]:
        """Yield the next segment of each take that can be heard now."""
        heard = state.first + state.audio.shape[1]
        for take, line in enumerate(state.lines):
            if line.at + self._segment <= heard or (last and line.at < heard):
                samples = min(self._segment, heard - line.at)
                early = (self._segment - samples) // 2
                audio = _cut(state.audio, line.at - early - state.first, self._segment)
                yield _Segment(job, take, audio, early, samples)

    def _asked(self, segments: Sequence[_Segment]) -> Tensor:
        """Return what a net says of some segments, `[B, stem, 2, segment]`."""
        net = self._bag[self._takes[segments[0].take].member]
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._is_narrow):
            answer: Tensor = net(torch.stack([segment.audio for segment in segments]))
        return answer[:, self._rows].float()

    def _told(self, state: Hearing, segment: _Segment, made: Tensor) -> Hearing:
        """Fade a segment in; what no later one touches is ready."""
        line, samples = state.lines[segment.take], segment.samples
        fade = self._fade[:samples]
        summed, weight = line.summed.clone(), line.weight.clone()
        summed[..., :samples] += fade * made[..., segment.early : segment.early + samples]
        weight[:samples] += fade
        settled = min(self._stride, samples)
        before = min(settled, max(0, -line.at))  # of the silence that shifts the sound
        ready = summed[..., before:settled] / weight[before:settled]
        after = Line(
            line.at + self._stride,
            torch.nn.functional.pad(summed[..., self._stride :], (0, self._stride)),
            torch.nn.functional.pad(weight[self._stride :], (0, self._stride)),
            torch.cat((line.ready, ready), dim=-1),
        )
        lines = (*state.lines[: segment.take], after, *state.lines[segment.take + 1 :])
        return state._replace(lines=lines)

    def _given(self, state: Hearing) -> tuple[Separated, Hearing]:
        """Give out what all takes have settled, their mean."""
        samples = min(line.ready.shape[-1] for line in state.lines)
        parts = torch.zeros(len(self._rows), 2, samples, device=self._device)
        for share, line in zip(self._shares, state.lines, strict=True):
            parts += share[:, None, None] * line.ready[..., :samples]
        begin = state.given - state.first
        mix: Audio = state.audio[:, begin : begin + samples].cpu().numpy()
        separated = with_the_rest(parts.cpu().numpy(), mix)
        return separated, self._kept(state, state.given + samples, samples)

    def _kept(self, state: Hearing, given: int, samples: int) -> Hearing:
        """Forget what is given out and no segment hears any more; the last look back by half their length."""
        heard = state.first + state.audio.shape[1]
        needed = min(given, *(line.at - self._segment // 2 for line in state.lines))
        first = min(heard, max(state.first, needed))
        lines = tuple(line._replace(ready=line.ready[..., samples:].clone()) for line in state.lines)
        return Hearing(state.audio[:, first - state.first :].clone(), first, given, lines)


def _takes(members: int, shifts: int) -> list[Take]:
    """Shift every net's takes as `apply_model` does, but always by the same."""
    if not shifts:
        return [Take(member, 0) for member in range(members)]
    rng = random.Random(SEED)  # noqa: S311  # no secret
    return [
        Take(member, _FURTHEST_SHIFT - rng.randint(0, _FURTHEST_SHIFT))
        for member in range(members)
        for _ in range(shifts)
    ]


def _triangle(samples: int, device: torch.device) -> Tensor:
    """How much each sample of a segment counts: in its middle the most."""
    half = samples // 2
    up, down = torch.arange(1, half + 1), torch.arange(samples - half, 0, -1)
    return (torch.cat((up, down)) / (samples - half)).to(device)


def _heard(turn: Turn[Hearing], device: torch.device) -> Hearing:
    audio = torch.from_numpy(turn.audio).to(device)
    return turn.state._replace(audio=torch.cat((turn.state.audio, audio), dim=1))


def _cut(audio: Tensor, first: int, samples: int) -> Tensor:
    """Return `samples` from `first` on; there is silence before and after the sound."""
    early = max(0, -first)
    inside = audio[:, max(0, first) : max(0, first + samples)]
    return torch.nn.functional.pad(inside, (early, samples - early - inside.shape[1]))
