"""What someone could do to a hub who means it harm, or whose program is broken; each ends by itself within seconds."""

import asyncio
from typing import Final

import msgpack
import msgspec

from logdrum_protocol import bounds as b
from logdrum_protocol import client_messages as c
from logdrum_protocol.document import EntityKind, Op, Props
from logdrum_protocol.fold import document_of
from logdrum_protocol.records import JobParams, Loop, ResumePoint
from tests.fuzz.arena import Arena, Attack, fresh, inside
from tests.fuzz.damage import damaged, golden
from tests.fuzz.job_attacks import JOB_ATTACKS
from tests.fuzz.shapes import message, spoiled, structs_of
from tests.fuzz.wire_attacks import WIRE_ATTACKS
from tests.fuzz.witness import welcomed
from tests.harness import call
from tests.protocol.histories import random_op

_FRAMES: Final = golden("client.json") + golden("hub.json") + golden("invalid.json")
_STRUCTS: Final = [*structs_of(c.ClientMessage).values()]
_KINDS: Final[tuple[EntityKind, ...]] = ("track", "clip", "note", "marker")


async def send_garbage(arena: Arena) -> None:
    """Bytes that are no message, until the hub has enough of it (C2)."""
    async with inside(arena) as intruder:
        for _ in range(arena.dice.randint(1, 15)):
            frame = damaged(arena.dice, arena.dice.choice(_FRAMES))
            await intruder.send_frames(arena.dice.choice((frame, arena.dice.randbytes(arena.dice.randrange(300)))))


async def send_nearly_messages(arena: Arena) -> None:
    """Right messages of every kind with absurd values, and some that are wrong."""
    async with inside(arena) as intruder:
        for _ in range(60):
            fields = message(arena.dice, arena.dice.choice(_STRUCTS))
            await intruder.send_frames(msgpack.packb(fields))
            if arena.dice.random() < 0.1:
                await intruder.send_frames(msgpack.packb(spoiled(arena.dice, fields)))


async def delete_everything(arena: Arena) -> None:
    """Take all there is, and go on taking."""
    async with inside(arena) as intruder:
        for number in range(5):
            ops = [
                Op(op="delete", kind=one.kind, id=one.id)
                for one in intruder.entities
                if one.kind in ("track", "marker") and (number or arena.dice.random() < 0.9)
            ]
            if ops:
                await intruder.send(c.Edit(op_id=f"d{number}", ops=tuple(ops[:1024])))


async def collide(arena: Arena) -> None:
    """Ids that are taken, by another kind, twice in one edit, or by what was deleted."""
    async with inside(arena) as intruder:
        mine = Op(op="put", kind="track", id=fresh(arena))
        gone = Op(op="delete", kind="track", id=mine.id)
        again = msgspec.structs.replace(mine, props=Props(name="again"))
        other = Op(op="put", kind="marker", id=mine.id, props=Props(tick=0))
        for number, ops in enumerate(((mine, again), (mine, other), (gone, mine), (mine, gone, gone, other), (other,))):
            await intruder.send(c.Edit(op_id=f"i{number}", ops=ops))
        for one in intruder.entities[:20]:
            kind = arena.dice.choice(_KINDS)
            await intruder.send(c.Edit(op_id=one.id, ops=(Op(op="put", kind=kind, id=one.id, props=one.props),)))


async def go_round_in_circles(arena: Arena) -> None:
    """Clips in clips, notes in tracks, an entity in itself."""
    async with inside(arena) as intruder:
        a, z = fresh(arena), fresh(arena)
        where = Props(track=a, start_tick=0, length_ticks=1)
        note = Props(clip=z, tick=0, length_ticks=1, pitch=0)
        lines: tuple[tuple[Op, ...], ...] = (
            (Op(op="put", kind="clip", id=a, props=where),),
            (Op(op="put", kind="note", id=z, props=note),),
            (Op(op="put", kind="track", id=a), Op(op="put", kind="clip", id=z, props=where)),
            (Op(op="set", kind="clip", id=z, props=Props(track=z)),),
            (Op(op="set", kind="track", id=a, props=Props(track=z)),),
            (Op(op="put", kind="note", id=fresh(arena), props=msgspec.structs.replace(note, clip=a)),),
            (Op(op="set", kind="clip", id=z, props=Props(track=a)), Op(op="delete", kind="track", id=a)),
        )
        await intruder.send(*(c.Edit(op_id=f"c{number}", ops=ops) for number, ops in enumerate(lines)))


