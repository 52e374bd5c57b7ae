"""The log drum out of Demucs' stems: our net hears what is not voice; its mask takes from drums, bass and other."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from . import demucs, notes, spectrum
from .builtin import with_the_rest
from .demucs import Demucs
from .errors import SeparationError
from .interface import STEMS, Audio, LogDrumNote, Separated, Stems, Turn
from .masker import LOG_DRUM, SIDES, Masker, Masks, NoteFrames, Past
from .spectrum import Analysis, Synthesis
from .windows import step_in_blocks

_BEFORE: Final = ("vocals", "drums", "bass", "other")
"""What Demucs gives; all but the first may have a log drum in them."""
_PLAYED: Final = len(_BEFORE) - 1
_ROOT_HALF: Final = 0.5**0.5


class Heard(NamedTuple):
    """Of one sound in the head; nothing in it is written to."""

    analysis: Analysis
    waiting: Tensor
    """The spectra whose masks are still to come, `[stem, side, lookahead, BINS]`."""
    kept: tuple[Tensor, ...]
    synthesis: Synthesis
    notes: notes.Listening


class LogDrumHead:
    """Takes the log drum out of drums, bass and other; state goes in and comes out."""

    def __init__(self, net: Masker) -> None:
        self._net = net.eval().requires_grad_(False)
        self._device = net.row_of.device

    def begin(self) -> Heard:
        """Return the state before the first sample."""
        ahead, device = self._net.shape.lookahead, self._device
        return Heard(
            spectrum.begin_analysis(_PLAYED, SIDES, device=device),
            torch.zeros(_PLAYED, SIDES, ahead, spectrum.BINS, dtype=torch.complex64, device=device),
            tuple(self._net.begin()),
            spectrum.begin_synthesis(_PLAYED, SIDES, late_frames=ahead, device=device),
            notes.Listening(frames=-ahead),
        )

    @torch.inference_mode()
    def take(self, state: Heard, played: Stems, *, last: bool) -> tuple[Stems, tuple[LogDrumNote, ...], Heard]:
        """Hear more of drums, bass and other, and return what of each is log drum, some frames later."""
        spectra, analysis = spectrum.analyse(state.analysis, self._sides(played), last=last)
        if last:  # what comes after the end is silence
            spectra = torch.nn.functional.pad(spectra, (0, 0, 0, self._net.shape.lookahead))
        frames = spectra.shape[2]
        if not frames:
            return np.zeros((_PLAYED, 2, 0), np.float32), (), state._replace(analysis=analysis)
        masks, heard, kept = self._asked(spectra.sum(0), state.kept)
        joined = torch.cat((state.waiting, spectra), dim=2)
        taken = self._mask(masks) * joined[:, :, :frames]
        until = analysis.samples if last else None
        sides, synthesis = spectrum.synthesise(state.synthesis, taken, until=until)
        told, listening = self._listened(state.notes, heard, taken.sum(0)[0], last=last)
        after = Heard(analysis, joined[:, :, frames:].clone(), kept, synthesis, listening)
        return _left_and_right(sides), told, after

    def _sides(self, played: Stems) -> Tensor:
        left, right = torch.from_numpy(played).to(self._device).unbind(1)
        return torch.stack((left + right, left - right), dim=1) * _ROOT_HALF

    def _asked(self, mix: Tensor, kept: tuple[Tensor, ...]) -> tuple[Masks, NoteFrames, tuple[Tensor, ...]]:
        """Give the net the frames of all together  # [side, t, BINS]."""
        past = Past(kept)
        powers = self._net.powers(mix[None]).transpose(1, 2)
        masks, heard = self._net(mix[None, 0, :, : self._net.shape.single_bins], powers, past)
        return Masks(*(x[0] for x in masks)), NoteFrames(*(x[0] for x in heard)), tuple(x.clone() for x in past.kept)

    def _mask(self, masks: Masks) -> Tensor:
        """Return the log drum's mask, `[side, t, BINS]`."""
        mask = masks.shares[:, LOG_DRUM][..., self._net.row_of].transpose(0, 1).to(torch.complex64)
        mask[0, :, : self._net.shape.single_bins] += masks.correction[:, LOG_DRUM]
        return mask

    def _listened(
        self, state: notes.Listening, heard: NoteFrames, drum: Tensor, *, last: bool
    ) -> tuple[tuple[LogDrumNote, ...], notes.Listening]:
        """Hear notes in the frames that are of the sound; the first are of before it."""
        early = min(len(drum), max(0, -state.frames))
        state = state._replace(frames=state.frames + early)
        shape, heard = self._net.shape, NoteFrames(*(x[early:] for x in heard))
        return notes.hear(state, heard, drum[early:, : shape.single_bins], shape, last=last)


def _left_and_right(sides: Tensor) -> Stems:
    middle, side = sides.unbind(1)
    made: Stems = torch.stack((middle + side, middle - side), dim=1).mul(_ROOT_HALF).cpu().numpy()
    return made


class Hearing(NamedTuple):
    """Of one job; nothing in it is written to."""

    demucs: demucs.Hearing
    head: Heard
    mix: Audio
    """What was heard and is not yet given out."""
    before: Stems
    """What Demucs made of it so far."""


class Five:
    """Demucs and the log-drum head after it; a `Separator`."""

    stems = STEMS

    def __init__(self, before: Demucs, head: LogDrumHead) -> None:
        if before.stems != _BEFORE:
            raise SeparationError(
                f"The log drum is taken from drums, bass and other, but here {before.name} lacks some."
            )
        self.name = before.name
        self.block_samples = before.block_samples
        self._before = before
        self._head = head

    def begin(self) -> Hearing:
        """Return the state of a job that has heard nothing."""
        nothing = np.zeros((len(_BEFORE), 2, 0), np.float32)
        return Hearing(self._before.begin(), self._head.begin(), nothing[0], nothing)

    def presence(self, state: Hearing) -> float:
        """Return how likely a log drum was in what was heard so far."""
        return notes.probability(state.head.notes.presence)

    def step(self, turns: Sequence[Turn[Hearing]]) -> Sequence[tuple[Separated, Hearing]]:
        """Go on with several jobs; on a GPU Demucs has them in one batch."""
        return step_in_blocks(self._step, turns, self.block_samples)

    def _step(self, turns: Sequence[Turn[Hearing]]) -> list[tuple[Separated, Hearing]]:
        answers = self._before.step(
            [Turn(state=turn.state.demucs, audio=turn.audio, last=turn.last) for turn in turns],
        )
        return [self._headed(turn, *answer) for turn, answer in zip(turns, answers, strict=True)]

    def _headed(self, turn: Turn[Hearing], before: Separated, state: demucs.Hearing) -> tuple[Separated, Hearing]:
        """Take the log drum out of what Demucs gave, as far as the head has settled it."""
        _, head, mix, waiting = turn.state
        mix = np.concatenate((mix, turn.audio), axis=1)
        made = np.concatenate((waiting, before.stems), axis=2)
        taken, told, head = self._head.take(head, before.stems[1:], last=turn.last)
        samples = taken.shape[2]
        vocals, drums, bass = made[:-1, :, :samples]
        parts = np.stack((vocals, drums - taken[0], bass - taken[1], taken.sum(0)))
        after = Hearing(state, head, mix[:, samples:].copy(), made[:, :, samples:].copy())
        return with_the_rest(parts, mix[:, :samples], told), after
