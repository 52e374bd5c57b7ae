"""A room as the hub has told of it: a fold over its messages, nothing else (H2)."""

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from logdrum_client.transport import TransportHistory
from logdrum_protocol import bounds as b
from logdrum_protocol.fold import Document, apply, document_of
from logdrum_protocol.hub_messages import (
    Applied,
    Asset,
    Chat,
    Chunk,
    Event,
    HubMessage,
    Job,
    MemberJoined,
    MemberLeft,
    Presence,
    RoomSettings,
    Snapshot,
    StreamClose,
    StreamEpoch,
    StreamOpen,
    Transport,
    Version,
    VersionDeleted,
    Welcome,
)
from logdrum_protocol.records import Limits, Member, PresenceState, ResumePoint
from logdrum_protocol.timeline import Round

_KEPT_CHAT: Final = 500
_KEPT_GONE: Final = 64
_OFF: Final = ("failed", "cancelled")

K = TypeVar("K")
V = TypeVar("V")


class StreamView(msgspec.Struct, frozen=True, kw_only=True):
    """A stream as it stands."""

    opened: StreamOpen
    head_sample: b.Sample
    """The end of the last chunk that came, counted from where the stream began (`Round`)."""
    complete: bool = False
    """Whether all streams of the same job are known: they are announced together, ahead of any audio."""
    closed: StreamClose | None = None

    @property
    def round(self) -> Round | None:
        """How its samples are counted where it has begun within its length; None where they come in order."""
        opened = self.opened
        return None if opened.samples is None or not opened.start_sample else Round(opened.start_sample, opened.samples)

    def count(self, sample: b.Sample) -> b.Sample:
        """Count a sample of it."""
        return sample if self.round is None else self.round.count(sample)

    @property
    def started(self) -> bool:
        """Whether the job's streams are all announced."""
        return self.complete or self.heard

    @property
    def heard(self) -> bool:
        """Whether audio came to us, or none will."""
        return self.closed is not None or self.head_sample > self.opened.start_sample


