"""Operations for tests of the document, short to write and to read."""

from typing import Any

from logdrum_protocol.document import EntityKind, Op, Props
from logdrum_protocol.fold import Document
from tests.server.rooms import TestRoom


def put(kind: EntityKind, id: str, **props: Any) -> Op:
    return Op(op="put", kind=kind, id=id, props=Props(**props))


def set_(kind: EntityKind, id: str, **props: Any) -> Op:
    return Op(op="set", kind=kind, id=id, props=Props(**props))


def delete(kind: EntityKind, id: str) -> Op:
    return Op(op="delete", kind=kind, id=id)


def track(id: str = "track_01", **props: Any) -> Op:
    return put("track", id, **props)


def clip(id: str = "clip_0001", track: str = "track_01", **props: Any) -> Op:
    return put("clip", id, **{"track": track, "start_tick": 0, "length_ticks": 3840, **props})


def note(id: str = "note_0001", clip: str = "clip_0001", **props: Any) -> Op:
    return put("note", id, **{"clip": clip, "tick": 0, "length_ticks": 240, "pitch": 41, **props})


def document(room: TestRoom) -> Document:
    return room.state.settled.document


def props(room: TestRoom, id: str) -> Props:
    return document(room).entities[id].props


def ids(room: TestRoom) -> set[str]:
    return set(document(room).entities)
