"""The sections: how much of each layer plays in them, and how words and styles weigh that."""

from functools import lru_cache

import msgspec
from msgspec.structs import replace

from logdrum_protocol.bounds import SectionName

LAYERS = ("kick", "shaker", "cabasa", "hat", "clap", "rim", "conga", "fill", "log", "bass", "keys", "pad", "lead")
_LOUDEST = 1.1


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """How much of each layer plays, 0 for silence to 1; and which phrase they play."""

    name: str
    kind: SectionName = "drop"
    """What people call it."""
    kick: float = 1.0
    shaker: float = 1.0
    cabasa: float = 0.0
    hat: float = 0.0
    clap: float = 0.0
    rim: float = 1.0
    conga: float = 0.0
    fill: float = 1.0
    log: float = 1.0
    bass: float = 1.0
    keys: float = 1.0
    pad: float = 0.0
    lead: float = 0.0
    phrase: int = 0
    opens: bool = False
    """Whether a crash begins it."""
    builds: bool = False
    """Whether its last bars climb to the next section."""
    lands: bool = False
    """Whether its last bar is one last stroke, left to ring."""
    then: "Section | None" = None
    """What it becomes half way."""


@lru_cache(maxsize=256)
def weighed(section: Section, out: frozenset[str], asked: frozenset[str], weights: tuple[float, ...]) -> Section:
    """Give each of LAYERS its weight; who was asked for plays up in builds and drops, who was asked away is silent."""
    amounts = {
        layer: min(_LOUDEST, weight * getattr(section, layer)) for layer, weight in zip(LAYERS, weights, strict=True)
    }
    if section.kind in ("build", "drop"):
        amounts |= {layer: max(0.85, amounts[layer]) for layer in asked}
    return replace(section, **{**amounts, **dict.fromkeys(out, 0.0)})


INTRO = Section(name="intro", kind="intro", kick=0.85, shaker=0.75, rim=0.7, fill=0.0, log=0.0, bass=0.0, pad=0.8)
BUILD = Section(
    name="build", kind="build", hat=0.5, clap=0.5, conga=0.7, log=0.6, bass=0.9, pad=0.6, lead=0.7, builds=True
)
_DROP = Section(name="drop", opens=True, cabasa=0.8, hat=1.0, clap=1.0, conga=1.0, keys=0.85, pad=0.4, phrase=1)
DROP = replace(_DROP, then=replace(_DROP, opens=False, lead=0.85, pad=0.55))
_SECOND = replace(_DROP, name="second drop", keys=0.95, lead=0.8, pad=0.6, phrase=2)
SECOND = replace(_SECOND, then=replace(_SECOND, opens=False, lead=0.0, keys=0.8))
BREAK = Section(
    name="break",
    kind="break",
    kick=0.0,
    shaker=0.55,
    rim=0.5,
    conga=0.4,
    fill=0.0,
    log=0.0,
    bass=0.7,
    pad=1.0,
    lead=0.85,
    builds=True,
)
_OUTRO = Section(name="outro", kind="outro", hat=0.5, clap=0.6, conga=0.7, log=0.8, bass=0.9, pad=0.8, lands=True)
OUTRO = replace(_OUTRO, then=replace(_OUTRO, hat=0.0, clap=0.0, conga=0.0, fill=0.0, shaker=0.7, keys=0.85, log=0.6))
_LOOP = Section(name="groove", cabasa=0.6, hat=0.8, clap=0.7, conga=0.8, pad=0.6, phrase=1)
LOOP = replace(_LOOP, then=replace(_LOOP, lead=0.7))
"""A short piece is heard over and over: no crash where it begins and nothing that climbs to what never comes."""
GROOVE = Section(name="groove", conga=0.6, pad=0.6, hat=0.5, phrase=2)
STRIP = Section(name="strip", opens=True, cabasa=0.7, conga=1.0, clap=0.6, keys=0.0, pad=0.35, phrase=2)
SOUL = Section(name="soul", kind="build", kick=0.8, hat=0.5, conga=0.7, log=0.6, pad=0.9, lead=1.0, builds=True)
