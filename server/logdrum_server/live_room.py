"""A room with its connections and tapes: carries out what the core decides."""

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Final, Protocol, assert_never

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import ClientMessage, Hello, PlayNote, SendChat, SetPresence
from logdrum_protocol.codec import encode
from logdrum_protocol.engine_messages import FromEngine, StopJob, ToEngine
from logdrum_protocol.errors import CloseCode
from logdrum_protocol.hub_messages import HubMessage, Job, Presence, StreamClose
from logdrum_protocol.timeline import effective
from logdrum_server.core import pace, people
from logdrum_server.core.effects import (
    CloseTape,
    Command,
    DropTape,
    Effect,
    Lane,
    OpenTape,
    Publish,
    RewindTape,
    Tell,
    TellAll,
)
from logdrum_server.core.engine_events import engine_lost
from logdrum_server.core.jobs import Ticket
from logdrum_server.core.room import handle, hear_engine
from logdrum_server.core.state import Outcome, RoomState
from logdrum_server.lanes import Lanes, ws_frame
from logdrum_server.recorder import Recorder
from logdrum_server.tape import Tape

log = logging.getLogger(__name__)

_MAX_CLOSED_TAPES: Final = 64
_NO_PACE: Final = (SetPresence, PlayNote, SendChat)


class Peer(Protocol):
    """A member's connection, as the room sees it."""

    lanes: Lanes

    def end(self, code: CloseCode, reason: str) -> None:
        """Close the connection soon."""
        ...


