"""Notes of the sound font, rendered once and kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .examples import SAMPLE_RATE
from .sounds import SOUND_FONT

_FONT: Final = "usr/share/sounds/sf3/MuseScore_General_Lite.sf3"
_VERSION: Final = 1

# Keys, guitars, strings, winds, leads, pads and plucked instruments, by General MIDI number.
_OTHER: Final = (
    0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 21, 22, 24, 25, 26, 27, 28, 40, 42, 45, 46, 48,
    50, 51, 52, 53, 54, 56, 57, 60, 61, 62, 63, 65, 66, 68, 71, 73, 75, 80, 81, 84, 88, 89, 90, 91, 92, 93, 95,
    104, 106, 107, 108, 114,
)  # fmt: skip
_BASSES: Final = (32, 33, 34, 35, 36, 37, 38, 39, 43, 87)
_TUNED: Final = (47, 115, 116, 117, 118)
_KITS: Final = (0, 8, 16, 24, 25, 32, 40, 48)
# What a key of the kits strikes.
_STRUCK: Final = {
    **dict.fromkeys((35, 36), "kick"),
    **dict.fromkeys((37, 75, 76, 77), "rim"),
    **dict.fromkeys((38, 40), "snare"),
    39: "clap",
    **dict.fromkeys((41, 43, 45, 47, 48, 50), "tom"),
    **dict.fromkeys((42, 44, 46), "hat"),
    **dict.fromkeys((49, 51, 52, 55, 57), "cymbal"),
    **dict.fromkeys((53, 56, 67, 68, 65, 66, 80, 81, 73, 74), "perc"),
    **dict.fromkeys((54, 69, 70, 82), "shaker"),
    **dict.fromkeys((60, 61, 62, 63, 64), "conga"),
}


class Played(NamedTuple):
    """One note: what it is for, the program that plays it, its MIDI pitch, and mono 16-bit samples."""

    role: str
    program: int
    pitch: int
    sound: NDArray[np.int16]


class _Order(NamedTuple):
    role: str
    bank: int
    program: int
    pitch: int
    held_s: float
    rings_s: float


def notes_of(folder: Path) -> list[Played]:
    """Return the notes, rendering them if that has not been done."""
    cache = folder / "cache" / f"sound-font-{_VERSION}.npz"
    if not cache.exists():
        _render(folder, cache)
    with np.load(cache) as kept:
        sounds, about, roles = kept["sounds"], kept["about"], kept["roles"]
    return [
        Played(str(role), int(program), int(pitch), sounds[int(first) : int(last)])
        for role, (program, pitch, first, last) in zip(roles, about, strict=True)
    ]


def _orders() -> Iterator[_Order]:
    for program in _OTHER:
        yield from (_Order("other", 0, program, pitch, 1.5, 0.4) for pitch in range(48, 85, 6))
    for program in _BASSES:
        yield from (_Order("bass", 0, program, pitch, 1.6, 0.15) for pitch in range(28, 53, 4))
    for program in _TUNED:
        yield from (_Order("tuned", 0, program, pitch, 0.6, 0.4) for pitch in range(36, 61, 4))
    for program in _KITS:
        yield from (_Order(role, 128, program, key, 0.4, 0.5) for key, role in _STRUCK.items())


def _render(folder: Path, cache: Path) -> None:
    import tinysoundfont  # loaded only to fill the cache

    synth = tinysoundfont.Synth(samplerate=SAMPLE_RATE)
    font = synth.sfload(str(folder / SOUND_FONT / _FONT))
    played = [(order, sound) for order in _orders() if (sound := _play(synth, font, order)).size]
    ends = np.cumsum([sound.size for _, sound in played])
    about = [
        (order.program, order.pitch, end - sound.size, end) for (order, sound), end in zip(played, ends, strict=True)
    ]
    cache.parent.mkdir(parents=True, exist_ok=True)
    draft = cache.with_suffix(".draft.npz")
    np.savez(
        draft,
        sounds=np.concatenate([sound for _, sound in played]),
        about=np.array(about, np.int64),
        roles=np.array([order.role for order, _ in played]),
    )
    draft.replace(cache)


def _play(synth: Any, font: int, order: _Order) -> NDArray[np.int16]:  # tinysoundfont ships no types
    """Play one note in the middle of the stage; nothing where the font has no such sound."""
    synth.program_select(0, font, order.bank, order.program, order.bank == 128)
    synth.noteon(0, order.pitch, 100)
    parts = [_heard(synth, order.held_s)]
    synth.noteoff(0, order.pitch)
    parts.append(_heard(synth, order.rings_s))
    synth.sounds_off(0)
    _heard(synth, 0.05)
    sound = np.concatenate(parts)
    loud = np.flatnonzero(np.abs(sound) > 1e-3 * np.max(np.abs(sound), initial=1e-6))
    if np.max(np.abs(sound), initial=0.0) < 1e-4 or not loud.size:
        return np.zeros(0, np.int16)
    sound = sound[max(0, int(loud[0]) - 16) : int(loud[-1]) + 1]
    fade = min(sound.size, 800)
    sound[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return np.asarray(sound / np.max(np.abs(sound)) * 32_000, dtype=np.int16)


def _heard(synth: Any, length_s: float) -> NDArray[np.float32]:
    raw = np.frombuffer(synth.generate(round(length_s * SAMPLE_RATE)), dtype=np.float32)
    return np.asarray(raw.reshape(-1, 2).mean(axis=1), dtype=np.float32)
