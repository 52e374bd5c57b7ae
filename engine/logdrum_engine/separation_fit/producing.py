"""Batches by number: the same seed and number make the same batch, whoever makes it."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from .batches import Batch, batch_of
from .course import Course
from .examples import SAMPLE_RATE
from .render import Studio, render

Arrays = tuple[NDArray[np.generic], ...]

_AHEAD: Final = 6
_MOST_HERE: Final = 24  # some 25 MB each
# A training is numbered from 0 on; these numbers it never reaches.
_VALIDATION_SEED: Final = 0
_FIRST_VALIDATED: Final = 2**40


class Maker:
    """Makes batches from a folder of sounds."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._studio = Studio.open(course.sounds, takes=course.takes)

    def batch(self, number: int) -> Batch:
        """Make one to learn from."""
        return self._made(self._course.seed, number * self._course.batch)

    def validation(self) -> Iterator[Batch]:
        """Make what is never learnt from, of the same sounds: alike for all trainings."""
        for first in range(0, self._course.validated, self._course.batch):
            yield self._made(_VALIDATION_SEED, _FIRST_VALIDATED + first)

    def _made(self, seed: int, first: int) -> Batch:
        course = self._course
        samples = round(course.segment_s * SAMPLE_RATE)
        seeds = [(seed, number) for number in range(first, first + course.batch)]
        return batch_of([render(np.random.default_rng(each), samples, self._studio) for each in seeds], course.shape)


class Stock:
    """Batches made ahead by other processes, and by this one rather than that it waits."""

    def __init__(self, maker: Maker, pool: ProcessPoolExecutor | None) -> None:
        self._maker = maker
        self._pool = pool
        self._ordered: dict[int, Future[Arrays]] = {}
        self._here: dict[int, Batch] = {}
        self._next = 0

    def take(self, number: int) -> Batch:
        """Return a batch; numbers are asked for in order."""
        self._next = max(self._next, number)
        while self._pool is not None and self._next < number + _AHEAD:
            self._ordered[self._next] = self._pool.submit(_produce, self._next)
            self._next += 1
        while number in self._ordered and not self._ordered[number].done() and len(self._here) < _MOST_HERE:
            self._make_one()
        if number in self._ordered:
            return Batch(*map(torch.from_numpy, self._ordered.pop(number).result()))
        return self._here.pop(number) if number in self._here else self._maker.batch(number)

    def _make_one(self) -> None:
        """Make the next that nobody has begun."""
        number = next((number for number, future in sorted(self._ordered.items()) if future.cancel()), self._next)
        self._ordered.pop(number, None)
        self._next = max(self._next, number + 1)
        self._here[number] = self._maker.batch(number)


@contextmanager
def stocked(course: Course, maker: Maker) -> Iterator[Stock]:
    """Open a stock and the processes that fill it; at the end they finish what they have begun."""
    if not course.producers:
        yield Stock(maker, None)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(course.producers, context, initializer=_begin, initargs=(course,))
    try:
        yield Stock(maker, pool)
    finally:
        pool.shutdown(cancel_futures=True)


_own: list[Maker] = []


def _begin(course: Course) -> None:
    torch.set_num_threads(1)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # who trains may be bound to one core
    os.nice(10)
    _own.append(Maker(course))


def _produce(number: int) -> Arrays:
    return tuple(part.numpy() for part in _own[0].batch(number))
