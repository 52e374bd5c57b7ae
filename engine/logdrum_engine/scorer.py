"""The thread that scores stored sounds: one after another, below everything that is heard now (J10)."""

import logging
import threading
from pathlib import Path
from typing import Final, assert_never

from logdrum_engine import scoring
from logdrum_engine.errors import EngineError
from logdrum_engine.exchange import Closed, Exchange
from logdrum_engine.niceness import yield_to_others
from logdrum_engine.specs import DEFAULT_GENRE
from logdrum_protocol.engine_messages import JobDone, JobFailed, JobProgress, JobStarted, StartJob, StopJob
from logdrum_protocol.errors import ErrorCode

log = logging.getLogger(__name__)

Scored = JobStarted | JobProgress | JobDone | JobFailed
ScoreExchange = Exchange[StartJob | StopJob, Scored]

_NICENESS: Final = 10
"""Below the model thread's: music that is heard now goes before a judgement."""


class _Stopped(Exception):  # the job was cancelled while it was scored
    pass


class Scorer:
    """A daemon thread of its own; a sound takes seconds, and the music must not wait for it."""

    def __init__(self, exchange: ScoreExchange) -> None:
        self._exchange = exchange
        self._waiting: dict[str, StartJob] = {}
        self._thread = threading.Thread(target=self._run, name="scores", daemon=True)

    def start(self) -> None:
        """Start the thread; it ends with the exchange."""
        self._thread.start()

    def _run(self) -> None:
        yield_to_others(_NICENESS)
        try:
            while True:
                self._take()
                if self._waiting:
                    self._score(self._waiting.pop(next(iter(self._waiting))))
        except Closed:
            return
        finally:
            self._exchange.close()

    def _take(self) -> None:
        """Wait for orders, but not while there is one to carry out."""
        for command in self._exchange.take(wants_room=bool(self._waiting)):
            match command:
                case StartJob():
                    self._waiting[command.job] = command
                    self._exchange.give([JobStarted(job=command.job, stems=(), samples=None)])
                case StopJob():
                    self._waiting.pop(command.job, None)
                case _:
                    assert_never(command)

    def _score(self, order: StartJob) -> None:
        """Score one sound; it fails alone (Q7)."""
        try:
            self._exchange.give([self._scored(order)])
        except _Stopped:
            return
        except EngineError as fault:
            self._exchange.give([JobFailed(job=order.job, code=ErrorCode.BAD_PARAMS, message=str(fault))])
        except Exception:
            log.exception("sound could not be scored", extra={"job": order.job})
            message = "The sound could not be scored; the engine's log says why."
            self._exchange.give([JobFailed(job=order.job, code=ErrorCode.ENGINE_ERROR, message=message)])

    def _scored(self, order: StartJob) -> JobDone:
        if not order.sounds:
            raise EngineError("There is no such sound.")
        genre = order.params.genre if isinstance(order.params.genre, str) else DEFAULT_GENRE

        def report(progress: float) -> None:
            self._exchange.give([JobProgress(job=order.job, progress=min(1.0, max(0.0, progress)))])
            self._look_for_stop(order.job)

        conformance = scoring.score_file(Path(order.sounds[0]), genre=genre, on_progress=report)
        return JobDone(job=order.job, epoch=order.epoch, conformance=conformance)

    def _look_for_stop(self, job: str) -> None:
        """Take what has come meanwhile, and give this sound up where it is not wanted any more."""
        for command in self._exchange.peek():
            if isinstance(command, StopJob) and command.job == job:
                raise _Stopped
