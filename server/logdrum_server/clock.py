"""The hub's clock: microseconds that never step back, whatever happens to the wall clock (C4)."""

import time


class HubClock:
    """Starts at the wall clock's time and from there on only counts."""

    def __init__(self) -> None:
        self._offset_us = (time.time_ns() - time.monotonic_ns()) // 1000

    def now_us(self) -> int:
        """Microseconds since 1970 by the wall clock at start, monotonic since."""
        return self._offset_us + time.monotonic_ns() // 1000
