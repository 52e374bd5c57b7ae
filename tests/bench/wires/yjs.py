"""The sync protocol of Yjs (y-protocols), as y-websocket and pycrdt-websocket speak it and Hocuspocus wraps it.

The document is a map of clips, each a map of its properties, as one would write it with Yjs.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

from pycrdt import Doc, Map

from ..studio import CLIPS_A_TRACK, LENGTH_TICKS, TRACKS, Ticks, clip_edited, clip_id, tick_set, track_id
from .varint import prefixed, read_varint, varint

_SYNC: Final = 0
_STEP_1: Final = 0
_STEP_2: Final = 1
_UPDATE: Final = 2
_HOCUSPOCUS_AUTH: Final = 2
_HOCUSPOCUS_TOKEN: Final = 0
_NO_STATE: Final = b"\0"

_SEEDER: Final = 1
_FIRST_WRITER: Final = 1000
"""Client ids of the writers, so that an update says whose edit it is; its clock says which."""

_ROOM: Final = b"bench"


class MergedUpdateError(Exception):
    """A server made one update of several, and which edits it brings cannot be told by its head."""


class YjsDocument:
    """What a snapshot was applied to."""

    def __init__(self, doc: "Doc[Map[Map[float]]]", prefix: bytes) -> None:
        self._doc = doc
        self._prefix = prefix

    def take(self, frame: bytes) -> None:
        """Apply step 2 or an update."""
        if frame.startswith((self._prefix + bytes([_SYNC, _STEP_2]), self._prefix + bytes([_SYNC, _UPDATE]))):
            _, at = read_varint(frame, len(self._prefix) + 2)
            self._doc.apply_update(frame[at:])

    def ticks(self) -> Ticks:
        """Read what the writers set."""
        return {clip: int(props["start_tick"]) for clip, props in self._doc.get("clips", type=Map).items()}


class YjsWire:
    """Step 1 is answered by step 2, the whole document; an update goes to everybody as it came."""

    subprotocol: str | None = None
    _prefix = b""

    def greeting(self) -> Sequence[bytes]:
        """Ask for all there is."""
        return [self._sync(_STEP_1, _NO_STATE)]

    def brings_all(self, frame: bytes) -> bool:
        """Whether it is step 2."""
        return frame.startswith(self._prefix + bytes([_SYNC, _STEP_2]))

    def open(self, frame: bytes) -> YjsDocument:
        """Apply it to an empty document."""
        document = YjsDocument(Doc(), self._prefix)
        document.take(frame)
        return document

    def seed(self) -> Sequence[bytes]:
        """One update makes all."""
        return [self._sync(_UPDATE, _seed())]

    def script(self, writer: int, edits: int) -> Sequence[bytes]:
        """All edits of one writer, each as the update that its own Yjs document made of it."""
        return [self._sync(_UPDATE, update) for update in _updates(writer, edits)]

    def heard(self, frame: bytes) -> tuple[int, int] | None:
        """Read client and clock, which are the first that an update says."""
        at = len(self._prefix) + 2
        if frame[at - 2 : at] != bytes([_SYNC, _UPDATE]):
            return None
        _, at = read_varint(frame, at)
        return _author(frame, at)

    def _sync(self, step: int, content: bytes) -> bytes:
        return self._prefix + bytes([_SYNC, step]) + prefixed(content)


class HocuspocusWire(YjsWire):
    """The same after the document's name, and a token first, which nobody checks."""

    _prefix = prefixed(_ROOM)

    def greeting(self) -> Sequence[bytes]:
        """Show a token and ask for all there is."""
        token = self._prefix + varint(_HOCUSPOCUS_AUTH) + varint(_HOCUSPOCUS_TOKEN) + prefixed(b"bench")
        return [token, *super().greeting()]


def _author(frame: bytes, at: int) -> tuple[int, int] | None:
    clients, at = read_varint(frame, at)
    structs, at = read_varint(frame, at)
    client, at = read_varint(frame, at)
    clock, at = read_varint(frame, at)
    if client < _FIRST_WRITER:
        return None
    if (clients, structs) != (1, 1):
        raise MergedUpdateError
    return client - _FIRST_WRITER, clock


@cache
def _seed() -> bytes:
    doc: Doc[Map[object]] = Doc(client_id=_SEEDER)
    tracks, clips = doc.get("tracks", type=Map), doc.get("clips", type=Map)
    with doc.transaction():
        for track in range(TRACKS):
            tracks[track_id(track)] = Map({"name": "", "order": "", "color": "#9a9da8", "gain_db": 0.0})
            for place in range(CLIPS_A_TRACK):
                clips[clip_id(track, place)] = Map(_clip(track, place))
    return doc.get_update()


def _clip(track: int, place: int) -> dict[str, object]:
    return {
        "track": track_id(track),
        "start_tick": place * LENGTH_TICKS,
        "length_ticks": LENGTH_TICKS,
        "asset": None,
        "offset_samples": 0,
        "gain_db": 0,
        "name": "",
    }


def _updates(writer: int, edits: int) -> list[bytes]:
    doc: Doc[Map[Map[float]]] = Doc(client_id=_FIRST_WRITER + writer)
    doc.apply_update(_seed())
    clips = doc.get("clips", type=Map)
    places = [clips[clip_edited(writer, place)] for place in range(CLIPS_A_TRACK)]
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    for number in range(edits):
        places[number % CLIPS_A_TRACK]["start_tick"] = tick_set(number)
    doc.unobserve(subscription)
    return made
