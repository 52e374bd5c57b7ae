"""A room's state as frozen records; a transition returns the next one."""

import math
from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import JobNotes
from logdrum_protocol.engine_messages import EngineReady
from logdrum_protocol.hub_messages import Error, Event, Job, Rejected, StreamOpen, Transport
from logdrum_protocol.instruments import RINGS_S
from logdrum_protocol.records import Harmony, JobParams, Limits, Member, Notation
from logdrum_protocol.timeline import sample_of
from logdrum_server.core.course import Course
from logdrum_server.core.effects import Effect
from logdrum_server.core.history import MAX_OPS, History

LEAD_US: Final = 150_000
"""How far ahead a change of the transport takes effect, so that every member has it in time (T3)."""

JOB_LEAD_US: Final = 100_000
"""How soon a new piece may sound; under `LEAD_US`, so that a piece asked for with play begins with play."""

AHEAD_SAMPLES: Final = 10 * b.SAMPLE_RATE
"""How far ahead of its moment an endless stream is rendered (A7)."""

RESUME_GRACE_US: Final = 15_000_000

LIVE: Final = ("queued", "running")
"""States of a job that is not over."""

ON_TIMELINE: Final = (*LIVE, "done")

NEVER: Final = 2**53 - 1
"""A sample that no job comes to."""

MIX: Final = "mix"
"""The stream of a separation that is the sound itself (J11)."""

MAX_NAME: Final = 80


Answer: TypeAlias = Rejected | Error | b.JobId | None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One member's stay, connected or for a while not."""

    member: Member
    lost_at_us: int | None = None
    ops: Mapping[b.OpId, Answer] = {}
    """Operations that left no event and how they were answered, so that a repeat is not carried out twice; newest last.
    Those that left one are in the history (D4)."""

    def answered(self, op_id: b.OpId, answer: Answer) -> "Session":
        """The session with one more operation answered."""
        newest = list(self.ops.items())[-MAX_OPS + 1 :]
        return replace(self, ops={**dict(newest), op_id: answer})


class Unsettled(msgspec.Struct, frozen=True):
    """An event that is asked for but not yet on disk: nobody hears of it before (D7)."""

    event: Event
    after: History


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What of the document a job plays (J8)."""

    notation: Notation
    end_tick: b.Tick
    """Where the last clip ends: nothing begins after it."""
    seq: b.Seq
    """The event up to which the document was read."""
    at_us: int


class Inquiry(msgspec.Struct, frozen=True):
    """Who waits for the notes of a section (J9)."""

    by: b.SessionId
    request: JobNotes


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A job and, once the engine has it, the span of audio that is kept of it."""

    view: Job
    seed: b.Seed
    anchor_tick: b.Tick
    bpm: b.Bpm
    numerator: b.Numerator
    denominator: b.Denominator
    epoch: b.Epoch = 0
    attempts: int = 0
    stems: tuple[b.Stem, ...] = ()
    length: b.Samples | None = None
    """Samples in all, None for an endless one."""
    first: b.Sample = 0
    """Where the kept audio begins."""
    heads: Mapping[b.Stem, b.Sample] = {}
    """Where each stem's audio ends so far."""
    credit: b.Sample = 0
    section_tick: b.Tick | None = None
    """Where in the room the section that was asked for begins (J2)."""
    leader: b.JobId | None = None
    """Whose chords it plays (J7)."""
    given: Harmony | None = None
    """The chords that it is told to play, and goes on playing when their leader is gone; None for its own."""
    harmony: Harmony | None = None
    """The chords that it plays, as the engine said."""
    accepted: JobParams | None = None
    """The newest parameters that the engine could play."""
    steered_by: b.SessionId | None = None
    reading: Reading | None = None
    """The notes it plays, for one with `clip`."""
    sounds: tuple[b.AssetId, ...] = ()
    """What it separates or scores, where that is stored."""
    name: str = ""
    """What its stems are called after, for a separation."""
    waits: bool = False
    """Whether it separates what is not there yet (J3)."""
    is_fed: bool = False
    """Whether it separates a generation while that is made (Q10)."""
    fed_until: b.Sample | None = None
    """Where what it is fed with has ended."""
    stored: Mapping[b.Stem, b.AssetId | None] = {}
    """What its finished streams are as sounds of the room; None for one of which no whole was kept."""

    @property
    def job(self) -> b.JobId:
        """The job's id."""
        return self.view.job

    @property
    def endless(self) -> bool:
        """Whether it is rendered as it is heard, until it is cancelled (J2, J3, J8)."""
        goes_on = self.view.kind == "generate" and not isinstance(self.view.params.bars, int)
        return goes_on or self.plays_notes or self.is_fed

    @property
    def plays_notes(self) -> bool:
        """Whether it plays what is written in the document (J8)."""
        return self.view.kind == "generate" and isinstance(self.view.params.clip, str)

    @property
    def end_sample(self) -> b.Sample:
        """Where one that plays notes has rung out; others never do."""
        if self.reading is None:
            return NEVER
        return math.ceil(sample_of(self.reading.end_tick, self.anchor_tick, self.bpm)) + RINGS_S * b.SAMPLE_RATE

    @property
    def head(self) -> b.Sample:
        """The sample up to which every stem is rendered."""
        return min(self.heads.values(), default=self.first)

    @property
    def separated(self) -> b.Samples:
        """How much of every stem there is; the mix is none (J11)."""
        heads = (head for stem, head in self.heads.items() if stem != MIX or self.view.kind != "separate")
        return min(heads, default=self.first) - self.first

    @property
    def course(self) -> Course:
        """The order in which its samples come."""
        turns = self.view.kind == "separate" and not self.is_fed
        return Course(self.first, self.length) if turns else Course(0, self.length)

    def title(self, stem: b.Stem) -> str:
        """What one of its stems is called once it is a sound of the room."""
        prompt = "" if self.view.params.prompt is UNSET else self.view.params.prompt
        return f"{self.name or prompt[:MAX_NAME] or self.job} {stem}"

    def stream_id(self, stem: b.Stem) -> b.StreamId:
        """The id of one of its streams."""
        return f"{self.job}.{stem}"

    def stream_open(self, stem: b.Stem) -> StreamOpen:
        """The message that announces one of its streams as it stands."""
        return StreamOpen(
            stream=self.stream_id(stem),
            job=self.job,
            stem=stem,
            sample_rate=b.SAMPLE_RATE,
            channels=b.CHANNELS,
            codec="pcm_s16le",
            anchor_tick=self.anchor_tick,
            bpm=self.bpm,
            epoch=self.epoch,
            start_sample=self.first,
            samples=self.length,
        )


