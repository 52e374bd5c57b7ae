"""What a training example is: stems that sum to a mix, and the notes of the log drum in it."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE: Final = 44_100
STEMS: Final = ("drums", "bass", "log_drum", "other")

Signal = NDArray[np.float32]
"""Mono [n] or stereo [2, n], at 44.1 kHz."""


class LogNote(NamedTuple):
    """A note of the log drum; times count from the example's first sample, `glide_hz` is `f0_hz` where it does not."""

    onset_s: float
    f0_hz: float
    glide_hz: float
    glide_start_s: float
    end_s: float
    velocity: float


class Example(NamedTuple):
    """Stems float32 [4, 2, n], in the order of STEMS, whose sum is the mix; notes by onset."""

    stems: NDArray[np.float32]
    notes: tuple[LogNote, ...]
