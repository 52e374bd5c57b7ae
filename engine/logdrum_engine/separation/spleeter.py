"""Vocals, as Spleeter's net hears them: written anew for its weights, and for sounds that go on.

The net sees magnitudes up to 11 kHz and says how much of each is voice. It hears a window at a time: a little of what
came before, the frames that it settles, and a little of what comes after.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  # as everywhere

from . import spectrum, weights
from .errors import SeparationError
from .interface import Audio, Separated, Turn
from .options import Precision
from .spectrum import HOP, Analysis, Synthesis
from .windows import Grid, Window, due, in_batches, step_in_blocks

FILE: Final = "spleeter_vocals.safetensors"
HEARD_BINS: Final = 1024
"""Up to 11 kHz."""
WIDTHS: Final = (16, 32, 64, 128, 256, 512)
_CHANNELS: Final = 2
_HIGHEST_HEARD: Final = 256
"""The voice's share above 11 kHz is that of so many bins below: hisses go on there, and so do shakers."""
_GPU_BATCH: Final = 16

# On the one real multitrack longer windows do not separate better; who listens live waits 1.5 s for these.
GRID: Final = Grid(before=64, hop=32, after=32)


class _Down(nn.Module):
    """Halves frames and bins; what goes to the other side is not yet normed."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, out, 5, stride=2)
        self.norm = _Norm(out)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        across = self.mix(F.pad(x, (1, 2, 1, 2)))
        return F.leaky_relu(self.norm(across), 0.2), across


class _Up(nn.Module):
    """Doubles frames and bins; norms last, unlike on the way down."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.mix = nn.ConvTranspose2d(channels, out, 5, stride=2)
        self.norm = _Norm(out)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(torch.relu(self.mix(x)[:, :, 1:-2, 1:-2]))
        return normed


class _Norm(nn.Module):
    """What is left of a batch norm once it is trained."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = torch.addcmul(self.shift[:, None, None], x, self.gain[:, None, None])
        return normed


class VocalNet(nn.Module):
    """Spleeter's U-Net for one stem."""

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.step = 2 ** len(widths)
        """Windows last a multiple of so many frames."""
        self.down = nn.ModuleList(_Down(*pair) for pair in pairwise((_CHANNELS, *widths)))
        self.up = nn.ModuleList(_Up(*pair) for pair in zip(_up_channels(widths), (*widths[-2::-1], 1), strict=True))
        self.share = nn.Conv2d(1, _CHANNELS, 4, dilation=2, padding=3)

    def forward(self, magnitudes: Tensor) -> Tensor:
        """Return the share of the voice in each magnitude, `[B, 2, frames, bins]` both."""
        x, skipped = magnitudes, list[Tensor]()
        for down in self.down:
            x, across = down(x)
            skipped.append(across)
        x = skipped.pop()
        for up in self.up:
            x = up(x)
            if skipped:
                x = torch.cat((skipped.pop(), x), dim=1)
        return torch.sigmoid(self.share(x))


def _up_channels(widths: Sequence[int]) -> list[int]:
    """What goes into each layer on the way up: all but the first also take what went across."""
    return [widths[-1], *(2 * width for width in widths[-2::-1])]


class Hearing(NamedTuple):
    """Of one job; nothing in it is written to."""

    unsettled: Audio
    """What was heard and is not yet given out."""
    analysis: Analysis
    spectra: Tensor
    """Frames that a window may still hear, `[channel, t, bin]`."""
    first: int
    """Where they begin."""
    settled: int
    """How many frames are answered."""
    synthesis: Synthesis


class _Sight(NamedTuple):
    """A window of one job."""

    job: int
    window: Window
    magnitudes: Tensor
    """`[channel, t, bin]`, silence at the end so that the net can take it."""


