"""Which separators this machine has, and how one is loaded; torch is not loaded before one is."""

import importlib.util
from pathlib import Path
from typing import Any, Final, TypeAlias

from . import demucs_files
from .errors import SeparationError
from .interface import Separator
from .options import BUILTIN, Options

__all__ = ["DEMUCS", "SHIPPED", "AnySeparator", "Options", "available", "load"]

DEMUCS: Final = tuple(demucs_files.HUB)

# What a separator keeps of a job goes in and comes out unread, so its type is nobody's business here.
AnySeparator: TypeAlias = Separator[Any]

SHIPPED: Final = ("spleeter_vocals.safetensors", "masker.safetensors")
_WEIGHTS: Final = Path(__file__).parent / "weights"


def available(models: Path | None = None) -> tuple[str, ...]:
    """Name the separators whose weights are on this machine, the usual one first; none where torch is not installed."""
    if not _are_installed("torch", "safetensors"):
        return ()
    shipped = (BUILTIN,) if all((_WEIGHTS / name).is_file() for name in SHIPPED) else ()
    if not _are_installed("demucs", "huggingface_hub"):
        return shipped
    return (*shipped, *(name for name in DEMUCS if demucs_files.are_here(name, models)))


def load(options: Options) -> AnySeparator:
    """Load what is asked for; a `SeparationError` says what to do where it cannot be had."""
    if not _are_installed("torch", "safetensors"):
        raise SeparationError("Pulling sounds apart needs PyTorch: pip install 'logdrum[models]'.")
    if options.model == BUILTIN:
        return _builtin(options, _device(options))
    if options.model not in DEMUCS:
        known = ", ".join((BUILTIN, *DEMUCS))
        raise SeparationError(f"There is no separator '{options.model[:64]}', only {known}.")
    if not _are_installed("demucs"):
        raise SeparationError(f"{options.model} needs Demucs: pip install 'logdrum[models]'.")
    return _demucs(options, _device(options))


def _builtin(options: Options, device: str) -> AnySeparator:
    from .builtin import Builtin
    from .four_stems import FourStems
    from .spleeter import Vocals

    vocals = Vocals.load(device, options.precision)
    return vocals if _is_voice_alone(options) else Builtin(vocals, FourStems.load(device=device))


def _demucs(options: Options, device: str) -> AnySeparator:
    from .demucs import Demucs
    from .demucs_weights import load_bag
    from .five import Five, LogDrumHead
    from .four_stems import FILE, net_of
    from .weights import load as load_weights

    bag = load_bag(options.model, options.models, members=options.bag, device=device)
    before = Demucs(options.model, bag, shifts=options.shifts, overlap=options.overlap, precision=options.precision)
    return before if _is_voice_alone(options) else Five(before, LogDrumHead(net_of(load_weights(FILE)).to(device)))


def _is_voice_alone(options: Options) -> bool:
    """Whether nothing but the voice is asked for, and what it leaves."""
    return "vocals" in options.stems and {*options.stems} <= {"vocals", "other"}


def _device(options: Options) -> str:
    import torch

    if options.device == "cuda" and not torch.cuda.is_available():
        raise SeparationError("There is no CUDA device here that PyTorch can use: ask for cpu, or auto.")
    if options.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return options.device


def _are_installed(*names: str) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)
