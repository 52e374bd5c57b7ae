"""A separator and files that cost next to nothing, for sounds of hours."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from logdrum_engine.separating.fifo import Sound
from logdrum_engine.separation.interface import Separated, Turn


class Silent:
    """Hears vocals nowhere."""

    name = "silent"
    stems = ("vocals", "other")
    block_samples = 65_536

    def begin(self) -> None:
        return None

    def step(self, turns: Sequence[Turn[None]]) -> list[tuple[Separated, None]]:
        return [(Separated(stems=np.zeros((2, *turn.audio.shape), np.float32)), None) for turn in turns]


class Sink:
    """A file that keeps nothing."""

    def __init__(self, path: Path, sample_rate: int, channels: int) -> None:
        path.touch()

    def write(self, sound: Sound) -> None:
        pass

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, *_: object) -> None:
        return None
