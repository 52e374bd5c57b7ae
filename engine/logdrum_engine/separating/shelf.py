"""Which separators an engine has, and those that it has loaded."""

import logging
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from msgspec import UNSET

from logdrum_engine.errors import EngineError, RefusalError
from logdrum_engine.scheduler import Lane
from logdrum_engine.separation import catalogue
from logdrum_engine.separation.catalogue import AnySeparator
from logdrum_engine.separation.interface import Turn
from logdrum_engine.separation.options import Options
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.records import JobParams

from .importing import import_torch

log = logging.getLogger(__name__)

_GPU_JOBS: Final = 8
_NONE: Final = "This engine has no separator: it needs pip install 'logdrum[models]'."
_MOST: Final = 3
"""Separators that are kept loaded, unless more are in use: each may take a gigabyte."""


def _no_separator(_: Options) -> AnySeparator:
    raise RefusalError(ErrorCode.UNSUPPORTED, _NONE)


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """Separators that can be had, and how; torch is not needed to know them."""

    names: tuple[str, ...] = ()
    """The first is taken where a job names none."""
    models: Path | None = None
    """Where weights lie that are not shipped."""
    prepare: Callable[[], None] = lambda: None
    """Import what is heavy: while that goes on no other thread of the engine does, so this one must not give way."""
    load: Callable[[Options], AnySeparator] = _no_separator
    """Slow, and called on the thread that will own what it returns."""
    batch: Callable[[], int] = lambda: 1
    """How many jobs go into one step, asked when the first separator is loaded."""

    def options(self, params: JobParams) -> Options:
        """Read which separator a job asks for; raises `RefusalError` for one that is not here."""
        if not self.names:
            raise RefusalError(ErrorCode.UNSUPPORTED, _NONE)
        model = self.names[0] if params.model is UNSET or not params.model else params.model
        if model not in self.names:
            known = ", ".join(self.names)
            raise RefusalError(ErrorCode.UNSUPPORTED, f"There is no model '{model[:64]}' here; there is {known}.")
        return Options(
            model=model,
            models=self.models,
            shifts=0 if params.shifts is UNSET else params.shifts,
            overlap=None if params.overlap is UNSET else params.overlap,
        )


def shelf_of(models: Path | None) -> Shelf:
    """Say which separators this machine has; torch is loaded with the first of them."""
    return Shelf(
        names=catalogue.available(models), models=models, prepare=_prepare, load=catalogue.load, batch=_jobs_in_a_step
    )


def _prepare() -> None:
    import_torch()
    import torch  # an extra, so not at the top

    torch.set_num_threads(max(1, _cores() - 1))  # the last core is for the music, whatever is separated


def _cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _jobs_in_a_step() -> int:
    import torch

    return _GPU_JOBS if torch.cuda.is_available() else 1


class Loaded:
    """The separators of a shelf that were taken from it, each of them once."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._separators: dict[str, AnySeparator] = {}
        self.lanes: dict[str, Lane] = {}
        """How the scheduler is to see each; `model` of its slots is a separator's key."""

    def at(self, key: str) -> AnySeparator:
        """Return one that was loaded."""
        return self._separators[key]

    def pick(self, params: JobParams, *, in_use: Collection[str] = ()) -> str:
        """Load what a job asks for, in place of what nobody uses, and return its key; raises `RefusalError`."""
        options = self._shelf.options(params)
        key = f"{options.model} {options.shifts} {options.overlap}"
        if key not in self._separators:
            self._make_room(in_use)
            self._separators[key] = self._load(options)
            # A job's readiness is its own affair: it has credit for a sample, or none.
            self.lanes[key] = Lane(block_samples=1, batch=self._shelf.batch())
        return key

    def prepare(self) -> None:
        """Import what is heavy; where that cannot be done the first job will say so."""
        try:
            if self._shelf.names:
                self._shelf.prepare()
        except Exception:
            log.exception("separators cannot be imported")

    def warm_up(self) -> None:
        """Load the first, and have it separate silence once; where that cannot be done its jobs will say so."""
        if self._shelf.names:
            try:
                separator = self.at(self.pick(JobParams()))
                silence = np.zeros((2, separator.block_samples), np.float32)
                separator.step([Turn(state=separator.begin(), audio=silence, last=True)])
            except EngineError:
                pass  # said in the log already
            except Exception:
                log.exception("separator failed to warm up", extra={"model": self._shelf.names[0]})

    def _make_room(self, in_use: Collection[str]) -> None:
        idle = [key for key in self._separators if key not in in_use]
        for key in idle[: max(0, len(self._separators) + 1 - _MOST)]:
            del self._separators[key], self.lanes[key]

    def _load(self, options: Options) -> AnySeparator:
        try:
            return self._shelf.load(options)
        except RefusalError:
            raise
        except EngineError as fault:
            log.exception("separator cannot be had", extra={"model": options.model})
            raise RefusalError(ErrorCode.ENGINE_ERROR, str(fault)) from fault
        except Exception as fault:
            log.exception("separator cannot be loaded", extra={"model": options.model})
            message = f"The separator '{options.model}' cannot be loaded; the engine's log says why."
            raise RefusalError(ErrorCode.ENGINE_ERROR, message) from fault