class Vocals:
    """Takes the voice out of a sound; a `Separator`."""

    name = "vocals"
    stems = ("vocals", "other")

    def __init__(self, net: VocalNet, grid: Grid = GRID, precision: Precision = "float32") -> None:
        net = net.eval().requires_grad_(False)
        self._net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in torch's types
        self._grid = grid
        self._device = next(net.parameters()).device
        self._is_narrow = precision == "bfloat16"
        self._most = 1 if self._device.type == "cpu" else _GPU_BATCH  # nothing is won side by side on a CPU
        self.block_samples = grid.hop * HOP

    @classmethod
    def load(cls, device: str = "cpu", precision: Precision = "float32") -> "Vocals":
        """Load the shipped weights."""
        return cls(net_of(weights.load(FILE)).to(device), precision=precision)

    def begin(self) -> Hearing:
        """Return the state of a job that has heard nothing."""
        device = self._device
        return Hearing(
            np.zeros((_CHANNELS, 0), np.float32),
            spectrum.begin_analysis(_CHANNELS, device=device),
            torch.zeros(_CHANNELS, 0, spectrum.BINS, dtype=torch.complex64, device=device),
            0,
            0,
            spectrum.begin_synthesis(_CHANNELS, device=device),
        )

    @torch.inference_mode()
    def step(self, turns: Sequence[Turn[Hearing]]) -> Sequence[tuple[Separated, Hearing]]:
        """Go on with several jobs; on a GPU their windows are one batch."""
        return step_in_blocks(self._step, turns, self.block_samples)

    def _step(self, turns: Sequence[Turn[Hearing]]) -> list[tuple[Separated, Hearing]]:
        heard = [self._heard(turn) for turn in turns]
        shares: list[list[Tensor]] = [[] for _ in turns]
        sights = [sight for job, turn in enumerate(turns) for sight in self._sights(job, heard[job], last=turn.last)]
        for batch in in_batches(sights, lambda sight: sight.magnitudes.shape, self._most):
            for sight, share in zip(batch, self._asked(batch), strict=True):
                shares[sight.job].append(share)
        return [
            self._settled(state, torch.cat(share, dim=1) if share else None, last=turn.last)
            for turn, state, share in zip(turns, heard, shares, strict=True)
        ]

    def _heard(self, turn: Turn[Hearing]) -> Hearing:
        state = turn.state
        audio = torch.from_numpy(turn.audio).to(self._device)
        spectra, analysis = spectrum.analyse(state.analysis, audio, last=turn.last)
        return state._replace(
            unsettled=np.concatenate((state.unsettled, turn.audio), axis=1),
            analysis=analysis,
            spectra=torch.cat((state.spectra, spectra), dim=1),
        )

    def _sights(self, job: int, state: Hearing, *, last: bool) -> Iterator[_Sight]:
        heard = state.first + state.spectra.shape[1]
        for window in due(self._grid, state.settled, heard, last=last):
            frames = state.spectra[:, window.first - state.first : window.end - state.first, :HEARD_BINS]
            yield _Sight(job, window, F.pad(frames.abs(), (0, 0, 0, -frames.shape[1] % self._net.step)))

    def _asked(self, sights: Sequence[_Sight]) -> list[Tensor]:
        """Return the share of the voice in the frames that each window settles, `[channel, t, BINS]`."""
        magnitudes = torch.stack([sight.magnitudes for sight in sights])
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._is_narrow):
            shares = self._net(magnitudes.contiguous(memory_format=torch.channels_last)).float()
        return [
            _in_all_bins(share[:, window.settles - window.first : window.until - window.first])
            for share, (_, window, _) in zip(shares, sights, strict=True)
        ]

    def _settled(self, state: Hearing, shares: Tensor | None, *, last: bool) -> tuple[Separated, Hearing]:
        if shares is None:
            return _given(state, np.zeros((_CHANNELS, 0), np.float32))
        begin = state.settled - state.first
        parts = state.spectra[:, begin : begin + shares.shape[1]] * shares
        until = state.analysis.samples if last else None
        voice, synthesis = spectrum.synthesise(state.synthesis, parts, until=until)
        settled = state.settled + shares.shape[1]
        first = max(0, settled - self._grid.before)
        after = state._replace(
            spectra=state.spectra[:, first - state.first :].clone(), first=first, settled=settled, synthesis=synthesis
        )
        return _given(after, voice.cpu().numpy())


def net_of(kept: weights.Weights) -> VocalNet:
    """Build the net that a file holds."""
    tensors = weights.widened(kept.tensors)
    widths = [tensors[name].shape[0] for name in sorted(tensors) if _is_width(name)]
    try:
        net = VocalNet(widths)
        net.load_state_dict(
            {name: _as_used(name, tensor) for name, tensor in tensors.items()},
        )
    except (IndexError, RuntimeError) as problem:
        raise SeparationError("These weights are not of the vocal net.") from problem
    return net


def _is_width(name: str) -> bool:
    return name.startswith("down.") and name.endswith(".mix.bias")


def _as_used(name: str, tensor: Tensor) -> Tensor:
    """Files have what a layer gives first, so that each of it has its scale."""
    return tensor.transpose(0, 1) if name.startswith("up.") and tensor.ndim > 1 else tensor


def _in_all_bins(share: Tensor) -> Tensor:
    """Square the share of magnitudes to that of power, which a Wiener filter takes, and go on up to the top."""
    power = share.square()
    above = power[..., -_HIGHEST_HEARD:].mean(-1, keepdim=True)
    return torch.cat((power, above.expand(*power.shape[:-1], spectrum.BINS - HEARD_BINS)), dim=-1)


def _given(state: Hearing, voice: Audio) -> tuple[Separated, Hearing]:
    samples = voice.shape[1]
    rest = state.unsettled[:, :samples] - voice
    after = state._replace(unsettled=state.unsettled[:, samples:].copy())
    return Separated(stems=np.stack((voice, rest))), after
