"""What a hub finds on disk of a room in which things happened: a checkpoint, events, versions (H2, V)."""

import random

import msgspec

from logdrum_protocol import client_messages as c
from logdrum_protocol.codec import encode
from logdrum_server.core.checkpoint import encode_entities, encode_history
from logdrum_server.core.effects import Record
from tests.protocol.histories import random_op
from tests.server.rooms import TestRoom


class Bodies(msgspec.Struct, frozen=True):
    """The bytes of one room."""

    checkpoint: bytes
    events: tuple[bytes, ...]
    """Those after the checkpoint."""
    version: bytes


def bodies(seed: int, steps: int = 40) -> Bodies:
    """What is kept of a room in which three members did what chance told them."""
    dice, room = random.Random(seed), TestRoom()
    members = [room.join(name) for name in ("Thandi", "Sipho", "Lerato")]
    for number in range(steps):
        room.send(dice.choice(members), _act(dice, room, number))
    checkpoint = encode_history(room.state.settled)
    events: list[bytes] = []
    for number in range(steps, steps + 8):
        effects = room.send(dice.choice(members), _act(dice, room, number))
        events += [encode(effect.event) for effect in effects if isinstance(effect, Record)]
    return Bodies(checkpoint, tuple(events), encode_entities(room.state.settled.document.listed()))


def _act(dice: random.Random, room: TestRoom, number: int) -> c.ClientMessage:
    known = room.state.settled.document
    op_id = f"o{number}"
    match dice.choices(("edit", "undo", "redo", "chat", "save"), (20, 3, 2, 2, 1))[0]:
        case "undo":
            return c.Undo(op_id=op_id)
        case "redo":
            return c.Redo(op_id=op_id)
        case "chat":
            return c.SendChat(op_id=op_id, text="sho 🥁")
        case "save":
            return c.VersionSave(op_id=op_id, name="One")
        case _:
            return c.Edit(op_id=op_id, ops=(random_op(dice, known, f"{number:05}"),))
