"""Attacks on jobs, on the notes that are written of them and on what the owner decides (J)."""

import asyncio
from collections.abc import Iterator
from typing import Final

import msgpack

from logdrum_protocol import bounds as b
from logdrum_protocol import client_messages as c
from logdrum_protocol.document import Op, Props
from logdrum_protocol.records import JobParams
from tests.fuzz.arena import Arena, Attack, Intruder, fresh, inside
from tests.fuzz.shapes import HOSTILE, message

_LAST_TICK: Final = 2**40
_GROOVE: Final = JobParams(prompt="deep")
_ODD: Final = (*HOSTILE, "*", "groove", "F minor", "now", 2**40, ("drums",) * 16, "x" * 1000, "outro")


def _jobs(intruder: Intruder) -> list[b.JobId]:
    return [job.job for job in intruder.welcome.jobs] or ["nobody's"]


async def write_others_notes_down(arena: Arena) -> None:
    """Every job's notes, at every tick, under few ids and many; cancelled before the answer, or undone after (J9)."""
    async with inside(arena) as intruder:
        await intruder.send(c.JobSubmit(op_id="mine", kind="generate", params=_GROOVE))
        for number in range(60):
            job, tick = arena.dice.choice(_jobs(intruder)), arena.dice.choice((0, 1, 2**38, _LAST_TICK))
            words: tuple[c.ClientMessage, ...] = (
                c.JobNotes(op_id=f"n{number}", job=job, tick=tick),
                c.JobNotes(op_id="n", job=job),
                c.JobCancel(job=job),
                c.Undo(),
                c.Redo(op_id="n"),
            )
            await intruder.send(arena.dice.choices(words, (20, 20, 2, 5, 5))[0])


async def set_what_is_the_owners(arena: Arena) -> None:
    """Whoever is no owner says what a score has to reach (J10)."""
    async with inside(arena) as intruder:
        for number in range(30):
            await intruder.send(c.SettingsSet(op_id=f"s{number % 7}", threshold=arena.dice.random()))


async def ask_for_odd_jobs(arena: Arena) -> None:
    """Parameters of every odd value, of kinds that do not read them; steered to others that are no better (J1, J2)."""
    async with inside(arena) as intruder:
        for number in range(25):
            submit = message(arena.dice, c.JobSubmit)
            params = {**_map(submit["params"]), **_odd(arena)}
            asked = {**submit, "op_id": f"j{number}", "params": params}
            steered = {"type": "job.steer", "job": arena.dice.choice(_jobs(intruder)), "params": params}
            await intruder.send_frames(msgpack.packb(arena.dice.choice((asked, asked, steered))))


