"""Choices that depend on nothing but the seed and a label, the same on every machine and library version."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


class Dice:
    """A stream of choices named by `labels`; equal labels roll equal numbers, near ones unrelated numbers."""

    def __init__(self, *labels: object) -> None:
        digest = hashlib.blake2b(repr(labels).encode(), digest_size=8).digest()
        self._state = int.from_bytes(digest, "little")

    def bits(self) -> int:
        """Roll 64 bits (splitmix64, which needs no warming up)."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def unit(self) -> float:
        """Roll a number in [0, 1)."""
        return (self.bits() >> 11) * 2.0**-53

    def between(self, low: float, high: float) -> float:
        """Roll a number in [low, high)."""
        return low + (high - low) * self.unit()

    def chance(self, probability: float) -> bool:
        """Roll true with the given probability."""
        return self.unit() < probability

    def below(self, count: int) -> int:
        """Roll one of 0 to count - 1."""
        return int(self.unit() * count)

    def pick(self, items: Sequence[T]) -> T:
        """Roll one of the items."""
        return items[self.below(len(items))]

    def deal(self, items: Sequence[T], count: int) -> tuple[T, ...]:
        """Roll `count` different items, or all of them in some order."""
        left = list(items)
        return tuple(left.pop(self.below(len(left))) for _ in range(min(count, len(items))))
