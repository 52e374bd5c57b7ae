"""A room's history as bytes and back: what a restart begins from, before the events since (H2)."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeVar

import msgspec
from immutables import Map

from logdrum_protocol import bounds as b
from logdrum_protocol.codec import DECODE_FAULTS
from logdrum_protocol.document import Entity
from logdrum_protocol.fold import document_of
from logdrum_protocol.hub_messages import Asset, Chat, Event, RoomSettings, Version
from logdrum_server.core.history import Author, History, fold
from logdrum_server.core.undo import Writing

T = TypeVar("T")


class _Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    format: Literal[1] = 1
    seq: b.Seq
    entities: tuple[Entity, ...]
    assets: tuple[Asset, ...]
    versions: tuple[Version, ...]
    chat: tuple[Chat, ...]
    authors: Mapping[b.SessionId, Author]
    writings: Mapping[b.EntityId, Mapping[str, Writing]]
    graves: Mapping[b.EntityId, b.Seq]
    settings: RoomSettings | None = None


_checkpoints: Final = msgspec.msgpack.Decoder(_Checkpoint)
_events: Final = msgspec.msgpack.Decoder(Event)
_entities: Final = msgspec.msgpack.Decoder(tuple[Entity, ...])


class DamagedBody(Exception):
    """What was read from disk is not what was written there."""


def _read(decoder: msgspec.msgpack.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except DECODE_FAULTS as fault:
        raise DamagedBody(f"This is no body of a room: {fault}") from fault


def encode_history(history: History) -> bytes:
    """Return a history as bytes."""
    checkpoint = _Checkpoint(
        seq=history.seq,
        entities=tuple(history.document.entities.values()),  # in no order: that of a hundred thousand costs most
        assets=tuple(history.assets.values()),
        versions=tuple(history.versions.values()),
        chat=history.chat,
        authors=dict(history.authors),
        writings={id: dict(names) for id, names in history.writings.items()},
        graves=dict(history.graves),
        settings=history.settings,
    )
    return msgspec.msgpack.encode(checkpoint)


def decode_history(body: bytes) -> History:
    """Return the history in a checkpoint; raises `DamagedBody` where it is none."""
    kept = _read(_checkpoints, body)
    return History(
        seq=kept.seq,
        document=document_of(kept.entities),
        assets={asset.asset: asset for asset in kept.assets},
        versions={version.version: version for version in kept.versions},
        chat=kept.chat,
        authors=Map(kept.authors),
        writings=Map({id: Map(names) for id, names in kept.writings.items()}),
        graves=Map(kept.graves),
        settings=kept.settings,
    )


def replayed(checkpoint: bytes | None, events: Iterable[bytes]) -> History:
    """Return the history that a checkpoint and the log around it hold; raises `DamagedBody`."""
    history = History() if checkpoint is None else decode_history(checkpoint)
    for body in events:
        event = _read(_events, body)
        if event.seq > history.seq + 1:
            raise DamagedBody(f"event {event.seq} follows event {history.seq}")
        if event.seq == history.seq + 1:
            history = fold(history, event)
    return history


def encode_entities(entities: Iterable[Entity]) -> bytes:
    """Return a version's document as bytes."""
    return msgspec.msgpack.encode(tuple(entities))


def decode_entities(body: bytes) -> tuple[Entity, ...]:
    """Return the document in a version; raises `DamagedBody` where it is none."""
    return _read(_entities, body)
