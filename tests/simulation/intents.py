"""What members want: edits that fit, that collide with those of others, and that make no sense."""

import random
from collections.abc import Callable, Iterator
from itertools import count

from logdrum_client.drafts import Ordered
from logdrum_client.ops import delete, put, set_
from logdrum_protocol.client_messages import Edit, Redo, Undo, VersionRestore, VersionSave
from logdrum_protocol.document import Entity, EntityKind, Op
from logdrum_protocol.fold import Document

KINDS: tuple[EntityKind, ...] = ("track", "clip", "note", "marker")


class Intents:
    """Thinks of something to do, given what a member sees; whoever shares one shares the ids that there ever were."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._ids: dict[EntityKind, list[str]] = {kind: [f"{kind}-0000"] for kind in KINDS}
        self._sounds = ["f" * 64]
        self._numbers = count(1)

    def op_id(self) -> str:
        return f"op{next(self._numbers)}"

    def sound(self) -> str:
        """The id of a sound that was not there."""
        self._sounds.append(f"{next(self._numbers):064x}")
        return self._sounds[-1]

    def next(self, document: Document, versions: list[str]) -> Ordered:
        """Something that has its place in the order of edits."""
        op_id = self.op_id()
        kind = self._rng.choices(("edit", "undo", "redo", "save", "restore"), (70, 12, 7, 2, 3))[0]
        match kind:
            case "undo":
                return Undo(op_id=op_id)
            case "redo":
                return Redo(op_id=op_id)
            case "save":
                return VersionSave(op_id=op_id, name=f"Take {op_id}")
            case "restore":
                return VersionRestore(op_id=op_id, version=self._rng.choice([*versions, "nowhere"]))
            case _:
                return Edit(op_id=op_id, ops=tuple(self._ops(document)))

    def _ops(self, document: Document) -> Iterator[Op]:
        for _ in range(self._rng.choice((1, 1, 1, 2, 3, 5))):
            make = self._rng.choices((self._put, self._set, self._delete, self._nonsense), (45, 40, 12, 3))[0]
            yield make(document) if document.entities else self._put(document)

    def _put(self, document: Document) -> Op:
        kind = self._rng.choices(KINDS, (20, 35, 35, 10))[0]
        if kind == "note" and not document.count("clip"):
            kind = "clip"
        if kind == "clip" and not document.count("track"):
            kind = "track"
        fresh = self._rng.random() < 0.8
        entity = self._new_id(kind) if fresh else self._rng.choice(self._ids[kind])
        return self._made(kind, entity, document)

    def _made(self, kind: EntityKind, entity: str, document: Document) -> Op:
        number = self._rng.randrange(100)
        match kind:
            case "track":
                return put("track", entity, name=f"n{number}")
            case "clip":
                return put("clip", entity, track=self._some("track", document), start_tick=number, length_ticks=960)
            case "note":
                clip = self._some("clip", document)
                return put("note", entity, clip=clip, tick=number, length_ticks=96, pitch=number)
            case "marker":
                return put("marker", entity, tick=number, text=f"m{number}")

    def _set(self, document: Document) -> Op:
        kind, number = self._rng.choice(KINDS), self._rng.randrange(100)
        entity = self._some(kind, document)
        choices: dict[EntityKind, list[Callable[[], Op]]] = {
            "track": [
                lambda: set_("track", entity, name=f"n{number}"),
                lambda: set_("track", entity, gain_db=-number / 10, mute=number % 2 == 0),
            ],
            "clip": [
                lambda: set_("clip", entity, start_tick=number),
                lambda: set_("clip", entity, track=self._some("track", document)),
                lambda: set_("clip", entity, asset=self._rng.choice([None, *self._sounds]), name=f"n{number}"),
                lambda: set_(
                    "clip", entity, asset=self._sounds[-1], offset_samples=number * self._rng.choice((1, 200))
                ),
            ],
            "note": [
                lambda: set_("note", entity, pitch=number, velocity=number),
                lambda: set_("note", entity, clip=self._some("clip", document), tick=number),
            ],
            "marker": [lambda: set_("marker", entity, tick=number)],
        }
        return self._rng.choice(choices[kind])()

    def _delete(self, document: Document) -> Op:
        kind = self._rng.choice(KINDS)
        return delete(kind, self._some(kind, document))

    def _nonsense(self, document: Document) -> Op:
        return self._rng.choice(
            (
                put("clip", self._new_id("clip"), start_tick=1, length_ticks=1),
                set_("note", self._some("note", document), name="notes have none"),
                put("marker", self._some("track", document), tick=0),
                put("clip", self._new_id("clip"), track="track-nowhere", start_tick=1, length_ticks=1),
                set_("track", self._some("clip", document), name="not a track"),
                put("clip", self._new_id("clip"), track="track-0000", start_tick=1, length_ticks=1, asset="0" * 64),
            )
        )

    def _some(self, kind: EntityKind, document: Document) -> str:
        """Mostly one that the member sees, sometimes one that is gone or that others have just made."""
        seen = [entity.id for entity in document.listed() if _is(entity, kind)]
        return self._rng.choice(seen if seen and self._rng.random() < 0.9 else self._ids[kind])

    def _new_id(self, kind: EntityKind) -> str:
        made = f"{kind}-{next(self._numbers):04}"
        self._ids[kind].append(made)
        return made


def _is(entity: Entity, kind: EntityKind) -> bool:
    return entity.kind == kind
