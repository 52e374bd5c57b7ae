"""The document as a pure fold over operations: the same in the hub, in every client and in a replay (D1 to D5).

The maps are persistent (`immutables.Map`, a hash array mapped trie: Bagwell, "Ideal Hash Trees", 2001): a change
shares everything that it leaves alone, so that a document of a hundred thousand notes can be kept at several moments
at once (acknowledged, asked for, as it was when a snapshot was begun) for the price of one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Final, TypeAlias, assert_never

import msgspec
from immutables import Map
from msgspec import UNSET
from msgspec.structs import replace

from logdrum_protocol.bounds import EntityId
from logdrum_protocol.document import DEFAULTS, NAMES, PARENT, Entity, EntityKind, Op, Props, given

_KINDS: Final = tuple(DEFAULTS)
_NONE: Final = Map(dict.fromkeys(_KINDS, 0))

Inside: TypeAlias = Map[EntityId, Map[EntityId, None]]


class Document(msgspec.Struct, frozen=True):
    """Tracks, clips, notes and markers at one moment."""

    entities: Map[EntityId, Entity] = Map()
    inside: Inside = Map()
    """What lies in each track and clip."""
    counts: Map[EntityKind, int] = _NONE

    def get(self, kind: EntityKind, id: EntityId) -> Entity | None:
        """Return the live entity of this kind and id."""
        entity = self.entities.get(id)
        return entity if entity is not None and entity.kind == kind else None

    def count(self, kind: EntityKind) -> int:
        """How many live entities there are of a kind."""
        return self.counts[kind]

    def children(self, id: EntityId) -> list[EntityId]:
        """The clips of a track, or the notes of a clip; by id, because a map's own order is another in each process."""
        return sorted(self.inside.get(id, Map()))

    def within(self, id: EntityId) -> Iterator[Entity]:
        """The entity and everything in it, the outermost first; nothing where it is not there."""
        entity = self.entities.get(id)
        if entity is not None:
            yield entity
            for child in self.children(id):
                yield from self.within(child)

    def tracks(self) -> list[Entity]:
        """Every track, as they lie under each other."""
        return sorted((entity for entity in self.entities.values() if entity.kind == "track"), key=_place)

    def listed(self) -> tuple[Entity, ...]:
        """Every entity, a parent before what lies in it; the same order for the same document."""
        by_kind: dict[EntityKind, list[Entity]] = {kind: [] for kind in _KINDS}
        for entity in self.entities.values():
            by_kind[entity.kind].append(entity)
        return tuple(entity for kind in _KINDS for entity in sorted(by_kind[kind], key=_id))


_id: Final = attrgetter("id")
_place: Final = attrgetter("props.order", "id")


class Created(msgspec.Struct, frozen=True, tag=True):
    """An entity that was not there is."""

    entity: Entity


class Removed(msgspec.Struct, frozen=True, tag=True):
    """An entity is gone."""

    entity: Entity


class Wrote(msgspec.Struct, frozen=True, tag=True):
    """Properties have another value; both hold the same names."""

    kind: EntityKind
    id: EntityId
    before: Props
    after: Props


Step: TypeAlias = Created | Removed | Wrote
"""What an operation changed, in full: enough to take it back, the last step first."""


def document_of(entities: Iterable[Entity]) -> Document:
    """Return the document that holds these entities, in any order; at once, because there may be many."""
    found = {entity.id: _completed(entity) for entity in entities}
    inside: dict[EntityId, dict[EntityId, None]] = {}
    for entity in found.values():
        parent = parent_of(entity)
        if parent is not None:
            inside.setdefault(parent, {})[entity.id] = None
    counts = Counter(entity.kind for entity in found.values())
    contents = Map({parent: Map(children) for parent, children in inside.items()})
    return Document(Map(found), contents, _NONE.update(counts))


