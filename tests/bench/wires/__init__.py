"""What the load generator must know of a subject's protocol; each in its own words, and nothing is applied.

Frames to send are made before anything is measured, and of a frame that comes only the few bytes are read that say
which edit it is: what a real client spends on its copy of the document is not in any latency.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, Protocol

from ..studio import Ticks
from . import logdrum, yjs

WireName = Literal["logdrum", "yjs", "hocuspocus"]


class Opened(Protocol):
    """A document in a client's hand."""

    def take(self, frame: bytes) -> None:
        """Bring it up to date with what came after it."""
        ...

    def ticks(self) -> Ticks:
        """Read what the writers set."""
        ...


class Wire(Protocol):
    """One protocol."""

    subprotocol: str | None

    def greeting(self) -> Sequence[bytes]:
        """What a client says first."""
        ...

    def brings_all(self, frame: bytes) -> bool:
        """Whether this frame, the first of its kind, brings the whole document."""
        ...

    def open(self, frame: bytes) -> Opened:
        """Make the document of such a frame, as a client does that then works with it."""
        ...

    def seed(self) -> Sequence[bytes]:
        """What makes the room's tracks and clips."""
        ...

    def script(self, writer: int, edits: int) -> Sequence[bytes]:
        """All edits of one writer, in order."""
        ...

    def heard(self, frame: bytes) -> tuple[int, int] | None:
        """Whose edit this frame brings, and which; None where it brings none."""
        ...


WIRES: Final[Mapping[WireName, Wire]] = {
    "logdrum": logdrum.LogdrumWire(),
    "yjs": yjs.YjsWire(),
    "hocuspocus": yjs.HocuspocusWire(),
}
