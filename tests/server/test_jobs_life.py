"""The lives of jobs, whatever members ask and whatever the engine says in which order (J, Q)."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from logdrum_protocol import client_messages as c
from logdrum_protocol import engine_messages as e
from logdrum_protocol.codec import decode_hub_message, decode_to_engine, encode
from logdrum_protocol.document import Op
from logdrum_protocol.framing import MAX_FRAME_BYTES
from logdrum_protocol.hub_messages import Asset
from logdrum_protocol.records import Choice, Conformance, Harmony, JobParams, Limits, Loop, Notation, Part, PlayedNote
from logdrum_server.core import ledger, people, sources
from logdrum_server.core import settings as room_settings
from logdrum_server.core.effects import (
    CloseTape,
    Command,
    DropTape,
    Effect,
    FeedFrom,
    FeedUntil,
    ForgetFiles,
    OpenTape,
    Publish,
    RewindTape,
    StopFeed,
    Tell,
    TellAll,
)
from logdrum_server.core.people import Door
from logdrum_server.core.state import JobRecord
from tests.server.documents import clip, delete, note, set_, track
from tests.server.rooms import STEMS, TestRoom
from tests.server.separations import SEPARATOR

_MEMBERS = ("thandi", "sipho")
_LIMITS = Limits(max_jobs=3, max_tracks=6, max_clips=12, max_notes=24)
_LENGTH = 480_000
_SOUND = Asset(seq=1, asset="a" * 64, name="", samples=_LENGTH, sample_rate=48_000, channels=2, by=None)
_LAST_TICK = 2**40

_members = st.sampled_from(_MEMBERS)
_picks = st.integers(0, 20)
_ticks = st.sampled_from((0, 1, 3_840, 30_000, 2**38, _LAST_TICK))
_shares = st.floats(0, 1)
_params = st.builds(
    lambda given: JobParams(**{name: value for name, value in given.items() if value is not None}),
    st.fixed_dictionaries(
        {
            "prompt": st.sampled_from((None, "", "deep", "x" * 1000)),
            "bars": st.sampled_from((None, 1, 1024)),
            "seed": st.sampled_from((None, 0, 2**32 - 1)),
            "model": st.sampled_from((None, None, "groove", "nonesuch", "")),
            "key": st.sampled_from((None, None, "", "F minor")),
            "start": st.one_of(st.sampled_from((None, "now", "bar")), _ticks),
            "stems": st.sampled_from((None, True, False, (), ("drums",))),
            "asset": st.sampled_from((None, _SOUND.asset, "f" * 64)),
            "genre": st.sampled_from((None, None, "amapiano", "polka")),
            "section": st.sampled_from((None, None, "drop", "outro")),
            "clip": st.sampled_from((None, None, "*", "clip_0001", "clip_none")),
        }
    ),
)
_edits: st.SearchStrategy[tuple[Op, ...]] = st.sampled_from(
    (
        (set_("note", "note_0001", pitch=50),),
        (set_("note", "note_0001", tick=_LAST_TICK),),
        (set_("clip", "clip_0001", start_tick=_LAST_TICK, length_ticks=_LAST_TICK),),
        (set_("track", "track_01", instrument="x" * 256, gain_db=24.0, mute=True),),
        (set_("clip", "clip_0001", gain_db=24.0),),
        (delete("clip", "clip_0001"),),
        (clip("clip_0002"), note("note_0002", "clip_0002")),
    )
)
_notation = Notation(
    parts=(Part(instrument="drums:3"), Part(instrument="bass")),
    notes=(PlayedNote(0, 0, 120, 36, 110), PlayedNote(1, _LAST_TICK, 1, 33, 0)),
)


class Tapes:
    """What the shell keeps of streams: it must be told of each before it hears more, and audio must join (A2)."""

    def __init__(self) -> None:
        self.heads: dict[str, int] = {}

    def take(self, effect: Effect) -> None:
        match effect:
            case OpenTape(stream):
                assert stream.stream not in self.heads, "a tape is opened twice"
                self.heads[stream.stream] = stream.start_sample
            case RewindTape(stream_id, _, start, _):
                assert stream_id in self.heads, "a tape that is not there is wound back"
                self.heads[stream_id] = start
            case Publish(chunk):
                assert self.heads[chunk.stream] == chunk.start_sample, "A2: there is a gap"
                self.heads[chunk.stream] += chunk.samples
            case CloseTape(stream_id, samples):
                assert samples <= self.heads[stream_id], "a stream is closed beyond its audio"
            case DropTape(stream_id):
                del self.heads[stream_id]


class Feeds:
    """What the shell feeds: a feed begins and ends with a separation that the engine has."""

    def __init__(self) -> None:
        self.ends: dict[str, int | None] = {}

    def take(self, effect: Effect) -> None:
        match effect:
            case FeedFrom(job, _, _, _):
                self.ends[job] = None
            case FeedUntil(job, end):
                assert self.ends[job] is None, "a feed ends twice"
                self.ends[job] = end
            case StopFeed(job) | ForgetFiles(job):
                self.ends.pop(job, None)


class JobsMachine(RuleBasedStateMachine):
    """Members submit, steer, cancel and edit; an engine comes, says anything of any job at any time, and goes."""

    def __init__(self) -> None:
        super().__init__()
        self.room = TestRoom(limits=_LIMITS)
        self.tapes = Tapes()
        self.feeds = Feeds()
        self.closed: list[CloseTape] = []
        self.epochs: dict[str, int] = {}
        self.questions: list[e.WriteNotes] = []
        self.asked = 0

    @initialize()
    def begin(self) -> None:
        for member in _MEMBERS:
            self.room.enter(Door(session=member, key="k"), member)
        self.room.take(ledger.record(self.room.state, _SOUND))
        self.room.edit("thandi", track(), clip(), note())
        self.room.engine(SEPARATOR)

    def op_id(self) -> str:
        self.asked += 1
        return f"op{self.asked}"

    def send(self, member: str, message: c.ClientMessage) -> None:
        if member in self.room.state.sessions:
            self.hear(self.room.send(member, message))
            self.hear(self.room.take(room_settings.judge_anew(self.room.state)))

    def hear(self, effects: list[Effect]) -> None:
        for effect in effects:
            self.tapes.take(effect)
            self.feeds.take(effect)
            match effect:
                case CloseTape():
                    self.closed.append(effect)
                case Command(message):
                    assert decode_to_engine(encode(message), MAX_FRAME_BYTES) == message
                    self.questions += [message] if isinstance(message, e.WriteNotes) else []
                case Tell(_, message) | TellAll(message):
                    assert decode_hub_message(encode(message), max_bytes=2**24) == message

    def job(self, pick: int) -> JobRecord | None:
        """A job that the engine was given; None where there is none."""
        jobs = self.room.state.jobs.values()
        given = [job for job in jobs if job.attempts and not job.waits and job.view.state != "done"]
        return given[pick % len(given)] if given and self.room.state.engine is not None else None

    def name(self, pick: int) -> str:
        return [*self.room.state.jobs, "nobody's"][pick % (len(self.room.state.jobs) + 1)]

    @rule(member=_members, kind=st.sampled_from(("generate", "generate", "score", "separate")), params=_params)
    def submit(self, member: str, kind: str, params: JobParams) -> None:
        self.send(member, c.JobSubmit(op_id=self.op_id(), kind=kind, params=params))  # type: ignore[arg-type]  # one

    @rule(member=_members, key=st.sampled_from((None, None, "A minor")), clip_id=st.sampled_from((None, None, "*")))
    def submit_what_is_taken(self, member: str, key: str | None, clip_id: str | None) -> None:
        given = {"key": key, "clip": clip_id}
        asked = {name: value for name, value in given.items() if value is not None}
        self.send(member, c.JobSubmit(op_id=self.op_id(), kind="generate", params=JobParams(prompt="deep", **asked)))

    @rule(member=_members, pick=_picks, start=st.sampled_from((None, 0, 3_840)), of=st.sampled_from(("job", "asset")))
    def submit_a_separation(self, member: str, pick: int, start: int | None, of: str) -> None:
        asked = JobParams(job=self.name(pick)) if of == "job" else JobParams(asset=_SOUND.asset)
        asked = asked if start is None else replace(asked, start=start)
        self.send(member, c.JobSubmit(op_id=self.op_id(), kind="separate", params=asked))

    @precondition(lambda self: self.closed)
    @rule(pick=_picks, is_kept=st.booleans())
    def a_stream_is_stored(self, pick: int, is_kept: bool) -> None:
        closing = self.closed.pop(pick % len(self.closed))
        asset = _SOUND.asset if is_kept and closing.is_sound else None
        self.room.state = sources.stored(self.room.state, closing.stream, asset)

    @rule(pick=_picks)
    def have_one_played(self, pick: int) -> None:
        self.a_job_starts(pick, None)
        self.a_job_is_described(pick, "F minor")
        self.audio_comes(pick, 960_000, 0, 0)

    @rule(member=_members, pick=_picks, params=_params)
    def steer(self, member: str, pick: int, params: JobParams) -> None:
        self.send(member, c.JobSteer(job=self.name(pick), params=params))

    @precondition(lambda self: self.room.state.engine is not None)
    @rule(member=_members, key=st.sampled_from((None, "A minor")), bars=st.sampled_from((None, None, 8)))
    def have_a_new_one_separated_as_it_is_played(self, member: str, key: str | None, bars: int | None) -> None:
        if member not in self.room.state.sessions:
            return
        given = {name: value for name, value in (("key", key), ("bars", bars)) if value is not None}
        before = set(self.room.state.jobs)
        self.send(member, c.JobSubmit(op_id=self.op_id(), kind="generate", params=JobParams(prompt="deep", **given)))
        for source in set(self.room.state.jobs) - before:
            self.hear(self.room.engine(e.JobStarted(job=source, stems=STEMS, samples=_LENGTH if bars else None)))
            self.have_audio(source, _LENGTH)
            self.send(member, c.JobSubmit(op_id=self.op_id(), kind="separate", params=JobParams(job=source)))
        for job in self.room.state.jobs.values():
            if job.is_fed and not job.waits and not job.stems:
                self.hear(self.room.engine(e.JobStarted(job=job.job, stems=STEMS, samples=None)))
                self.have_audio(job.job, 24_000)

    def have_audio(self, name: str, samples: int) -> None:
        for stem in STEMS:
            job = self.room.job(name)
            some = self.as_far_as_is_fed(job, job.heads[stem], samples)
            block = e.JobAudio(
                job=name, stem=stem, epoch=job.epoch, start_sample=job.heads[stem], samples=some, data=b""
            )
            self.hear(self.room.engine(block))

    @rule(member=_members, pick=_picks)
    def cancel(self, member: str, pick: int) -> None:
        self.send(member, c.JobCancel(job=self.name(pick)))

    @rule(member=_members, pick=_picks, tick=_ticks)
    def ask_for_notes(self, member: str, pick: int, tick: int) -> None:
        self.send(member, c.JobNotes(op_id=self.op_id(), job=self.name(pick), tick=tick))

    @rule(member=_members, threshold=_shares)
    def set_threshold(self, member: str, threshold: float) -> None:
        self.send(member, c.SettingsSet(op_id=self.op_id(), threshold=threshold))

    @rule(member=_members, ops=_edits)
    def edit(self, member: str, ops: tuple[Op, ...]) -> None:
        self.send(member, c.Edit(op_id=self.op_id(), ops=ops))

    @rule(member=_members, playing=st.booleans(), tick=_ticks.filter(lambda tick: tick <= 2**38))
    def move(self, member: str, playing: bool, tick: int) -> None:
        self.send(member, c.TransportSet(op_id=self.op_id(), playing=playing, tick=tick))

    @rule(member=_members, bpm=st.sampled_from((20.0, 112.0, 999.0)), start=_ticks, beats=st.integers(1, 64))
    def set_tempo(self, member: str, bpm: float, start: int, beats: int) -> None:
        loop = Loop(start_tick=start, end_tick=start + beats) if start < _LAST_TICK else None
        self.send(member, c.TransportSet(op_id=self.op_id(), bpm=bpm, numerator=beats, denominator=32, loop=loop))

    @rule(member=_members)
    def come_or_go(self, member: str) -> None:
        if member in self.room.state.sessions:
            self.hear(self.room.take(people.leave(self.room.state, member, "left")))
        else:
            self.room.enter(Door(session=member, key="k"), member)

    @rule()
    def an_engine_comes(self) -> None:
        self.hear(self.room.engine(SEPARATOR))

    @precondition(lambda self: self.room.state.engine is not None)
    @rule()
    def the_engine_dies(self) -> None:
        self.questions = []
        self.hear(self.room.lose_engine())
        assert not self.room.state.inquiries

    @rule(pick=_picks, samples=st.sampled_from((None, 1, 480_000)))
    def a_job_starts(self, pick: int, samples: int | None) -> None:
        job = self.job(pick)
        if job is not None:
            stems = () if job.view.kind == "score" else job.stems or STEMS
            self.hear(self.room.engine(e.JobStarted(job=job.job, stems=stems, samples=samples)))

    @rule(pick=_picks, key=st.sampled_from((None, "F minor", "A minor")))
    def a_job_is_described(self, pick: int, key: str | None) -> None:
        job = self.job(pick)
        if job is not None and job.view.kind == "generate":
            own = None if key is None else Harmony(seed=job.seed, key=key, anchor_tick=job.anchor_tick, jazz=0.5)
            choices = (Choice(what="key", value=str(key), why=""),)
            self.hear(self.room.engine(e.JobDescribed(job=job.job, choices=choices, harmony=job.given or own)))

    @rule(pick=_picks, samples=st.sampled_from((1, 24_000, 960_000)), late=st.integers(-1, 1), gap=st.integers(-1, 1))
    def audio_comes(self, pick: int, samples: int, late: int, gap: int) -> None:
        job = self.job(pick)
        for stem in () if job is None else STEMS:
            assert job is not None
            start, epoch = max(0, job.heads.get(stem, 0) + gap), max(0, job.epoch + late)
            samples = self.as_far_as_is_fed(job, start, samples)
            self.hear(
                self.room.engine(
                    e.JobAudio(job=job.job, stem=stem, epoch=epoch, start_sample=start, samples=samples, data=b"")
                )
            )

    def as_far_as_is_fed(self, job: JobRecord, start: int, samples: int) -> int:
        """An engine separates nothing that it was not given, and cuts its blocks where the sound ends (Q10)."""
        source = self.room.state.jobs.get(str(job.view.params.job))
        if job.is_fed:
            end = source.head if source is not None and job.fed_until is None else job.fed_until
            return max(0, min(samples, start if end is None else end - start))
        return int(min(samples, job.course.turn - start)) if start < job.course.turn else samples

    @rule(pick=_picks, share=_shares)
    def a_job_goes_on(self, pick: int, share: float) -> None:
        self.hear(self.room.engine(e.JobProgress(job=self.name(pick), progress=share)))

    @rule(pick=_picks, low=_shares, high=_shares)
    def a_job_is_done(self, pick: int, low: float, high: float) -> None:
        job = self.job(pick)
        if job is not None:
            low, high = sorted((low, high))
            found = Conformance(value=low, low=low, high=high, version="1", genre="amapiano", fitted_on="chance")
            done = e.JobDone(job=job.job, epoch=job.epoch, conformance=found if job.view.kind == "score" else None)
            self.hear(self.room.engine(done))

    @rule(pick=_picks)
    def a_job_fails(self, pick: int) -> None:
        self.hear(self.room.engine(e.JobFailed(job=self.name(pick), code="engine_error", message="It broke.")))

    @precondition(lambda self: self.questions)
    @rule(pick=_picks, tick=_ticks, has_notes=st.booleans())
    def notes_come(self, pick: int, tick: int, has_notes: bool) -> None:
        question = self.questions.pop(pick % len(self.questions))
        if question.job not in self.room.state.jobs:
            return  # what is of no job goes nowhere
        about = {"job": question.job, "op_id": question.op_id, "start_tick": tick, "length_ticks": 7_680}
        error = None if has_notes else "There are none."
        self.hear(self.room.engine(e.NotesWritten(**about, notation=_notation, error=error)))  # type: ignore[arg-type]
        self.hear(self.room.settle())

    @rule(seconds=st.sampled_from((0.01, 0.3, 5.0, 3600.0)), share=_shares)
    def time_passes(self, seconds: float, share: float) -> None:
        self.room.after(seconds)
        readers = {job.job: int(share * job.head) for job in self.room.state.jobs.values() if not job.endless}
        self.hear(self.room.pace(readers))

    @invariant()
    def j5_a_room_keeps_its_limits(self) -> None:
        jobs = self.room.state.jobs.values()
        assert sum(job.view.kind != "score" or job.view.state != "done" for job in jobs) <= _LIMITS.max_jobs

    @invariant()
    def jobs_are_in_a_possible_state(self) -> None:
        for job in self.room.state.jobs.values():
            assert job.view.state in ("queued", "running", "done")
            assert job.attempts <= 2, "J4: it is queued again once"
            assert job.attempts or job.view.state == "queued"
            is_given = job.attempts or self.room.state.engine is None
            assert is_given or job.waits, "an engine is there, and was not given it"
            assert not job.waits or (job.view.state, job.view.kind) == ("queued", "separate")
            assert all(head >= job.first for head in job.heads.values())
            assert job.credit <= job.end_sample, "J8: nothing begins after the last clip"
            assert (job.reading is not None) == (job.plays_notes and job.attempts > 0)

    @invariant()
    def q4_epochs_grow(self) -> None:
        for job in self.room.state.jobs.values():
            assert job.epoch >= self.epochs.get(job.job, 0)
            self.epochs[job.job] = job.epoch

    @invariant()
    def tapes_are_those_of_the_timeline(self) -> None:
        there = {job.stream_id(stem): job.heads[stem] for job in self.room.state.jobs.values() for stem in job.stems}
        assert self.tapes.heads == there

    @invariant()
    def q10_whoever_is_fed_is_fed_until_its_source_has_ended(self) -> None:
        if self.room.state.engine is None:
            return
        jobs = self.room.state.jobs
        running = {job.job: job for job in jobs.values() if job.is_fed and not job.waits and job.view.state != "done"}
        assert self.feeds.ends == {name: job.fed_until for name, job in running.items()}
        for job in running.values():
            source = jobs.get(str(job.view.params.job))
            is_made = source is not None and source.view.state in ("queued", "running")
            assert is_made == (job.fed_until is None), "J3: it ends with its source"
            assert source is None or not is_made or (job.bpm, job.anchor_tick) == (source.bpm, source.anchor_tick)

    @invariant()
    def q10_a_separation_never_passes_what_there_is(self) -> None:
        for job in self.room.state.jobs.values():
            source = self.room.state.jobs.get(str(job.view.params.job))
            is_fed = job.is_fed and not job.waits and job.fed_until is None and job.view.state != "done"
            assert not is_fed or source is None or job.head <= source.head

    @invariant()
    def j9_whoever_waits_for_notes_waits_for_a_job_that_is_there(self) -> None:
        assert {inquiry.request.job for inquiry in self.room.state.inquiries.values()} <= set(self.room.state.jobs)

    @invariant()
    def j7_whoever_follows_has_someone_to_follow(self) -> None:
        leaders = {job.leader for job in self.room.state.jobs.values() if job.leader is not None}
        assert leaders <= set(self.room.state.jobs)


TestJobsMachine = JobsMachine.TestCase
TestJobsMachine.settings = settings(
    max_examples=150, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
