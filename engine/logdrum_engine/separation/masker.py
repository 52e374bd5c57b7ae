"""Our net: masks for drums, bass, log drum and everything else, and what it hears of the log drum's notes.

It is causal but for `lookahead` frames: what it gives at frame `t` is about frame `t - lookahead`. All layers take what
came before from a `Past`, so a sound in pieces gives what the whole one does.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec
import torch
from torch import Tensor, nn

from .spectrum import BINS, HOP

STEMS: Final = ("drums", "bass", "log_drum", "other")
LOG_DRUM: Final = STEMS.index("log_drum")
SIDES: Final = 2
"""Middle and side."""
_PHASES: Final = 4
_COMPRESSION: Final = 0.33
_FADED_FRAMES: Final = 64
_TOLD: Final = 6
"""What the note head says beside the pitch."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The sizes of a net; kept in the file beside its weights."""

    rows: int = 240
    """How many groups of bins the spectrum is seen in."""
    single_bins: int = 48
    """Up to where a row is one bin; above, rows widen with frequency."""
    band_rows: int = 6
    channels: int = 96
    hidden: int = 288
    near: int = 4
    """Layers over time and neighbouring bands, before and again after the bottleneck."""
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    """One layer of the bottleneck each."""
    lookahead: int = 8
    """How many frames later a frame's masks are given."""
    near_ahead: int = 3
    """How many of them the layers beside the bottleneck see."""
    level_frames: float = 170.0
    """Over how long the loudness is measured that all is seen relative to."""
    note_hidden: int = 256
    note_frames: int = 5
    """How many frames of its own answers the note head looks back on."""
    pitches: int = 74
    lowest_hz: float = 32.7
    """The pitch of class 0; the others follow a quarter-tone apart."""

    @property
    def bands(self) -> int:
        """How many bands the rows fall into."""
        return self.rows // self.band_rows

    @property
    def low_bands(self) -> int:
        """How many bands hold single bins."""
        return self.single_bins // self.band_rows


class NoteFrames(NamedTuple):
    """What is heard of the log drum's notes, frame by frame, `[batch, t]`; logits but for the first two."""

    offset: Tensor
    """Where in its frame the onset lies, in frames from its middle, -0.5 to 0.5."""
    velocity: Tensor
    onset: Tensor
    active: Tensor
    presence: Tensor
    """That there is a log drum in this sound."""
    weight: Tensor
    """How much the frame's word on `presence` counts."""
    pitch: Tensor
    """`[batch, t, pitches]`."""


class Masks(NamedTuple):
    """How each row of the spectrum falls to the stems; over the stems they sum to one (`correction` to nought)."""

    shares: Tensor
    """`[batch, t, stem, side, row]`."""
    correction: Tensor
    """What is added to the shares of the single bins in the middle, complex `[batch, t, stem, bin]`."""


class Past:
    """What the layers keep from piece to piece, taken and given back in the order they ask."""

    def __init__(self, kept: Iterable[Tensor] | None = None) -> None:
        self._before = None if kept is None else iter(kept)
        self.kept: list[Tensor] = []
        """What the next piece needs."""

    def ahead_of(self, x: Tensor, frames: int, dim: int) -> Tensor:
        """Return `x` with the `frames` that came before it in front; before the first there are zeros."""
        if self._before is None:
            shape = list(x.shape)
            shape[dim] = frames
            before = x.new_zeros(shape)
        else:
            before = next(self._before).to(x.dtype)
        joined = torch.cat((before, x), dim=dim)
        self.kept.append(joined.narrow(dim, joined.shape[dim] - frames, frames).detach())
        return joined

    def recalled(self, like: Tensor) -> Tensor:
        """Return what was kept last, of that shape; zeros before the first."""
        return torch.zeros_like(like) if self._before is None else next(self._before)

    def keep(self, x: Tensor) -> None:
        """Keep something for the next piece."""
        self.kept.append(x.detach())


