"""Reads a room file that may be anything: nothing is believed, nothing is kept before all of it holds (X3)."""

import hashlib
import io
import os
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import msgspec
from msgspec import UNSET
from msgspec.json import Decoder

from logdrum_protocol.document import DEFAULTS, PARENT, REQUIRED, Entity, EntityKind
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.fold import document_of
from logdrum_protocol.hub_messages import Asset, Event, Snapshot, Transport
from logdrum_protocol.records import Limits
from logdrum_server.core.history import MAX_CHAT, History
from logdrum_server.errors import RequestError
from logdrum_server.exports.room_file import (
    EVENTS,
    FORMAT,
    HEAD,
    SNAPSHOT,
    TRANSPORT,
    VERSION,
    Head,
    asset_name,
    version_name,
)
from logdrum_server.storage.contract import KEPT_EVENTS

_MIB: Final = 1024 * 1024
MAX_SEQ: Final = 1_000_000
MAX_BYTES: Final = {HEAD: 64 * 1024, TRANSPORT: 64 * 1024, SNAPSHOT: 128 * _MIB, EVENTS: 128 * _MIB}
"""What an entry may unpack to."""
MAX_VERSIONS_BYTES: Final = 256 * _MIB
_BLOCK_BYTES: Final = _MIB
_DIRECTORY_BYTES: Final = 4 * _MIB
_ENCRYPTED: Final = 1
_PLURALS: Final[Mapping[EntityKind, str]] = {kind: f"{kind}s" for kind in DEFAULTS}

_BROKEN: Final = "This is no whole room file: the archive is damaged, or breaks off."
_NO_ROOM: Final = "This is no Logdrum room file (.logdrum)."
_UNZIP_FAULTS: Final = (BadZipFile, EOFError, zlib.error, struct.error, RuntimeError, ValueError, OSError)
"""What zipfile raises for an archive that is damaged on purpose or not; names that are no UTF-8 are a ValueError."""
_FAULTS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

T = TypeVar("T")


class _Stamp(msgspec.Struct, frozen=True):
    """What every version of the format begins with."""

    format: str = ""
    version: int = 0


_stamp: Final = Decoder(_Stamp)
_head: Final = Decoder(Head)
_transport: Final = Decoder(Transport)
_snapshot: Final = Decoder(Snapshot)
_entities: Final = Decoder(tuple[Entity, ...])
_event: Final[Decoder[Event]] = Decoder(Event)


def bad_file(text: str) -> RequestError:
    """A file that is not what it should be."""
    return RequestError(415, ErrorCode.UNSUPPORTED_MEDIA, text)


def _too_large(text: str) -> RequestError:
    return RequestError(413, ErrorCode.TOO_LARGE, text)


class _Bounded(io.FileIO):
    """A file that does not give much at once: a zip's directory is read whole, and says itself how long it is."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return what is there; raises `BadZipFile` where it would be too much."""
        left = os.fstat(self.fileno()).st_size - self.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > _DIRECTORY_BYTES:
            raise BadZipFile("A part of the archive is longer than it may be.")
        return super().read(wanted)


