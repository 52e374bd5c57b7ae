"""Bounded queues between the connection and those who listen; what full means is written at each."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

from logdrum_client.errors import LogdrumError

T = TypeVar("T")

EVENT_LIMIT: Final = 1024
CHUNK_LIMIT: Final = 256
PRELUDE_LIMIT: Final = 64


class Feed(Generic[T]):
    """What one listener has not taken yet; when full, the oldest item that may be dropped is dropped and counted.

    Of a room's events any may be dropped: who falls that far behind reads `Room.view`, which is always up to date. Of a
    stream's only chunks are: their samples are fetched again when their turn comes.
    """

    def __init__(
        self,
        limit: int = EVENT_LIMIT,
        *,
        accepts: Callable[[T], bool] = lambda _: True,
        may_drop: Callable[[T], bool] = lambda _: True,
    ) -> None:
        self.dropped = 0
        self._limit = limit
        self._accepts = accepts
        self._may_drop = may_drop
        self._items: deque[T] = deque()
        self._fault: LogdrumError | None = None
        self._ended = False
        self._news = asyncio.Event()

    def grow(self, limit: int) -> None:
        """Let more wait."""
        self._limit = limit

    def put(self, item: T) -> None:
        """Add an item, if it is of those that are listened for; never waits."""
        if not self._accepts(item):
            return
        if len(self._items) >= self._limit:
            self._drop_oldest()
        self._items.append(item)
        self._news.set()

    def end(self, fault: LogdrumError | None = None) -> None:
        """Let the listener take what is left, then stop, with `fault` where there is one."""
        self._fault = self._fault or fault
        self._ended = True
        self._news.set()

    def __aiter__(self) -> "Feed[T]":
        return self

    async def __anext__(self) -> T:
        while not self._items:
            if self._ended:
                raise self._fault or StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._items.popleft()

    def _drop_oldest(self) -> None:
        for place, item in enumerate(self._items):
            if self._may_drop(item):
                del self._items[place]
                self.dropped += 1
                return


class Feeds(Generic[T]):
    """All listeners of one kind."""

    def __init__(self) -> None:
        self._feeds: list[Feed[T]] = []
        self._fault: LogdrumError | None = None
        self._ended = False

    def __iter__(self) -> Iterator[Feed[T]]:
        return iter(self._feeds)

    def add(self, feed: Feed[T]) -> None:
        """Let a listener hear what comes from now on."""
        self._feeds.append(feed)
        if self._ended:
            feed.end(self._fault)

    def remove(self, feed: Feed[T]) -> None:
        """Forget a listener."""
        self._feeds.remove(feed)

    def put(self, item: T) -> None:
        """Tell every listener."""
        for feed in self._feeds:
            feed.put(item)

    def end(self, fault: LogdrumError | None) -> None:
        """Nothing more will come, to those who listen now and those who will."""
        self._fault, self._ended = fault, True
        for feed in self._feeds:
            feed.end(fault)