async def edit_at_random(arena: Arena) -> None:
    """As many small edits as C6 lets through in a burst, and then some, with undo and redo between them."""
    async with inside(arena) as intruder:
        known = document_of(intruder.entities[:200])
        for number in range(arena.dice.choice((50, 300, 700))):
            word = arena.dice.choices((c.Undo(), c.Redo(op_id=f"r{number}"), None), (2, 2, 6))[0]
            ops = tuple(random_op(arena.dice, known, f"{fresh(arena)[:12]}") for _ in range(2))
            await intruder.send(word or c.Edit(op_id=f"e{number}", ops=ops))


async def edit_widely(arena: Arena) -> None:
    """A hundred notes in an edit, again and again; then all of them undone, redone and gone with their track."""
    await _edit_widely(arena, 100)


async def edit_as_widely_as_may_be(arena: Arena) -> None:
    """The same with as many as D2 lets into one edit."""
    await _edit_widely(arena, b.MAX_OPS)


async def _edit_widely(arena: Arena, width: int) -> None:
    async with inside(arena) as intruder:
        track, clip = fresh(arena), fresh(arena)
        await intruder.send(c.Edit(op_id="t", ops=_track_and_clip(track, clip)))
        for number in range(arena.dice.randint(1, 6)):
            ops = tuple(_note(f"{clip}{number}{each:04}", clip, each) for each in range(width))
            await intruder.send(c.Edit(op_id=f"w{number}", ops=ops))
            await intruder.send(*arena.dice.choice(((), (c.Undo(),), (c.Undo(), c.Redo()))))
        await intruder.send(c.Edit(op_id="gone", ops=(Op(op="delete", kind="track", id=track),)), c.Undo(), c.Undo())


async def restore_in_a_storm(arena: Arena) -> None:
    """Versions saved, restored, listed and deleted, those that are there and those that never were."""
    async with inside(arena) as intruder:
        known = [] if intruder.welcome.snapshot is None else [one.version for one in intruder.welcome.snapshot.versions]
        for number in range(30):
            version = arena.dice.choice([*known, "none", "🥁" * 16, "../../etc/passwd"])
            words: tuple[c.ClientMessage, ...] = (
                c.VersionSave(op_id=f"v{number}", name="🥁" * 64),
                c.VersionRestore(op_id=f"v{number % 7}", version=version),
                c.VersionRestore(op_id=f"v{number}", version=version),
                c.VersionDelete(op_id=f"v{number}", version=version),
                c.VersionList(op_id=f"v{number}"),
            )
            await intruder.send(arena.dice.choice(words))
            await asyncio.sleep(arena.dice.choice((0, 0.05)))


async def flood(arena: Arena) -> None:
    """Presence, live notes and pings as fast as they go, read or not (C6)."""
    async with inside(arena) as intruder:
        words: tuple[c.ClientMessage, ...] = (
            c.SetPresence(state={f"k{each}": ("x" * 256,) * 8 for each in range(16)}),
            c.PlayNote(track="track_01", pitch=127, velocity=127, at_us=2**53 - 1),
            c.ClockPing(t0=arena.dice.choice((-(2**63), 2**63 - 1, -0.0, 5e-324, 1.7e308))),
        )
        await intruder.send(*arena.dice.choices(words, k=arena.dice.choice((300, 1500))))


async def say_strange_things(arena: Arena) -> None:
    lines = ("\x00\x1b]0;gone\x07", "\u202egnirts", "🥁" * 2000, "\ufeff", "e" + "\u0301" * 1999, "\r\n" * 500, "%s{0}")
    name = arena.dice.choice(("\u202e", "\x00", "🥁" * 64, "\n", " "))
    async with inside(arena, name=name, color="#abcdef") as intruder:
        for number in range(25):
            await intruder.send(c.SendChat(text=arena.dice.choice(lines), op_id=f"s{number % 5}"))


