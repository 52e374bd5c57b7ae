"""Every message the hub may send: one struct a message, the tag is its wire name."""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from logdrum_protocol import bounds as b
from logdrum_protocol.document import Entity, Op
from logdrum_protocol.records import (
    Choice,
    Conformance,
    Failure,
    JobParams,
    Limits,
    Loop,
    Member,
    PresenceState,
    Verdict,
)


class _Message(msgspec.Struct, frozen=True, tag_field="type"):
    pass


class ClockPong(_Message, tag="clock.pong", frozen=True, kw_only=True):
    """The hub's time when a ping came and when this left (K1)."""

    t0: b.AnyNumber
    received_us: b.Micros
    sent_us: b.Micros


class Transport(_Message, tag="transport", frozen=True, kw_only=True):
    """The room's transport from `anchor_us` on (T1, T2)."""

    rev: b.Rev
    playing: bool
    anchor_tick: b.Tick
    anchor_us: b.Micros
    bpm: b.Bpm
    numerator: b.Numerator
    denominator: b.Denominator
    loop: Loop | None
    by: b.SessionId | None


class MemberJoined(_Message, tag="member.joined", frozen=True, kw_only=True):
    """Someone came in (P2)."""

    member: Member


class MemberLeft(_Message, tag="member.left", frozen=True, kw_only=True):
    """Someone is gone: they left, were lost, or were closed (P2)."""

    session: b.SessionId
    reason: str


class Presence(_Message, tag="presence", frozen=True, kw_only=True):
    """Where another member is looking (P1)."""

    session: b.SessionId
    state: PresenceState


class Chat(_Message, tag="chat", frozen=True, kw_only=True, omit_defaults=True):
    """What someone said, in the room's history (P3)."""

    seq: b.Seq
    session: b.SessionId
    name: b.MemberName
    text: b.ChatText
    at_us: b.Micros
    op_id: b.OpId | None = None


class NoteLive(_Message, tag="note.live", frozen=True, kw_only=True):
    """A note another member plays now (P4)."""

    session: b.SessionId
    track: b.EntityId
    pitch: b.Pitch
    velocity: b.Velocity
    at_us: b.Micros


class Applied(_Message, tag="applied", frozen=True, kw_only=True, omit_defaults=True):
    """An edit as everybody applies it (D3)."""

    seq: b.Seq
    op_id: b.OpId
    by: b.SessionId
    ops: tuple[Op, ...]
    via: Literal["edit", "undo", "redo", "restore", "notes"] = "edit"
    version: b.VersionId | None = None
    """The version that was restored (V3)."""


class Rejected(_Message, tag="rejected", frozen=True, kw_only=True):
    """An edit refused, to its author alone (D3)."""

    op_id: b.OpId
    code: str
    message: str


class Version(_Message, tag="version", frozen=True, kw_only=True, omit_defaults=True):
    """The document as it was at `seq`, kept under a name (V1)."""

    seq: b.Seq
    version: b.VersionId
    name: b.VersionName
    by: b.SessionId
    author: b.MemberName
    at_us: b.Micros
    op_id: b.OpId | None = None


class Versions(_Message, tag="version.list", frozen=True, kw_only=True):
    """Every version of the room, the oldest first (V2)."""

    op_id: b.OpId
    versions: tuple[Version, ...]


class VersionDeleted(_Message, tag="version.deleted", frozen=True, kw_only=True):
    """A version was forgotten (V4)."""

    seq: b.Seq
    version: b.VersionId
    by: b.SessionId
    op_id: b.OpId


class Job(_Message, tag="job", frozen=True, kw_only=True):
    """A job as it stands now (J1)."""

    job: b.JobId
    kind: b.JobKind
    by: b.SessionId
    state: b.JobState
    progress: b.Progress
    params: JobParams
    error: Failure | None = None
    op_id: b.OpId | None = None
    choices: Annotated[tuple[Choice, ...], Meta(max_length=64)] = ()
    """What the engine made of the prompt (J6)."""
    conformance: Conformance | None = None
    verdict: Verdict | None = None
    """What the score means against the room's threshold (J10)."""


