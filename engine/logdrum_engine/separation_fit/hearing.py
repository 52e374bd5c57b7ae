"""A whole sound through a separator, cut into turns in one way or another."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from logdrum_engine.separation.interface import Audio, LogDrumNote, Separated, Separator, Stems, Turn

from .examples import SAMPLE_RATE


class Heard(NamedTuple):
    """What a separator gave for a sound, and how long it took."""

    stems: Stems
    """In the separator's order, `[stems, 2, n]`."""
    notes: tuple[LogDrumNote, ...]
    certainty: float
    """That there is a log drum: what the separator says itself, or else as sure as of its surest note."""
    wall_s: float


@runtime_checkable
class Telling(Protocol):
    """A separator that says of what it has heard how likely a log drum was in it."""

    def presence(self, state: Any) -> float:
        """Return 0 to 1."""


def hear(separator: Separator[Any], audio: Audio, lengths: Iterable[int] | None = None) -> Heard:
    """Pull a sound apart in turns of these lengths, and one more for the rest; unless told otherwise as files go."""
    began = time.perf_counter()
    answers, state = list[Separated](), separator.begin()
    for piece, last in _pieces(audio, lengths or blocks(audio.shape[-1], separator.block_samples)):
        [(answer, state)] = separator.step([Turn(state=state, audio=piece, last=last)])
        answers.append(answer)
    notes = tuple(note for answer in answers for note in answer.notes)
    return Heard(
        stems=np.concatenate([answer.stems for answer in answers], axis=-1),
        notes=notes,
        certainty=separator.presence(state) if isinstance(separator, Telling) else surest(notes),
        wall_s=time.perf_counter() - began,
    )


def _pieces(audio: Audio, lengths: Iterable[int]) -> Iterator[tuple[Audio, bool]]:
    at, end = 0, audio.shape[-1]
    for length in lengths:
        if at + length >= end:
            break
        yield audio[:, at : at + length], False
        at += length
    yield audio[:, at:], True


def blocks(samples: int, size: int) -> Sequence[int]:
    """Turns of one size."""
    return [size] * (samples // size)


def random_cuts(rng: np.random.Generator, samples: int) -> Sequence[int]:
    """Turns of every size: none at all, a few samples, more than a window."""
    longest = (1, 400, 5_000, 100_000)
    cuts: list[int] = []
    while sum(cuts) < samples:
        cuts.append(int(rng.integers(0, longest[int(rng.integers(len(longest)))] + 1)))
    return cuts


def surest(notes: Sequence[LogDrumNote]) -> float:
    """How sure the surest note is; 0 where there is none."""
    return max((note.probability for note in notes), default=0.0)


def seconds(audio: Audio) -> float:
    """Length of a sound at the separators' rate."""
    return float(audio.shape[-1] / SAMPLE_RATE)
