"""What every music generator is to the rest of the engine: state in, a block of stems and the next state out."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from logdrum_protocol.bounds import SectionName
from logdrum_protocol.records import Choice, Harmony, Notation

SAMPLE_RATE = 48_000
TICKS_PER_QUARTER = 960

Pcm = npt.NDArray[np.float32]
"""Audio as `[2, samples]`, full scale at 1.0."""


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What to play: all that a render depends on, so that equal specs give equal audio."""

    prompt: str = ""
    added: str = ""
    """Words that enrichment added to the prompt; where the two disagree, the prompt is right."""
    seed: int = 0
    bpm: float = 112.0
    numerator: int = 4
    denominator: int = 4
    key: str = ""
    """Such as "F minor"; empty leaves the choice to the harmony, else the prompt, else the seed."""
    bars: int | None = None
    """Length; None goes on for ever."""
    anchor_tick: int = 0
    """Room position of sample 0."""
    section: SectionName | None = None
    """What is asked to be played now, whatever the form says."""
    section_bar: int = 0
    """Bar of the piece from which on `section` and what follows it are played."""
    harmony: Harmony | None = None
    """The chords of what plays in the room already; None lets the piece choose its own."""
    notation: Notation | None = None
    """Notes to play instead of composing any, their ticks counted from `anchor_tick`."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a generator makes of a spec, before any audio."""

    stems: tuple[str, ...]
    choices: tuple[Choice, ...] = ()
    harmony: Harmony | None = None
    """What other pieces need to fit; None for a generator that knows no chords."""


class WrittenSection(msgspec.Struct, frozen=True, kw_only=True):
    """A section of a piece as notes."""

    name: str
    start_tick: int
    """Where it begins in the room; its notes count from there."""
    length_ticks: int
    notation: Notation


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """The same span of every stem."""

    start_sample: int
    samples: int
    stems: Mapping[str, Pcm]


State = TypeVar("State")


class Generator(Protocol[State]):
    """A source of endless stems; one state per job, nothing of a job is kept on the generator itself."""

    def describe(self, spec: Spec) -> Description:
        """Return what the spec will become; the stems of a job stay what they are at its start."""
        ...

    def begin(self, spec: Spec, start_sample: int) -> State:
        """Return a state whose first block starts at `start_sample`."""
        ...

    def turn(self, state: State, spec: Spec, start_sample: int) -> State:
        """Return a state that goes on with another spec from `start_sample`, an address at the new spec's tempo.

        What was struck before that moment rings on; nothing old begins after it, and nothing new before.
        """
        ...

    def step(self, states: Sequence[State]) -> list[tuple[Block | None, State]]:
        """Advance each state by one block; a block of None says that the piece has ended."""
        ...

    def written(self, state: State, tick: int) -> WrittenSection | None:
        """Return the notes of the section at a tick of the room; None where there are none to show."""
        ...


def bar_samples(spec: Spec) -> float:
    """Length of one bar in samples, not rounded: round addresses, never lengths, or they drift."""
    quarters = 4.0 * spec.numerator / spec.denominator
    return quarters * 60.0 / spec.bpm * SAMPLE_RATE
