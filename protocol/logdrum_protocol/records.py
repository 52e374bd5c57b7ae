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
    """Parameters of a job; `generate` reads those of J2, `separate` those of J3."""

    prompt: b.PromptText | UnsetType = UNSET
    bars: b.Bars | UnsetType | None = UNSET
    seed: b.Seed | UnsetType = UNSET
    model: b.ShortText | UnsetType = UNSET
    key: b.ShortText | UnsetType = UNSET
    start: Literal["now", "bar"] | b.Tick | UnsetType = UNSET
    asset: b.AssetId | UnsetType = UNSET
    stems: bool | Annotated[tuple[b.Stem, ...], Meta(max_length=16)] | UnsetType = UNSET


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
