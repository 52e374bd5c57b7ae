"""Records that messages carry in both directions or more than once: transport, members, job parameters."""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from logdrum_protocol import bounds as b


class Loop(msgspec.Struct, frozen=True, kw_only=True):
    """A span of ticks that playback repeats; the end is past its last tick (T1)."""

    start_tick: b.Tick
    end_tick: b.Tick

    def __post_init__(self) -> None:
        if self.end_tick <= self.start_tick:
            raise ValueError("a loop must end after it starts")


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One person in the room."""

    session: b.SessionId
    name: b.MemberName
    color: b.Color
    role: b.Role


class ResumePoint(msgspec.Struct, frozen=True, kw_only=True):
    """Proof of an earlier stay, and how far its history was heard (H2)."""

    session: b.SessionId
    key: b.SessionKey
    epoch: b.Epoch
    seq: b.Seq


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What this hub accepts."""

    max_message_bytes: int = b.MAX_MESSAGE_BYTES
    max_members: int = 500
    max_jobs: int = 8
    max_asset_bytes: int = 200 * 1024 * 1024
    max_assets: int = 1_000
    max_versions: int = 100
    max_tracks: int = 256
    max_clips: int = 10_000
    max_notes: int = 100_000
    max_markers: int = 1_000


class JobParams(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Parameters of a job; `generate` reads those of J2, `separate` those of J3, `score` those of J10."""

    prompt: b.PromptText | UnsetType = UNSET
    bars: b.Bars | UnsetType | None = UNSET
    seed: b.Seed | UnsetType = UNSET
    model: b.ShortText | UnsetType = UNSET
    key: b.ShortText | UnsetType = UNSET
    start: Literal["now", "bar"] | b.Tick | UnsetType = UNSET
    asset: b.AssetId | UnsetType = UNSET
    stems: bool | Annotated[tuple[b.Stem, ...], Meta(max_length=16)] | UnsetType = UNSET
    genre: b.ShortText | UnsetType = UNSET
    level: b.Level | UnsetType = UNSET
    enrich: bool | UnsetType = UNSET
    section: b.SectionName | UnsetType = UNSET
    clip: b.ClipChoice | UnsetType = UNSET
    job: b.JobId | UnsetType = UNSET
    shifts: b.Shifts | UnsetType = UNSET
    overlap: b.Overlap | UnsetType = UNSET


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One musical decision of a generation, and what it came from (J6)."""

    what: b.ShortText
    value: b.ShortText
    why: b.ShortText


class Harmony(msgspec.Struct, frozen=True, kw_only=True):
    """What makes pieces fit together: their chords follow from it and from the room's bar (J7)."""

    seed: b.Seed
    key: b.ShortText
    anchor_tick: b.Tick
    """Where the first chord falls."""
    jazz: b.Unit
    """How far the chords lean to the jazzy shelf."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One player of a notation."""

    instrument: b.ShortText
    """A name of `instruments.py`, with a patch after a colon where it is not the plain one."""
    gain_db: b.GainDb = 0.0
    pan: b.Pan = 0.0


class PlayedNote(msgspec.Struct, frozen=True, array_like=True):
    """One note of a notation."""

    part: Annotated[int, Meta(ge=0, le=b.MAX_PARTS - 1)]
    tick: b.Tick
    length_ticks: b.Ticks
    pitch: b.Pitch
    velocity: b.Velocity


class Notation(msgspec.Struct, frozen=True, kw_only=True):
    """Music as notes, between a room's document and an engine; ticks count from where the notation is anchored (J8)."""

    parts: Annotated[tuple[Part, ...], Meta(max_length=b.MAX_PARTS)] = ()
    notes: Annotated[tuple[PlayedNote, ...], Meta(max_length=b.MAX_PLAYED_NOTES)] = ()


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One reason of a conformance score."""

    name: b.ShortText
    value: b.Unit
    weight: b.Unit
    reason: b.ShortText


class Conformance(msgspec.Struct, frozen=True, kw_only=True):
    """How far a sound follows a genre's conventions: a measure of convention, never of quality (J10)."""

    value: b.Unit
    low: b.Unit
    high: b.Unit
    version: b.ShortText
    genre: b.ShortText
    fitted_on: Annotated[str, Meta(max_length=2000)]
    components: Annotated[tuple[Component, ...], Meta(max_length=32)] = ()


Verdict: TypeAlias = Literal["accept", "review", "reject"]


def verdict_of(conformance: Conformance, threshold: float) -> Verdict:
    """Judge a score against a threshold: only where the whole interval is on one side of it is there no doubt."""
    if conformance.low >= threshold:
        return "accept"
    return "reject" if conformance.high < threshold else "review"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a job failed: a stable code and a sentence."""

    code: str
    message: str


PresenceValue: TypeAlias = (
    bool
    | Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
    | Annotated[float, Meta(ge=-1e15, le=1e15)]
    | b.ShortText
    | Annotated[tuple[b.ShortText, ...], Meta(max_length=64)]
    | None
)
PresenceState: TypeAlias = Annotated[
    dict[Annotated[str, Meta(max_length=32)], PresenceValue], Meta(max_length=16, description="a small map (P1)")
]
