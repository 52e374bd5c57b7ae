"""Which files Demucs' nets are in, and where they lie: in a folder, or fetched from their hub. Needs no torch."""

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from .errors import SeparationError

HUB: Final[Mapping[str, str]] = {
    "htdemucs": "adefossez/HTDemucs",
    "htdemucs_ft": "adefossez/HTDemucs-ft",
    "htdemucs_6s": "adefossez/HTDemucs-6s",
}
"""Where Demucs' own loader fetches each."""

Find: TypeAlias = Callable[[str], Path]
"""Returns the file of a net, by its signature."""


class Bag(msgspec.Struct, frozen=True):
    """Which nets answer together, as Demucs' own lists have it."""

    models: tuple[str, ...]
    """Their signatures."""
    weights: tuple[tuple[float, ...], ...] | None = None
    """How much each counts, source by source."""
    segment: float | None = None


def in_folder(name: str, folder: Path) -> tuple[Bag, Find]:
    """Find a bag's list in a folder, or else take Demucs' own, and say where its files are."""
    if not folder.is_dir():
        raise SeparationError(f"The folder {folder} for Demucs' weights is not there.")
    own = folder / f"{name}.yaml"
    return _bag(own if own.is_file() else _lists() / own.name), lambda signature: _found(name, folder, signature)


def from_hub(name: str, *, is_here: bool = False) -> tuple[Bag, Find]:
    """Fetch from the hub what was not fetched before; with `is_here` all that is not here is missing."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    def fetch(file: str) -> Path:
        try:
            return Path(hf_hub_download(HUB[name], file, local_files_only=is_here))
        except (OSError, EntryNotFoundError) as problem:
            raise SeparationError(
                f"The weights of {name} cannot be fetched from their hub: "
                "go online once, or name a folder that has them (--models DIR)."
            ) from problem

    return _bag(fetch(f"{name}.yaml")), lambda signature: fetch(f"{signature}.safetensors")


def are_here(name: str, folder: Path | None) -> bool:
    """Say whether all files of a bag are in a folder, or without one were fetched before."""
    try:
        bag, find = from_hub(name, is_here=True) if folder is None else in_folder(name, folder)
        return all(find(signature) for signature in bag.models)
    except SeparationError:
        return False


def _bag(path: Path) -> Bag:
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Bag)
    except msgspec.MsgspecError as problem:
        raise SeparationError(f"{path.name} is no list of Demucs' nets.") from problem


def _lists() -> Path:
    """Where Demucs has its own, found without loading it."""
    spec = importlib.util.find_spec("demucs")
    if spec is None or spec.origin is None:
        raise SeparationError("This separator needs Demucs: pip install 'logdrum[models]'.")
    return Path(spec.origin).parent / "remote"


def _found(name: str, folder: Path, signature: str) -> Path:
    """Find a net's file, named as Demucs does: by its signature, and in some by the start of its hash."""
    for pattern in (f"{signature}.safetensors", f"{signature}.th", f"{signature}-*.th"):
        for path in sorted(folder.glob(pattern)):
            return path
    raise SeparationError(
        f"{folder} does not have the weights of {name}: put {signature}.safetensors or {signature}-….th there."
    )
