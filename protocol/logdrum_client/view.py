"""A room as one member sees it: a fold over what the hub says, nothing else (H2)."""

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from logdrum_client.transport import TransportHistory
from logdrum_protocol import bounds as b
from logdrum_protocol.hub_messages import (
    Applied,
    Asset,
    Chat,
    Chunk,
    HubMessage,
    Job,
    MemberJoined,
    MemberLeft,
    Presence,
    StreamClose,
    StreamEpoch,
    StreamOpen,
    Transport,
    Welcome,
)
from logdrum_protocol.records import Limits, Member, PresenceState, ResumePoint

_KEPT_CHAT: Final = 500
_KEPT_GONE: Final = 64
_OFF: Final = ("failed", "cancelled")

K = TypeVar("K")
V = TypeVar("V")


class StreamView(msgspec.Struct, frozen=True, kw_only=True):
    """A stream as it stands."""

    opened: StreamOpen
    head_sample: b.Sample
    """The end of the last chunk that came."""
    complete: bool = False
    """Whether all streams of the same job are known: they are announced together, ahead of any audio."""
    closed: StreamClose | None = None

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
    transports: TransportHistory
    members: Mapping[b.SessionId, Member]
    presence: Mapping[b.SessionId, PresenceState]
    jobs: Mapping[b.JobId, Job]
    streams: Mapping[b.StreamId, StreamView]
    assets: Mapping[b.AssetId, Asset]
    chat: tuple[Chat, ...]

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


def entered(welcome: Welcome, before: RoomView | None = None) -> RoomView:
    """The room at a `welcome`; what a recovered session knew of the past it goes on knowing (H2)."""
    recovered = before is not None and welcome.recovered
    chat = before.chat if before and recovered else welcome.snapshot.chat if welcome.snapshot else ()
    return RoomView(
        welcome=welcome,
        seq=before.seq if before and recovered else welcome.seq,
        transports=_transports(welcome, before),
        members={member.session: member for member in welcome.members},
        presence=before.presence if before and recovered else {},
        jobs={job.job: job for job in welcome.jobs},
        streams={opened.stream: _reopened(opened, before) for opened in welcome.streams},
        assets=before.assets if before and recovered else {},
        chat=chat,
    )


def _transports(welcome: Welcome, before: RoomView | None) -> TransportHistory:
    # T5: the one before stays in force until the newest's anchor has come.
    if before is None or before.welcome.epoch != welcome.epoch:
        return TransportHistory((welcome.transport,))
    return before.transports.heard(welcome.transport, welcome.now_us)


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
        case Chat() | Applied() | Asset():
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


def _history(view: RoomView, message: Chat | Applied | Asset) -> RoomView:
    match message:
        case Chat():
            return replace(view, seq=max(view.seq, message.seq), chat=(*view.chat, message)[-_KEPT_CHAT:])
        case Applied():
            return replace(view, seq=max(view.seq, message.seq))
        case Asset():
            return replace(view, assets={**view.assets, message.asset: message})


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
            end = message.start_sample + message.samples
            return replace(stream, head_sample=max(stream.head_sample, end), complete=True)
        case StreamEpoch():
            return _turned(stream, message)
        case StreamClose():
            return replace(stream, closed=message)


def _turned(stream: StreamView, turn: StreamEpoch) -> StreamView:
    # A3: at another tempo addresses are counted anew, and what was before is void.
    anew = turn.bpm != stream.opened.bpm
    start = turn.start_sample if anew else min(stream.opened.start_sample, turn.start_sample)
    opened = replace(stream.opened, epoch=turn.epoch, bpm=turn.bpm, start_sample=start)
    return replace(stream, opened=opened, head_sample=turn.start_sample)


def _without(mapping: Mapping[K, V], key: K) -> Mapping[K, V]:
    return {other: value for other, value in mapping.items() if other != key}
