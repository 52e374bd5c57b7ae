"""Training of our net: examples rendered as they are needed, until the time is up."""

import copy
import json
import math
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from logdrum_engine.separation.masker import STEMS, Masker, Masks, NoteFrames, Past

from . import checkpoints, plots
from .batches import Batch
from .course import Course
from .losses import NOTE_LOSSES, losses_of, snrs_of
from .producing import Maker, stocked

BEST: Final = "best.pt"
LAST: Final = "last.pt"
_KEPT: Final = 0.999
"""Of the averaged net at each step; the younger it is the less."""
_CLIP: Final = 5.0
_WARM_STEPS: Final = 200
_DECAY: Final = 0.01
_TOLD_EVERY: Final = 20

Figures = dict[str, float]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far a training has come."""

    step: int = 0
    seconds: float = 0.0
    best: float = -1e9
    """What the averaged net was judged by; more is better."""
    checks_since: int = 0


class Training:
    """One training: the net, its running average, which is what is kept, and the optimiser."""

    def __init__(self, course: Course, *, resume: bool = False) -> None:
        torch.manual_seed(course.seed)
        self.course = course
        self.standing = Standing()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.net = Masker(course.shape).to(self.device)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its types leave it out
        if course.begin is not None:
            _fill(self.net, checkpoints.load(course.begin)["net"])
        self.average = copy.deepcopy(self.net).eval().requires_grad_(False)
        if course.only_notes:
            self.net.eval().requires_grad_(False)
            self.net.notes.requires_grad_(True)
        learning = self.net.notes if course.only_notes else self.net
        self._optimiser = torch.optim.AdamW(learning.parameters(), lr=course.rate, weight_decay=_DECAY)
        course.out.mkdir(parents=True, exist_ok=True)
        if resume:
            self._resume()

    def run(self) -> None:
        """Take steps until it is over, with a look at the averaged net now and then."""
        maker = Maker(self.course)
        validation = list(maker.validation())
        began_s = time.monotonic() - self.standing.seconds
        checked_s = self.standing.seconds
        with stocked(self.course, maker) as stock:
            while not self.is_over():
                self.learn(stock.take(self.standing.step))
                self._replace(seconds=time.monotonic() - began_s)
                if self.is_over() or self.standing.seconds - checked_s >= self.course.check_s:
                    checked_s = self.standing.seconds
                    self.check(validation)

    def is_over(self) -> bool:
        """Say whether time, steps or patience are up."""
        course, standing = self.course, self.standing
        return self._progress() >= 1.0 or 0 < course.patience <= standing.checks_since

    def learn(self, batch: Batch) -> None:
        """Take a step."""
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate()
        losses = losses_of(*answered(self.net, batch.on(self.device), is_rough=True))
        self._optimiser.zero_grad(set_to_none=True)
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
        gradient = nn.utils.clip_grad_norm_(self.net.parameters(), _CLIP)
        if torch.isfinite(gradient):
            self._optimiser.step()
        self._follow()
        self._replace(step=self.standing.step + 1)
        if self.standing.step % _TOLD_EVERY == 0:
            told = {name: x.item() for name, x in (*losses._asdict().items(), ("gradient", gradient))}
            self._log(losses=told, rate=self._rate())
            _show(f"\r{self._when()}  {_line(told)}  ")

    def check(self, validation: Sequence[Batch]) -> None:
        """Measure the averaged net, keep it where it is the best so far, and write down where the training stands."""
        told = measured(self.average, validation)
        figure = told["notes" if self.course.only_notes else "mean"]
        self._replace(checks_since=self.standing.checks_since + 1)
        if figure > self.standing.best:
            self._replace(best=figure, checks_since=0)
            checkpoints.save(self.course.out / BEST, {"net": self.average.state_dict(), "shape": self._shape()})
        checkpoints.save(self.course.out / LAST, self._everything())
        self._log(validated=told)
        _show(f"\n{self._when()}  {_line(told)}\n")
        if find_spec("matplotlib") is not None:
            plots.draw(self.course.out / "metrics.jsonl")

    def _progress(self) -> float:
        course, standing = self.course, self.standing
        return standing.step / course.steps if course.steps else standing.seconds / (60 * course.minutes)

    def _rate(self) -> float:
        warm = min(1.0, (self.standing.step + 1) / _WARM_STEPS)
        falling = 0.5 + 0.5 * math.cos(math.pi * min(1.0, self._progress()))
        return self.course.rate * warm * (0.01 + 0.99 * falling)

    @torch.no_grad()
    def _follow(self) -> None:
        kept = min(_KEPT, (self.standing.step + 1) / (self.standing.step + 10))
        now = self.net.state_dict()
        for name, mean in self.average.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(now[name], 1 - kept)

    def _replace(self, **changes: float) -> None:
        self.standing = msgspec.structs.replace(self.standing, **changes)

    def _shape(self) -> str:
        return msgspec.json.encode(self.course.shape).decode()

    def _everything(self) -> dict[str, Any]:  # what torch saves: tensors by name, numbers
        return {
            "net": self.net.state_dict(),
            "mean": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "standing": msgspec.to_builtins(self.standing),
        }

    def _resume(self) -> None:
        kept = checkpoints.load(self.course.out / LAST)
        self.net.load_state_dict(kept["net"])
        self.average.load_state_dict(kept["mean"])
        self._optimiser.load_state_dict(kept["optimiser"])
        self.standing = msgspec.convert(kept["standing"], Standing)

    def _when(self) -> str:
        return f"step {self.standing.step}, {self.standing.seconds / 60:.1f} min"

    def _log(self, **entry: Figures | float) -> None:
        about = {"step": self.standing.step, "seconds": round(self.standing.seconds, 1)}
        with (self.course.out / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(about | entry) + "\n")


def _fill(net: Masker, kept: dict[str, Tensor]) -> None:
    """Take over what fits."""
    shapes = {name: tensor.shape for name, tensor in net.state_dict().items()}
    net.load_state_dict({n: t for n, t in kept.items() if shapes.get(n) == t.shape}, strict=False)


def answered(net: Masker, batch: Batch, *, is_rough: bool = False) -> tuple[Batch, Masks, NoteFrames]:
    """Hear a batch, roughly where that is quicker; what is left of all three are the frames that were answered."""
    device = batch.powers.device.type
    with torch.autocast(device, torch.bfloat16, enabled=is_rough and _halves(device)):
        masks, notes = net(batch.middle, batch.powers, Past())
    late = net.shape.lookahead
    return (
        Batch(*(x[:, : x.shape[1] - late] for x in batch)),
        Masks(*(x[:, late:] for x in masks)),
        NoteFrames(*(x[:, late:] for x in notes)),
    )


def _halves(device: str) -> bool:
    """Whether bfloat16 is quicker there."""
    return device == "cuda" or torch.cpu._is_avx512_bf16_supported()


@torch.no_grad()
def measured(net: Masker, validation: Sequence[Batch]) -> Figures:
    """Return each stem's mean signal-to-noise ratio, its gain over the mix, the losses, and by what nets are judged."""
    told: dict[str, list[float]] = {}
    device = net.row_of.device
    for batch in validation:
        parts = answered(net, batch.on(device))
        losses = losses_of(*parts)._asdict()
        for name, values in (snrs_of(*parts[:2]) | {f"{name} loss": [x.item()] for name, x in losses.items()}).items():
            told.setdefault(name, []).extend(values)
    means = {name: float(np.mean(values)) for name, values in told.items()}
    # The log drum is what the net is for: it counts twice.
    mean = float(np.mean([means[name] for name in (*STEMS, "log_drum")]))
    return means | {"mean": mean, "notes": -sum(means[f"{name} loss"] for name in NOTE_LOSSES)}


def _line(told: Figures) -> str:
    return "  ".join(f"{name} {value:.2f}" for name, value in told.items())


def _show(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def metrics_of(out: Path) -> list[dict[str, Any]]:
    """Read what a training wrote down."""
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
