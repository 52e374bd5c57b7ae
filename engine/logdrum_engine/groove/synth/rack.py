"""Every instrument by name: how it is made, how long it rings, how loud it is and in which stem."""

from collections.abc import Callable, Mapping

import msgspec

from logdrum_engine.generator import Pcm

from . import keys, kit, low
from .voice import LONGEST_NOTE_S, Voice
from .waves import samples_of


class Instrument(msgspec.Struct, frozen=True):
    """A row of the rack."""

    stem: str
    render: Callable[[Voice], Pcm]
    rings_s: float
    """Longest that a one-shot sounds: after its release, or in all where the length is ignored."""
    gain: float
    held: bool = False
    """Whether the length of a note matters."""
    toned: bool = False
    """Whether a harder stroke sounds different, and not only louder."""


RACK: Mapping[str, Instrument] = {
    "kick": Instrument("drums", kit.kick, 0.4, 0.42),
    "shaker": Instrument("drums", kit.shaker, 0.2, 0.27),
    "cabasa": Instrument("drums", kit.cabasa, 0.2, 0.17),
    "hat": Instrument("drums", kit.hat, 0.6, 0.21),
    "closed_hat": Instrument("drums", kit.closed_hat, 0.1, 0.18),
    "clap": Instrument("drums", kit.clap, 0.9, 0.31),
    "rim": Instrument("drums", kit.rim, 0.7, 0.27),
    "snare": Instrument("drums", kit.snare, 0.7, 0.28),
    "conga": Instrument("drums", kit.conga, 0.8, 0.25),
    "tom": Instrument("drums", kit.tom, 0.9, 0.32),
    "crash": Instrument("drums", kit.crash, 2.1, 0.13),
    "sweep": Instrument("drums", kit.sweep, 2.1, 0.13),
    "log_drum": Instrument("log_drum", low.log_drum, low.LOG_RELEASE_S + low.LOG_ROOM_S, 0.46, True, True),
    "bass": Instrument("bass", low.bass, low.BASS_RELEASE_S, 0.19, True, True),
    "piano": Instrument("other", keys.piano, keys.PIANO_RELEASE_S, 0.118, True, True),
    "pad": Instrument("other", keys.pad, keys.PAD_RELEASE_S, 0.054, True),
    "bloom": Instrument("other", keys.bloom, keys.BLOOM_S, 0.046),
    "kalimba": Instrument("other", keys.kalimba, keys.LEAD_RELEASE_S + keys.LEAD_ROOM_S, 0.17, True),
    "organ": Instrument("other", keys.organ, keys.LEAD_RELEASE_S + keys.LEAD_ROOM_S, 0.12, True),
    "bell": Instrument("other", keys.bell, keys.LEAD_RELEASE_S + keys.LEAD_ROOM_S, 0.14, True),
    "flute": Instrument("other", keys.flute, keys.LEAD_RELEASE_S + keys.LEAD_ROOM_S, 0.13, True),
}

LONGEST_SAMPLES = samples_of(LONGEST_NOTE_S + max(row.rings_s for row in RACK.values() if row.held))
"""No one-shot is longer, so this is how far back a block has to look."""

PERCUSSION_COLOURS = {"shaker": kit.COLOURS * 4, "conga": kit.COLOURS * 3}
"""How many sounds the drums with several strokes have; the others have `kit.COLOURS`."""


def sounding(voice: Voice) -> int:
    """How many samples a voice may sound; its one-shot is never longer."""
    row = RACK[voice.instrument]
    return voice.span(row.rings_s) if row.held else samples_of(row.rings_s)


def kit_voices() -> list[Voice]:
    """Every voice of the drum kit, to be made before the first note is asked for."""
    return [
        Voice(instrument=name, colour=colour)
        for name, row in RACK.items()
        if row.stem == "drums"
        for colour in range(PERCUSSION_COLOURS.get(name, kit.COLOURS))
    ]
