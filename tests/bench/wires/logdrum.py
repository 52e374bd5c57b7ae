"""Logdrum's own protocol."""

from collections.abc import Sequence
from typing import Final

import msgspec

from logdrum_protocol import SUBPROTOCOL, decode_hub_message, encode
from logdrum_protocol.client_messages import Edit, Hello
from logdrum_protocol.document import Op, Props
from logdrum_protocol.fold import Document, apply, document_of
from logdrum_protocol.hub_messages import Applied, Welcome
from logdrum_protocol.records import ResumePoint

from ..studio import CLIPS_A_TRACK, LENGTH_TICKS, TRACKS, Ticks, clip_edited, clip_id, tick_set, track_id

_EDITS_A_WRITER: Final = 1_000_000


class _Envelope(msgspec.Struct, frozen=True):
    """As much of a message as says which edit it brings."""

    type: str
    op_id: str | None = None


_envelope: Final = msgspec.msgpack.Decoder(_Envelope)


def op_id(writer: int, number: int) -> str:
    """Return the id of an edit."""
    return str(writer * _EDITS_A_WRITER + number)


def edit_of(op_id: str) -> tuple[int, int]:
    """Return whose edit this id names, and which."""
    return divmod(int(op_id), _EDITS_A_WRITER)


def edit(writer: int, number: int) -> bytes:
    """Return one edit of a writer."""
    props = Props(start_tick=tick_set(number))
    op = Op(op="set", kind="clip", id=clip_edited(writer, number), props=props)
    return encode(Edit(op_id=op_id(writer, number), ops=(op,)))


def hello(resume: ResumePoint | None = None) -> bytes:
    """Return the first message of a connection."""
    return encode(Hello(name="writer") if resume is None else Hello(name="writer", resume=resume))


def welcome_in(frame: bytes) -> Welcome | None:
    """Return the welcome in a frame, however large its document."""
    message = decode_hub_message(frame, max_bytes=len(frame))
    return message if isinstance(message, Welcome) else None


class LogdrumDocument:
    """The fold of a snapshot."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def take(self, frame: bytes) -> None:
        """Apply an edit."""
        message = decode_hub_message(frame)
        if isinstance(message, Applied):
            self.document = apply(self.document, message.ops)

    def ticks(self) -> Ticks:
        """Read what the writers set."""
        clips = [entity for entity in self.document.entities.values() if entity.kind == "clip"]
        return {clip.id: clip.props.start_tick for clip in clips if isinstance(clip.props.start_tick, int)}


class LogdrumWire:
    """`hello` is answered by `welcome` with the whole document; `edit` by `applied` to everybody."""

    subprotocol: str | None = SUBPROTOCOL

    def greeting(self) -> Sequence[bytes]:
        """Say hello."""
        return [hello()]

    def brings_all(self, frame: bytes) -> bool:
        """Whether it is the welcome."""
        return _envelope.decode(frame).type == "welcome"

    def open(self, frame: bytes) -> LogdrumDocument:
        """Decode the welcome and fold its snapshot."""
        welcome = welcome_in(frame)
        assert welcome is not None
        assert welcome.snapshot is not None
        return LogdrumDocument(document_of(welcome.snapshot.entities))

    def seed(self) -> Sequence[bytes]:
        """One edit makes the tracks, and one for each track its clips."""
        tracks = tuple(Op(op="put", kind="track", id=track_id(track)) for track in range(TRACKS))
        filled = [tuple(_clip(track, place) for place in range(CLIPS_A_TRACK)) for track in range(TRACKS)]
        return [encode(Edit(op_id=f"seed-{number}", ops=ops)) for number, ops in enumerate([tracks, *filled])]

    def script(self, writer: int, edits: int) -> Sequence[bytes]:
        """All edits of one writer."""
        return [edit(writer, number) for number in range(edits)]

    def heard(self, frame: bytes) -> tuple[int, int] | None:
        """Read the `op_id` of an `applied`; `rejected` counts as not delivered."""
        envelope = _envelope.decode(frame)
        if envelope.type != "applied" or envelope.op_id is None or not envelope.op_id.isdigit():
            return None
        return edit_of(envelope.op_id)


def _clip(track: int, place: int) -> Op:
    props = Props(track=track_id(track), start_tick=place * LENGTH_TICKS, length_ticks=LENGTH_TICKS)
    return Op(op="put", kind="clip", id=clip_id(track, place), props=props)
