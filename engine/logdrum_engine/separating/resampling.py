"""From one sample rate to another, piece by piece."""

from typing import Final

import soxr  # type: ignore[import-untyped]  # it ships no types

from .fifo import Sound

_QUALITY: Final = "VHQ"


class Resampler:
    """Sound at another rate, aligned with what goes in; it comes a little later, where the rates differ."""

    def __init__(self, from_rate: int, to_rate: int, channels: int) -> None:
        self._stream = (
            None
            if from_rate == to_rate
            else soxr.ResampleStream(from_rate, to_rate, channels, dtype="float32", quality=_QUALITY)
        )

    def push(self, sound: Sound, *, last: bool = False) -> Sound:
        """Return what goes on from the last answer; with `last`, all that is left."""
        if self._stream is None:
            return sound
        frames: Sound = self._stream.resample_chunk(sound.T.copy(), last=last)
        return frames.T
