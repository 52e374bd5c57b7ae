"""Everything that examples are made from, opened once: recorded sounds, notes of the sound font, rendered takes."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .examples import SAMPLE_RATE, Signal
from .instruments import Sampled, Wave, faded, repitched, struck, wave_of
from .log_drums import HELD_OUT, TRAIN, Ranges
from .sound_font import Played, notes_of
from .sounds import Split, cycle, files_of, load
from .takes import TAKES, Pool, pool_of

Rng = np.random.Generator

ROOMS: Final = 24
_ROOM_S: Final = 0.6
_LONGEST: Final = 3 * SAMPLE_RATE
_FALLBACKS: Mapping[str, str] = {"tuned": "tom", "cymbal": "hat", "bassline": "break"}


class Studio:
    """The sounds of one split."""

    def __init__(self, folder: Path, split: Split, takes: int) -> None:
        self.split: Split = split
        self.ranges: Ranges = TRAIN if split == "train" else HELD_OUT
        self._paths: dict[str, list[Path]] = {}
        for role, path in files_of(folder, split):
            self._paths.setdefault(role, []).append(path)
        self._notes: dict[str, list[Played]] = {}
        for note in notes_of(folder) if split == "train" else ():
            self._notes.setdefault(note.role, []).append(note)
        self.pool: Pool | None = pool_of(folder, takes) if split == "train" and takes else None

    @classmethod
    def open(cls, folder: str | Path, split: Split = "train", takes: int = TAKES) -> "Studio":
        """Open the sounds that `deploy/setup.sh sounds` put into a folder, to train with some takes of the groove."""
        return cls(Path(folder), split, takes)

    def has(self, role: str) -> bool:
        """Whether there is any sound of a role."""
        return bool(self._paths.get(role) or self._notes.get(role))

    def sound(self, rng: Rng, role: str) -> Signal:
        """A sound of a role, stereo: recorded, of the sound font, or for some of a drum machine's."""
        if role in ("kick", "tom") and self.split == "train" and rng.random() < 0.35:
            return _stereo(struck(rng, role))
        if not self.has(role):
            return self.sound(rng, _FALLBACKS.get(role, "perc"))
        notes = self._notes.get(role, ())
        paths = self._paths.get(role, ())
        if notes and (not paths or rng.random() < 0.4):
            return _stereo(_float(notes[int(rng.integers(len(notes)))].sound))
        return load(paths[int(rng.integers(len(paths)))])

    def instrument(self, rng: Rng, role: str) -> Sampled | Wave:
        """Something that plays pitches as bass, keys and leads (`other`) or tuned drums."""
        notes = self._notes.get(role, ())
        chance = rng.random()
        if notes and chance < 0.6:
            program = notes[int(rng.integers(len(notes)))].program
            return Sampled(tuple((note.pitch, _float(note.sound)) for note in notes if note.program == program))
        if role in ("bass", "other") and chance < 0.85:
            return wave_of(rng, self._table(rng), is_bass=role == "bass")
        middle = {"bass": 36, "tuned": 45}.get(role, 60)
        return Sampled(((middle, np.mean(self.sound(rng, role), axis=0, dtype=np.float32)),))

    def _table(self, rng: Rng) -> Signal | None:
        paths = self._paths.get("wave", ())
        return cycle(paths[int(rng.integers(len(paths)))]) if paths else None

    @lru_cache(maxsize=2 * ROOMS)  # noqa: B019  # a studio lives as long as its process
    def room(self, index: int, size: int) -> NDArray[np.complex64]:
        """Spectra [2, size // 2 + 1] of a short room's reflections."""
        rng = np.random.default_rng((index, self.split == "train"))
        n = round(_ROOM_S * SAMPLE_RATE)
        t = np.arange(n) / SAMPLE_RATE
        echo = rng.standard_normal((2, n)) * np.exp(-t / rng.uniform(0.02, 0.11))
        echo[:, : round(rng.uniform(0.002, 0.02) * SAMPLE_RATE)] = 0.0
        smooth = np.cumsum(np.pad(echo, ((0, 0), (8, 0))), axis=1)
        width = int(rng.integers(1, 7))
        echo = smooth[:, 8:] - smooth[:, 8 - width : -width]
        echo /= np.sqrt(np.sum(echo**2, axis=1, keepdims=True))
        return np.asarray(np.fft.rfft(echo.astype(np.float32), size), dtype=np.complex64)


def padded_size(samples: int) -> int:
    """How long a fast transform is for so many samples and some silence.

    A room's end turns round to the excerpt's beginning, where it is what rings from before.
    """
    size = -(-(samples + 2048) // 32)
    while not _is_smooth(size):
        size += 1
    return size * 32


def _is_smooth(size: int) -> bool:
    for factor in (2, 3, 5):
        while size % factor == 0:
            size //= factor
    return size == 1


def _float(sound: NDArray[np.int16]) -> Signal:
    return sound.astype(np.float32) * np.float32(1 / 32_768)


def _stereo(mono: Signal) -> Signal:
    return np.broadcast_to(mono, (2, mono.size))


def varied(rng: Rng, sound: Signal) -> Signal:
    """A recorded sound a little higher or lower."""
    ratio = 2.0 ** (rng.uniform(-3.0, 3.0) / 12) if rng.random() < 0.6 else 1.0
    played = repitched(sound, ratio, _LONGEST)
    return faded(played) if played.shape[-1] == _LONGEST else played
