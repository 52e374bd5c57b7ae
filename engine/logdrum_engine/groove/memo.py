"""A bounded memory of results that can always be made again."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Keeps the most recently used values whose weights add up to at most `capacity`; for one thread."""

    def __init__(self, make: Callable[[K], V], capacity: int, weigh: Callable[[V], int] = lambda _: 1) -> None:
        self._make = make
        self._weigh = weigh
        self._kept: OrderedDict[K, V] = OrderedDict()
        self.capacity = capacity
        self.weight = 0

    def get(self, key: K) -> V:
        """Return the value, made if it is not kept."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        return self._keep(key, self._make(key))

    def _keep(self, key: K, value: V) -> V:
        self._kept[key] = value
        self.weight += self._weigh(value)
        while self.weight > self.capacity and self._kept:
            _, old = self._kept.popitem(last=False)
            self.weight -= self._weigh(old)
        return value
