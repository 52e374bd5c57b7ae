"""What a live room is given: its members' connections, and what the hub does for it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import msgspec

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import VersionRestore
from logdrum_protocol.engine_messages import ToEngine
from logdrum_protocol.errors import CloseCode
from logdrum_server.committer import Committer
from logdrum_server.core.effects import CloseTape
from logdrum_server.core.jobs import Ticket
from logdrum_server.counts import Counts
from logdrum_server.doors import Doors
from logdrum_server.lanes import Lanes
from logdrum_server.recorder import Recorder
from logdrum_server.tape import Tape

if TYPE_CHECKING:
    from logdrum_server.live_room import LiveRoom


class Peer(Protocol):
    """A member's connection, as the room sees it."""

    lanes: Lanes

    def end(self, code: CloseCode, reason: str) -> None:
        """Close the connection soon."""
        ...


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub does for its rooms."""

    recorder: Recorder
    committer: Committer
    doors: Doors
    counts: Counts
    draw: Callable[[], Ticket]
    """Chance, for what a member's message may need of it."""
    command: Callable[[ToEngine], None]
    unsent: Callable[[], int]
    """Bytes of commands that the engine has not read yet."""
    finish: Callable[["LiveRoom", Tape, CloseTape], None]
    forget_files: Callable[[b.JobId], None]
    load_version: Callable[["LiveRoom", b.SessionId, VersionRestore], None]
    read_again: Callable[["LiveRoom"], None]
