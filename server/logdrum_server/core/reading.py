"""The document's notes as an engine plays them (J8)."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import UNSET, UnsetType

from logdrum_protocol import bounds as b
from logdrum_protocol.document import Entity, Props
from logdrum_protocol.fold import Document
from logdrum_protocol.records import Notation, Part, PlayedNote
from logdrum_server.core.history import History
from logdrum_server.core.state import Reading

ALL: Final = "*"
_QUIETEST_DB: Final = -90.0
_LOUDEST_DB: Final = 24.0


class TooManyNotes(Exception):
    """More than a job can play."""


def read(history: History, clip: str, now_us: int) -> Reading | None:
    """Return what is written in a clip, or in all that are heard; None where the clip is not there.

    Raises `TooManyNotes`.
    """
    document = history.document
    clips = list(_heard(document) if clip == ALL else _only(document, clip))
    if clip != ALL and not clips:
        return None
    end_tick = max((_end(placed) for _, placed in clips), default=0)
    return Reading(notation=_notation(document, clips), end_tick=end_tick, seq=history.seq, at_us=now_us)


def _only(document: Document, clip: str) -> Iterator[tuple[Entity, Entity]]:
    """A clip that was asked for by name is heard, whatever its track's mute says."""
    placed = document.get("clip", clip)
    track = None if placed is None else document.get("track", str(placed.props.track))
    if placed is not None and track is not None:
        yield track, placed


def _heard(document: Document) -> Iterator[tuple[Entity, Entity]]:
    tracks = document.tracks()
    has_solo = any(track.props.solo for track in tracks)
    for track in tracks:
        if not track.props.mute and (track.props.solo or not has_solo):
            yield from ((track, document.entities[clip]) for clip in document.children(track.id))


def _notation(document: Document, clips: Iterable[tuple[Entity, Entity]]) -> Notation:
    parts: dict[Part, int] = {}
    notes: list[PlayedNote] = []
    for track, clip in clips:
        inside = document.children(clip.id)
        if not inside:
            continue
        part = parts.setdefault(_part(track, clip), len(parts))
        if len(parts) > b.MAX_PARTS or len(notes) + len(inside) > b.MAX_PLAYED_NOTES:
            raise TooManyNotes
        notes += _notes(document, clip.props, inside, part)
    return Notation(parts=tuple(parts), notes=tuple(sorted(notes, key=_order)))


def _part(track: Entity, clip: Entity) -> Part:
    gain_db = _given(track.props.gain_db) + _given(clip.props.gain_db)
    instrument, pan = track.props.instrument, track.props.pan
    return Part(
        instrument="" if isinstance(instrument, UnsetType) else instrument,
        gain_db=min(_LOUDEST_DB, max(_QUIETEST_DB, gain_db)),
        pan=_given(pan),
    )


def _notes(document: Document, clip: Props, inside: Iterable[b.EntityId], part: int) -> Iterator[PlayedNote]:
    """A clip's notes in ticks of the room, cut where the clip ends."""
    start, length = _whole(clip.start_tick), _whole(clip.length_ticks)
    for id in inside:
        note = document.entities[id].props
        tick = _whole(note.tick)
        if tick < length and start + tick <= b.MAX_TICK:
            held = min(_whole(note.length_ticks), length - tick)
            yield PlayedNote(part, start + tick, held, _whole(note.pitch), _whole(note.velocity))


def _order(note: PlayedNote) -> tuple[int, int, int]:
    return note.tick, note.part, note.pitch


def _end(clip: Entity) -> b.Tick:
    return _whole(clip.props.start_tick) + _whole(clip.props.length_ticks)


def _whole(value: int | UnsetType) -> int:
    assert value is not UNSET, "an entity in a document has every property of its kind"
    return int(value)


def _given(value: float | UnsetType) -> float:
    return 0.0 if isinstance(value, UnsetType) else value
