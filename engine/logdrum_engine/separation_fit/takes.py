"""A pool of takes by the groove engine: real arrangements, whose stems the examples recombine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
import soxr  # type: ignore[import-untyped]  # it ships no types
from numpy.typing import NDArray

from logdrum_engine.generator import SAMPLE_RATE as GROOVE_RATE
from logdrum_engine.generator import Spec, bar_samples
from logdrum_engine.groove import Groove
from logdrum_engine.groove.dice import Dice
from logdrum_engine.groove.score import Note

from .examples import SAMPLE_RATE, STEMS, LogNote, Signal

TAKES: Final = 72
ALIKE: Final = 3
"""Takes in a row that share their tempo and key, so that their stems can be swapped."""

_VERSION: Final = 1
_TAKE_S: Final = 21.0
_FULL: Final = 20_000.0
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
_KEYS: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_FIRST_BARS: Final = 72
_RINGS_S: Final = 0.9


class Pool(NamedTuple):
    """Takes [takes, 4, 2, n] at 16 bits, read from the disk as they are needed, and the log-drum notes of each."""

    sounds: NDArray[np.int16]
    notes: tuple[tuple[LogNote, ...], ...]
    bar_s: tuple[float, ...]
    """Length of each take's bars, of which the first begins with it."""

    def stem(self, take: int, index: int, first: int, samples: int) -> Signal:
        """An excerpt of a stem; silence where the take is over."""
        cut = self.sounds[take, index, :, first : first + samples]
        out = np.zeros((2, samples), np.float32)
        np.multiply(cut, np.float32(1 / _FULL), out=out[:, : cut.shape[1]])
        return out


def pool_of(folder: Path, takes: int = TAKES) -> Pool:
    """Return the pool, rendering it, for half a minute, if that has not been done."""
    sounds = folder / "cache" / f"takes-{_VERSION}-{takes}.npy"
    notes = sounds.with_suffix(".json")
    if not notes.exists():
        _render(sounds, notes, takes)
    written = msgspec.json.decode(notes.read_bytes(), type=tuple[tuple[LogNote, ...], ...])
    bars = tuple(bar_samples(_spec(number)[0]) / GROOVE_RATE for number in range(takes))
    return Pool(np.load(sounds, mmap_mode="r"), written, bars)


def _render(sounds: Path, notes: Path, takes: int) -> None:
    sounds.parent.mkdir(parents=True, exist_ok=True)
    draft = sounds.with_suffix(".draft")
    pool = np.lib.format.open_memmap(draft, "w+", np.int16, (takes, len(STEMS), 2, round(_TAKE_S * SAMPLE_RATE)))
    groove, written = Groove(), []
    for number in range(takes):
        spec, bar = _spec(number)
        pool[number] = _sound(groove, spec, bar)
        written.append(_notes(groove, spec, bar))
    pool.flush()
    draft.replace(sounds)
    notes.write_bytes(msgspec.json.encode(written))


def _spec(number: int) -> tuple[Spec, int]:
    """What a take plays, and the bar it begins with."""
    alike, own = Dice("separation takes", number // ALIKE), Dice("separation take", number)
    bpm, key = round(alike.between(105.0, 120.0), 2), f"{alike.pick(_KEYS)} {alike.pick(('minor', 'minor', 'major'))}"
    spec = Spec(prompt=own.pick(_STYLES), seed=own.bits() >> 32, bpm=bpm, key=key)
    return spec, own.below(_FIRST_BARS)


def _sound(groove: Groove, spec: Spec, bar: int) -> NDArray[np.int16]:
    first = round(bar * bar_samples(spec))
    stems = groove.render(spec, first, first + round((_TAKE_S + 0.1) * GROOVE_RATE))
    out = np.zeros((len(STEMS), 2, round(_TAKE_S * SAMPLE_RATE)), np.int16)
    for place, name in enumerate(STEMS):
        sound = soxr.resample(stems[name].T, GROOVE_RATE, SAMPLE_RATE, quality="HQ").T
        out[place] = np.clip(sound[:, : out.shape[-1]] * _FULL, -32_767, 32_767)
    return out


def _notes(groove: Groove, spec: Spec, first_bar: int) -> list[LogNote]:
    bar_s = bar_samples(spec) / GROOVE_RATE
    found = [
        (bar * bar_s + note.step * bar_s / 16.0, note, bar_s / 16.0)
        for bar in range(-1, int(_TAKE_S / bar_s) + 1)
        if first_bar + bar >= 0
        for note in groove.notes(spec, first_bar + bar)
        if note.instrument == "log_drum"
    ]
    found.sort(key=lambda each: each[0])
    return _heard(found)


def _heard(found: Sequence[tuple[float, Note, float]]) -> list[LogNote]:
    """A slide comes from the pitch before and begins with the stroke."""
    notes = []
    for (at_s, note, step_s), following in zip(found, [*(each[0] for each in found[1:]), _TAKE_S], strict=True):
        pitch = note.pitches[0]
        from_pitch = pitch if note.glide_from is None else note.glide_from
        end_s = min(at_s + min(note.length * step_s + 0.05, _RINGS_S), max(following, at_s + 0.03), _TAKE_S)
        if 0.0 <= at_s < _TAKE_S - 0.03:
            notes.append(LogNote(at_s, _hz(from_pitch), _hz(pitch), at_s, end_s, min(1.0, note.velocity)))
    return notes


def _hz(pitch: int) -> float:
    return float(440.0 * 2.0 ** ((pitch - 69) / 12))