class _Near(nn.Module):
    """Three frames and three bands at a time, added to what comes in."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.mix = nn.Conv2d(channels, channels, 3, dilation=(dilation, 1), padding=(0, 1), bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, past: Past) -> Tensor:  # [B, C, T, bands]
        return x + torch.relu(self.norm(self.mix(past.ahead_of(x, 2 * self.dilation, 2))))


class _Far(nn.Module):
    """The whole spectrum at once, three frames some time apart, added to what comes in."""

    def __init__(self, hidden: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.mix = nn.Conv1d(hidden, hidden, 3, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(hidden)

    def forward(self, x: Tensor, past: Past) -> Tensor:  # [B, H, T]
        return x + torch.relu(self.norm(self.mix(past.ahead_of(x, 2 * self.dilation, 2))))


class _Banded(nn.Module):
    """A linear layer of its own for each band."""

    def __init__(self, bands: int, width: int, out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(bands, width, out) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(bands, 1, out))

    def forward(self, x: Tensor) -> Tensor:  # [B, T, bands, width]
        rows = x.flatten(0, 1).transpose(0, 1)
        made = torch.baddbmm(self.bias, rows, self.weight)
        return made.transpose(0, 1).reshape(*x.shape[:2], *made.shape[::2])


class NoteHead(nn.Module):
    """Hears the log drum's notes in what the net makes of a frame and in the log drum it has shared out."""

    def __init__(self, width: int, shape: Shape) -> None:
        super().__init__()
        self.frames = shape.note_frames
        self.note = nn.Linear(width + _PHASES * shape.single_bins, shape.note_hidden)
        self.mix = nn.Conv1d(shape.note_hidden, shape.note_hidden, shape.note_frames)
        self.tell = nn.Linear(shape.note_hidden, _TOLD + shape.pitches)

    def forward(self, x: Tensor, past: Past) -> NoteFrames:
        """Hear frames `[B, T, width]`."""
        x = torch.relu(self.note(x)).transpose(1, 2)
        x = x + torch.relu(self.mix(past.ahead_of(x, self.frames - 1, 2)))
        told = self.tell(x.transpose(1, 2)).float()
        offset, velocity, onset, active, presence, weight = told[..., :_TOLD].unbind(-1)
        return NoteFrames(
            torch.tanh(offset) / 2, torch.sigmoid(velocity), onset, active, presence, weight, told[..., _TOLD:]
        )


class Masker(nn.Module):
    """The net."""

    reads: Tensor
    row_of: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        wide = shape.bands * shape.channels
        low = shape.low_bands * shape.channels
        self.register_buffer("reads", _band_reads(shape), persistent=False)
        self.register_buffer("row_of", row_of_bins(shape), persistent=False)
        self.split = _Banded(shape.bands, 2 * shape.band_rows * SIDES, shape.channels)
        self.phases = nn.Linear(_PHASES * shape.single_bins, low)
        self.before = nn.ModuleList(_Near(shape.channels, 2**i) for i in range(shape.near))
        self.gather = nn.Linear(wide, shape.hidden)
        self.far = nn.ModuleList(_Far(shape.hidden, dilation) for dilation in shape.dilations)
        self.spread = nn.Linear(shape.hidden, wide)
        self.after = nn.ModuleList(_Near(shape.channels, 2**i) for i in range(shape.near))
        self.share = _Banded(shape.bands, shape.channels, len(STEMS) * SIDES * shape.band_rows)
        self.correct = nn.Linear(low, len(STEMS) * 2 * shape.single_bins)
        nn.init.zeros_(self.correct.weight)
        self.notes = NoteHead(low + shape.hidden, shape)

    def forward(self, middle: Tensor, powers: Tensor, past: Past) -> tuple[Masks, NoteFrames]:
        """Hear the single bins of the middle, complex `[B, T, single_bins]`, and all rows' powers `[B, T, side, row]`.

        What is given at a frame is about the one `lookahead` frames before it.
        """
        low = self.shape.low_bands
        level = self._level(powers, past)
        seen = self._banded((powers / level[..., None, None]).clamp_min(1e-9).pow(_COMPRESSION / 2))
        phases = self.phases(turned(middle, level.sqrt(), past)).unflatten(-1, (low, -1))
        x = self.split(seen)
        x = torch.cat((x[:, :, :low] + phases, x[:, :, low:]), dim=2).permute(0, 3, 1, 2)  # [B, C, T, bands]
        for layer in self.before:
            x = layer(x, past)
        far = self.gather(x.permute(0, 2, 3, 1).flatten(2)).transpose(1, 2)  # [B, H, T]
        for layer in self.far:
            far = layer(far, past)
        far = far.transpose(1, 2)
        late = self.shape.lookahead - self.shape.near_ahead
        x = past.ahead_of(x, late, 2)[:, :, : x.shape[2]]
        x = x + self.spread(far).unflatten(-1, (self.shape.bands, -1)).permute(0, 3, 1, 2)
        for layer in self.after:
            x = layer(x, past)
        x = x.permute(0, 2, 3, 1)  # [B, T, bands, C]
        lowest = x[:, :, :low].flatten(2)
        masks = self._masks(x, lowest)
        then = past.ahead_of(middle, self.shape.lookahead, 1)[:, : middle.shape[1]]
        drum = (masks.shares[:, :, LOG_DRUM, 0, : self.shape.single_bins] + masks.correction[:, :, LOG_DRUM]) * then
        seen = turned(drum.detach(), level.sqrt(), past)
        return masks, self.notes(torch.cat((lowest, far, seen), dim=-1), past)

    @torch.no_grad()
    def begin(self) -> list[Tensor]:
        """Return what the layers keep before a first frame, for one sound."""
        shape, device = self.shape, self.row_of.device
        past = Past()
        middle = torch.zeros(1, 1, shape.single_bins, dtype=torch.complex64, device=device)
        self(middle, torch.zeros(1, 1, SIDES, shape.rows, device=device), past)
        return [torch.zeros_like(tensor) for tensor in past.kept]

    def powers(self, spectra: Tensor) -> Tensor:
        """Sum up the power of bins `[..., BINS]` into rows `[..., row]`."""
        power = torch.view_as_real(spectra).square().sum(-1)
        return power.new_zeros((*power.shape[:-1], self.shape.rows)).index_add_(-1, self.row_of, power)

    def _level(self, powers: Tensor, past: Past) -> Tensor:
        """Loudness of the last seconds, `[B, T]`: a fading mean over the frames there were."""
        now = powers.float().sum((-1, -2))
        sums = _faded(torch.stack((now, torch.ones_like(now)), dim=-1), 1.0 - 1.0 / self.shape.level_frames, past)
        return (sums[..., 0] / sums[..., 1]).clamp_min(1e-9)

    def _banded(self, seen: Tensor) -> Tensor:
        """Rows as each band reads them, with half a band's on both sides: `[B, T, bands, width]`."""
        padded = nn.functional.pad(seen, (0, 1))  # the last is read where there is no row
        return padded[..., self.reads].permute(0, 1, 3, 2, 4).flatten(3)

    def _masks(self, x: Tensor, lowest: Tensor) -> Masks:
        shares = self.share(x).unflatten(-1, (len(STEMS), SIDES, self.shape.band_rows))
        shares = shares.permute(0, 1, 3, 4, 2, 5).flatten(-2).float().softmax(dim=2)
        parts = self.correct(lowest).float().unflatten(-1, (len(STEMS), self.shape.single_bins, 2))
        parts = parts - parts.mean(2, keepdim=True)
        return Masks(shares, torch.view_as_complex(parts.contiguous()))


