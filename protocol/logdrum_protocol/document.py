"""The document's entities and the operations that change them (D1, D2)."""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from logdrum_protocol import bounds as b

EntityKind: TypeAlias = Literal["track", "clip", "note", "marker"]


class Props(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Properties of an entity; which ones a kind may carry is D1's table, checked by the hub."""

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
    text: b.ChatText | UnsetType = UNSET


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in the document."""

    kind: EntityKind
    id: b.EntityId
    props: Props = Props()


class Op(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of an edit."""

    op: Literal["put", "set", "delete"]
    kind: EntityKind
    id: b.EntityId
    props: Props | UnsetType = UNSET


Ops: TypeAlias = Annotated[tuple[Op, ...], Meta(min_length=1, max_length=1024)]
