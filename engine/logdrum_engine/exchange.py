"""Where a thread meets asyncio: commands in, results out, both bounded."""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

C = TypeVar("C")
R = TypeVar("R")

_COMMAND_LIMIT: Final = 256
_RESULT_LIMIT: Final = 64


class Closed(Exception):  # an end, not a fault
    """The other side has gone; there is nothing more to wait for."""


class Exchange(Generic[C, R]):
    """Two queues: full commands make the asyncio side wait, full results keep the thread from working.

    The thread still takes commands while results are full, so that a stop never waits for a slow hub.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, commands: int = _COMMAND_LIMIT, results: int = _RESULT_LIMIT
    ) -> None:
        self._loop = loop
        self._command_limit = commands
        self._result_limit = results
        self._commands: deque[C] = deque()
        self._results: deque[R] = deque()
        self._closed = False
        self._changed = threading.Condition()
        self._has_space = asyncio.Event()
        self._has_result = asyncio.Event()

    async def send(self, command: C) -> None:
        """Queue a command for the thread, waiting while the queue is full; asyncio side."""
        while not self._offer(command):
            await self._has_space.wait()

    async def receive(self) -> R:
        """Return the thread's next result, or raise `Closed` once there will be none; asyncio side."""
        while not (results := self._pop()):
            await self._has_result.wait()
        return results[0]

    def take(self, *, wants_room: bool, timeout_s: float | None = None) -> Sequence[C]:
        """Wait for commands, or for room for results where that is wanted; return all commands; thread side.

        After `timeout_s` there are none.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._commands or (wants_room and self._room()), timeout_s)
            if self._closed:
                raise Closed
            commands = tuple(self._commands)
            self._commands.clear()
        self._wake(self._has_space)
        return commands

    def peek(self) -> Sequence[C]:
        """Return the commands that wait, and leave them there; raises `Closed`; thread side."""
        with self._changed:
            if self._closed:
                raise Closed
            return tuple(self._commands)

    @property
    def has_room(self) -> bool:
        """Whether results are below their bound."""
        with self._changed:
            return self._room()

    def give(self, results: Sequence[R]) -> None:
        """Queue results without waiting; look at `has_room` before making many; thread side."""
        with self._changed:
            self._results.extend(results)
        self._wake(self._has_result)

    def close(self) -> None:
        """End the exchange, from either side; results that are queued can still be received."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._wake(self._has_space)
        self._wake(self._has_result)

    def _offer(self, command: C) -> bool:
        with self._changed:
            if self._closed:
                raise Closed
            if len(self._commands) >= self._command_limit:
                self._has_space.clear()
                return False
            self._commands.append(command)
            self._changed.notify_all()
            return True

    def _pop(self) -> tuple[R, ...]:
        with self._changed:
            if self._results:
                self._changed.notify_all()
                return (self._results.popleft(),)
            if self._closed:
                raise Closed
            self._has_result.clear()
            return ()

    def _room(self) -> bool:
        return len(self._results) < self._result_limit

    def _wake(self, event: asyncio.Event) -> None:
        try:
            self._loop.call_soon_threadsafe(event.set)
        except RuntimeError:  # the loop has ended: nobody is left to wake
            pass