def _completed(entity: Entity) -> Entity:
    props = entity.props
    if UNSET in [getattr(props, name) for name in NAMES[entity.kind]]:
        return replace(entity, props=_complete(entity.kind, props))
    return entity


def apply(document: Document, ops: Iterable[Op]) -> Document:
    """Return the document after operations that the hub has accepted; it never fails (D3)."""
    for op in ops:
        document, _ = step(document, op)
    return document


def step(document: Document, op: Op) -> tuple[Document, tuple[Step, ...]]:
    """Return the document after one operation, and what changed.

    `put` makes an entity, or gives one that is there all its properties anew; `set` gives some; `delete` takes an
    entity and all that lies in it. What is not there is neither set nor deleted, and never brought back by that (D5).
    """
    match op.op:
        case "put":
            return _put(document, op)
        case "set":
            return _set(document, op)
        case "delete":
            return _delete(document, op)
        case _:
            assert_never(op.op)


def _put(document: Document, op: Op) -> tuple[Document, tuple[Step, ...]]:
    entity = Entity(kind=op.kind, id=op.id, props=_complete(op.kind, Props() if op.props is UNSET else op.props))
    earlier = document.entities.get(op.id)
    if earlier is not None and earlier.kind == op.kind:
        return _write(document, earlier, entity.props)
    if earlier is not None:
        return document, ()  # an id belongs to one kind
    return _add(document, entity), (Created(entity),)


def _complete(kind: EntityKind, props: Props) -> Props:
    known = NAMES[kind]
    return replace(DEFAULTS[kind], **{name: value for name, value in given(props).items() if name in known})


def _set(document: Document, op: Op) -> tuple[Document, tuple[Step, ...]]:
    entity = document.get(op.kind, op.id)
    if entity is None or op.props is UNSET:
        return document, ()
    return _write(document, entity, op.props)


def _write(document: Document, entity: Entity, wanted: Props) -> tuple[Document, tuple[Step, ...]]:
    known = NAMES[entity.kind]
    after = {name: value for name, value in given(wanted).items() if name in known}
    before = {name: getattr(entity.props, name) for name in after}
    written = Wrote(entity.kind, entity.id, Props(**before), Props(**after))  # type: ignore[arg-type]  # as they were
    changed = replace(entity, props=replace(entity.props, **after))
    inside = document.inside
    if parent_of(changed) != parent_of(entity):
        inside = _enter(_leave(inside, entity), changed)
    return replace(document, entities=document.entities.set(entity.id, changed), inside=inside), (written,)


def _delete(document: Document, op: Op) -> tuple[Document, tuple[Step, ...]]:
    if document.get(op.kind, op.id) is None:
        return document, ()
    gone = tuple(document.within(op.id))[::-1]  # what lies in it goes first
    for entity in gone:
        document = _take(document, entity)
    return document, tuple(Removed(entity) for entity in gone)


def _add(document: Document, entity: Entity) -> Document:
    return Document(
        document.entities.set(entity.id, entity),
        _enter(document.inside, entity),
        document.counts.set(entity.kind, document.count(entity.kind) + 1),
    )


def _take(document: Document, entity: Entity) -> Document:
    return Document(
        document.entities.delete(entity.id),
        _leave(document.inside, entity),
        document.counts.set(entity.kind, document.count(entity.kind) - 1),
    )


def parent_of(entity: Entity) -> EntityId | None:
    """The id of what an entity lies in."""
    name = PARENT[entity.kind]
    return None if name is None else getattr(entity.props, name)


def _enter(inside: Inside, entity: Entity) -> Inside:
    parent = parent_of(entity)
    return inside if parent is None else inside.set(parent, inside.get(parent, Map()).set(entity.id, None))


def _leave(inside: Inside, entity: Entity) -> Inside:
    parent = parent_of(entity)
    if parent is None or parent not in inside:
        return inside
    others = inside[parent].delete(entity.id)
    return inside.set(parent, others) if others else inside.delete(parent)
