"""Our net as a separator: drums, bass, log drum and other, and the log drum's notes."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
import torch
from torch import Tensor

from . import notes, spectrum, weights
from .errors import SeparationError
from .interface import Audio, LogDrumNote, Separated, Turn
from .masker import LOG_DRUM, SIDES, STEMS, Masker, Masks, NoteFrames, Past, Shape
from .spectrum import HOP, Analysis, Synthesis
from .windows import in_batches, step_in_blocks

FILE: Final = "masker.safetensors"
_BLOCK_FRAMES: Final = 64
_ROOT_HALF: Final = 0.5**0.5


class Hearing(NamedTuple):
    """Of one job; nothing in it is written to."""

    unsettled: Audio
    """What was heard and is not yet given out."""
    analysis: Analysis
    waiting: Tensor
    """The spectra whose masks are still to come, `[side, lookahead, BINS]`."""
    kept: tuple[Tensor, ...]
    synthesis: Synthesis
    notes: notes.Listening


class _Piece(NamedTuple):
    """A block of one job on its way through the net."""

    turn: Turn[Hearing]
    analysis: Analysis
    spectra: Tensor


class FourStems:
    """Pulls a sound without vocals apart; a `Separator`."""

    name = "four_stems"
    stems = STEMS
    block_samples = _BLOCK_FRAMES * HOP

    def __init__(self, net: Masker) -> None:
        self._net = net.eval().requires_grad_(False)
        self._device = net.row_of.device

    @classmethod
    def load(cls, name: str = FILE, device: str = "cpu") -> "FourStems":
        """Load the shipped net."""
        return cls(net_of(weights.load(name)).to(device))

    def begin(self) -> Hearing:
        """Return the state of a job that has heard nothing."""
        shape, device = self._net.shape, self._device
        return Hearing(
            np.zeros((2, 0), np.float32),
            spectrum.begin_analysis(SIDES, device=device),
            torch.zeros(SIDES, shape.lookahead, spectrum.BINS, dtype=torch.complex64, device=device),
            tuple(self._net.begin()),
            spectrum.begin_synthesis(len(STEMS) - 1, SIDES, late_frames=shape.lookahead, device=device),
            notes.Listening(frames=-shape.lookahead),
        )

    def presence(self, state: Hearing) -> float:
        """Return how likely a log drum was in what was heard so far."""
        return notes.probability(state.notes.presence)

    @torch.inference_mode()
    def step(self, turns: Sequence[Turn[Hearing]]) -> Sequence[tuple[Separated, Hearing]]:
        """Go on with several jobs, a block of each at a time; those with as many frames are one batch on a GPU."""
        return step_in_blocks(self._step, turns, self.block_samples)

    def _step(self, turns: Sequence[Turn[Hearing]]) -> list[tuple[Separated, Hearing]]:
        pieces = [self._heard(turn) for turn in turns]
        answers = {job: (_NOTHING, _unsettled(piece)) for job, piece in enumerate(pieces)}
        for batch in self._batches(pieces):
            told = self._asked([pieces[job] for job in batch])
            for job, (masks, heard, kept) in zip(batch, told, strict=True):
                answers[job] = self._settled(pieces[job], masks, heard, kept)
        return [answers[job] for job in range(len(pieces))]

    def _heard(self, turn: Turn[Hearing]) -> _Piece:
        left, right = torch.from_numpy(turn.audio).to(self._device)
        sides = torch.stack((left + right, left - right)) * _ROOT_HALF
        spectra, analysis = spectrum.analyse(turn.state.analysis, sides, last=turn.last)
        if turn.last:  # what comes after the end is silence
            spectra = torch.nn.functional.pad(spectra, (0, 0, 0, self._net.shape.lookahead))
        return _Piece(turn, analysis, spectra)

    def _batches(self, pieces: Sequence[_Piece]) -> Iterator[list[int]]:
        """Put together jobs with as many new frames; on a CPU nothing is won by that."""
        with_frames = (job for job, piece in enumerate(pieces) if piece.spectra.shape[1])
        most = 1 if self._device.type == "cpu" else len(pieces)
        return in_batches(with_frames, lambda job: pieces[job].spectra.shape[1], most)

    def _asked(self, pieces: Sequence[_Piece]) -> list[tuple[Masks, NoteFrames, tuple[Tensor, ...]]]:
        """Give the net several jobs' frames at once, and part what it says again."""
        spectra = torch.stack([piece.spectra for piece in pieces])
        powers = self._net.powers(spectra).transpose(1, 2)
        past = Past(torch.cat(column) for column in zip(*(piece.turn.state.kept for piece in pieces), strict=True))
        masks, heard = self._net(spectra[:, 0, :, : self._net.shape.single_bins], powers, past)
        return [
            (Masks(*(x[job] for x in masks)), NoteFrames(*(x[job] for x in heard)), _row(past.kept, job))
            for job in range(len(pieces))
        ]

    def _settled(
        self, piece: _Piece, masks: Masks, heard: NoteFrames, kept: tuple[Tensor, ...]
    ) -> tuple[Separated, Hearing]:
        turn, analysis, spectra = piece
        state, frames = turn.state, spectra.shape[1]
        joined = torch.cat((state.waiting, spectra), dim=1)
        parts = self._parts(joined[:, :frames], masks)
        until = analysis.samples if turn.last else None
        sides, synthesis = spectrum.synthesise(state.synthesis, parts, until=until)
        made, unsettled = _with_the_rest(sides, _unsettled(piece).unsettled)
        told, listening = self._listened(state.notes, heard, parts[LOG_DRUM, 0], last=turn.last)
        after = Hearing(unsettled, analysis, joined[:, frames:].clone(), kept, synthesis, listening)
        return Separated(stems=made, notes=told), after

    def _parts(self, spectra: Tensor, masks: Masks) -> Tensor:
        """Return all stems' spectra but the last one's, `[stem, side, t, BINS]`."""
        shares = masks.shares[:, :-1, :, self._net.row_of].permute(1, 2, 0, 3)
        parts = shares * spectra
        parts[:, 0, :, : self._net.shape.single_bins] += (
            masks.correction[:, :-1].transpose(0, 1) * spectra[0, :, : self._net.shape.single_bins]
        )
        return parts

    def _listened(
        self, state: notes.Listening, heard: NoteFrames, drum: Tensor, *, last: bool
    ) -> tuple[tuple[LogDrumNote, ...], notes.Listening]:
        """Hear notes in the frames that are of the sound; the first are of before it."""
        early = min(len(drum), max(0, -state.frames))
        state = state._replace(frames=state.frames + early)
        heard = NoteFrames(*(x[early:] for x in heard))
        shape = self._net.shape
        return notes.hear(state, heard, drum[early:, : shape.single_bins], shape, last=last)