class RoomFile:
    """A room file that has been verified but for its sounds, which `unpack` verifies; raises `RequestError`."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        self._file = _Bounded(path)
        try:
            self._archive = _opened(self._file)
            self._check_entries(path.stat().st_size)
            self.head = self._head()
            self.transport = self._json(TRANSPORT, _transport)
            self.snapshot = self._snapshot()
            self.events = self._events()
            for number in range(1, len(self.snapshot.versions) + 1):
                self.version(number)
            self.history = self._history()
        except BaseException:
            self._file.close()
            raise

    def version(self, number: int) -> tuple[Entity, ...]:
        """Return a version's document, the first is number 1."""
        entities = self._json(version_name(number), _entities)
        name = self.snapshot.versions[number - 1].name
        self._check_entities(entities, f"The version '{name}'")
        return entities

    def unpack(self, asset: Asset, path: Path) -> None:
        """Write a sound to disk; raises `RequestError` where it is not what its name says, and OSError."""
        digest = hashlib.sha256()
        with path.open("wb") as out:
            for block in self._blocks(asset_name(asset.asset)):
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != asset.asset:
            raise bad_file(f"The sound '{asset.name}' is not the one that the room had: its checksum differs.")

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()
        self._file.close()

    def _history(self) -> History:
        """The room as the file has it, without what belongs to its members."""
        return History(
            seq=self.head.seq,
            document=document_of(self.snapshot.entities),
            assets={asset.asset: asset for asset in self.snapshot.assets},
            versions={version.version: version for version in self.snapshot.versions},
            chat=self.snapshot.chat,
            settings=self.snapshot.settings,
        )

    def _check_entries(self, file_bytes: int) -> None:
        entries = self._archive.infolist()
        names = Counter(entry.filename for entry in entries)
        twice = next((name for name, count in names.items() if count > 1), None)
        if twice is not None:
            raise bad_file(f"The file holds '{twice[:80]}' twice.")
        if HEAD not in names:
            raise bad_file(_NO_ROOM)
        for entry in entries:
            self._check_entry(entry)
        if sum(entry.compress_size for entry in entries) > file_bytes:
            raise bad_file("Parts of the archive overlap.")
        if sum(entry.file_size for entry in entries if entry.filename.startswith("versions/")) > MAX_VERSIONS_BYTES:
            raise _too_large(f"The versions may have {MAX_VERSIONS_BYTES // _MIB} MiB together.")

    def _check_entry(self, entry: ZipInfo) -> None:
        is_sound = entry.filename.startswith("assets/")
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise bad_file("The archive is encrypted, or packed in a way that is not known here.")
        if is_sound and (entry.compress_type != ZIP_STORED or entry.compress_size != entry.file_size):
            raise bad_file(f"'{entry.filename[:80]}' is packed; sounds are stored as they are.")
        most = self._limits.max_asset_bytes if is_sound else MAX_BYTES.get(entry.filename, MAX_VERSIONS_BYTES)
        if entry.file_size > most:
            raise _too_large(f"'{entry.filename[:80]}' would be {entry.file_size} bytes; it may be {most}.")

    def _check_names(self, snapshot: Snapshot) -> None:
        """Every entry belongs to the room, and all that belongs to it is there; so no name leads anywhere else."""
        names = set(self._archive.namelist())
        versions = {version_name(number + 1) for number in range(len(snapshot.versions))}
        known = {*MAX_BYTES, *versions, *(asset_name(asset.asset) for asset in snapshot.assets)}
        if known - names:
            raise bad_file(f"The file lacks '{min(known - names)}'.")
        if names - known:
            raise bad_file(f"The file holds '{min(names - known)[:80]}', which does not belong into a room file.")

    def _head(self) -> Head:
        stamp = self._json(HEAD, _stamp)
        if stamp.format != FORMAT:
            raise bad_file(_NO_ROOM)
        if stamp.version > VERSION:
            text = (
                f"This room file is of version {stamp.version}, and this hub reads version {VERSION}: update the hub."
            )
            raise bad_file(text)
        head = self._json(HEAD, _head)
        if head.seq > MAX_SEQ:
            raise _too_large(f"The room's history has {head.seq} events; one of {MAX_SEQ} can be read.")
        return head

    def _snapshot(self) -> Snapshot:
        snapshot = self._json(SNAPSHOT, _snapshot)
        assets = self._unique("sound", [asset.asset for asset in snapshot.assets], self._limits.max_assets)
        self._unique("version", [version.version for version in snapshot.versions], self._limits.max_versions)
        self._check_names(snapshot)
        self._check_entities(snapshot.entities, "The document", assets)
        seqs = [line.seq for line in snapshot.chat]
        if len(seqs) > MAX_CHAT or seqs != sorted(set(seqs)):
            raise bad_file("The chat is not in order, or longer than a room keeps.")
        if self.head.seq == 0 and snapshot != Snapshot():
            raise bad_file("The room has a history of nothing, and yet something is in it.")
        newest = max(
            (*seqs, *(asset.seq for asset in snapshot.assets), *(it.seq for it in snapshot.versions)), default=0
        )
        if newest > self.head.seq:
            raise bad_file(f"Something in the room is from event {newest}, and its history ends at {self.head.seq}.")
        return snapshot

    def _unique(self, what: str, ids: list[str], most: int) -> frozenset[str]:
        if len(ids) > most:
            raise _too_large(f"The room has {len(ids)} {what}s; {most} are taken.")
        if len(set(ids)) < len(ids):
            raise bad_file(f"The room lists a {what} twice.")
        return frozenset(ids)

    def _check_entities(self, entities: tuple[Entity, ...], where: str, assets: frozenset[str] | None = None) -> None:
        """An old version may name sounds that are gone, the document may not: `assets` are those there are."""
        kinds = {entity.id: entity.kind for entity in entities}
        if len(kinds) < len(entities):
            raise bad_file(f"{where} holds two things of one id.")
        for kind, plural in _PLURALS.items():
            count, most = sum(entity.kind == kind for entity in entities), getattr(self._limits, f"max_{plural}")
            if count > most:
                raise _too_large(f"{where} has {count} {plural}; {most} are taken.")
        for entity in entities:
            _check_entity(entity, kinds, where)
            if assets is not None and isinstance(entity.props.asset, str) and entity.props.asset not in assets:
                raise bad_file(f"{where} plays a sound in clip '{entity.id}' that the room does not have.")

    def _events(self) -> tuple[Event, ...]:
        lines = self._read(EVENTS).splitlines()
        if len(lines) > KEPT_EVENTS:
            raise _too_large(f"The history has {len(lines)} events; {KEPT_EVENTS} are kept.")
        events = tuple(_decoded(line, _event, f"{EVENTS}, line {number},") for number, line in enumerate(lines, 1))
        first = self.head.seq - len(events) + 1
        if [event.seq for event in events] != [*range(first, self.head.seq + 1)] or first < 1:
            raise bad_file("The history has a gap, or does not end where the room does.")
        if len(events) < min(self.head.seq, KEPT_EVENTS):
            raise bad_file(f"The history lacks events: a file holds the newest {KEPT_EVENTS}, or all there are.")
        return events

    def _json(self, name: str, decoder: Decoder[T]) -> T:
        return _decoded(self._read(name), decoder, name)

    def _read(self, name: str) -> bytes:
        return b"".join(self._blocks(name))

    def _blocks(self, name: str) -> Iterator[bytes]:
        """What an entry unpacks to; never more than the directory says, whatever is in it."""
        try:
            with self._archive.open(name) as entry:
                while block := entry.read(_BLOCK_BYTES):
                    yield block
        except KeyError as fault:
            raise bad_file(f"The file lacks '{name}'.") from fault
        except _UNZIP_FAULTS as fault:
            raise bad_file(_BROKEN) from fault


def _opened(file: io.FileIO) -> ZipFile:
    try:
        return ZipFile(file)
    except _UNZIP_FAULTS as fault:
        raise bad_file(_NO_ROOM if not _begins_as_zip(file) else _BROKEN) from fault


def _begins_as_zip(file: io.FileIO) -> bool:
    file.seek(0)
    return file.read(2) == b"PK"


def _decoded(body: bytes, decoder: Decoder[T], where: str) -> T:
    try:
        return decoder.decode(body)
    except _FAULTS as fault:
        raise bad_file(f"{where} is not as it should be: {str(fault)[:200]}.") from fault


def _check_entity(entity: Entity, kinds: Mapping[str, EntityKind], where: str) -> None:
    missing = next((name for name in REQUIRED[entity.kind] if getattr(entity.props, name) is UNSET), None)
    if missing is not None:
        raise bad_file(f"{where} has a {entity.kind} '{entity.id}' without '{missing}'.")
    parent = PARENT[entity.kind]
    if parent is not None and kinds.get(getattr(entity.props, parent)) != parent:
        raise bad_file(f"{where} has a {entity.kind} '{entity.id}' in a {parent} that is not there.")
