"""What a step of the training is to make small."""

from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from logdrum_engine.separation.masker import LOG_DRUM, STEMS, Masks, NoteFrames

from .batches import Batch

# Better than this is as good (30 dB), and so is quieter than this where a stem is absent.
_ENOUGH: Final = 1e-3
_ABSENT: Final = 1e-6
_WEIGHTS: Final = (1.0, 1.0, 2.0, 1.0)
_ABSENT_WEIGHT: Final = 0.2
_MAGNITUDE_WEIGHT: Final = 4.0
_ONSET_COUNTS: Final = 6.0


class Losses(NamedTuple):
    """The parts, weighted; their sum is what is made small."""

    snr: Tensor
    silence: Tensor
    magnitude: Tensor
    onset: Tensor
    active: Tensor
    presence: Tensor
    pitch: Tensor
    stroke: Tensor


NOTE_LOSSES: Final = ("onset", "active", "presence", "pitch", "stroke")


def losses_of(batch: Batch, masks: Masks, notes: NoteFrames) -> Losses:
    """Compare what was answered with what should have been; both are about the same frames."""
    missed, own, mixed = errors_of(batch, masks)
    present = own > _ABSENT * mixed[:, None]
    weights = torch.tensor(_WEIGHTS, device=own.device)
    snr = 10 * torch.log10(missed / own.clamp_min(1e-9) + _ENOUGH) * weights * present
    leak = 10 * torch.log10(missed / mixed[:, None].clamp_min(1e-9) + _ENOUGH) * weights * ~present
    return Losses(
        snr.sum() / weights.sum() / len(own),
        _ABSENT_WEIGHT * leak.sum() / weights.sum() / len(own),
        _MAGNITUDE_WEIGHT * _magnitudes(batch, masks),
        *_note_losses(batch, notes),
    )


def errors_of(batch: Batch, masks: Masks) -> tuple[Tensor, Tensor, Tensor]:
    """Return the power of what each stem is missed by, of each stem, `[batch, stem]`, and of the mix."""
    singles = batch.middle.shape[-1]
    shares = masks.shares
    missed = shares * (shares * batch.powers[:, :, None] - 2 * batch.common)
    missed = (missed + batch.own).clamp_min(0)
    made = (masks.shares[..., 0, :singles] + masks.correction) * batch.middle[:, :, None]
    low = torch.view_as_real(made - batch.low).square().sum(-1)
    total = missed[..., 1, :].sum((1, -1)) + missed[..., 0, singles:].sum((1, -1)) + low.sum((1, -1))
    return total, batch.own.sum((1, -1, -2)), batch.powers.sum((1, -1, -2))


def _magnitudes(batch: Batch, masks: Masks) -> Tensor:
    """Compare the fourth roots of powers, where quiet and high sounds count."""
    loud = batch.powers.mean((1, 2, 3), keepdim=True)[..., None] + 1e-6
    made = (masks.shares.square() * batch.powers[:, :, None] / loud + 1e-5).sqrt().sqrt()
    return (made - (batch.own / loud + 1e-5).sqrt().sqrt()).abs().mean()


def _note_losses(batch: Batch, notes: NoteFrames) -> tuple[Tensor, ...]:
    counts = 1 + _ONSET_COUNTS * batch.onset
    onset = functional.binary_cross_entropy_with_logits(notes.onset, batch.onset, counts)
    active = functional.binary_cross_entropy_with_logits(notes.active, batch.active)
    held = batch.own[:, :, LOG_DRUM].sum((1, 2, 3)) > 1e-5 * batch.powers.sum((1, 2, 3))
    present = (held & (batch.onset.amax(1) > 0)).float()
    said = (notes.weight.softmax(1) * notes.presence).sum(1)
    presence = functional.binary_cross_entropy_with_logits(said, present)
    struck = batch.onset > 0.5
    stroke = (notes.offset - batch.offset).abs() + (notes.velocity - batch.velocity).abs()
    return 2 * onset, active, presence, _pitches(batch, notes), _mean_where(stroke, struck)


def _pitches(batch: Batch, notes: NoteFrames) -> Tensor:
    known = batch.pitch >= 0
    classes = torch.arange(notes.pitch.shape[-1], device=notes.pitch.device)
    aimed = torch.exp(-0.5 * ((classes - batch.pitch[..., None]) / 0.7).square())
    aimed = aimed / aimed.sum(-1, keepdim=True).clamp_min(1e-9)
    crossed = -(aimed * notes.pitch.log_softmax(-1)).sum(-1)
    return 0.5 * _mean_where(crossed, known)


def _mean_where(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp_min(1)


def snrs_of(batch: Batch, masks: Masks) -> dict[str, list[float]]:
    """Return each stem's signal-to-noise ratio and how much better than the mix it is, in dB, where the stem sounds."""
    missed, own, mixed = errors_of(batch, masks)
    nothing = batch.own.sum((1, -1, -2)) + (batch.powers[:, :, None] - 2 * batch.common).sum((1, -1, -2))
    told: dict[str, list[float]] = {}
    for stem, name in enumerate(STEMS):
        heard = (own > 1e-3 * mixed[:, None])[:, stem] & (nothing > 1e-3 * own)[:, stem]
        ratios = 10 * torch.log10(torch.stack((own, nothing))[:, heard, stem] / missed[heard, stem].clamp_min(1e-9))
        told[name], told[f"{name} gain"] = ratios.tolist()
    return told