class RoomState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a room knows."""

    room: b.RoomId
    epoch: b.Epoch
    transports: tuple[Transport, ...]
    """The one in force and those whose anchor is still ahead, oldest first (T5)."""
    limits: Limits = Limits()
    engine: EngineReady | None = None
    has_engine: bool = True
    """Whether an engine may come; without one jobs are refused, not queued."""
    history: History = History()
    """With every event that was accepted."""
    settled: History = History()
    """With every event that is on disk: what members know."""
    unsettled: tuple[Unsettled, ...] = ()
    put_out: frozenset[b.SessionId] = frozenset()
    """Sessions that may not come back."""
    sessions: Mapping[b.SessionId, Session] = {}
    jobs: Mapping[b.JobId, JobRecord] = {}
    inquiries: Mapping[str, Inquiry] = {}
    """What the engine was asked for notes, by the id of the question."""

    @property
    def transport(self) -> Transport:
        """The newest transport, in force or not yet."""
        return self.transports[-1]

    def with_session(self, session: Session) -> "RoomState":
        """The same room with one session set."""
        return replace(self, sessions={**self.sessions, session.member.session: session})

    def with_job(self, job: JobRecord) -> "RoomState":
        """The same room with one job set."""
        return replace(self, jobs={**self.jobs, job.job: job})


Outcome: TypeAlias = tuple[RoomState, list[Effect]]


def new_room(room: b.RoomId, *, epoch: b.Epoch, now_us: int, limits: Limits, has_engine: bool) -> RoomState:
    """Return an empty room, stopped at its first bar at 112 BPM, the middle of amapiano's tempo."""
    transport = Transport(
        rev=0,
        playing=False,
        anchor_tick=0,
        anchor_us=now_us,
        bpm=112.0,
        numerator=4,
        denominator=4,
        loop=None,
        by=None,
    )
    return RoomState(room=room, epoch=epoch, transports=(transport,), limits=limits, has_engine=has_engine)


def reopened(room: RoomState, history: History, transport: Transport | None, now_us: int) -> RoomState:
    """Return a new room with the history and, stopped, the transport that were kept of it."""
    room = replace(room, history=history, settled=history)
    if transport is None:
        return room
    stopped = replace(transport, rev=transport.rev + 1, playing=False, anchor_us=now_us, by=None)
    return replace(room, transports=(stopped,))