_NOTHING: Final = Separated(stems=np.zeros((len(STEMS), 2, 0), np.float32))


def net_of(kept: weights.Weights) -> Masker:
    """Build the net that a file holds."""
    try:
        shape = msgspec.json.decode(kept.about["shape"], type=Shape)
        net = Masker(shape)
        net.load_state_dict(weights.widened(kept.tensors))
    except (KeyError, msgspec.MsgspecError, RuntimeError) as problem:
        raise SeparationError("these weights are not of our net") from problem
    return net


def _unsettled(piece: _Piece) -> Hearing:
    """What a job is where no frame was completed."""
    state, audio = piece.turn.state, piece.turn.audio
    return state._replace(analysis=piece.analysis, unsettled=np.concatenate((state.unsettled, audio), axis=1))


def _row(kept: Sequence[Tensor], job: int) -> tuple[Tensor, ...]:
    return tuple(tensor[job : job + 1].clone() for tensor in kept)


def _with_the_rest(sides: Tensor, unsettled: Audio) -> tuple[Audio, Audio]:
    """Return all stems left and right, the last one being what the others leave, and what is not yet settled."""
    middle, side = sides.unbind(1)
    parts = torch.stack((middle + side, middle - side), dim=1).mul(_ROOT_HALF).cpu().numpy()
    samples = parts.shape[-1]
    rest = unsettled[:, :samples] - parts.sum(0)
    return np.concatenate((parts, rest[None])), unsettled[:, samples:].copy()
