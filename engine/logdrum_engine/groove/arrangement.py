"""Which layers play when: sections of eight bars, full from the first bar, then cycles that never end."""

import msgspec

from .dice import Dice

SECTION_BARS = 8


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """How much of each layer plays, 0 for silence to 1; and which phrase and chord loop they play."""

    name: str
    kick: float = 1.0
    shaker: float = 1.0
    hat: float = 0.0
    clap: float = 0.0
    rim: float = 1.0
    conga: float = 0.0
    log: float = 1.0
    bass: float = 1.0
    keys: float = 1.0
    pad: float = 0.0
    lead: float = 0.0
    phrase: int = 0
    loop: int = 0
    builds: bool = False
    """Whether its last bars climb to the next section."""
    cycle: int = 0


_GROOVE = Section(name="groove", conga=0.6, pad=0.6, hat=0.5)
_LIFT = Section(name="lift", conga=0.9, hat=0.8, clap=0.8, pad=0.5, lead=0.9, builds=True)
_DROP = Section(name="drop", hat=1.0, clap=1.0, conga=1.0, keys=0.85, pad=0.4, phrase=1)
_BREAK = Section(
    name="break", kick=0.0, shaker=0.55, rim=0.5, log=0.0, bass=0.7, keys=1.0, pad=1.0, lead=0.8, loop=1, builds=True
)
_SECOND = Section(name="second drop", hat=1.0, clap=1.0, conga=1.0, keys=0.9, pad=0.6, lead=0.5, phrase=2, loop=1)
_STRIP = Section(name="strip", conga=1.0, clap=0.6, keys=0.0, pad=0.35, phrase=2, loop=2)
_SOUL = Section(name="soul", kick=0.8, hat=0.5, conga=0.7, log=0.6, pad=0.9, lead=1.0, loop=2, builds=True)

_OPENING = (_GROOVE, _LIFT, _DROP, _BREAK, _SECOND, _STRIP, _SOUL, _DROP)
_CYCLES = (
    (_LIFT, _DROP, _STRIP, _BREAK, _SECOND, _SOUL, _LIFT, _DROP),
    (_SOUL, _SECOND, _GROOVE, _BREAK, _DROP, _STRIP, _LIFT, _SECOND),
    (_STRIP, _LIFT, _SECOND, _SOUL, _BREAK, _DROP, _GROOVE, _LIFT),
)


def section_of(seed: int, number: int) -> Section:
    """Look up a section; cycles after the first are shuffled by the seed and bring phrases of their own."""
    cycle, place = divmod(number, len(_OPENING))
    if cycle == 0:
        return _OPENING[place]
    section = Dice(seed, "cycle", cycle).pick(_CYCLES)[place]
    return msgspec.structs.replace(section, cycle=cycle, phrase=section.phrase + 3 * cycle)
