"""The document's entities and the operations that change them (D1, D2)."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from logdrum_protocol import bounds as b

EntityKind: TypeAlias = Literal["track", "clip", "note", "marker"]


class Props(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Properties of an entity; which ones a kind carries, and what they are unless said, is D1's table."""

    name: b.ShortText | UnsetType = UNSET
    order: b.ShortText | UnsetType = UNSET
    color: b.Color | UnsetType = UNSET
    gain_db: b.GainDb | UnsetType = UNSET
    pan: b.Pan | UnsetType = UNSET
    mute: bool | UnsetType = UNSET
    solo: bool | UnsetType = UNSET
    instrument: b.ShortText | UnsetType = UNSET
    track: b.EntityId | UnsetType = UNSET
    start_tick: b.Tick | UnsetType = UNSET
    length_ticks: b.Ticks | UnsetType = UNSET
    asset: b.AssetId | UnsetType | None = UNSET
    offset_samples: b.Sample | UnsetType = UNSET
    clip: b.EntityId | UnsetType = UNSET
    tick: b.Tick | UnsetType = UNSET
    pitch: b.Pitch | UnsetType = UNSET
    velocity: b.Velocity | UnsetType = UNSET
    text: b.DocumentText | UnsetType = UNSET


DEFAULTS: Final[Mapping[EntityKind, Props]] = {
    "track": Props(name="", order="", color="#9a9da8", gain_db=0.0, pan=0.0, mute=False, solo=False, instrument=""),
    "clip": Props(asset=None, offset_samples=0, gain_db=0.0, name=""),
    "note": Props(velocity=100),
    "marker": Props(text=""),
}
"""What a `put` need not say (D1)."""

REQUIRED: Final[Mapping[EntityKind, tuple[str, ...]]] = {
    "track": (),
    "clip": ("track", "start_tick", "length_ticks"),
    "note": ("clip", "tick", "length_ticks", "pitch"),
    "marker": ("tick",),
}
"""What a `put` must say (D1)."""

PARENT: Final[Mapping[EntityKind, Literal["track", "clip"] | None]] = {
    "track": None,
    "clip": "track",
    "note": "clip",
    "marker": None,
}
"""The property that names what an entity lies in, and that one's kind."""

_NAMES: Final = Props.__struct_fields__


def given(props: Props) -> dict[str, object]:
    """Return the properties that are set, by name."""
    return {name: value for name in _NAMES if (value := getattr(props, name)) is not UNSET}


NAMES: Final[Mapping[EntityKind, tuple[str, ...]]] = {
    kind: (*REQUIRED[kind], *given(DEFAULTS[kind])) for kind in DEFAULTS
}
"""Every property that a kind carries (D1)."""


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in the document; in a document it has every property of its kind."""

    kind: EntityKind
    id: b.EntityId
    props: Props = Props()


class Op(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of an edit."""

    op: Literal["put", "set", "delete"]
    kind: EntityKind
    id: b.EntityId
    props: Props | UnsetType = UNSET


Ops: TypeAlias = Annotated[tuple[Op, ...], Meta(min_length=1, max_length=b.MAX_OPS)]
"""What one `edit` may ask for; an `applied` may hold more, because an undo brings back whole tracks."""
