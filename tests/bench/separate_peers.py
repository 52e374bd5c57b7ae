"""Demucs as its authors call it, on random weights of the real size: what ours is measured beside."""

import time
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from demucs.apply import apply_model
from demucs.htdemucs import HTDemucs
from demucs.states import get_state, load_model
from numpy.typing import NDArray

SIGNATURE: Final = "955717e8"
"""Of the one net of `htdemucs`."""
SOURCES: Final = ("drums", "bass", "other", "vocals")
OVERLAP: Final = 0.25

# What HTDemucs was trained with, where that is not what the class takes by itself (Demucs v4, `htdemucs`).
SIZES: Final = {"bottom_channels": 512, "segment": 7.8, "dconv_mode": 3}


class Applied(NamedTuple):
    """What `apply_model` gave."""

    stems: NDArray[np.float32]
    """`[sources, 2, n]`"""
    wall_s: float


def random_weights(folder: Path, seed: int = 1) -> Path:
    """Write a checkpoint as Demucs' own are, and the list that names it; leave those that are there."""
    file = folder / f"{SIGNATURE}.th"
    if not file.exists():
        torch.manual_seed(seed)
        model = HTDemucs(sources=list(SOURCES), **SIZES)
        args, kwargs = model._init_args_kwargs  # where Demucs keeps them for its own checkpoints
        torch.save({"klass": HTDemucs, "args": args, "kwargs": kwargs, "state": get_state(model, None)}, file)
        (folder / "htdemucs.yaml").write_text(f"models: ['{SIGNATURE}']\n")
    return file


def applied(folder: Path, sound: NDArray[np.float32]) -> Applied:
    """Pull a sound `[2, n]` at 44.1 kHz apart, as `demucs --shifts 0` does; once before, for warmth."""
    model = load_model(random_weights(folder))
    mix = torch.from_numpy(sound)[None]
    with torch.inference_mode():
        apply_model(model, mix[..., :44_100], shifts=0, overlap=OVERLAP)
        began = time.monotonic()
        [stems] = apply_model(model, mix, shifts=0, overlap=OVERLAP)
    return Applied(stems.numpy(), time.monotonic() - began)
