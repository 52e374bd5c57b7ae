"""Rooms to export, built from what members would have sent."""

import hashlib
import io
import math
import struct
import wave
from collections.abc import Iterable
from typing import Any

from logdrum_protocol.codec import encode
from logdrum_protocol.document import Entity, EntityKind, Op, Props
from logdrum_protocol.fold import Document, document_of
from logdrum_protocol.hub_messages import Applied, Asset, Chat, Event, Transport, Version
from logdrum_protocol.records import Loop
from logdrum_server.core.checkpoint import encode_entities, encode_history
from logdrum_server.core.history import History, fold
from logdrum_server.exports.arrangement import Arrangement, arrangement_of
from logdrum_server.storage.contract import (
    AppendEvent,
    KeepCheckpoint,
    KeepTransport,
    KeepVersion,
    MakeRoom,
    Storage,
    Write,
)

BEAT = 960
BAR = 4 * BEAT


def wav(seconds: float = 0.5, rate: int = 48_000, hz: float = 440.0) -> bytes:
    """A mono WAV file with a tone."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        samples = (round(8_000 * math.sin(2 * math.pi * hz * n / rate)) for n in range(round(seconds * rate)))
        out.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()


def asset_of(body: bytes, name: str = "kick.wav", seq: int = 1, seconds: float = 0.5, rate: int = 48_000) -> Asset:
    sha256, samples = hashlib.sha256(body).hexdigest(), round(seconds * rate)
    return Asset(seq=seq, asset=sha256, name=name, samples=samples, sample_rate=rate, channels=1, by=None)


def entity(kind: EntityKind, id: str, **props: Any) -> Entity:
    return Entity(kind=kind, id=id, props=Props(**props))


def track(id: str = "track-01", **props: Any) -> Entity:
    return entity("track", id, **props)


def clip(id: str = "clip-0001", track: str = "track-01", start: int = 0, length: int = BAR, **props: Any) -> Entity:
    return entity("clip", id, track=track, start_tick=start, length_ticks=length, **props)


def note(id: str, clip: str = "clip-0001", tick: int = 0, length: int = BEAT, pitch: int = 60, **props: Any) -> Entity:
    return entity("note", id, clip=clip, tick=tick, length_ticks=length, pitch=pitch, **props)


def marker(id: str, tick: int, text: str = "") -> Entity:
    return entity("marker", id, tick=tick, text=text)


def transport(**fields: Any) -> Transport:
    values: dict[str, Any] = {
        "rev": 3, "playing": False, "anchor_tick": BAR, "anchor_us": 5, "bpm": 113.5, "numerator": 4, "denominator": 4,
        "loop": Loop(start_tick=0, end_tick=4 * BAR), "by": None,
    }  # fmt: skip
    return Transport(**(values | fields))


def document(*entities: Entity) -> Document:
    return document_of(entities)


def arrangement(*entities: Entity, assets: Iterable[Asset] = (), **fields: Any) -> Arrangement:
    known = {asset.asset: asset for asset in assets}
    return arrangement_of("sunset", document(*entities), known, transport(**fields))


def puts(seq: int, *entities: Entity) -> Applied:
    ops = tuple(Op(op="put", kind=one.kind, id=one.id, props=one.props) for one in entities)
    return Applied(seq=seq, op_id=f"op-{seq}", by="thandi", ops=ops)


def says(seq: int, text: str = "yebo") -> Chat:
    return Chat(seq=seq, session="thandi", name="Thandi", text=text, at_us=seq)


def version(seq: int, id: str = "first", name: str = "First mix") -> Version:
    return Version(seq=seq, version=id, name=name, by="thandi", author="Thandi", at_us=seq, op_id=f"op-{seq}")


def folded(events: Iterable[Event]) -> History:
    history = History()
    for event in events:
        history = fold(history, event)
    return history


SOUND = wav()
KICK = asset_of(SOUND, "Kick 808 / deep.wav")
"""What the room of `song` holds, as event 1."""

SONG: tuple[Event, ...] = (
    KICK,
    puts(2, track(name="Log drum", color="#ff8800", gain_db=-3.5, pan=-0.25, order="a")),
    puts(3, track("track-02", name='Keys <&> "pads"', mute=True, order="b"), clip(name="Riff")),
    puts(
        4, note("note-001", tick=0), note("note-002", tick=BEAT, pitch=64, velocity=1), marker("mark-001", BAR, "Drop")
    ),
    version(5),
    says(6, "yebo 🥁"),
    puts(7, clip("clip-0002", start=BAR, length=BEAT, asset=KICK.asset, offset_samples=2_400, gain_db=-6)),
    puts(8, clip("clip-0003", "track-02", asset=KICK.asset), note("note-003", "clip-0003", pitch=36)),
)
"""A history with a bit of everything."""


async def keep(
    storage: Storage, events: Iterable[Event] = SONG, room: str = "sunset", checkpoint: int | None = None
) -> History:
    """Put a room on disk as a hub does, with a checkpoint after that event where one is named."""
    events = tuple(events)
    writes: list[Write] = [MakeRoom(room, 7), *(AppendEvent(room, event.seq, encode(event)) for event in events)]
    for event in events:
        if isinstance(event, Version):
            then = folded(events[: event.seq]).document.listed()
            writes.append(KeepVersion(room, event.version, lambda then=then: encode_entities(then)))  # type: ignore[misc]
    writes.append(KeepTransport(room, encode(transport())))
    if checkpoint is not None:
        past = folded(events[:checkpoint])
        writes.append(KeepCheckpoint(room, checkpoint, lambda: encode_history(past)))
    await storage.write(writes)
    return folded(events)
