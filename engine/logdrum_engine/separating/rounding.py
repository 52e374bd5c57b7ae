"""Stems in the wire's 16 bits that sum, sample by sample, to the sound in the wire's 16 bits (A1, J11)."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

FULL_SCALE: Final = 32_767

Steps = npt.NDArray[np.int64]
"""Samples counted in steps of 16 bits; beyond full scale they go on."""


def in_steps(sound: npt.NDArray[np.float32]) -> Steps:
    """Round a sound, of any shape, as everything on the wire is rounded."""
    steps: Steps = np.rint(sound * np.float32(FULL_SCALE)).astype(np.int64)
    return steps


def clipped(steps: Steps) -> Steps:
    """Keep what 16 bits hold."""
    return np.clip(steps, -FULL_SCALE, FULL_SCALE)


def from_steps(steps: npt.NDArray[np.signedinteger[Any]]) -> npt.NDArray[np.float32]:
    """Return the sound that is rounded to these steps again."""
    return (steps / FULL_SCALE).astype(np.float32)


def summing_to(target: Steps, stems: npt.NDArray[np.float32]) -> Steps:
    """Round stems  # [stems, 2, m]  so that they sum to `target`  # [2, m]  wherever 16 bits allow it at all.

    What is left of the sum goes to the last stem, as far as that can take it, then to the one before it.
    """
    rounded = clipped(in_steps(stems))
    left = target - rounded.sum(axis=0)
    for stem in reversed(rounded):
        taken = clipped(stem + left) - stem
        stem += taken
        left -= taken
    return rounded


def s16le(steps: Steps) -> bytes:
    """Return `steps`  # [2, m]  as interleaved s16le."""
    return steps.T.astype("<i2", order="C").tobytes()