def turned(middle: Tensor, level: Tensor, past: Past) -> Tensor:
    """How phases turn from frame to frame and from bin to bin, as large as the sound there: `[B, T, 4 * bins]`."""
    joined = past.ahead_of(middle, 1, 1)
    size = (middle.abs() / level[..., None]).clamp_min(1e-4).pow(_COMPRESSION)
    since = middle * joined[:, :-1].conj() * _advance(middle)
    across = middle * torch.roll(middle, 1, -1).conj()
    parts = [size[..., None] * torch.view_as_real(turn / turn.abs().clamp_min(1e-12)) for turn in (since, across)]
    return torch.cat(parts, dim=-1).flatten(2)


def _faded(values: Tensor, fade: float, past: Past) -> Tensor:
    """Sum up over time `[B, T, n]`, what is older counting less."""
    sums = past.recalled(values[:, :1])
    pieces = []
    for piece in torch.split(values, _FADED_FRAMES, dim=1):
        age = torch.arange(piece.shape[1], device=values.device)
        weights = torch.tril(fade ** (age[:, None] - age).clamp_min(0).float())
        faded = weights @ piece + fade ** (age[:, None] + 1.0) * sums
        sums = faded[:, -1:]
        pieces.append(faded)
    past.keep(sums)
    return torch.cat(pieces, dim=1)


def row_edges(shape: Shape) -> list[int]:
    """Return where rows begin, and the end: single bins at first, then ever wider."""
    wide = shape.rows - shape.single_bins
    growth = (BINS / shape.single_bins) ** (1 / wide)
    edges = list(range(shape.single_bins + 1))
    edges += [round(shape.single_bins * growth**i) for i in range(1, wide + 1)]
    for i in range(shape.single_bins, len(edges) - 1):
        edges[i + 1] = max(edges[i + 1], edges[i] + 1)
    assert edges[-1] == BINS
    return edges


def row_of_bins(shape: Shape) -> Tensor:
    """Return in which row each bin lies."""
    widths = [after - first for first, after in pairwise(row_edges(shape))]
    return torch.repeat_interleave(torch.arange(shape.rows), torch.tensor(widths))


def _band_reads(shape: Shape) -> Tensor:
    """Which rows each band reads; `rows` stands for none."""
    half = shape.band_rows // 2
    first = torch.arange(shape.bands)[:, None] * shape.band_rows - half
    reads = first + torch.arange(2 * shape.band_rows)
    return torch.where((reads >= 0) & (reads < shape.rows), reads, shape.rows)


def _advance(middle: Tensor) -> Tensor:
    """What takes a hop's turn out of a bin's phase."""
    quarter = torch.arange(middle.shape[-1], device=middle.device) * HOP * (-torch.pi / (BINS - 1))
    return torch.polar(torch.ones_like(quarter), quarter)
