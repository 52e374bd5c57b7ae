"""What a decision asks of the shell: messages to send, engine commands, tapes to keep."""

from typing import Literal, TypeAlias

import msgspec

from logdrum_protocol.bounds import Epoch, JobId, Sample, SessionId, Stem, StreamId
from logdrum_protocol.client_messages import VersionRestore
from logdrum_protocol.engine_messages import StemFile, ToEngine
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
    file: StemFile | None = None
    """What the engine wrote of it, to be stored in its place (Q10)."""
    is_sound: bool = True
    """False for what the room has as a sound already (J11)."""


class DropTape(msgspec.Struct, frozen=True):
    """A tape leaves the timeline; nothing more of it is sent."""

    stream: StreamId


class FeedFrom(msgspec.Struct, frozen=True):
    """Feed a separation with its source's tapes from shortly before `start_sample` on, in place of any earlier feed."""

    job: JobId
    epoch: Epoch
    streams: tuple[tuple[Stem, StreamId], ...]
    start_sample: Sample


class FeedUntil(msgspec.Struct, frozen=True):
    """A feed's source has ended: say so behind the last of it (Q10)."""

    job: JobId
    end_sample: Sample


class StopFeed(msgspec.Struct, frozen=True):
    """Nobody is there to be fed."""

    job: JobId


class ForgetFiles(msgspec.Struct, frozen=True):
    """Remove what the engine wrote of a job, once what is to be stored of it is."""

    job: JobId


TapeEffect: TypeAlias = OpenTape | RewindTape | CloseTape | DropTape
FeedEffect: TypeAlias = FeedFrom | FeedUntil | StopFeed
Effect: TypeAlias = Tell | TellAll | Record | LoadVersion | Command | TapeEffect | Publish | FeedEffect | ForgetFiles
