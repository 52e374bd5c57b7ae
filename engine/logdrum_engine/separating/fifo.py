"""Audio that waits for its turn."""

from collections import deque

import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.float32]
"""Audio as `[channels, samples]`, full scale at 1.0."""


class Fifo:
    """Sound of one width, put in and pulled out in pieces of any length; what is put in is kept, not copied."""

    def __init__(self, channels: int) -> None:
        self.samples = 0
        self._parts: deque[Sound] = deque()
        self._none: Sound = np.zeros((channels, 0), np.float32)

    def put(self, sound: Sound) -> None:
        """Add sound behind what is there."""
        if sound.shape[1]:
            self._parts.append(sound)
            self.samples += sound.shape[1]

    def pull(self, samples: int) -> Sound:
        """Take so much from the front, or what there is."""
        pulled, missing = [self._none], min(samples, self.samples)
        self.samples -= missing
        while missing:
            part = self._parts.popleft()
            if part.shape[1] > missing:
                self._parts.appendleft(part[:, missing:])
            pulled.append(part[:, :missing])
            missing -= pulled[-1].shape[1]
        return pulled[-1] if len(pulled) <= 2 else np.concatenate(pulled, axis=1)
