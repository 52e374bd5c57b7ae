"""Demucs' nets out of their files, opened without running anything that is in them."""

import hashlib
import inspect
import json
import pickle
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from demucs.htdemucs import HTDemucs
from safetensors import SafetensorError, safe_open

from . import demucs_files
from .demucs import Member
from .demucs_files import Bag
from .errors import SeparationError

_KIND: Final = f"{HTDemucs.__module__}.{HTDemucs.__qualname__}"
_UNREADABLE: Final = (
    AttributeError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    SafetensorError,
    pickle.UnpicklingError,
)
"""What loaders raise for files that are something else."""


class _Package(NamedTuple):
    """A net as it is stored."""

    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    state: Mapping[str, torch.Tensor]


def load_bag(
    name: str, folder: Path | None = None, *, members: Sequence[int] = (), device: str = "cpu"
) -> list[Member]:
    """Load a bag's nets, or some of them, from a folder or the hub; a `SeparationError` says what is missing."""
    bag, find = demucs_files.from_hub(name) if folder is None else demucs_files.in_folder(name, folder)
    if not all(0 <= member < len(bag.models) for member in members):
        raise SeparationError(f"The bag {name} has {len(bag.models)} nets, counted from 0.")
    return [_member(bag, member, find(bag.models[member]), device) for member in members or range(len(bag.models))]


def _member(bag: Bag, index: int, path: Path, device: str) -> Member:
    net = _net(path).to(device)
    if bag.segment is not None and bag.segment <= net.segment:
        net.segment = bag.segment
    weights = bag.weights[index] if bag.weights is not None else (1.0,) * len(net.sources)
    if len(weights) != len(net.sources):
        raise SeparationError(f"The list of {path.name} does not weigh as many sources as the net has.")
    return Member(net, weights)


def _net(path: Path) -> Any:
    """Build the net that a file holds; what its class does not know any more is left aside, as Demucs does."""
    _check_hash(path)
    try:
        package = _safetensors(path) if path.suffix == ".safetensors" else _checkpoint(path)
        known = inspect.signature(HTDemucs).parameters
        net = HTDemucs(*package.args, **{key: value for key, value in package.kwargs.items() if key in known})
        net.load_state_dict(package.state)
    except _UNREADABLE as problem:
        raise SeparationError(f"{path.name} has no weights of a net that is known here.") from problem
    return net


def _check_hash(path: Path) -> None:
    """Hold a file against the start of its hash, where its name has one."""
    _, _, expected = path.stem.partition("-")
    with path.open("rb") as file:
        if not hashlib.file_digest(file, "sha256").hexdigest().startswith(expected):
            raise SeparationError(f"{path.name} is damaged: its hash is not the one in its name. Fetch it again.")


def _checkpoint(path: Path) -> _Package:
    with torch.serialization.safe_globals([HTDemucs, Fraction]):
        found = torch.load(path, map_location="cpu", weights_only=True)
    if found["klass"] is not HTDemucs:
        raise TypeError("another class")
    return _Package(found["args"], found["kwargs"], found["state"])


def _safetensors(path: Path) -> _Package:
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
        if about["klass"] != _KIND:
            raise TypeError("another class")
        state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # no mapping
    args, kwargs = (json.loads(about[part], object_hook=_fraction) for part in ("args", "kwargs"))
    return _Package(args, kwargs, state)


def _fraction(value: dict[str, Any]) -> Any:
    """Read a length as Demucs writes it."""
    if value.get("_type") == "fraction":
        return Fraction(value["numerator"], value["denominator"])
    return value
