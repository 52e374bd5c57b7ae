"""Training examples, rendered on the fly: stems of a mix that never was, and the notes of its log drum."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from .augment import Stems, mastered
from .band import place, play_bass, play_drums, play_other
from .examples import SAMPLE_RATE, Example, LogNote, Signal
from .log_drums import line, patch_of
from .patterns import Tune, log_line, tune_of
from .studio import Studio, varied
from .takes import ALIKE, Pool

Rng = np.random.Generator

__all__ = ["Example", "LogNote", "Studio", "render"]


_BY_ITSELF: Final = 0.05
_FROM_POOL: Final = 0.25
_DUCKED: Final = 0.25
_ANEW: Final = (0.4, 0.3, 0.3, 0.2)
"""How often drums, bass, log drum and other are played anew where the rest is from the pool."""


# Sounds that are heard by themselves, and the stem each belongs to.
_ROLES: Final = (
    *((role, 0) for role in ("kick", "kick", "tom", "tom", "tabla", "conga", "perc", "snare", "cymbal", "break")),
    *((role, 1) for role in ("bass", "bass", "bass")),
    *((role, 3) for role in ("other", "other", "effect", "effect")),
)


class Cast(NamedTuple):
    """Who plays, in the order of the stems."""

    drums: bool
    bass: bool
    log_drum: bool
    other: bool


def render(rng: np.random.Generator, samples: int, studio: Studio) -> Example:
    """Render an example of so many samples; the same generator state gives the same one."""
    stems = np.zeros((4, 2, samples), np.float32)
    cast = _cast(rng)
    if rng.random() < _BY_ITSELF:
        notes = _by_itself(rng, studio, stems)
    elif studio.pool is not None and rng.random() < _FROM_POOL:
        notes = recombined(rng, studio, studio.pool, cast, stems)
    else:
        notes = played(rng, studio, tune_of(rng, samples / SAMPLE_RATE), cast, stems)
    return Example(mastered(rng, stems, studio), notes)


def _by_itself(rng: Rng, studio: Studio, stems: Stems) -> tuple[LogNote, ...]:
    """Place a few recorded sounds of one role anywhere: all that most negatives are."""
    role, index = _ROLES[int(rng.integers(len(_ROLES)))]
    sounds = [varied(rng, studio.sound(rng, role)) for _ in range(int(rng.integers(1, 4)))]
    for at_s in rng.uniform(-0.1, stems.shape[-1] / SAMPLE_RATE, int(rng.integers(1, 7))):
        place(stems[index], at_s, sounds[int(rng.integers(len(sounds)))], rng.uniform(0.3, 1.0))
    return ()


def played(rng: Rng, studio: Studio, tune: Tune, cast: Cast, stems: Stems) -> tuple[LogNote, ...]:
    """Let a cast play a tune into the stems."""
    notes: tuple[LogNote, ...] = ()
    if cast.log_drum:
        patch = patch_of(rng, studio.ranges)
        notes = log_line(rng, tune, patch)
        stems[2] = line(patch, notes, stems.shape[-1], rng)
    if cast.drums:
        play_drums(rng, tune, studio, stems[0])
    if cast.bass:
        play_bass(rng, tune, studio, stems[1])
    if cast.other:
        play_other(rng, tune, studio, stems[3])
    if notes and rng.random() < _DUCKED:
        stems[1] *= _ducking(rng, notes, stems.shape[-1])
    return notes


def _ducking(rng: Rng, notes: Sequence[LogNote], samples: int) -> Signal:
    """How a bass makes way for the log drum."""
    depth, lasts = rng.uniform(0.2, 0.9), round(rng.uniform(0.1, 0.35) * SAMPLE_RATE)
    dip = np.sin(np.linspace(0.0, 1.0, lasts, dtype=np.float32) ** np.float32(0.3) * np.float32(np.pi)) * depth
    gain = np.ones(samples, np.float32)
    for note in notes:
        first = round(note.onset_s * SAMPLE_RATE)
        gain[first : first + lasts] *= 1.0 - dip[: samples - first]
    return gain


def recombined(rng: Rng, studio: Studio, pool: Pool, cast: Cast, stems: Stems) -> tuple[LogNote, ...]:
    """Fill the stems from takes of one tempo; some stems are played anew in time with the others."""
    samples = stems.shape[-1]
    alike = int(rng.integers(len(pool.notes) // ALIKE)) * ALIKE
    takes = alike + (rng.integers(ALIKE, size=4) if rng.random() < 0.5 else np.repeat(rng.integers(ALIKE), 4))
    first = int(rng.integers(max(1, pool.sounds.shape[-1] - samples)))
    bar_s = pool.bar_s[alike]
    anew = rng.random(4) < _ANEW
    tune = tune_of(rng, samples / SAMPLE_RATE, bar_s, first / SAMPLE_RATE % bar_s)
    notes = played(rng, studio, tune, Cast(*(bool(a and b) for a, b in zip(cast, anew, strict=True))), stems)
    for index in range(4):
        if cast[index] and not anew[index]:
            stems[index] = pool.stem(int(takes[index]), index, first, samples)
    return notes if anew[2] or not cast.log_drum else _cut(pool.notes[int(takes[2])], first, stems[2])


def _cut(notes: tuple[LogNote, ...], first: int, stem: Signal) -> tuple[LogNote, ...]:
    """Notes that begin within an excerpt; what rings from before them is silenced, for nothing tells of it."""
    at_s, length_s = first / SAMPLE_RATE, stem.shape[-1] / SAMPLE_RATE
    shifted = [
        note._replace(
            onset_s=note.onset_s - at_s, glide_start_s=note.glide_start_s - at_s, end_s=min(note.end_s - at_s, length_s)
        )
        for note in notes
    ]
    heard = tuple(note for note in shifted if 0.005 < note.onset_s < length_s - 0.03)
    begin = round(heard[0].onset_s * SAMPLE_RATE) if heard else stem.shape[-1]
    rise = min(begin, 64)
    stem[:, : begin - rise] = 0.0
    stem[:, begin - rise : begin] *= np.linspace(0.0, 1.0, rise, dtype=np.float32)
    return heard


def _cast(rng: Rng) -> Cast:
    if rng.random() < 0.1:
        drums, bass, other = rng.random(3) < (0.3, 0.1, 0.2)
        return Cast(bool(drums), bool(bass), True, bool(other))
    drums, bass, log_drum, other = rng.random(4) < (0.94, 0.7, 0.83, 0.85)
    return Cast(bool(drums or not (bass or other)), bool(bass), bool(log_drum), bool(other))
