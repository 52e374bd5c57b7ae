"""Edit histories and the documents they lead to: what the hub, the Python client and the page replay alike (D).

Each history comes out of a real room, with its refusals, undos and restores; what is kept is what everybody was told.
"""

import random
from typing import Any

import msgpack
import msgspec

from logdrum_protocol import client_messages as c
from logdrum_protocol.codec import encode
from logdrum_protocol.document import EntityKind, Op
from logdrum_protocol.fold import Document
from logdrum_protocol.hub_messages import Applied
from logdrum_server.core import versions
from logdrum_server.core.effects import LoadVersion, Record
from tests.server.documents import clip, delete, note, put, set_, track
from tests.server.rooms import TestRoom

_KINDS: tuple[EntityKind, ...] = ("track", "clip", "note", "marker")


def histories() -> list[dict[str, Any]]:
    """Return every history: a few that show one thing each, and some long ones of chance."""
    return [
        _history("defaults are filled in", [(0, (track(), clip(), note(), put("marker", "marker_1", tick=0)))]),
        _history(
            "a put gives every property anew",
            [(0, (track(name="Keys", pan=0.5, gain_db=-6.0),)), (1, (track(name="Bass"),))],
        ),
        _history(
            "a deleted track takes what lies in it",
            [(0, (track(), clip(), note(), track("track_02"))), (1, (delete("track", "track_01"),))],
        ),
        _history(
            "a clip that moved stays",
            [
                (0, (track(), track("track_02"), clip(), note())),
                (1, (set_("clip", "clip_0001", track="track_02"),)),
                (0, (delete("track", "track_01"),)),
            ],
        ),
        _history("two delete one thing", [(0, (track(),)), (0, (delete("track", "track_01"),)), (1, _GONE)]),
        _history("undo brings back a whole track", [(0, (track(), clip(), note())), (1, _GONE), (1, "undo")]),
        _history(
            "undo leaves others' work alone",
            [
                (0, (track(),)),
                (1, (set_("track", "track_01", name="Mine", pan=0.25),)),
                (0, (set_("track", "track_01", name="Theirs"),)),
                (1, "undo"),
                (1, "redo"),
            ],
        ),
        _history(
            "a version is restored, and that undone",
            [
                (0, (track(), clip())),
                (0, "save"),
                (1, (delete("clip", "clip_0001"), track("track_02"))),
                (1, "restore"),
            ],
        ),
        *(_chance(seed) for seed in (1, 3, 5, 6, 7)),
    ]


_GONE = (delete("track", "track_01"),)


class _Play:
    """A room in which three members work."""

    def __init__(self) -> None:
        self.room = TestRoom()
        self.members = [self.room.join(name) for name in ("Thandi", "Sipho", "Lerato")]
        self.told: list[Applied] = []
        self._saved: dict[str, Any] = {}

    def act(self, member: int, action: tuple[Op, ...] | str) -> None:
        who = self.members[member]
        match action:
            case "undo":
                self._send(who, c.Undo())
            case "redo":
                self._send(who, c.Redo())
            case "save":
                self._send(who, c.VersionSave(op_id=f"v{len(self._saved)}", name="v"))
                self._saved[list(self.room.state.settled.versions)[-1]] = self.room.state.settled.document.listed()
            case "restore":
                if self._saved:
                    self._send(
                        who, c.VersionRestore(op_id=f"r{self.room.state.history.seq}", version=[*self._saved][-1])
                    )
            case _:
                self._send(who, c.Edit(op_id=f"e{self.room.state.history.seq}", ops=tuple(action)))

    def _send(self, who: str, message: c.ClientMessage) -> None:
        self._keep(self.room.send(who, message))

    def _keep(self, effects: list[Any]) -> None:
        for effect in effects:
            if isinstance(effect, Record) and isinstance(effect.event, Applied):
                self.told.append(effect.event)
            if isinstance(effect, LoadVersion):
                entities = self._saved[effect.message.version]
                self.room.take(versions.restore(self.room.state, effect.session, effect.message, entities))
                self._keep(self.room.settle())

    def vector(self, name: str) -> dict[str, Any]:
        entities = self.room.state.settled.document.listed()
        return {
            "name": name,
            "events": [msgpack.unpackb(encode(event)) for event in self.told],
            "entities": [msgpack.unpackb(msgspec.msgpack.encode(entity)) for entity in entities],
        }


def _history(name: str, actions: list[tuple[int, Any]]) -> dict[str, Any]:
    play = _Play()
    for member, action in actions:
        play.act(member, action)
    return play.vector(name)


def _chance(seed: int) -> dict[str, Any]:
    rng, play = random.Random(seed), _Play()
    for number in range(60):
        play.act(rng.randrange(3), _action(rng, play.room.state.settled.document, number))
    return play.vector(f"chance {seed}")


def _action(rng: random.Random, known: Document, number: int) -> Any:
    word = rng.choices(("edit", "undo", "redo", "save", "restore"), (30, 6, 3, 1, 1))[0]
    return (
        word
        if word != "edit"
        else tuple(random_op(rng, known, f"{number:03}{each}") for each in range(rng.randint(1, 3)))
    )


def random_op(rng: random.Random, known: Document, fresh: str) -> Op:
    """An op that a hub takes, unless what it names has gone meanwhile; now and then one that it refuses."""
    kind = rng.choice(_KINDS)
    if rng.random() < 0.5 or not known.entities:
        return _random_put(rng, kind, f"{kind}_{fresh}", known)
    live = rng.choice([entity for entity in known.listed() if entity.kind == kind] or known.listed())
    if rng.random() < 0.2:
        return delete(live.kind, live.id)
    return _random_set(rng, live.kind, live.id, known)


def _parent(rng: random.Random, kind: EntityKind, known: Document) -> str:
    return rng.choice([entity.id for entity in known.listed() if entity.kind == kind] or [f"{kind}_none"])


def _random_put(rng: random.Random, kind: EntityKind, id: str, known: Document) -> Op:
    match kind:
        case "track":
            return track(id, name=rng.choice("ABC"), order=rng.choice("abc"))
        case "clip":
            return clip(id, _parent(rng, "track", known), start_tick=rng.randrange(8) * 960)
        case "note":
            return note(id, _parent(rng, "clip", known), pitch=rng.randrange(128), tick=rng.randrange(16) * 240)
        case "marker":
            return put("marker", id, tick=rng.randrange(4) * 3840, text=rng.choice(("drop", "break 🥁")))


def _random_set(rng: random.Random, kind: EntityKind, id: str, known: Document) -> Op:
    match kind:
        case "track":
            return set_("track", id, **rng.choice(({"gain_db": rng.uniform(-60, 6)}, {"mute": True}, {"pan": -0.5})))
        case "clip":
            return set_("clip", id, **rng.choice(({"track": _parent(rng, "track", known)}, {"start_tick": 480})))
        case "note":
            return set_("note", id, **rng.choice(({"velocity": 7}, {"clip": _parent(rng, "clip", known)})))
        case "marker":
            return set_("marker", id, text=rng.choice(("intro", "outro")))
