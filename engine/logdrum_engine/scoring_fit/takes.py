"""The takes that are fitted on and held out: grooves and other music, of patches and seeds that never meet."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from logdrum_engine.generator import Spec
from logdrum_engine.groove.dice import Dice
from logdrum_engine.scoring.measures import Measures

from .augment import worn
from .band import KITS, LOG_DRUM_PATCHES, Take, patches_of_groove, take_of_bars, take_of_groove
from .others import GENRES, bars_of, tune_of
from .studio import measured

AMAPIANO: Final = "amapiano"
NEAR_KIN: Final = "afro house"
"""Never fitted on: so near that where it lands is told, not taught."""
OTHERS: Final = tuple(name for name in GENRES if name != NEAR_KIN)

Side: TypeAlias = Literal["fitted", "held out"]

HELD_OUT_KITS: Final = tuple(kit for kit in range(KITS) if kit % 4 == 3)
HELD_OUT_LOG_DRUMS: Final = tuple(patch for patch in range(LOG_DRUM_PATCHES) if patch % 3 == 2)

_STYLES: Final = (
    "",
    "private school, jazzy",
    "hard sgija",
    "bacardi, busy",
    "dark quantum",
    "deep, soulful organ",
    "sparse, mellow",
    "bright party kalimba",
)
_OMISSIONS: Final = (
    *[""] * 5,
    *["no log drum"] * 3,
    "no bass",
    "no drums",
    "no keys",
    "only log drum and shaker",
    "only log drum and kick",
)
_KEYS: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_BARS: Final = 10
_TAKE_S: Final = 21.0
_FIRST_BARS: Final = 72


class Order(msgspec.Struct, frozen=True):
    """A take to be made: all that it depends on."""

    side: Side
    kind: str
    number: int
    seed: int

    @property
    def name(self) -> str:
        """What it is filed under."""
        return f"{self.side} {self.kind} {self.number} of {self.seed}"


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a take once it has been heard."""

    name: str
    side: Side
    kind: str
    about: str
    spans: tuple[Measures, ...]
    log_drums: tuple[tuple[bool, ...], ...]
    """Of each low note of each span: whether a log drum was struck there."""


def orders(renders: int, seed: int) -> list[Order]:
    """Half amapiano, half others; a quarter is held out, and afro house comes on top of that."""
    held = renders // 4
    return [
        *_orders("fitted", renders - held, seed),
        *_orders("held out", held, seed),
        *(Order("held out", NEAR_KIN, number, seed) for number in range(held // 8)),
    ]


def _orders(side: Side, count: int, seed: int) -> Iterator[Order]:
    for number in range(count):
        kind = AMAPIANO if number % 2 else OTHERS[number // 2 % len(OTHERS)]
        yield Order(side, kind, number, seed)


def make(order: Order) -> Measured:
    """Render a take, wear it down as files are, and measure it."""
    dice = Dice("scoring take", order.side, order.kind, order.number, order.seed)
    take, about = _groove(order, dice) if order.kind == AMAPIANO else _other(order, dice)
    spans, log_drums = measured(worn(take.pcm, dice), take.log_drums_s)
    return Measured(name=order.name, side=order.side, kind=order.kind, about=about, spans=spans, log_drums=log_drums)


def _groove(order: Order, dice: Dice) -> tuple[Take, str]:
    prompt = ", ".join(words for words in (dice.pick(_STYLES), dice.pick(_OMISSIONS)) if words)
    bpm = dice.between(108.0, 115.0) if dice.chance(0.8) else dice.between(104.0, 119.0)
    key = f"{dice.pick(_KEYS)} {dice.pick(('minor', 'minor', 'major'))}"
    while True:
        spec = Spec(prompt=prompt, seed=dice.bits() >> 32, bpm=round(bpm, 2), key=key)
        if is_of(order.side, *patches_of_groove(spec)):
            return take_of_groove(spec, dice.below(_FIRST_BARS), _BARS), prompt


def is_of(side: Side, kit: int, log_drum: int) -> bool:
    """Whether both patches are of one side; pieces of mixed patches are of neither."""
    held_out = {kit in HELD_OUT_KITS, log_drum in HELD_OUT_LOG_DRUMS}
    return held_out == {side == "held out"}


def _other(order: Order, dice: Dice) -> tuple[Take, str]:
    genre = GENRES[order.kind]
    kits, patches = (
        _patches(order.side, *each) for each in ((KITS, HELD_OUT_KITS), (LOG_DRUM_PATCHES, HELD_OUT_LOG_DRUMS))
    )
    tune = tune_of(genre, dice, kits, patches)
    bars = bars_of(genre, tune, round(_TAKE_S * tune.bpm / 240.0))
    return take_of_bars(
        bars, tune.bpm, {"drums": tune.kit, "log_drum": tune.patch}
    ), f"{tune.bassist} at {tune.bpm:g} BPM"


def _patches(side: Side, count: int, held_out: Sequence[int]) -> tuple[int, ...]:
    return tuple(held_out) if side == "held out" else tuple(patch for patch in range(count) if patch not in held_out)
