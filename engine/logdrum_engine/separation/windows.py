"""How sounds are cut for nets that hear a window at a time: where windows lie never depends on how a sound arrives."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from .interface import Separated, Turn

S = TypeVar("S")
T = TypeVar("T")


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """A window for each `hop` frames, which also hears what is before and after them."""

    before: int
    hop: int
    after: int


class Window(NamedTuple):
    """Frames from `first` up to `end` are heard, those from `settles` up to `until` are answered."""

    first: int
    settles: int
    until: int
    end: int


def due(grid: Grid, settled: int, heard: int, *, last: bool) -> Iterator[Window]:
    """Yield the windows that can be heard now; with `last` no frame comes after those heard, and all are answered."""
    while settled < heard:
        until, end = settled + grid.hop, settled + grid.hop + grid.after
        if end > heard and not last:
            return
        yield Window(max(0, settled - grid.before), settled, min(until, heard), min(end, heard))
        settled = until


def in_batches(items: Iterable[T], kind: Callable[[T], Hashable], most: int) -> Iterator[list[T]]:
    """Put together items of one kind, at most so many."""
    alike: dict[Hashable, list[T]] = {}
    for item in items:
        alike.setdefault(kind(item), []).append(item)
    for group in alike.values():
        yield from (group[first : first + most] for first in range(0, len(group), most))


def step_in_blocks(
    step: Callable[[Sequence[Turn[S]]], Sequence[tuple[Separated, S]]], turns: Sequence[Turn[S]], samples: int
) -> list[tuple[Separated, S]]:
    """Take long turns a block at a time, so that the memory in use does not grow with them."""
    cuts = [_blocks(turn, samples) for turn in turns]
    made: list[list[Separated]] = [[] for _ in turns]
    states = [turn.state for turn in turns]
    for block in range(max(map(len, cuts), default=0)):
        jobs = [job for job, cut in enumerate(cuts) if block < len(cut)]
        answers = step([msgspec.structs.replace(cuts[job][block], state=states[job]) for job in jobs])
        for job, (separated, states[job]) in zip(jobs, answers, strict=True):
            made[job].append(separated)
    return [(_joined(pieces), state) for pieces, state in zip(made, states, strict=True)]


def _blocks(turn: Turn[S], samples: int) -> list[Turn[S]]:
    """Cut what is brought; also nothing is one block."""
    pieces = [turn.audio[:, first : first + samples] for first in range(0, max(1, turn.audio.shape[1]), samples)]
    *early, final = pieces
    cut = [Turn(state=turn.state, audio=piece, last=False) for piece in early]
    return [*cut, Turn(state=turn.state, audio=final, last=turn.last)]


def _joined(pieces: Sequence[Separated]) -> Separated:
    if len(pieces) == 1:
        return pieces[0]
    notes = tuple(note for piece in pieces for note in piece.notes)
    return Separated(stems=np.concatenate([piece.stems for piece in pieces], axis=2), notes=notes)
