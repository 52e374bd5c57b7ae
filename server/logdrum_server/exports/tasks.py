"""What is done in a process of its own: everything that takes a room apart or puts one together (X1).

A hundred thousand notes are seconds of work that a thread of the hub would do while the music waits for the
interpreter; and a file from outside may be made to exhaust whoever reads it.
"""

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from logdrum_protocol import bounds as b
from logdrum_protocol.engine_messages import RenderMix
from logdrum_protocol.hub_messages import Asset, Transport
from logdrum_protocol.records import Limits
from logdrum_server.exports.mix_order import Format


class _Tagged(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    pass


class StemPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a finished stream lies, and the sound that was kept of it."""

    id: b.StreamId
    name: str
    asset: b.AssetId
    anchor_tick: b.Tick
    bpm: b.Bpm


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A room as the storage gives it, which costs the hub nothing, and what only a room in memory knows."""

    room: b.RoomId
    epoch: b.Epoch
    checkpoint: bytes | None
    events: tuple[bytes, ...]
    transport: Transport
    stems: tuple[StemPlace, ...]
    sounds: str
    """The folder of the assets."""


class MakeMidi(_Tagged, frozen=True, kw_only=True):
    """Write the notes (X4)."""

    kept: Kept
    out: str


class MakeDawproject(_Tagged, frozen=True, kw_only=True):
    """Write the DAWproject (X5)."""

    kept: Kept
    out: str


class KeptVersion(msgspec.Struct, frozen=True):
    """A version's document, in a file as the storage had it."""

    version: b.VersionId
    path: str


class MakeRoomFile(_Tagged, frozen=True, kw_only=True):
    """Write the room file (X2)."""

    kept: Kept
    versions: tuple[KeptVersion, ...]
    out: str


class ListVersions(_Tagged, frozen=True, kw_only=True):
    """Say which versions the room has."""

    kept: Kept


class PlanMix(_Tagged, frozen=True, kw_only=True):
    """Say what the engine is to render (X6): the mix to a file, or the stems to a folder."""

    kept: Kept
    mix: str
    format: Format
    folder: str
    stems: bool


class ReadRoomFile(_Tagged, frozen=True, kw_only=True):
    """Verify a room file, and lay out in a folder what the storage and the assets are to take (X3)."""

    path: str
    limits: Limits
    folder: str


Task: TypeAlias = MakeMidi | MakeDawproject | MakeRoomFile | ListVersions | PlanMix | ReadRoomFile


class Written(_Tagged, frozen=True):
    """The file is there."""


class Versions(_Tagged, frozen=True):
    """The versions of a room, the oldest first."""

    versions: tuple[b.VersionId, ...]


class MixAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What is heard in a mix, and what is not, by name."""

    bpm: float
    samples: int
    tracks: tuple[str, ...]
    files: tuple[str, ...]
    silenced: tuple[str, ...]
    """With sound or notes, but muted, or another is solo."""


class Planned(_Tagged, frozen=True, kw_only=True):
    """What the engine is to render."""

    order: RenderMix
    account: MixAccount


class Verified(_Tagged, frozen=True, kw_only=True):
    """A room that can be kept; what is large lies in the folder."""

    seq: b.Seq
    transport: Transport
    events: tuple[bytes, ...]
    checkpoint: str
    versions: tuple[KeptVersion, ...]
    assets: tuple[Asset, ...]
    """Each lies in the folder under its id."""
    tracks: int
    clips: int
    notes: int


class Refused(_Tagged, frozen=True):
    """It cannot be done, and why: what the one who asked is told."""

    status: Annotated[int, Meta(ge=400, le=599)]
    code: str
    message: str


Outcome: TypeAlias = Written | Versions | Planned | Verified | Refused
