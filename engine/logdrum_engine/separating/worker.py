"""The thread that owns the separators: what is heard now never waits for what is pulled apart."""

import logging
import threading
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

_NICENESS: Final = 10
"""Below the model thread's; the threads that the separator's library starts inherit it."""


class Separations:
    """A daemon thread of its own; its first act is to load the separator that most jobs will want."""

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
            self._desk.prepare()
            yield_to_others(_NICENESS)
            self._desk.warm_up()
            while True:
                self._turn()
        except Closed:
            return
        except Exception:
            log.exception("separation thread died")
        finally:
            self._desk.close()
            self._exchange.close()

    def _turn(self) -> None:
        for command in self._exchange.take(wants_room=self._desk.has_work):
            self._exchange.give(self._desk.handle(command))
        if self._exchange.has_room:
            self._exchange.give(self._desk.step())
