"""What every music generator is to the rest of the engine: state in, a block of stems and the next state out."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 48_000
TICKS_PER_QUARTER = 960

Pcm = npt.NDArray[np.float32]
"""Audio as `[2, samples]`, full scale at 1.0."""


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What to play: all that a render depends on, so that equal specs give equal audio."""

    prompt: str = ""
    seed: int = 0
    bpm: float = 112.0
    numerator: int = 4
    denominator: int = 4
    key: str = "F minor"
    bars: int | None = None
    """Length; None goes on for ever."""
    anchor_tick: int = 0
    """Room position of sample 0."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """The same span of every stem."""

    start_sample: int
    samples: int
    stems: Mapping[str, Pcm]


State = TypeVar("State")


class Generator(Protocol[State]):
    """A source of endless stems; one state per job, nothing of a job is kept on the generator itself."""

    stems: tuple[str, ...]

    def begin(self, spec: Spec, start_sample: int) -> State:
        """Return a state whose first block starts at `start_sample`."""
        ...

    def step(self, states: Sequence[State]) -> list[tuple[Block | None, State]]:
        """Advance each state by one block; a block of None says that the piece has ended."""
        ...


def bar_samples(spec: Spec) -> float:
    """Length of one bar in samples, not rounded: round addresses, never lengths, or they drift."""
    quarters = 4.0 * spec.numerator / spec.denominator
    return quarters * 60.0 / spec.bpm * SAMPLE_RATE