async def pretend_to_be_back(arena: Arena) -> None:
    """Stays that never were, stays of others, keys of others, a seq from the future (H2, H4)."""
    async with inside(arena) as intruder:
        stay = intruder.welcome
        for _ in range(6):
            point = ResumePoint(
                session=arena.dice.choice((stay.session, stay.members[0].session, "x", "\x00", "🥁" * 64)),
                key=arena.dice.choice((stay.key, stay.key[:-1], "🥁" * 128, "\x00")),
                epoch=arena.dice.choice((stay.epoch, 0, 2**31 - 1)),
                seq=arena.dice.choice((stay.seq, stay.seq - 1 if stay.seq else 0, 0, 2**53 - 1)),
            )
            async with inside(arena, resume=point) as other:
                await other.send(c.SendChat(text="me again"))


async def trade_a_session(arena: Arena) -> None:
    """Two connections that take one session from each other, with edits under way (H4)."""
    async with inside(arena) as first:
        stay = first.welcome
        point = ResumePoint(session=stay.session, key=stay.key, epoch=stay.epoch, seq=stay.seq)
        for number in range(4):
            async with call(arena.hub, arena.room) as caller:
                await welcomed(caller, resume=point)
                await caller.send(c.Edit(op_id=f"e{number // 2}", ops=(Op(op="put", kind="track", id=fresh(arena)),)))


async def repeat_oneself(arena: Arena) -> None:
    """Hello twice, and one `op_id` for everything there is (D4)."""
    async with inside(arena) as intruder:
        words: tuple[c.ClientMessage, ...] = (
            c.Hello(name="Twice"),
            c.Edit(op_id="one", ops=(Op(op="put", kind="track", id=fresh(arena)),)),
            c.SendChat(op_id="one", text="one"),
            c.Undo(op_id="one"),
            c.VersionSave(op_id="one", name="one"),
            c.TransportSet(op_id="one", bpm=120.0, playing=True, loop=Loop(start_tick=0, end_tick=1)),
            c.JobSubmit(op_id="one", kind="separate", params=JobParams(asset="0" * 64, stems=())),
            c.JobCancel(job="none"),
            c.JobSteer(job="none", params=JobParams()),
            c.JobNotes(op_id="one", job="none"),
            c.SettingsSet(op_id="one", threshold=1.0),
        )
        await intruder.send(*arena.dice.choices(words, k=40))


async def stop_reading(arena: Arena) -> None:
    """Talk, and hear nothing: the lanes fill up, or the kernel does (C7)."""
    async with call(arena.hub, arena.room) as caller:
        await welcomed(caller)
        caller.stall()
        for number in range(100):
            await caller.send(c.Edit(op_id=f"e{number}", ops=(Op(op="put", kind="track", id="stalled-0"),)))
            await caller.send(c.VersionList(op_id="l"))
        await asyncio.sleep(1)
        caller.vanish()


async def wander(arena: Arena) -> None:
    """Many rooms, each for a moment, some with something done in them."""
    for _ in range(8):
        room = f"{arena.room}-{arena.dice.randrange(40)}"
        async with inside(Arena(arena.hub, room, arena.dice)) as intruder:
            if arena.dice.random() < 0.5:
                await intruder.send(c.Edit(op_id="w", ops=(Op(op="put", kind="track", id=fresh(arena)),)))


def _track_and_clip(track: b.EntityId, clip: b.EntityId) -> tuple[Op, Op]:
    where = Props(track=track, start_tick=0, length_ticks=960)
    return Op(op="put", kind="track", id=track), Op(op="put", kind="clip", id=clip, props=where)


def _note(id: b.EntityId, clip: b.EntityId, tick: int) -> Op:
    return Op(op="put", kind="note", id=id, props=Props(clip=clip, tick=tick, length_ticks=1, pitch=60))


ATTACKS: Final[tuple[Attack, ...]] = (
    send_garbage,
    send_nearly_messages,
    delete_everything,
    collide,
    go_round_in_circles,
    edit_at_random,
    edit_widely,
    edit_as_widely_as_may_be,
    restore_in_a_storm,
    flood,
    say_strange_things,
    pretend_to_be_back,
    trade_a_session,
    repeat_oneself,
    stop_reading,
    wander,
    *JOB_ATTACKS,
    *WIRE_ATTACKS,
)