def _map(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value


def _odd(arena: Arena) -> dict[str, object]:
    """Mostly nothing: a message with one thing wrong in it is refused before anybody reads the rest."""
    names = JobParams.__struct_fields__
    return {arena.dice.choice(names): arena.dice.choice(_ODD)} if arena.dice.random() < 0.2 else {}


async def play_a_great_document(arena: Arena) -> None:
    """Up to as many notes as C6 lets through, all of them played by several jobs at once, and edited meanwhile (J8)."""
    async with inside(arena) as intruder:
        track, clip = fresh(arena), fresh(arena)
        where = Props(track=track, start_tick=arena.dice.choice((0, _LAST_TICK)), length_ticks=_LAST_TICK)
        placed = (Op(op="put", kind="track", id=track), Op(op="put", kind="clip", id=clip, props=where))
        await intruder.send(c.Edit(op_id="t", ops=placed))
        for number in range(arena.dice.choice((1, 4, 14))):
            await intruder.send(c.Edit(op_id=f"n{number}", ops=tuple(_notes(clip, number * b.MAX_OPS))))
        for number in range(8):
            params = JobParams(clip=arena.dice.choice(("*", clip)))
            await intruder.send(c.JobSubmit(op_id=f"p{number}", kind="generate", params=params))
        for number in range(20):
            quieter = Op(op="set", kind="clip", id=clip, props=Props(gain_db=-float(number)))
            await intruder.send(c.Edit(op_id=f"e{number}", ops=(quieter,)))
            await asyncio.sleep(0.1)
        await intruder.send(c.Edit(op_id="gone", ops=(Op(op="delete", kind="track", id=track),)))


def _notes(clip: b.EntityId, first: int) -> Iterator[Op]:
    for tick in range(first, first + b.MAX_OPS):
        props = Props(clip=clip, tick=tick, length_ticks=_LAST_TICK, pitch=tick % 128)
        yield Op(op="put", kind="note", id=f"{clip}{tick:06}", props=props)


async def lead_nowhere(arena: Arena) -> None:
    """Pieces that follow each other, steered from key to key while their leaders go (J7)."""
    async with inside(arena) as intruder:
        for number in range(18):
            job = arena.dice.choice(_jobs(intruder))
            words: tuple[c.ClientMessage, ...] = (
                c.JobSubmit(op_id=f"l{number}", kind="generate", params=_GROOVE),
                c.JobSteer(job=job, params=JobParams(key=arena.dice.choice(("", "F minor", "🥁" * 256)))),
                c.JobSteer(job=job, params=JobParams(section="outro", seed=number)),
                c.JobCancel(job=job),
                c.TransportSet(op_id=f"t{number}", bpm=float(arena.dice.randint(20, 999)), playing=True),
            )
            await intruder.send(arena.dice.choice(words))
            await asyncio.sleep(0.02)


async def separate_whatever_there_is(arena: Arena) -> None:
    """Sounds, clips and jobs that are there, that are not, that are separations; several at once (J3, J12)."""
    async with inside(arena) as intruder:
        await intruder.send(c.JobSubmit(op_id="source", kind="generate", params=_GROOVE))
        for number in range(18):
            job = arena.dice.choice(_jobs(intruder))
            words: tuple[c.ClientMessage, ...] = (
                c.JobSubmit(op_id=f"p{number}", kind="separate", params=_separation(arena, intruder, job)),
                c.JobNotes(op_id=f"n{number}", job=job),
                c.JobSteer(job=job, params=JobParams(stems=("vocals",), job=job)),
                c.TransportSet(op_id=f"t{number}", tick=arena.dice.choice((0, 2**38)), playing=True),
                c.TransportSet(op_id=f"b{number}", bpm=float(arena.dice.randint(20, 999))),
                c.JobCancel(job=job),
            )
            await intruder.send(arena.dice.choices(words, (12, 3, 1, 2, 1, 4))[0])
            await asyncio.sleep(0.02)


def _separation(arena: Arena, intruder: Intruder, job: b.JobId) -> JobParams:
    clips = [one.id for one in intruder.entities if one.kind == "clip"]
    sources: dict[str, object] = {"job": job, "clip": arena.dice.choice(["*", *clips]), "asset": "0" * 64}
    chosen = arena.dice.sample(sorted(sources), arena.dice.choices((0, 1, 2, 3), (1, 8, 1, 1))[0])
    params: dict[str, object] = {name: sources[name] for name in chosen}
    stems = (("mix",) * 16, (), ("vocals", "vocals"), ("a_stem_of_no_model",), True)
    odd = {"stems": stems, "model": ("", "builtin", "../../x"), "start": (_LAST_TICK, "now"), "overlap": (0, 0.5)}
    for name, choices in odd.items():
        if arena.dice.random() < 0.3:
            params[name] = arena.dice.choice(choices)
    return JobParams(**params)  # type: ignore[arg-type]  # as they are made


JOB_ATTACKS: Final[tuple[Attack, ...]] = (
    write_others_notes_down,
    set_what_is_the_owners,
    ask_for_odd_jobs,
    play_a_great_document,
    lead_nowhere,
    separate_whatever_there_is,
)
