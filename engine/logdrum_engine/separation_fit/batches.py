"""What a step of the training hears, and what it should answer: spectra in rows, and the notes frame by frame."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from logdrum_engine.separation.masker import LOG_DRUM, SIDES, Shape, row_edges
from logdrum_engine.separation.spectrum import HOP, WINDOW, analyse, begin_analysis

from .examples import SAMPLE_RATE, Example, LogNote

SEGMENT_S: Final = 4.0
"""How long an example is."""
# A glide takes up to so long; what pitch its frames have is not said.
_GLIDING_S: Final = 0.12
# Under this share of its loudest frame a log drum counts as silent (-35 dB).
_SILENT: Final = 10**-3.5


class Batch(NamedTuple):
    """Of one mix or several side by side, `[batch, t, ...]`.

    A share `m` of the mix in a row misses a stem by `m * m * powers - 2 * m * common + own`: all that a loss needs.
    """

    middle: Tensor
    """The mix's single bins, complex `[bin]`."""
    powers: Tensor
    """Of the mix, `[side, row]`."""
    common: Tensor
    """Real part of what a stem has in common with the mix, `[stem, side, row]`."""
    own: Tensor
    """Power of a stem, `[stem, side, row]`."""
    low: Tensor
    """A stem's single bins in the middle, complex `[stem, bin]`."""
    onset: Tensor
    """1 where a note begins in the middle of a frame, down to 0 a frame away."""
    offset: Tensor
    """Where the nearest onset lies, in frames from the middle."""
    velocity: Tensor
    """Of the note that sounds."""
    active: Tensor
    pitch: Tensor
    """Class of the pitch, a fraction; below 0 where none is known."""

    def on(self, device: torch.device) -> "Batch":
        """Return it where it is to be heard."""
        return Batch(*(part.to(device) for part in self))


def batch_of(examples: Sequence[Example], shape: Shape) -> Batch:
    """Put examples side by side."""
    parts = [_heard(example, shape) for example in examples]
    return Batch(*(torch.stack(column) for column in zip(*parts, strict=True)))


def _heard(example: Example, shape: Shape) -> Batch:
    left, right = torch.from_numpy(example.stems).unbind(1)
    sides = torch.stack((left + right, left - right), dim=1) * 0.5**0.5
    spectra = analyse(begin_analysis(len(sides), SIDES), sides)[0].transpose(0, 2).contiguous()  # [T, side, stem, BINS]
    mix = spectra.sum(2, keepdim=True)
    common, own, powers = (_rows(*pair, shape) for pair in ((spectra, mix), (spectra, spectra), (mix, mix)))
    singles = spectra[:, 0, :, : shape.single_bins].clone()
    notes = frames_of(example.notes, own[:, LOG_DRUM].sum((-1, -2)).numpy(), shape)
    return Batch(singles.sum(1), powers[:, 0], common, own, singles, *notes)


def _rows(one: Tensor, other: Tensor, shape: Shape) -> Tensor:
    """Sum up the real part of `one` times the conjugate of `other` into rows: `[T, stem, side, row]`."""
    product = (torch.view_as_real(one) * torch.view_as_real(other)).flatten(-2).numpy()
    edges = 2 * np.array(row_edges(shape)[:-1])  # real and imaginary parts lie in turn
    return torch.from_numpy(np.add.reduceat(product, edges, axis=-1)).transpose(1, 2).contiguous()


def frames_of(notes: Sequence[LogNote], loudness: NDArray[np.float32], shape: Shape) -> Iterator[Tensor]:
    """Say frame by frame what the notes are: onset, offset, velocity, active, pitch."""
    frames = loudness.size
    onset, offset, velocity, active = np.zeros((4, frames), np.float32)
    pitch = np.full(frames, -1.0, np.float32)
    middles = middle_s(np.arange(frames))
    sounds = loudness > _SILENT * loudness.max(initial=1e-6)
    for note in notes:
        away = note.onset_s * SAMPLE_RATE / HOP - middles * SAMPLE_RATE / HOP
        near = np.abs(away) < 1.0
        onset[near] = np.maximum(onset[near], 1.0 - np.abs(away[near]))
        nearest = np.abs(away) <= 0.5
        offset[nearest] = away[nearest]
        ringing = (middles >= note.onset_s) & (middles < note.end_s) & sounds
        active[ringing | (nearest & sounds)] = 1.0
        velocity[ringing | nearest] = note.velocity
        pitch[ringing] = _classes(note, middles[ringing], shape)
    return (torch.from_numpy(x) for x in (onset, offset, velocity, active, pitch))


def _classes(note: LogNote, at_s: NDArray[np.float64], shape: Shape) -> NDArray[np.float64]:
    hz = np.where(at_s < note.glide_start_s, note.f0_hz, note.glide_hz)
    classes = np.log2(hz / shape.lowest_hz) * 24.0
    gliding = (note.glide_hz != note.f0_hz) & (at_s >= note.glide_start_s) & (at_s < note.glide_start_s + _GLIDING_S)
    return np.where(gliding | (classes < 0) | (classes > shape.pitches - 1), -1.0, classes)


def middle_s(frame: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return when the middle of a frame is."""
    return np.asarray((frame * HOP + HOP - WINDOW / 2) / SAMPLE_RATE)
