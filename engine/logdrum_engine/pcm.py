"""Float audio to the wire's 16 bits: deterministic, rounded and clipped (A1)."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from logdrum_engine.generator import Pcm

_FULL_SCALE: Final = 32_767.0


def to_s16le(pcm: Pcm) -> bytes:
    """Return `pcm`  # [2, samples]  as interleaved s16le; what is no number is silence."""
    scaled = np.nan_to_num(pcm, nan=0.0, posinf=1.0, neginf=-1.0) * np.float32(_FULL_SCALE)
    clipped = np.clip(np.rint(scaled), -_FULL_SCALE, _FULL_SCALE)
    frames: npt.NDArray[np.int16] = clipped.T.astype("<i2", order="C")  # [samples, 2]
    return frames.tobytes()


def mixed(stems: Mapping[str, Pcm]) -> Pcm:
    """Return the sum of all stems."""
    total: Pcm = np.sum(np.stack(list(stems.values())), axis=0)  # [stems, 2, samples] -> [2, samples]
    return total
