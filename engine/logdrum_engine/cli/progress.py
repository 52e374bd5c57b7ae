"""How far it is, on one line."""

from typing import Final, TextIO

_CELLS: Final = 30


class ProgressBar:
    """A bar that redraws itself in place, whenever it has grown by a cell."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._cells = -1

    def show(self, fraction: float) -> None:
        """Draw the bar at a fraction from 0 to 1."""
        cells = int(fraction * _CELLS)
        if cells == self._cells:
            return
        self._cells = cells
        self._stream.write(f"\r[{'#' * cells}{'.' * (_CELLS - cells)}] {fraction:4.0%}")
        self._stream.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._cells >= 0:
            self._stream.write("\n")
