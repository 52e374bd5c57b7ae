"""Bounded field types: every number and string on the wire has a floor and a ceiling (C5)."""

from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

MAX_MESSAGE_BYTES: Final = 256 * 1024
MAX_OPS: Final = 1024
MAX_OP_ID: Final = 64
MAX_PLAYED_NOTES: Final = 20_000
MAX_PARTS: Final = 256
TICKS_PER_QUARTER: Final = 960
SAMPLE_RATE: Final = 48_000
CHANNELS: Final = 2
SUBPROTOCOL: Final = "logdrum.v1"

# 2**53 - 1: the largest integer that a JavaScript number holds exactly.
_MAX_INT: Final = 9_007_199_254_740_991
MAX_TICK: Final = 2**40
# A quarter of the way to the last tick: who plays from there does not reach it in a lifetime.
_MAX_SEEK: Final = 2**38

Micros: TypeAlias = Annotated[int, Meta(ge=0, le=_MAX_INT, description="microseconds of the hub clock")]
Tick: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_TICK, description="musical position, 960 a quarter note")]
SeekTick: TypeAlias = Annotated[int, Meta(ge=0, le=_MAX_SEEK, description="musical position, 960 a quarter note")]
Ticks: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_TICK, description="musical length, 960 a quarter note")]
Sample: TypeAlias = Annotated[int, Meta(ge=0, le=_MAX_INT, description="audio position, samples per channel")]
Samples: TypeAlias = Annotated[int, Meta(ge=0, le=_MAX_INT, description="audio length, samples per channel")]
Seq: TypeAlias = Annotated[int, Meta(ge=0, le=_MAX_INT, description="position in the room's history")]
Epoch: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1, description="counter of what voids what came before")]
Rev: TypeAlias = Annotated[int, Meta(ge=0, le=_MAX_INT, description="revision of the transport")]

Bpm: TypeAlias = Annotated[float, Meta(ge=20, le=999, description="quarter notes a minute")]
Numerator: TypeAlias = Annotated[int, Meta(ge=1, le=64)]
Denominator: TypeAlias = Literal[1, 2, 4, 8, 16, 32]
GainDb: TypeAlias = Annotated[float, Meta(ge=-90, le=24, description="dB")]
Pan: TypeAlias = Annotated[float, Meta(ge=-1, le=1)]
Pitch: TypeAlias = Annotated[int, Meta(ge=0, le=127, description="MIDI note number")]
Velocity: TypeAlias = Annotated[int, Meta(ge=0, le=127)]
Seed: TypeAlias = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Bars: TypeAlias = Annotated[int, Meta(ge=1, le=1024)]
Progress: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
BufferMs: TypeAlias = Annotated[int, Meta(ge=250, le=10_000, description="audio wanted ahead of its moment, ms")]

# t0 comes back as it came (K1), so integers and finite floats are kept apart.
AnyNumber: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | Annotated[float, Meta(ge=-1.7e308, le=1.7e308)]

RoomId: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}\Z")]
EntityId: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,36}\Z")]
ClipChoice: TypeAlias = Annotated[str, Meta(pattern=r"^(\*|[A-Za-z0-9_-]{8,36})\Z", description="a clip, or * for all")]
OpId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=MAX_OP_ID)]
SessionId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
SessionKey: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]
JobId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
StreamId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]
AssetId: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z", description="sha256 of the bytes")]
VersionId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Shifts: TypeAlias = Annotated[int, Meta(ge=0, le=10, description="times that a sound is separated at other offsets")]
Overlap: TypeAlias = Annotated[float, Meta(ge=0, le=0.5, description="of a separator's windows")]
Stem: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,32}\Z")]
Color: TypeAlias = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}\Z")]

MemberName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
ShortText: TypeAlias = Annotated[str, Meta(max_length=256)]
VersionName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]
DocumentText: TypeAlias = Annotated[str, Meta(max_length=2000)]
ChatText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=2000)]
PromptText: TypeAlias = Annotated[str, Meta(max_length=1000)]
Token: TypeAlias = Annotated[str, Meta(max_length=4096)]
CodecName: TypeAlias = Annotated[str, Meta(max_length=32)]

Role: TypeAlias = Literal["owner", "editor", "listener"]
Quantum: TypeAlias = Literal["none", "beat", "bar"]
JobKind: TypeAlias = Literal["generate", "separate", "score"]
Level: TypeAlias = Literal["traditional", "contemporary", "fusion"]
SectionName: TypeAlias = Literal["intro", "build", "drop", "break", "outro"]
Unit: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
JobState: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]
