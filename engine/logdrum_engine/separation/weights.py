"""The weights that come with the engine: safetensors files, each known by its hash."""

import hashlib
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Final

import msgspec
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from .errors import SeparationError

WEIGHTS: Final = Path(__file__).parent / "weights"
_MANIFEST: Final = "MANIFEST.json"
_SCALE: Final = ".scale"
_LARGEST_BYTE: Final = 127


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the manifest says of a file."""

    sha256: str
    bytes: int
    source: str
    licence: str
    made_by: str
    """The command that made the file."""


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """Tensors by name, and what their file says of them."""

    tensors: dict[str, Tensor]
    about: dict[str, str]


def load(name: str, folder: Path = WEIGHTS) -> Weights:
    """Read a file that the manifest names, as it was when it was recorded; else a `SeparationError`."""
    path = folder / name
    entry = manifest(folder).get(name)
    if entry is None:
        raise SeparationError(f"no weights {name} are known; the manifest does not name them")
    if not path.is_file():
        raise SeparationError(f"the weights {name} are missing; install the engine again")
    if hashlib.sha256(path.read_bytes()).hexdigest() != entry.sha256:
        raise SeparationError(f"the weights {name} are not the recorded ones; install the engine again")
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # no mapping
        return Weights(tensors=tensors, about=file.metadata() or {})


def narrowed(tensors: Mapping[str, Tensor], to_bytes: Container[str] = ()) -> dict[str, Tensor]:
    """Return tensors at 16 bits; those in `to_bytes` at 8, scaled by `<name>.scale` along the first index."""
    narrow: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name in to_bytes:
            scale = tensor.abs().flatten(1).amax(1).clamp_min(1e-12) / _LARGEST_BYTE
            narrow[name] = (tensor / _along(scale, tensor)).round().to(torch.int8)
            narrow[name + _SCALE] = scale.float()
        else:
            narrow[name] = tensor.half() if tensor.is_floating_point() else tensor
    return narrow


def widened(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what `narrowed` was given, as far as it was kept."""
    wide: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.endswith(_SCALE):
            continue
        scale = tensors.get(name + _SCALE)
        if scale is not None:
            wide[name] = tensor.float() * _along(scale, tensor)
        else:
            wide[name] = tensor.float() if tensor.is_floating_point() else tensor
    return wide


def _along(scale: Tensor, tensor: Tensor) -> Tensor:
    return scale.view(-1, *(1,) * (tensor.ndim - 1))


def write(path: Path, weights: Weights) -> None:
    """Write tensors and what is said of them; not yet in a manifest."""
    save_file({key: tensor.contiguous() for key, tensor in weights.tensors.items()}, path, dict(weights.about))
    path.chmod(0o644)  # it is written for its owner alone
    path.chmod(0o644)  # it would be for its owner alone


def record(path: Path, *, source: str, licence: str, made_by: str) -> Entry:
    """Put a file into the manifest beside it, or its hash anew."""
    content = path.read_bytes()
    entry = Entry(
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        source=source,
        licence=licence,
        made_by=made_by,
    )
    entries = manifest(path.parent) | {path.name: entry}
    text = msgspec.json.format(msgspec.json.encode(entries, order="deterministic"), indent=2)
    (path.parent / _MANIFEST).write_bytes(text + b"\n")
    return entry


def manifest(folder: Path = WEIGHTS) -> dict[str, Entry]:
    """Return what is known of the files in a folder, by name."""
    try:
        content = (folder / _MANIFEST).read_bytes()
    except FileNotFoundError:
        return {}
    return msgspec.json.decode(content, type=dict[str, Entry])
