"""Messages between a hub and an engine over the local queue: length-prefixed MessagePack on a Unix socket (Q rules)."""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from logdrum_protocol import bounds as b
from logdrum_protocol.records import Choice, Conformance, Harmony, JobParams, Notation


class _Message(msgspec.Struct, frozen=True, tag_field="type"):
    pass


class StartJob(_Message, tag="job.start", frozen=True, kw_only=True):
    """Begin a job; audio is numbered from the job's sample 0, which sounds at `anchor_tick` (Q2)."""

    job: b.JobId
    kind: b.JobKind
    params: JobParams
    seed: b.Seed
    bpm: b.Bpm
    numerator: b.Numerator
    denominator: b.Denominator
    anchor_tick: b.Tick
    epoch: b.Epoch
    start_sample: b.Sample
    credit_sample: b.Sample
    harmony: Harmony | None = None
    """The chords of what is playing already; None for a piece that may choose its own (J7)."""
    notation: Notation | None = None
    """The notes of `params.clip`, from `anchor_tick` on (J8)."""
    section_tick: b.Tick | None = None
    """Where in the room `params.section` begins (J2)."""
    sounds: tuple[str, ...] = ()
    """The files of what is scored or separated, to be summed where there are several (J3, J10)."""
    entry_sample: b.Sample = 0
    """Where a separation begins; after the sound's last sample it goes on with the first (Q10)."""
    is_fed: bool = False
    """Whether what is separated comes by `job.feed` (Q10)."""
    files: str | None = None
    """A folder that the engine may write a separation's finished stems to; the hub's to remove (Q10)."""


class RenderFrom(_Message, tag="job.render", frozen=True, kw_only=True):
    """Go on with a new epoch from `start_sample`, with these parameters and this tempo (Q4)."""

    job: b.JobId
    epoch: b.Epoch
    start_sample: b.Sample
    credit_sample: b.Sample
    params: JobParams
    bpm: b.Bpm
    numerator: b.Numerator
    denominator: b.Denominator
    harmony: Harmony | None = None
    notation: Notation | None = None
    section_tick: b.Tick | None = None


class GrantCredit(_Message, tag="job.credit", frozen=True, kw_only=True):
    """The engine may render up to `credit_sample`; `playhead_sample` says whose listeners run dry first (Q3)."""

    job: b.JobId
    credit_sample: b.Sample
    playhead_sample: b.Sample


class FeedJob(_Message, tag="job.feed", frozen=True, kw_only=True):
    """Audio of a generation that is separated while it is made: a span of one of its streams (Q10)."""

    job: b.JobId
    """The separation."""
    stem: b.Stem
    epoch: b.Epoch
    """The separation's."""
    start_sample: b.Sample
    samples: b.Samples
    data: bytes


class EndFeed(_Message, tag="job.feed_end", frozen=True, kw_only=True):
    """What is separated has ended before `end_sample`: nothing more is fed (Q10)."""

    job: b.JobId
    epoch: b.Epoch
    end_sample: b.Sample


class StopJob(_Message, tag="job.stop", frozen=True, kw_only=True):
    """Forget a job at once (Q5)."""

    job: b.JobId


class WriteNotes(_Message, tag="notes.write", frozen=True, kw_only=True):
    """Say which notes a job plays in the section around a tick of the room (Q9)."""

    job: b.JobId
    op_id: b.OpId
    tick: b.Tick


class CheckAsset(_Message, tag="asset.check", frozen=True, kw_only=True):
    """Open a stored file and say what it holds (Q6)."""

    asset: b.AssetId
    path: str


MixId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]


class MixClip(msgspec.Struct, frozen=True, kw_only=True):
    """A span of a stored sound on the timeline, at 48 kHz from its first tick; it plays at its own speed (Q8)."""

    asset: b.AssetId
    start_sample: b.Sample
    samples: b.Samples
    offset_samples: b.Sample = 0
    """Where in the sound the clip begins, in the sound's own rate."""
    gain_db: b.GainDb = 0.0


class MixTrack(msgspec.Struct, frozen=True, kw_only=True):
    """What is summed, turned up and panned together; its stem goes to `file` where one is named (Q8)."""

    clips: tuple[MixClip, ...]
    notation: Notation | None = None
    """Notes that are played beside them, in ticks from the mix's beginning."""
    gain_db: b.GainDb = 0.0
    pan: b.Pan = 0.0
    file: str | None = None


