"""How far it is and how long it will take still, on one line."""

import time
from collections.abc import Callable
from typing import Final, TextIO

_CELLS: Final = 30


class TimedBar:
    """A bar that redraws itself in place: on a terminal each second, elsewhere whenever it has grown by a cell."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._began_s = clock()
        self._drawn: tuple[int, int] | None = None
        self._width = 0

    def show(self, fraction: float) -> None:
        """Draw the bar at a fraction from 0, where time begins, to 1; what is left goes by what has been taken."""
        if fraction == 0:
            self._began_s = self._clock()
        taken_s = self._clock() - self._began_s
        cells = int(fraction * _CELLS)
        drawn = (cells, int(taken_s) if self._stream.isatty() else 0)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        left = f", {told(taken_s / fraction - taken_s)} left" if 0 < fraction < 1 else ""
        line = f"[{'#' * cells}{'.' * (_CELLS - cells)}] {fraction:4.0%}{left}"
        self._stream.write(f"\r{line:<{self._width}}")
        self._width = len(line)
        self._stream.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._drawn is not None:
            self._stream.write("\n")


def told(duration_s: float) -> str:
    """Say a duration as `2:05` or `1:02:05`."""
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
