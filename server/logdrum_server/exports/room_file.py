"""A room as one file, `.logdrum`: a zip of JSON that anyone can read, and of the sounds as they were uploaded (X2).

    room.json         what this is: the format, its version, the room, how far its history goes
    transport.json    the transport, at rest
    snapshot.json     the document, and the sounds, versions and chat beside it
    events.jsonl      the newest events of the history, one a line, up to and including the last
    versions/0001.json   the document of each version, in the order in which the snapshot lists them
    assets/<sha256>   each sound

What belongs to people and not to the music stays behind: keys, undo histories, operations that were answered.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.document import Entity
from logdrum_protocol.hub_messages import Asset, Event, Snapshot, Transport, Version
from logdrum_server import __version__
from logdrum_server.core.history import History
from logdrum_server.exports.archive import add_file, entry

FORMAT: Final = "logdrum-room"
VERSION: Final = 1

HEAD: Final = "room.json"
TRANSPORT: Final = "transport.json"
SNAPSHOT: Final = "snapshot.json"
EVENTS: Final = "events.jsonl"


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a room file, at its beginning."""

    format: Literal["logdrum-room"] = "logdrum-room"
    version: int = VERSION
    written_by: Annotated[str, Meta(max_length=64)] = f"logdrum {__version__}"
    room: b.RoomId
    epoch: b.Epoch
    seq: b.Seq
    """Of the newest event; the document is as it is after that one."""


def version_name(number: int) -> str:
    """The entry of a version's document; the first is number 1."""
    return f"versions/{number:04}.json"


def asset_name(asset: b.AssetId) -> str:
    """The entry of a sound."""
    return f"assets/{asset}"


class RoomFileWriter:
    """Writes a room file piece by piece; the versions go first, for the snapshot lists those that were written."""

    def __init__(self, path: Path) -> None:
        self._archive = ZipFile(path, "w")
        self._versions: list[Version] = []

    def add_version(self, version: Version, entities: Iterable[Entity]) -> None:
        """Add a version with its document; raises OSError."""
        self._versions.append(version)
        self._add_json(version_name(len(self._versions)), tuple(entities))

    def add_history(self, head: Head, history: History, transport: Transport, events: Sequence[Event]) -> None:
        """Add everything but the versions and the sounds; raises OSError."""
        snapshot = Snapshot(
            entities=history.document.listed(),
            assets=tuple(history.assets.values()),
            versions=tuple(self._versions),
            chat=history.chat,
            settings=history.settings,
        )
        self._add_json(HEAD, head)
        self._add_json(TRANSPORT, replace(transport, rev=0, playing=False, anchor_us=0, by=None))
        self._add_json(SNAPSHOT, snapshot)
        with self._archive.open(entry(EVENTS, ZIP_DEFLATED), "w") as out:
            for event in events:
                out.write(msgspec.json.encode(event) + b"\n")

    def add_sound(self, asset: Asset, path: Path) -> None:
        """Add a sound; raises OSError."""
        add_file(self._archive, entry(asset_name(asset.asset), ZIP_STORED), path)

    def _add_json(self, name: str, content: object) -> None:
        self._archive.writestr(entry(name, ZIP_DEFLATED), msgspec.json.encode(content))

    def close(self) -> None:
        """End the file; raises OSError."""
        self._archive.close()
