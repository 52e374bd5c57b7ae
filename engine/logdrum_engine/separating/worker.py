"""The thread that owns the separators: what is heard now never waits for what is pulled apart."""

import logging
import threading
from collections.abc import Iterable
from typing import Final

from logdrum_engine.exchange import Closed, Exchange
from logdrum_engine.niceness import yield_to_others
from logdrum_protocol.engine_messages import FromEngine

from .desk import Desk, SeparationCommand
from .shelf import Shelf

log = logging.getLogger(__name__)

SeparationExchange = Exchange[SeparationCommand, FromEngine]

COMMAND_LIMIT: Final = 4_096
"""What may wait for the end of a long step: feeds come by the dozen, and behind a full queue everything would wait."""

_CALM_S: Final = 6.0
"""How long the start of an engine is left to the music: loading takes a core for seconds, and whoever has just come
wants to hear something."""

_NICENESS: Final = 10
"""Below the model thread's; the threads that the separator's library starts inherit it."""


class Separations:
    """A daemon thread of its own; it loads what most jobs will want once there is calm, or a job."""

    def __init__(self, exchange: SeparationExchange, shelf: Shelf) -> None:
        self._exchange = exchange
        self._desk = Desk(shelf)
        self._thread = threading.Thread(target=self._run, name="separations", daemon=True)

    def start(self) -> None:
        """Start the thread; it ends with the exchange."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end, but not for a step that takes longer."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    @property
    def jobs(self) -> int:
        """Jobs under way."""
        return self._desk.jobs

    def _run(self) -> None:
        try:
            first = self._exchange.take(wants_room=False, timeout_s=_CALM_S)
            self._desk.prepare()
            yield_to_others(_NICENESS)
            self._desk.warm_up()
            self._obey(first)
            while True:
                self._turn()
        except Closed:
            return
        except Exception:
            log.exception("separation thread died")
        finally:
            self._desk.close()
            self._exchange.close()

    def _obey(self, commands: Iterable[SeparationCommand]) -> None:
        for command in commands:
            self._exchange.give(self._desk.handle(command))

    def _turn(self) -> None:
        self._obey(self._exchange.take(wants_room=self._desk.has_work))
        if self._exchange.has_room:
            self._exchange.give(self._desk.step())