class RoomView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a member knows of a room."""

    welcome: Welcome
    seq: b.Seq
    """Of the newest event that is in here."""
    document: Document
    """As everybody has it; what we have asked for and have no answer to is not in it."""
    transports: TransportHistory
    members: Mapping[b.SessionId, Member]
    presence: Mapping[b.SessionId, PresenceState]
    jobs: Mapping[b.JobId, Job]
    streams: Mapping[b.StreamId, StreamView]
    assets: Mapping[b.AssetId, Asset]
    versions: Mapping[b.VersionId, Version]
    chat: tuple[Chat, ...]
    settings: RoomSettings | None
    """What the owner has decided; None where nothing (J10)."""

    @property
    def session(self) -> b.SessionId:
        """Our own session."""
        return self.welcome.session

    @property
    def limits(self) -> Limits:
        """What this hub accepts."""
        return self.welcome.limits

    @property
    def resume_point(self) -> ResumePoint:
        """Where to go on after the connection broke (H2)."""
        welcome = self.welcome
        return ResumePoint(session=welcome.session, key=welcome.key, epoch=welcome.epoch, seq=self.seq)

    def streams_of(self, job: b.JobId) -> tuple[StreamView, ...]:
        """The streams of a job."""
        return tuple(stream for stream in self.streams.values() if stream.opened.job == job)


def entered(welcome: Welcome, before: RoomView | None = None, *, same_clock: bool = True) -> RoomView:
    """The room at a `welcome`; what a recovered session knew of the past it goes on knowing (H2)."""
    view = _at_snapshot(welcome, welcome.snapshot or Snapshot())
    if before is None:
        return view
    view = replace(
        view,
        transports=_transports(welcome, before, same_clock=same_clock),
        streams={opened.stream: _reopened(opened, before) for opened in welcome.streams},
    )
    return _recovered(view, before) if welcome.recovered else view


def _at_snapshot(welcome: Welcome, snapshot: Snapshot) -> RoomView:
    return RoomView(
        welcome=welcome,
        seq=welcome.seq,
        document=document_of(snapshot.entities),
        transports=TransportHistory((welcome.transport,)),
        members={member.session: member for member in welcome.members},
        presence={},
        jobs={job.job: job for job in welcome.jobs},
        streams={opened.stream: _reopened(opened, None) for opened in welcome.streams},
        assets={asset.asset: asset for asset in snapshot.assets},
        versions={version.version: version for version in snapshot.versions},
        chat=snapshot.chat,
        settings=snapshot.settings,
    )


def _recovered(view: RoomView, before: RoomView) -> RoomView:
    return replace(
        view,
        seq=before.seq,
        document=before.document,
        presence=before.presence,
        assets=before.assets,
        versions=before.versions,
        chat=before.chat,
        settings=before.settings,
    )


def _transports(welcome: Welcome, before: RoomView, *, same_clock: bool) -> TransportHistory:
    # T5: the one before stays in force until the newest's anchor has come. A hub that has been restarted may not
    # remember the newest, and what is welcomed with is what is.
    known = before.transports
    if same_clock and (welcome.transport == known.newest or welcome.transport.rev > known.newest.rev):
        return known.heard(welcome.transport, welcome.now_us)
    return TransportHistory((welcome.transport,))


def _reopened(opened: StreamOpen, before: RoomView | None) -> StreamView:
    known = before.streams.get(opened.stream) if before else None
    head = known.head_sample if known and known.opened.epoch == opened.epoch else opened.start_sample
    return StreamView(opened=opened, head_sample=head, complete=True)


def folded(view: RoomView, message: HubMessage, hub_us: float) -> RoomView:
    """The room after a message; messages that change nothing lasting leave it as it is."""
    match message:
        case Transport():
            return replace(view, transports=view.transports.heard(message, hub_us))
        case Job():
            return _with_job(view, message)
        case MemberJoined() | MemberLeft() | Presence():
            return _people(view, message)
        case Applied() | Chat() | Asset() | Version() | VersionDeleted() | RoomSettings():
            return _history(view, message)
        case StreamOpen() | Chunk() | StreamEpoch() | StreamClose():
            return _streams(view, message)
        case _:
            return view


def _with_job(view: RoomView, job: Job) -> RoomView:
    if job.state not in _OFF:
        return replace(view, jobs={**view.jobs, job.job: job})
    gone = [known.job for known in view.jobs.values() if known.state in _OFF][:-_KEPT_GONE]
    jobs = {known: value for known, value in view.jobs.items() if known not in gone}
    streams = {name: stream for name, stream in view.streams.items() if stream.opened.job != job.job}
    return replace(view, jobs={**jobs, job.job: job}, streams=streams)


def _people(view: RoomView, message: MemberJoined | MemberLeft | Presence) -> RoomView:
    match message:
        case MemberJoined(member=member):
            return replace(view, members={**view.members, member.session: member})
        case Presence(session=session, state=state):
            return replace(view, presence={**view.presence, session: state})
        case MemberLeft(session=session):
            return replace(view, members=_without(view.members, session), presence=_without(view.presence, session))


def _history(view: RoomView, event: Event) -> RoomView:
    if event.seq <= view.seq:  # D4: the answer to what was asked twice
        return view
    view = replace(view, seq=event.seq)
    match event:
        case Applied():
            return replace(view, document=apply(view.document, event.ops))
        case Chat():
            return replace(view, chat=(*view.chat, event)[-_KEPT_CHAT:])
        case Asset():
            return replace(view, assets={**view.assets, event.asset: event})
        case Version():
            return replace(view, versions={**view.versions, event.version: event})
        case VersionDeleted():
            return replace(view, versions=_without(view.versions, event.version))
        case RoomSettings():
            return replace(view, settings=event)


def _streams(view: RoomView, message: StreamOpen | Chunk | StreamEpoch | StreamClose) -> RoomView:
    if isinstance(message, StreamOpen):
        opened = StreamView(opened=message, head_sample=message.start_sample)
        return replace(view, streams={**view.streams, message.stream: opened})
    known = view.streams.get(message.stream)
    if known is None:
        return view
    return replace(view, streams={**view.streams, message.stream: _moved(known, message)})


def _moved(stream: StreamView, message: Chunk | StreamEpoch | StreamClose) -> StreamView:
    match message:
        case Chunk():
            end = stream.count(message.start_sample) + message.samples
            return replace(stream, head_sample=max(stream.head_sample, end), complete=True)
        case StreamEpoch():
            return _turned(stream, message)
        case StreamClose():
            return replace(stream, closed=message)


def _turned(stream: StreamView, turn: StreamEpoch) -> StreamView:
    # A3: at another tempo addresses are counted anew, and what was before is void.
    anew = turn.bpm != stream.opened.bpm
    head = stream.count(turn.start_sample)
    start = turn.start_sample if anew else min(stream.opened.start_sample, head)
    opened = replace(stream.opened, epoch=turn.epoch, bpm=turn.bpm, start_sample=start)
    return replace(stream, opened=opened, head_sample=head)


def _without(mapping: Mapping[K, V], key: K) -> Mapping[K, V]:
    return {other: value for other, value in mapping.items() if other != key}
