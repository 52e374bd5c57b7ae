"""A room with its connections and tapes: carries out what the core decides."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import (
    ClientMessage,
    Edit,
    Hello,
    PlayNote,
    Redo,
    SendChat,
    SetPresence,
    Undo,
    VersionRestore,
)
from logdrum_protocol.codec import encode
from logdrum_protocol.document import Entity
from logdrum_protocol.engine_messages import FromEngine, StopJob
from logdrum_protocol.errors import CloseCode, ErrorCode
from logdrum_protocol.hub_messages import (
    Applied,
    Asset,
    HubMessage,
    Job,
    Presence,
    Rejected,
    StreamClose,
)
from logdrum_protocol.records import ResumePoint
from logdrum_server.arrivals import find_door, may_resume, outcome, recovers
from logdrum_server.core import ledger, pace, people, settings, sources, versions
from logdrum_server.core.effects import (
    CloseTape,
    Command,
    DropTape,
    Effect,
    FeedFrom,
    FeedUntil,
    ForgetFiles,
    Lane,
    LoadVersion,
    OpenTape,
    Publish,
    Record,
    RewindTape,
    StopFeed,
    TapeEffect,
    Tell,
    TellAll,
)
from logdrum_server.core.engine_events import engine_lost
from logdrum_server.core.floods import Rates
from logdrum_server.core.ledger import Recorded
from logdrum_server.core.room import handle, hear_engine
from logdrum_server.core.state import Outcome, RoomState
from logdrum_server.doors import Pass
from logdrum_server.errors import RequestError
from logdrum_server.feeding import Feeds
from logdrum_server.journal import Journal
from logdrum_server.lanes import ws_frame
from logdrum_server.listening import place, quickest
from logdrum_server.past import Past
from logdrum_server.services import Peer, Services
from logdrum_server.storage.contract import AppendEvent, Write
from logdrum_server.tape import Tape

log = logging.getLogger(__name__)

_MAX_CLOSED_TAPES: Final = 64
_NO_PACE: Final = (SetPresence, PlayNote, SendChat, Edit, Undo, Redo)


class LiveRoom:
    """One room while it is in memory."""

    def __init__(self, state: RoomState, services: Services) -> None:
        self.state = state
        self.peers: dict[b.SessionId, Peer] = {}
        self.tapes: dict[b.StreamId, Tape] = {}
        self.dropped: dict[b.StreamId, Tape] = {}
        """Tapes off the timeline that can still be fetched (A4)."""
        self.feeds = Feeds(self.find_tape, services.command, services.unsent)
        self.is_gone = False
        """Whether the hub has let it go: nothing more is put into it."""
        self.received = 0
        self.published = 0
        self.rates: dict[b.SessionId, Rates] = {}
        self.past = Past(state.settled.seq)
        self.services = services
        self.journal = Journal(state.room, state.epoch, services.committer)
        self._behind_restore: dict[b.SessionId, list[ClientMessage]] = {}
        self._waiting: dict[b.Seq, asyncio.Future[bool]] = {}

    @property
    def is_untouched(self) -> bool:
        """Whether nothing would be lost with it: nobody has worked in it, set its tempo, or had anything played."""
        state = self.state
        return not (state.history.seq or state.transport.rev or state.jobs or self.dropped)

    @property
    def name(self) -> b.RoomId:
        """The room's id."""
        return self.state.room

    def join(self, peer: Peer, hello: Hello, admitted: Pass, now_us: int) -> b.SessionId | None:
        """Let a connection in; None where the room is full (H2, H3)."""
        door = find_door(self.state, hello, admitted, self.services.doors, self.past)
        if hello.resume is not UNSET:
            self.services.counts.resumes[outcome(door, hello.resume)] += 1
        if people.is_full(self.state, door.session):
            return None
        earlier = self.peers.get(door.session)
        if earlier is not None:
            earlier.lanes.unfollow_all()
            earlier.end(CloseCode.REPLACED, "This session went on in another connection.")
        self.peers[door.session] = peer
        self.apply(people.join(self.state, hello, door, now_us))
        self._replay(peer, hello, door)
        for tape in self.tapes.values():
            peer.lanes.follow(tape)
        peer.lanes.pump()
        return door.session

    async def prepare_to_welcome(self, hello: Hello) -> None:
        """Have a snapshot at hand, if this joiner needs one."""
        if not recovers(hello.resume, self.state, self.services.doors, self.past):
            await self.past.prepare(self.state.settled)

    def _replay(self, peer: Peer, hello: Hello, door: people.Door) -> None:
        """Send the events after what a joiner knows, or has just been given (H2)."""
        heard = self.state.settled.seq if door.snapshot is None else door.snapshot[0]
        if door.recovered and hello.resume is not UNSET:
            heard = hello.resume.seq
        for frame in self.past.backlog.since(heard):
            peer.lanes.event(frame)

    def holds(self, resume: ResumePoint | UnsetType) -> bool:
        """Whether this is the key of a session that still stands (H4)."""
        return may_resume(resume, self.state, self.services.doors) and resume.session in self.state.sessions

    def part(self, peer: Peer, session: b.SessionId, now_us: int, reason: str | None) -> None:
        """A connection is gone: for good, with a reason, or perhaps to come back (H4)."""
        if self.peers.get(session) is not peer:
            return  # another connection has taken the session up
        del self.peers[session]
        peer.lanes.unfollow_all()
        self.services.counts.gap_samples += peer.lanes.gap_samples
        if reason is None:
            self.apply(people.lose(self.state, session, now_us))
        else:
            self.apply(people.leave(self.state, session, reason))

    def receive(self, session: b.SessionId, message: ClientMessage, now_us: int) -> None:
        """Carry out a member's message, after any version that it still waits for (V3)."""
        self.received += 1
        if session in self._behind_restore and isinstance(message, Recorded):
            self._behind_restore[session].append(message)
            return
        self.apply(handle(self.state, session, message, self.services.draw(), now_us))
        if isinstance(message, Undo | Redo):
            self._charge(session, now_us)
        if not isinstance(message, _NO_PACE):
            self.tick(now_us)

    def _charge(self, session: b.SessionId, now_us: int) -> None:
        """Count the event that was just accepted by its size (C6)."""
        newest = self.state.unsettled[-1].event if self.state.unsettled else None
        if session in self.rates and isinstance(newest, Applied) and newest.by == session:
            self.rates[session].charge(len(newest.ops), now_us)

    def _load_version(self, session: b.SessionId, message: VersionRestore) -> None:
        self._behind_restore[session] = []
        self.services.load_version(self, session, message)

    def restore(
        self, session: b.SessionId, message: VersionRestore, entities: Iterable[Entity] | None, now_us: int
    ) -> None:
        """Go on with a version that has been read from disk, and with what its sender has asked for since (V3)."""
        waiting = self._behind_restore.pop(session)
        self.apply(versions.restore(self.state, session, message, entities))
        self._charge(session, now_us)
        for later in waiting:
            if session in self.state.sessions:
                self.receive(session, later, now_us)

    def put_out(self, session: b.SessionId, reason: str) -> bool:
        """Close a member's connection for good; False where there is no such member."""
        if session not in self.state.sessions:
            return False
        peer = self.peers.get(session)
        if peer is not None:
            peer.end(CloseCode.PUT_OUT, reason)
        self.apply(people.put_out(self.state, session))
        return True

    async def record_asset(self, asset: Asset) -> Asset:
        """Put a sound into the room's history, once; raises `RequestError` where it takes no more (A5)."""
        if self.is_gone:
            raise RequestError(503, ErrorCode.DRAINING, "This room was closed meanwhile; nothing was stored.")
        history, limits = self.state.history, self.state.limits
        if asset.asset in history.assets:
            return history.assets[asset.asset]
        if len(history.assets) >= limits.max_assets:
            raise RequestError(409, ErrorCode.TOO_MANY, f"A room keeps {limits.max_assets} sounds.")
        asset = replace(asset, seq=history.seq + 1)
        done = self._waiting[asset.seq] = asyncio.get_running_loop().create_future()
        self.apply(ledger.record(self.state, asset))
        if not await done:
            raise RequestError(507, ErrorCode.NO_SPACE, "The hub's disk takes nothing more; nothing was stored.")
        return asset

    def committed(self, writes: Sequence[Write]) -> None:
        """What was put is on disk: tell everybody (D7)."""
        for write in writes:
            if isinstance(write, AppendEvent):
                self._settle(write)
        self.journal.settled(self.state.settled)

    def _settle(self, write: AppendEvent) -> None:
        before = self.state.settled.settings
        self.state, _ = ledger.settle(self.state, write.seq)
        frame = ws_frame(write.body)  # the event that everybody is told, in the very bytes that are on disk
        self.past.backlog.append(write.seq, frame)
        for peer in list(self.peers.values()):
            peer.lanes.event(frame)
        self.services.counts.events += 1
        self._answer_waiting(write.seq, stored=True)
        if self.state.settled.settings != before:
            self.apply(settings.judge_anew(self.state))

    def not_committed(self, code: ErrorCode, message: str) -> None:
        """The disk took nothing, or nobody knows what it took (D7)."""
        for seq in list(self._waiting):
            self._answer_waiting(seq, stored=False)
        if code == ErrorCode.NO_SPACE:
            self.services.counts.rejects[code] += len(self.state.unsettled)
            self.apply(ledger.refuse(self.state, code, message))
        else:
            self.services.read_again(self)  # who asks again after that is told what is there

    def _answer_waiting(self, seq: b.Seq, *, stored: bool) -> None:
        waiting = self._waiting.pop(seq, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(stored)

    def reopen(self, checkpoint_seq: b.Seq, events: Sequence[bytes]) -> None:
        """Take up where the room was left: its newest events can be replayed to who missed them (H2)."""
        self.journal.reopened(checkpoint_seq, self.state.transport.rev)
        self.past.reopen(self.state.settled.seq, events)

    def keep_transport(self) -> None:
        """Put the transport on disk where it has changed."""
        self.journal.keep_transport(self.state.transport)

    def hear_engine(self, message: FromEngine, now_us: int) -> None:
        """Carry out an engine's message."""
        self.apply(hear_engine(self.state, message, now_us))

    def lose_engine(self) -> None:
        """The engine is gone."""
        self.apply(engine_lost(self.state))

    def tick(self, now_us: int) -> None:
        """Do what is due with time: pace the engine, go on sending."""
        if not self.state.jobs:
            return
        place(self.tapes, self.state, now_us)
        self.apply(pace.pace(self.state, quickest(self.tapes, self.state), now_us))
        for peer in self.peers.values():
            if peer.lanes.early:
                peer.lanes.pump()

    def sweep(self, now_us: int) -> None:
        """Forget the sessions that did not come back in time, and let those go that have fallen behind (H4, C7)."""
        self.apply(people.expire(self.state, now_us))
        for peer in list(self.peers.values()):
            peer.lanes.judge()
        for session in [session for session in self.rates if session not in self.state.sessions]:
            del self.rates[session]

    def apply(self, outcome: Outcome) -> None:
        """Take the next state, then carry out its effects in order."""
        self.state, effects = outcome
        for effect in effects:
            self._carry_out(effect)
        self.feeds.pump()

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Publish(chunk):
                self.published += 1
                self.tapes[chunk.stream].append(chunk)
            case Tell(session, message, lane):
                self._tell(session, message, lane)
            case Record(event):
                is_first = len(self.state.unsettled) == 1
                self.journal.record(self, event, self.state.history, is_first=is_first)
            case LoadVersion(session, message):
                self._load_version(session, message)
            case TellAll(message, lane, skip):
                self._tell_all(message, lane, skip)
            case Command(message):
                self.services.command(message)
            case OpenTape() | RewindTape() | CloseTape() | DropTape():
                self._change_tape(effect)
            case FeedFrom() | FeedUntil() | StopFeed():
                self.feeds.change(effect)
            case ForgetFiles(job):
                self.services.forget_files(job)
            case _:
                assert_never(effect)

    def _tell(self, session: b.SessionId, message: HubMessage, lane: Lane) -> None:
        if isinstance(message, Rejected):
            self.services.counts.rejects[message.code] += 1
        peer = self.peers.get(session)
        if peer is None:
            return
        frame = ws_frame(encode(message))
        _send(peer, lane, message, frame)

    def _tell_all(self, message: HubMessage, lane: Lane, skip: b.SessionId | None) -> None:
        if isinstance(message, Job):
            extra = {"room": self.name, "job": message.job, "state": message.state}
            log.log(logging.DEBUG if message.state == "running" else logging.INFO, "job", extra=extra)
        frame = ws_frame(encode(message))
        for session, peer in list(self.peers.items()):
            if session != skip:
                _send(peer, lane, message, frame)

    def _change_tape(self, effect: TapeEffect) -> None:
        match effect:
            case OpenTape(stream, endless):
                path = self.services.recorder.path_for(self.name, stream.stream)
                self._open(Tape(stream, endless=endless, path=path))
            case RewindTape(stream_id, epoch, start_sample, clear):
                self.tapes[stream_id].rewind(epoch, start_sample, clear=clear)
            case CloseTape(stream_id, _):
                self.services.finish(self, self.tapes[stream_id], effect)
            case DropTape(stream_id):
                self._drop(self.tapes.pop(stream_id))

    def _open(self, tape: Tape) -> None:
        self.tapes[tape.stream] = tape
        for peer in self.peers.values():
            peer.lanes.follow(tape)

    def _drop(self, tape: Tape) -> None:
        for peer in self.peers.values():
            peer.lanes.unfollow(tape)
        tape.readers.clear()
        self.dropped[tape.stream] = tape
        while len(self.dropped) > _MAX_CLOSED_TAPES:
            self.services.recorder.forget(self.dropped.pop(next(iter(self.dropped))))

    def gaps(self) -> int:
        """Samples that slow readers were not sent, over all who are here."""
        return sum(peer.lanes.gap_samples for peer in self.peers.values())

    def stop_jobs(self) -> None:
        """Have the engine forget this room's jobs."""
        for job in self.state.jobs.values():
            self.services.command(StopJob(job=job.job))

    def announce_close(self, tape: Tape, asset: b.AssetId | None) -> None:
        """Say that a finished stream is whole, to each connection behind its last chunk (A8)."""
        if self.tapes.get(tape.stream) is tape:
            tape.close(StreamClose(stream=tape.stream, samples=tape.samples, asset=asset))
            self.state = sources.stored(self.state, tape.stream, asset)

    def find_tape(self, stream: str) -> Tape | None:
        """The tape of a stream on the timeline, or of one that has left it."""
        return self.tapes.get(stream) or self.dropped.get(stream)

    def clear(self) -> None:
        """Let the room go, and remove what it keeps on disk for the time it lives."""
        self.is_gone = True
        for tape in (*self.tapes.values(), *self.dropped.values()):
            self.services.recorder.forget(tape)
        for job in self.state.jobs.values():
            if job.view.kind == "separate":
                self.services.forget_files(job.job)


def _send(peer: Peer, lane: Lane, message: HubMessage, frame: bytes) -> None:
    match lane:
        case "control":
            peer.lanes.control(frame)
        case "events":
            peer.lanes.event(frame)
        case "presence":
            assert isinstance(message, Presence)
            peer.lanes.presence(message.session, frame)
