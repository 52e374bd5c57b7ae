"""What a separation takes apart: a sound, what a clip plays, or a generation, done or still being made (J3)."""

import math
from typing import TypeAlias

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.document import Entity
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Asset
from logdrum_protocol.records import Failure, JobParams
from logdrum_protocol.timeline import samples_per_tick
from logdrum_server.core.reading import ALL
from logdrum_server.core.state import MAX_NAME, ON_TIMELINE, JobRecord, RoomState

_LOST = "That generation has left the timeline before it could be separated."
_NOT_KEPT = "Not all of that generation was kept, so it cannot be separated: begin with one that is still being made."


class Whole(msgspec.Struct, frozen=True):
    """Stored sounds that are separated as one."""

    sounds: tuple[b.AssetId, ...]


class Growing(msgspec.Struct, frozen=True):
    """A generation that is separated while it is made; None where it has left the timeline meanwhile."""

    source: JobRecord | None


class NotYet(msgspec.Struct, frozen=True):
    """A generation that has not begun, or that is to be done first."""


Source: TypeAlias = Whole | Growing | NotYet | Failure


def refusal(state: RoomState, params: JobParams) -> Failure | None:
    """Why a separation cannot be taken on; None where it can."""
    if sum(what is not UNSET for what in (params.asset, params.job, params.clip)) != 1:
        message = "A separate job needs one of 'asset', 'job' and 'clip'."
        return Failure(code=ErrorCode.BAD_PARAMS, message=message)
    if isinstance(params.stems, bool):
        message = "'stems' of a separate job is a list of stem names."
        return Failure(code=ErrorCode.BAD_PARAMS, message=message)
    if isinstance(params.clip, str):
        return _clip_refusal(state, params.clip)
    if isinstance(params.job, str):
        source = state.jobs.get(params.job)
        is_music = source is not None and source.view.kind == "generate" and source.view.state in ON_TIMELINE
        return None if is_music else _no_reference("There is no such generation on the timeline.")
    has_sound = params.asset in state.settled.assets
    return None if has_sound else _no_reference("This room has no such sound; upload it first.")


def _no_reference(message: str) -> Failure:
    return Failure(code=ErrorCode.BAD_REFERENCE, message=message)


def _clip_refusal(state: RoomState, id: str) -> Failure | None:
    if id == ALL:
        return _no_reference("One clip at a time can be separated: name it.")
    clip = state.settled.document.get("clip", id)
    if clip is None:
        return _no_reference("There is no such clip to separate; it may be deleted.")
    if clip.props.asset not in state.settled.assets:
        return _no_reference("This clip plays notes, and no sound that could be separated.")
    return None


def placed(state: RoomState, job: JobRecord) -> JobRecord | Failure:
    """Lay a new separation where what it takes apart is; a sound by itself stays where the request wants it."""
    params = job.view.params
    if isinstance(params.job, str):
        source = state.jobs[params.job]
        return replace(beside(job, source), name=source.title("").strip())
    if isinstance(params.clip, str):
        clip = state.settled.document.get("clip", params.clip)
        assert clip is not None
        return _under(state, job, clip)
    return _of_sound(job, state.settled.assets[str(params.asset)])


def beside(job: JobRecord, source: JobRecord) -> JobRecord:
    """The job at its source's place on the timeline, and at its tempo."""
    return replace(
        job,
        anchor_tick=source.anchor_tick,
        bpm=source.bpm,
        numerator=source.numerator,
        denominator=source.denominator,
    )


def _of_sound(job: JobRecord, sound: Asset, name: str = "") -> JobRecord:
    file = sound.name.rpartition("/")[2]
    title = name or file.rpartition(".")[0] or file
    return replace(job, sounds=(sound.asset,), name=title[:MAX_NAME])


def _under(state: RoomState, job: JobRecord, clip: Entity) -> JobRecord | Failure:
    """The job where a clip's sound begins, which the clip may leave out."""
    props, sound = clip.props, state.settled.assets[str(clip.props.asset)]
    offset_ticks = int(props.offset_samples or 0) * b.SAMPLE_RATE / _rate(sound) / samples_per_tick(job.bpm)
    anchor_tick = int(props.start_tick or 0) - round(offset_ticks)
    if anchor_tick < 0:
        message = (
            "This clip's sound begins before the timeline does: move the clip later, or separate the sound itself."
        )
        return Failure(code=ErrorCode.BAD_PARAMS, message=message)
    return replace(_of_sound(job, sound, str(props.name or "")), anchor_tick=anchor_tick)


def length_of(sound: Asset) -> b.Samples:
    """How long a stored sound is at 48 kHz."""
    return -(-sound.samples * b.SAMPLE_RATE // _rate(sound))


def _rate(sound: Asset) -> int:
    return max(1, sound.sample_rate)


def source_of(state: RoomState, job: JobRecord) -> Source:
    """What a separation would begin with now."""
    if job.sounds:
        return Whole(job.sounds)
    source = source_job(state, job)
    if job.fed_until is not None:
        return Growing(source)
    if source is None:
        return Failure(code=ErrorCode.NOT_FOUND, message=_LOST)
    if source.view.state == "running" and source.endless and source.stems:
        return Growing(source)
    return _kept(source) if source.view.state == "done" else NotYet()


def source_job(state: RoomState, job: JobRecord) -> JobRecord | None:
    """The generation that a job separates, while it is on the timeline."""
    name = job.view.params.job
    return state.jobs.get(name) if isinstance(name, str) else None


def _kept(source: JobRecord) -> Whole | NotYet | Failure:
    """The sounds that a finished generation's streams have become, once all have (A4)."""
    if set(source.stored) != set(source.stems):
        return NotYet()
    sounds = tuple(asset for asset in source.stored.values() if asset is not None)
    if len(sounds) < len(source.stored) or not sounds:
        return Failure(code=ErrorCode.NOT_FOUND, message=_NOT_KEPT)
    return Whole(sounds)


def length_together(state: RoomState, sounds: tuple[b.AssetId, ...]) -> b.Samples:
    """How long several sounds are that begin together."""
    held = state.settled.assets
    return max((length_of(held[sound]) for sound in sounds if sound in held), default=0)


def stored(state: RoomState, stream: b.StreamId, asset: b.AssetId | None) -> RoomState:
    """A finished stream is a sound of the room now, or never will be."""
    name, _, stem = stream.partition(".")
    job = state.jobs.get(name)
    if job is None:
        return state
    return state.with_job(replace(job, stored={**job.stored, stem: asset}))


def entry_of(playhead: float, length: b.Samples) -> b.Sample:
    """Where the separation of a whole sound begins: where it is heard, if anywhere, else with its first sample."""
    return math.floor(playhead) if 0 <= playhead < length else 0