class LiveRoom:
    """One room while it is in memory."""

    def __init__(
        self,
        state: RoomState,
        recorder: Recorder,
        *,
        command: Callable[[ToEngine], None],
        finish: Callable[["LiveRoom", Tape], None],
    ) -> None:
        self.state = state
        self.peers: dict[b.SessionId, Peer] = {}
        self.tapes: dict[b.StreamId, Tape] = {}
        self.dropped: dict[b.StreamId, Tape] = {}
        """Tapes off the timeline that can still be fetched (A4)."""
        self.received = 0
        self.published = 0
        self._recorder = recorder
        self._command = command
        self._finish = finish

    @property
    def name(self) -> b.RoomId:
        """The room's id."""
        return self.state.room

    def join(self, peer: Peer, hello: Hello, now_us: int) -> b.SessionId | None:
        """Let a connection in; None where the room is full (H2, H3)."""
        if people.is_full(self.state, hello):
            return None
        door = people.Door(secrets.token_urlsafe(9), secrets.token_urlsafe(24))
        state, session, effects = people.join(self.state, hello, door, now_us)
        earlier = self.peers.get(session)
        if earlier is not None:
            earlier.lanes.unfollow_all()
            earlier.end(CloseCode.REPLACED, "This session went on in another connection.")
        self.peers[session] = peer
        self.apply((state, effects))
        for tape in self.tapes.values():
            peer.lanes.follow(tape)
        peer.lanes.pump()
        return session

    def part(self, peer: Peer, session: b.SessionId, now_us: int, reason: str | None) -> None:
        """A connection is gone: for good, with a reason, or perhaps to come back (H4)."""
        if self.peers.get(session) is not peer:
            return  # another connection has taken the session up
        del self.peers[session]
        peer.lanes.unfollow_all()
        if reason is None:
            self.apply(people.lose(self.state, session, now_us))
        else:
            self.apply(people.leave(self.state, session, reason))

    def receive(self, session: b.SessionId, message: ClientMessage, now_us: int) -> None:
        """Carry out a member's message."""
        self.received += 1
        ticket = Ticket(secrets.token_urlsafe(6), secrets.randbits(32))
        self.apply(handle(self.state, session, message, ticket, now_us))
        if not isinstance(message, _NO_PACE):
            self.tick(now_us)

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
        self._place_tapes(now_us)
        self.apply(pace.pace(self.state, self._quickest(), now_us))
        for peer in self.peers.values():
            if peer.lanes.early:
                peer.lanes.pump()

    def forget_lost(self, now_us: int) -> None:
        """Forget the sessions that did not come back in time (H4)."""
        self.apply(people.expire(self.state, now_us))

    def _place_tapes(self, now_us: int) -> None:
        transport = effective(self.state.transports, now_us + pace.HORIZON_US)  # a seek's target is sent for before it
        for job in self.state.jobs.values():
            playhead = pace.playhead_sample(transport, job, now_us)
            for stem in job.stems:
                self.tapes[job.stream_id(stem)].set_playhead(playhead)

    def _quickest(self) -> Mapping[b.JobId, b.Sample]:
        """How far the quickest reader of each bounded job has come; a job without readers is not held back."""
        quickest: dict[b.JobId, b.Sample] = {}
        for job in self.state.jobs.values():
            if job.endless or job.view.state != "running":
                continue
            readers = [reader.next for stem in job.stems for reader in self.tapes[job.stream_id(stem)].readers]
            if readers:
                quickest[job.job] = max(readers)
        return quickest

    def apply(self, outcome: Outcome) -> None:
        """Take the next state, then carry out its effects in order."""
        self.state, effects = outcome
        for effect in effects:
            self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Publish(chunk):
                self.published += 1
                self.tapes[chunk.stream].append(chunk)
            case Tell(session, message, lane):
                peer = self.peers.get(session)
                if peer is not None:
                    _send(peer, lane, message, ws_frame(encode(message)))
            case TellAll(message, lane, skip):
                self._tell_all(message, lane, skip)
            case Command(message):
                self._command(message)
            case OpenTape() | RewindTape() | CloseTape() | DropTape():
                self._change_tape(effect)
            case _:
                assert_never(effect)

    def _tell_all(self, message: HubMessage, lane: Lane, skip: b.SessionId | None) -> None:
        if isinstance(message, Job):
            extra = {"room": self.name, "job": message.job, "state": message.state}
            log.log(logging.DEBUG if message.state == "running" else logging.INFO, "job", extra=extra)
        frame = ws_frame(encode(message))
        for session, peer in list(self.peers.items()):
            if session != skip:
                _send(peer, lane, message, frame)

    def _change_tape(self, effect: OpenTape | RewindTape | CloseTape | DropTape) -> None:
        match effect:
            case OpenTape(stream, endless):
                path = self._recorder.path_for(self.name, stream.stream)
                self._open(Tape(stream, endless=endless, path=path))
            case RewindTape(stream_id, epoch, start_sample, clear):
                self.tapes[stream_id].rewind(epoch, start_sample, clear=clear)
            case CloseTape(stream_id, _):
                self._finish(self, self.tapes[stream_id])
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
            self._recorder.forget(self.dropped.pop(next(iter(self.dropped))))

    def gaps(self) -> int:
        """Samples that slow readers were not sent, over all who are here."""
        return sum(peer.lanes.gap_samples for peer in self.peers.values())

    def stop_jobs(self) -> None:
        """Have the engine forget this room's jobs."""
        for job in self.state.jobs.values():
            self._command(StopJob(job=job.job))

    def announce_close(self, tape: Tape, asset: b.AssetId | None) -> None:
        """Say that a finished stream is whole, to each connection behind its last chunk (A8)."""
        if tape.stream in self.tapes:
            tape.close(StreamClose(stream=tape.stream, samples=tape.head, asset=asset))

    def find_tape(self, stream: str) -> Tape | None:
        """The tape of a stream on the timeline, or of one that has left it."""
        return self.tapes.get(stream) or self.dropped.get(stream)

    def clear(self) -> None:
        """Remove what the room keeps on disk for the time it lives."""
        for tape in (*self.tapes.values(), *self.dropped.values()):
            self._recorder.forget(tape)


def _send(peer: Peer, lane: Lane, message: HubMessage, frame: bytes) -> None:
    match lane:
        case "control":
            peer.lanes.control(frame)
        case "events":
            peer.lanes.event(frame)
        case "presence":
            assert isinstance(message, Presence)
            peer.lanes.presence(message.session, frame)
