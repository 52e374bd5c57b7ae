"""A room's music as an exporter sees it: tracks in order, each with its clips, each with its notes (X4 to X6)."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec import convert
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.fold import Document
from logdrum_protocol.hub_messages import Asset, Transport
from logdrum_protocol.records import Loop
from logdrum_protocol.timeline import samples_per_tick

STEM_COLOR: Final = "#9a9da8"


class Note(msgspec.Struct, frozen=True):
    """A note from the clip's start, cut where the clip ends."""

    tick: int
    length_ticks: int
    pitch: int
    velocity: int


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A span of a track that plays a sound, notes, both or nothing."""

    name: str
    start_tick: int
    length_ticks: int
    asset: Asset | None = None
    offset_samples: int = 0
    """Where in the sound the clip begins, in the sound's own samples."""
    gain_db: float = 0.0
    notes: tuple[Note, ...] = ()

    @property
    def end_tick(self) -> int:
        """The tick past its last."""
        return self.start_tick + self.length_ticks


class _Placed(msgspec.Struct, frozen=True):
    name: str
    start_tick: int
    length_ticks: int
    asset: b.AssetId | None
    offset_samples: int
    gain_db: float


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """What is turned up, panned and muted together."""

    id: str = ""
    name: str
    color: str = STEM_COLOR
    instrument: str = ""
    gain_db: float = 0.0
    pan: float = 0.0
    mute: bool = False
    solo: bool = False
    clips: tuple[Clip, ...] = ()

    @property
    def has_notes(self) -> bool:
        """Whether there is anything for an instrument to play."""
        return any(clip.notes for clip in self.clips)

    @property
    def has_audio(self) -> bool:
        """Whether there is any sound on it."""
        return any(clip.asset for clip in self.clips)


class Marker(msgspec.Struct, frozen=True):
    """A word on the timeline."""

    tick: int
    text: str


class Stem(msgspec.Struct, frozen=True, kw_only=True):
    """A finished stream that lies on the timeline, with the sound that was kept of it (A4)."""

    id: str
    name: str
    asset: Asset
    anchor_tick: int
    bpm: float
    """What it was made at; it is not stretched."""


class Arrangement(msgspec.Struct, frozen=True, kw_only=True):
    """All that is on a room's timeline, at one tempo."""

    room: str
    bpm: float
    numerator: int
    denominator: int
    loop: Loop | None
    tracks: tuple[Track, ...]
    markers: tuple[Marker, ...]

    def is_audible(self, track: Track) -> bool:
        """Whether a track is heard: a mute silences it, and so does another's solo."""
        return not track.mute and (track.solo or not any(other.solo for other in self.tracks))


def arrangement_of(
    room: b.RoomId,
    document: Document,
    assets: Mapping[b.AssetId, Asset],
    transport: Transport,
    stems: Iterable[Stem] = (),
) -> Arrangement:
    """Return a document as an arrangement, the finished streams as tracks behind its own."""
    tracks = [_track(document, assets, track.id) for track in document.tracks()]
    return Arrangement(
        room=room,
        bpm=transport.bpm,
        numerator=transport.numerator,
        denominator=transport.denominator,
        loop=transport.loop,
        tracks=(*tracks, *(_stem_track(stem, transport.bpm) for stem in stems)),
        markers=tuple(sorted(_markers(document), key=lambda marker: (marker.tick, marker.text))),
    )


def _track(document: Document, assets: Mapping[b.AssetId, Asset], track_id: b.EntityId) -> Track:
    track = convert(document.entities[track_id].props, Track, from_attributes=True)
    clips = (_clip(document, assets, clip_id) for clip_id in sorted(document.children(track_id)))
    return replace(track, id=track_id, clips=tuple(sorted(clips, key=lambda clip: clip.start_tick)))


def _clip(document: Document, assets: Mapping[b.AssetId, Asset], clip_id: b.EntityId) -> Clip:
    placed = convert(document.entities[clip_id].props, _Placed, from_attributes=True)
    inside = (document.entities[note_id].props for note_id in document.children(clip_id))
    notes = (convert(props, Note, from_attributes=True) for props in inside)
    heard = (_cut(note, placed.length_ticks) for note in notes if note.tick < placed.length_ticks)
    return Clip(
        name=placed.name,
        start_tick=placed.start_tick,
        length_ticks=placed.length_ticks,
        asset=None if placed.asset is None else assets.get(placed.asset),
        offset_samples=placed.offset_samples,
        gain_db=placed.gain_db,
        notes=tuple(sorted(heard, key=lambda note: (note.tick, note.pitch, note.length_ticks, note.velocity))),
    )


def _cut(note: Note, end_tick: int) -> Note:
    return replace(note, length_ticks=min(note.length_ticks, end_tick - note.tick))


def _stem_track(stem: Stem, bpm: float) -> Track:
    ticks = stem.asset.samples * b.SAMPLE_RATE / stem.asset.sample_rate / samples_per_tick(bpm)
    length_ticks = max(1, math.ceil(ticks))
    clip = Clip(name=stem.name, start_tick=stem.anchor_tick, length_ticks=length_ticks, asset=stem.asset)
    return Track(id=stem.id, name=stem.name, clips=(clip,))


def _markers(document: Document) -> Iterator[Marker]:
    for entity in document.entities.values():
        if entity.kind == "marker":
            yield convert(entity.props, Marker, from_attributes=True)
