"""When a dead engine is started again (Q1)."""

from typing import Final

FIRST_DELAY_S: Final = 0.25
LONGEST_DELAY_S: Final = 10.0
_HEALTHY_S: Final = 30.0


class Backoff:
    """Waits longer after each early death, and forgets after a healthy run."""

    def __init__(self) -> None:
        self._delay_s = FIRST_DELAY_S

    def next_delay_s(self, lived_s: float) -> float:
        """Return how long to wait, given how long the last engine lived."""
        if lived_s >= _HEALTHY_S:
            self._delay_s = FIRST_DELAY_S
        delay_s, self._delay_s = self._delay_s, min(2 * self._delay_s, LONGEST_DELAY_S)
        return delay_s
