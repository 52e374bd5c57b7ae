"""The one place where fitting meets the synthesiser: a spec or written notes in, a take out."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec
import numpy as np

from logdrum_engine.generator import SAMPLE_RATE, TICKS_PER_QUARTER, Pcm, Spec, bar_samples
from logdrum_engine.groove import Groove
from logdrum_engine.groove.piece import piece_of
from logdrum_protocol.instruments import DRUM_KEYS, INSTRUMENTS
from logdrum_protocol.records import Notation, Part, PlayedNote

_PATCHES: Final = {instrument.name: instrument.patches for instrument in INSTRUMENTS}
KITS: Final = _PATCHES["drums"]
LOG_DRUM_PATCHES: Final = _PATCHES["log_drum"]

_KEYS: Final = {name: key for key, name in DRUM_KEYS.items()}
_STEP_TICKS: Final = TICKS_PER_QUARTER // 4
_LOUD: Final = 100


class Take(msgspec.Struct, frozen=True):
    """A rendered excerpt, and when in it log drums are struck."""

    pcm: Pcm
    log_drums_s: tuple[float, ...]


class Sound(msgspec.Struct, frozen=True):
    """A note of a bar of sixteen sixteenths; of the drums, the pitch is the key of a drum."""

    instrument: str
    step: float
    length: float
    pitch: int
    loudness: float


def drum(name: str, step: float, loudness: float) -> Sound:
    """A stroke on a drum, by its name in DRUM_KEYS."""
    return Sound("drums", step, 1.0, _KEYS[name], loudness)


def take_of_groove(spec: Spec, first_bar: int, bars: int) -> Take:
    """Render some bars of a groove."""
    bar_s = bar_samples(spec) / SAMPLE_RATE
    struck = [
        (bar + note.step / 16.0) * bar_s
        for bar in range(bars)
        for note in _groove().notes(spec, first_bar + bar)
        if note.instrument == "log_drum"
    ]
    return Take(_render(spec, first_bar * bar_s, (first_bar + bars) * bar_s), tuple(struck))


def patches_of_groove(spec: Spec) -> tuple[int, int]:
    """Kit and log-drum patch of a groove, to hold some of them out."""
    patches = piece_of(spec).patches
    return patches.kit, patches.log_drum


def take_of_bars(bars: Sequence[Sequence[Sound]], bpm: float, patches: Mapping[str, int]) -> Take:
    """Render written bars of four beats."""
    spec = Spec(bpm=bpm, notation=_notation(bars, patches))
    bar_s = 240.0 / bpm
    struck = [
        (number + sound.step / 16.0) * bar_s
        for number, bar in enumerate(bars)
        for sound in bar
        if sound.instrument == "log_drum"
    ]
    return Take(_render(spec, 0.0, len(bars) * bar_s), tuple(struck))


def _notation(bars: Sequence[Sequence[Sound]], patches: Mapping[str, int]) -> Notation:
    names = sorted({sound.instrument for bar in bars for sound in bar})
    notes = [
        PlayedNote(
            part=names.index(sound.instrument),
            tick=round((number * 16 + sound.step) * _STEP_TICKS),
            length_ticks=max(1, round(sound.length * _STEP_TICKS)),
            pitch=sound.pitch,
            velocity=max(1, min(127, round(sound.loudness * _LOUD))),
        )
        for number, bar in enumerate(bars)
        for sound in bar
    ]
    return Notation(
        parts=tuple(Part(instrument=f"{name}:{patches.get(name, 0)}") for name in names), notes=tuple(notes)
    )


def _render(spec: Spec, first_s: float, last_s: float) -> Pcm:
    stems = _groove().render(spec, round(first_s * SAMPLE_RATE), round(last_s * SAMPLE_RATE))
    return np.asarray(np.sum(list(stems.values()), axis=0), dtype=np.float32)


@lru_cache(maxsize=1)
def _groove() -> Groove:
    """One for all takes: it keeps the sounds it has made."""
    return Groove()
