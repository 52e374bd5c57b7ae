"""What every separator is: state and audio in, settled stems and state out; weights are shared, no job is stored."""

from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

SAMPLE_RATE: Final = 44_100
"""What separators hear and give, in Hz."""

STEMS: Final = ("vocals", "drums", "bass", "log_drum", "other")

Audio = npt.NDArray[np.float32]
"""Left and right, `[2, n]`; finite."""

Stems = npt.NDArray[np.float32]
"""One sound for each stem of the separator, `[stems, 2, n]`."""

S = TypeVar("S")


class LogDrumNote(msgspec.Struct, frozen=True, kw_only=True):
    """A note heard in the log drum; times count from the sound's first sample."""

    onset_s: float
    length_s: float
    f0_hz: float
    """Where the pitch settles after the strike."""
    glide_hz: float
    """Where it ends; `f0_hz` where it does not glide."""
    velocity: float
    """0 to 1."""
    probability: float
    """That this is a log drum, 0 to 1."""


class Turn(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """What one job gives to a step."""

    state: S
    audio: Audio
    """Goes on where the job's last turn ended; any length, also none."""
    last: bool
    """Nothing comes after this."""


class Separated(msgspec.Struct, frozen=True, kw_only=True):
    """What has settled: it goes on where the job's last answer ended; after the last turn, everything."""

    stems: Stems
    notes: tuple[LogDrumNote, ...] = ()


class Separator(Protocol[S]):
    """Pulls sounds apart; how the audio is cut into turns makes no difference to what comes out.

    As many samples come out as go in, and the stems sum to them (the last stem is what the others leave).
    """

    @property
    def name(self) -> str:
        """What `model` says to have this one."""

    @property
    def stems(self) -> tuple[str, ...]:
        """Which stems it gives, in order."""

    @property
    def block_samples(self) -> int:
        """How much audio a turn had best bring."""

    def begin(self) -> S:
        """Return the state of a job that has heard nothing."""

    def step(self, turns: Sequence[Turn[S]]) -> Sequence[tuple[Separated, S]]:
        """Go on with several jobs at once, in one batch where that is faster; answers in the turns' order."""