class StreamOpen(_Message, tag="stream.open", frozen=True, kw_only=True):
    """A stem begins: sample `s` sounds at `anchor_tick + s * bpm * 960 / (60 * sample_rate)` (A1)."""

    stream: b.StreamId
    job: b.JobId
    stem: b.Stem
    sample_rate: int
    channels: int
    codec: Literal["pcm_s16le", "flac"]
    anchor_tick: b.Tick
    bpm: b.Bpm
    epoch: b.Epoch
    start_sample: b.Sample = 0
    samples: b.Samples | None = None
    """How long it is going to be, where that is known."""


class Chunk(_Message, tag="chunk", frozen=True, kw_only=True):
    """Audio of one stream, in its codec, from `start_sample` on (A2)."""

    stream: b.StreamId
    epoch: b.Epoch
    start_sample: b.Sample
    samples: b.Samples
    data: Annotated[bytes, Meta(max_length=b.MAX_MESSAGE_BYTES)]


class StreamEpoch(_Message, tag="stream.epoch", frozen=True, kw_only=True):
    """What is queued from `start_sample` on is void; where `bpm` changes, all of it is (A3)."""

    stream: b.StreamId
    epoch: b.Epoch
    start_sample: b.Sample
    bpm: b.Bpm


class StreamGap(_Message, tag="stream.gap", frozen=True, kw_only=True):
    """This connection fell behind and will not be sent these samples (A4)."""

    stream: b.StreamId
    from_sample: b.Sample
    to_sample: b.Sample


class StreamClose(_Message, tag="stream.close", frozen=True, kw_only=True):
    """A stream ends before sample `samples` (A4, A8)."""

    stream: b.StreamId
    samples: b.Samples
    asset: b.AssetId | None


class Asset(_Message, tag="asset", frozen=True, kw_only=True):
    """A sound was stored in the room (A5)."""

    seq: b.Seq
    asset: b.AssetId
    name: b.ShortText
    samples: b.Samples
    sample_rate: int
    channels: int
    by: b.SessionId | None


class RoomSettings(_Message, tag="settings", frozen=True, kw_only=True, omit_defaults=True):
    """What the room's owner has decided (J10)."""

    seq: b.Seq
    by: b.SessionId
    threshold: b.Unit
    op_id: b.OpId | None = None


class Error(_Message, tag="error", frozen=True, kw_only=True, omit_defaults=True):
    """Something the receiver asked for was refused (E1)."""

    code: str
    message: str
    op_id: b.OpId | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document, what is stored beside it, and the recent chat, at the `seq` of its `welcome` (H2)."""

    entities: tuple[Entity, ...] = ()
    assets: tuple[Asset, ...] = ()
    versions: tuple[Version, ...] = ()
    chat: tuple[Chat, ...] = ()
    settings: RoomSettings | None = None
    """None where nobody has decided anything: the threshold is 0.5."""


class Welcome(_Message, tag="welcome", frozen=True, kw_only=True, omit_defaults=True):
    """The answer to `hello`: everything a member needs to begin, or to go on (H2)."""

    session: b.SessionId
    key: b.SessionKey
    room: b.RoomId
    role: b.Role
    epoch: b.Epoch
    seq: b.Seq
    now_us: b.Micros
    recovered: bool
    transport: Transport
    members: tuple[Member, ...]
    jobs: tuple[Job, ...]
    streams: tuple[StreamOpen, ...]
    limits: Limits
    snapshot: Snapshot | None = None


Event: TypeAlias = Applied | Chat | Asset | Version | VersionDeleted | RoomSettings
"""What goes into a room's history, each with its `seq` (H2)."""

HubMessage: TypeAlias = (
    Welcome
    | ClockPong
    | Transport
    | MemberJoined
    | MemberLeft
    | Presence
    | Chat
    | NoteLive
    | Applied
    | Rejected
    | Version
    | Versions
    | VersionDeleted
    | Job
    | StreamOpen
    | Chunk
    | StreamEpoch
    | StreamGap
    | StreamClose
    | Asset
    | RoomSettings
    | Error
)