class RenderMix(_Message, tag="mix.render", frozen=True, kw_only=True):
    """Render stored sounds and notes to files of 24 bits at 48 kHz, all of them `samples` long (Q8)."""

    mix: MixId
    sounds: str
    """The folder of the assets."""
    tracks: tuple[MixTrack, ...]
    samples: b.Samples
    format: Literal["wav", "flac"]
    bpm: b.Bpm = 120.0
    """What the ticks of notes are counted at."""
    file: str | None = None
    """Where the sum of all tracks goes."""


class StopMix(_Message, tag="mix.stop", frozen=True, kw_only=True):
    """Forget a mix; what is written of it is the hub's to remove (Q8)."""

    mix: MixId


ToEngine: TypeAlias = (
    StartJob | RenderFrom | GrantCredit | FeedJob | EndFeed | StopJob | WriteNotes | CheckAsset | RenderMix | StopMix
)


class EngineReady(_Message, tag="engine.ready", frozen=True, kw_only=True):
    """The engine is warm and takes jobs (Q1)."""

    pid: int
    version: str
    generators: tuple[str, ...]
    separators: tuple[str, ...]
    scorers: tuple[str, ...] = ()
    """Genres that a sound can be scored against (J10)."""


class Heartbeat(_Message, tag="engine.heartbeat", frozen=True, kw_only=True):
    """The engine lives; `step_us` is how long its model thread has been in its present step (Q1)."""

    step_us: b.Micros
    jobs: int


class JobStarted(_Message, tag="job.started", frozen=True, kw_only=True):
    """The job has begun and will give these stems."""

    job: b.JobId
    stems: tuple[b.Stem, ...]
    samples: b.Samples | None
    """Length where it is known, None where the job goes on until stopped."""


class JobDescribed(_Message, tag="job.described", frozen=True, kw_only=True):
    """What a generation decided, at its start and whenever it is steered (J6, J7)."""

    job: b.JobId
    choices: Annotated[tuple[Choice, ...], Meta(max_length=64)]
    harmony: Harmony | None = None
    refused: str | None = None
    """Why a steer could not be played; the piece goes on as it was."""


class NotesWritten(_Message, tag="notes.written", frozen=True, kw_only=True):
    """The answer to `notes.write`; `error` where this job has no notes to show (Q9)."""

    job: b.JobId
    op_id: b.OpId
    name: b.ShortText = ""
    """The section."""
    start_tick: b.Tick = 0
    """Where it begins in the room; the notes count from there."""
    length_ticks: b.Tick = 0
    notation: Notation = Notation()
    error: str | None = None


class JobAudio(_Message, tag="job.audio", frozen=True, kw_only=True):
    """A span of one stem, s16le stereo at 48 kHz."""

    job: b.JobId
    stem: b.Stem
    epoch: b.Epoch
    start_sample: b.Sample
    samples: b.Samples
    data: bytes


class StemFile(msgspec.Struct, frozen=True, kw_only=True):
    """A finished stem on disk: FLAC of 24 bits, its first sample the stream's sample 0 (Q10)."""

    stem: b.Stem
    name: b.ShortText
    """In the folder that `job.start` named."""
    samples: b.Samples
    sample_rate: int
    channels: int


class JobDone(_Message, tag="job.done", frozen=True, kw_only=True):
    """Everything the job was asked for has been sent."""

    job: b.JobId
    epoch: b.Epoch = 0
    conformance: Conformance | None = None
    """What a `score` job found (J10)."""
    files: Annotated[tuple[StemFile, ...], Meta(max_length=16)] = ()
    """What a separation wrote, where it could."""


class JobProgress(_Message, tag="job.progress", frozen=True, kw_only=True):
    """How far a job is that gives no audio."""

    job: b.JobId
    progress: b.Progress


class JobFailed(_Message, tag="job.failed", frozen=True, kw_only=True):
    """The job could not be done; the others go on."""

    job: b.JobId
    code: str
    message: str


class AssetChecked(_Message, tag="asset.checked", frozen=True, kw_only=True):
    """What a stored file holds; `error` where it is no sound we can open."""

    asset: b.AssetId
    samples: b.Samples = 0
    sample_rate: int = 0
    channels: int = 0
    error: str | None = None


class MixRendered(_Message, tag="mix.rendered", frozen=True, kw_only=True):
    """A mix is on disk, or `error` says why not (Q8)."""

    mix: MixId
    gain_db: Annotated[float, Meta(ge=-1000, le=0)] = 0.0
    """By how much everything was turned down, so that neither the mix nor a stem clips."""
    error: str | None = None


FromEngine: TypeAlias = (
    EngineReady
    | Heartbeat
    | JobStarted
    | JobDescribed
    | JobAudio
    | JobProgress
    | JobDone
    | JobFailed
    | NotesWritten
    | AssetChecked
    | MixRendered
)
