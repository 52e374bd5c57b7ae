"""Which sounds a piece plays with: a kit for all drums, and a patch each for the log drum and the pad."""

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from .dice import Dice
from .synth.kit import COLOURS

KITS = 16
SHAKER_FORTH, SHAKER_BACK = 0, 1
"""Strokes of a shaker; 2 and 3 are the same two again, a little different."""
CONGA_LOW, CONGA_HIGH, CONGA_MUTED, CONGA_SLAP = range(4)

_CONGAS = ((0, 0), (1, 0), (1, 1), (0, 2))
"""Drum of the pair and way of striking it, of each stroke."""
_PLACES: Mapping[str, tuple[float, ...]] = {
    "shaker": (-0.18,),
    "cabasa": (0.45,),
    "rim": (0.22,),
    "hat": (-0.3,),
    "closed_hat": (-0.3,),
    "snare": (-0.1,),
    "crash": (0.1,),
    "conga": (0.5, -0.5, -0.5, 0.5),
    "tom": (-0.35, -0.1, 0.15, 0.4),
}


class Patches(msgspec.Struct, frozen=True, kw_only=True):
    """The sounds of a piece, as numbers that a track's instrument can carry."""

    kit: int = 0
    log_drum: int = 0
    pad: int = 0


@lru_cache(maxsize=512)
def kit_colour(kit: int, drum: str) -> int:
    """Which of a drum's colours a kit has."""
    return Dice("kit", kit, drum).below(COLOURS)


def drum_colour(kit: int, drum: str, stroke: int = 0) -> int:
    """The `Note.colour` of a stroke: 0 to 3 for shaker, conga and tom (low to high), 0 or 1 for cabasa, else 0."""
    match drum:
        case "shaker":
            return kit_colour(kit, drum) * 4 + stroke
        case "conga":
            skin, way = _CONGAS[stroke]
            return (kit_colour(kit, drum) % 2 * 2 + skin) * 3 + way
        case "tom" | "cabasa":
            return stroke
        case _:
            return kit_colour(kit, drum)


def drum_place(drum: str, stroke: int = 0) -> float:
    """The `Note.pan` of a drum, the same in every kit."""
    places = _PLACES.get(drum, (0.0,))
    return places[stroke % len(places)]
