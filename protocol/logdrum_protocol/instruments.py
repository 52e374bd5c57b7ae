"""Instruments that a track may name: what an engine plays them with, and what MIDI calls them (D1, J8, X4)."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

RINGS_S: Final = 4
"""How long anything of a note is heard after its end, echoes and all: no instrument rings for longer."""

StemGroup: TypeAlias = Literal["drums", "log_drum", "bass", "other"]


class Instrument(msgspec.Struct, frozen=True):
    """One instrument."""

    name: str
    label: str
    stem: StemGroup
    program: int | None
    """General MIDI program, from 0; None for the drum kit, which has a channel of its own."""
    patches: int = 1
    """How many sounds it has."""


INSTRUMENTS: Final = (
    Instrument("drums", "Drums", "drums", None, 16),
    Instrument("log_drum", "Log drum", "log_drum", 117, 6),
    Instrument("bass", "Bass", "bass", 38),
    Instrument("piano", "Electric piano", "other", 4),
    Instrument("pad", "Pad", "other", 89, 3),
    Instrument("organ", "Organ", "other", 16),
    Instrument("kalimba", "Kalimba", "other", 108),
    Instrument("bell", "Bell", "other", 14),
    Instrument("flute", "Flute", "other", 73),
)
_BY_NAME: Final = {instrument.name: instrument for instrument in INSTRUMENTS}

DRUM_KEYS: Final[Mapping[int, str]] = {
    36: "kick",
    37: "rim",
    38: "snare",
    39: "clap",
    41: "low tom",
    42: "closed hat",
    43: "tom",
    45: "high tom",
    46: "open hat",
    48: "top tom",
    49: "crash",
    62: "muted high conga",
    63: "high conga",
    64: "low conga",
    69: "cabasa",
    70: "shaker, back",
    75: "conga slap",
    82: "shaker",
}
"""What each key of the drum kit strikes, as General MIDI has them, except that 75 (claves) is a slapped conga."""


def instrument_of(text: str) -> tuple[Instrument, int] | None:
    """Read what a track plays, such as `piano` or `log_drum:3`, as instrument and patch; None for anything else."""
    name, _, patch = text.partition(":")
    instrument = _BY_NAME.get(name.strip())
    if instrument is None or not (patch == "" or (patch.isascii() and patch.isdigit() and len(patch) < 4)):
        return None
    return instrument, int(patch or 0) % instrument.patches
