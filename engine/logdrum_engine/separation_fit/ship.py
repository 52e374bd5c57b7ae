"""A trained net as it is shipped: its averaged weights at 16 bits, the large ones at 8."""

from pathlib import Path
from typing import Final

import msgspec
from torch import Tensor

from logdrum_engine.separation import weights
from logdrum_engine.separation.four_stems import FILE
from logdrum_engine.separation.masker import Shape

from . import checkpoints

SHIPPED: Final = weights.WEIGHTS / FILE
_SOURCE: Final = "trained from nothing on rendered examples; see MODEL_CARD.md"
_LICENCE: Final = "MIT"
_LARGE: Final = 500_000
# A range that 16 bits do not have.
_EXACT: Final = ("running_mean", "running_var")


def ship(trained: Path, out: Path, *, made_by: str) -> weights.Entry:
    """Write what a training kept as the best, and record it."""
    kept = checkpoints.load(trained)
    msgspec.json.decode(kept["shape"], type=Shape)  # of ours, or it is not shipped
    out.parent.mkdir(parents=True, exist_ok=True)
    weights.write(out, weights.Weights(tensors=narrowed(kept["net"]), about={"shape": kept["shape"]}))
    return weights.record(out, source=_SOURCE, licence=_LICENCE, made_by=made_by)


def narrowed(net: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a net's tensors at 16 bits, the large ones at 8, and what needs all its bits with them."""
    large = [name for name, tensor in net.items() if tensor.numel() >= _LARGE]
    exact = {name: tensor for name, tensor in net.items() if name.endswith(_EXACT)}
    return weights.narrowed(net, large) | exact
