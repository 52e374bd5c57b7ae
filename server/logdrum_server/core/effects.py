"""What a decision asks of the shell: messages to send, engine commands, tapes to keep."""

from typing import Literal, TypeAlias

import msgspec

from logdrum_protocol.bounds import Epoch, Sample, SessionId, StreamId
from logdrum_protocol.client_messages import VersionRestore
from logdrum_protocol.engine_messages import ToEngine
from logdrum_protocol.hub_messages import Chunk, Event, HubMessage, StreamOpen

Lane: TypeAlias = Literal["control", "events", "presence"]


class Tell(msgspec.Struct, frozen=True):
    """Send a message to one member."""

    session: SessionId
    message: HubMessage
    lane: Lane = "control"


class TellAll(msgspec.Struct, frozen=True):
    """Send a message to every connected member but one."""

    message: HubMessage
    lane: Lane = "control"
    skip: SessionId | None = None


class Record(msgspec.Struct, frozen=True):
    """Put an event on disk, and say when it is there: `ledger.settle` tells everybody then (D7)."""

    event: Event


class LoadVersion(msgspec.Struct, frozen=True):
    """Read a version's document from disk, and go on with `versions.restore` (V3)."""

    session: SessionId
    message: VersionRestore


class Command(msgspec.Struct, frozen=True):
    """Send a message to the engine."""

    message: ToEngine


class OpenTape(msgspec.Struct, frozen=True):
    """Begin to keep a stream's audio and let every connection follow it."""

    stream: StreamOpen
    endless: bool


class RewindTape(msgspec.Struct, frozen=True):
    """Void a tape from `start_sample` on, all of it where `clear`; what follows is of `epoch`."""

    stream: StreamId
    epoch: Epoch
    start_sample: Sample
    clear: bool


class Publish(msgspec.Struct, frozen=True):
    """Append audio to a tape and send it to everyone who follows."""

    chunk: Chunk


class CloseTape(msgspec.Struct, frozen=True):
    """A tape is complete: store it as an asset, and say `stream.close` to each connection behind its last chunk."""

    stream: StreamId
    samples: Sample


class DropTape(msgspec.Struct, frozen=True):
    """A tape leaves the timeline; nothing more of it is sent."""

    stream: StreamId


Effect: TypeAlias = (
    Tell | TellAll | Record | LoadVersion | Command | OpenTape | RewindTape | Publish | CloseTape | DropTape
)
