"""The thread that owns the models: takes commands between steps, gives audio, and answers to nobody else."""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from logdrum_engine.exchange import Closed, Exchange
from logdrum_engine.models import Model
from logdrum_engine.niceness import yield_to_others
from logdrum_engine.renderer import JobCommand, Renderer
from logdrum_engine.scoring import GENRES
from logdrum_protocol.engine_messages import EngineReady, FromEngine

log = logging.getLogger(__name__)

# Below the hub and this process's own link, which must not wait for a core while the model computes.
_NICENESS: Final = 5

ModelExchange = Exchange[JobCommand, FromEngine]


class Worker:
    """One daemon thread; its first result is `engine.ready`, its last word the closing of the exchange."""

    def __init__(
        self,
        exchange: ModelExchange,
        load: Callable[[], Mapping[str, Model]],
        version: str,
        separators: tuple[str, ...] = (),
    ) -> None:
        """`separators` are those of another thread, to be named in `engine.ready`."""
        self._exchange = exchange
        self._load = load
        self._version = version
        self._separators = separators
        self._busy_since_ns: int | None = None
        self._renderer = Renderer({})
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)

    def start(self) -> None:
        """Start the thread; it loads and warms up the models first."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end, but not for a step that hangs."""
        self._thread.join(timeout_s)

    @property
    def jobs(self) -> int:
        """Jobs under way."""
        return self._renderer.jobs

    @property
    def step_us(self) -> int:
        """How long the present step has been going; 0 between steps (Q1)."""
        since = self._busy_since_ns
        return 0 if since is None else (time.monotonic_ns() - since) // 1000

    def _run(self) -> None:
        yield_to_others(_NICENESS)
        try:
            models = self._load()
            self._renderer = Renderer(models)
            self._exchange.give([self._ready_with(models)])
            while True:
                self._turn()
        except Closed:
            return
        except Exception:
            log.exception("model thread died")
        finally:
            self._exchange.close()

    def _ready_with(self, models: Mapping[str, Model]) -> EngineReady:
        return EngineReady(
            pid=os.getpid(),
            version=self._version,
            generators=tuple(models),
            separators=self._separators,
            scorers=GENRES,
        )

    def _turn(self) -> None:
        # Q5: commands are looked at before every step, and steps are short, so a stop takes effect at once.
        commands = self._exchange.take(wants_room=self._renderer.has_work)
        self._busy_since_ns = time.monotonic_ns()
        for command in commands:
            self._exchange.give(self._renderer.handle(command))
        if self._exchange.has_room:
            self._exchange.give(self._renderer.step())
        self._busy_since_ns = None
