"""What nothing was trained on: mixes of other sounds and other log drums, and real sounds without one."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from .augment import mastered
from .band import LINES, place
from .examples import SAMPLE_RATE, Example, Signal
from .instruments import Sampled
from .patterns import LOG_HITS, melody, strokes, tune_of
from .render import Cast, played, render
from .sounds import files_of, load
from .studio import Studio

MIX_S: Final = 6.0

_Sounds = Sequence[tuple[str, Path]]
_SHOT_S, _PATTERN_S, _LOOP_S = 3.0, 5.0, 6.0
# How many sounds of a role are taken from each kit or folder; the rest are the same drums struck harder or softer.
_OF_A_KIT: Final = {
    "kick": 5,
    "tom": 5,
    "tabla": 12,
    "conga": 3,
    "bass": 20,
    "other": 8,
    "effect": 5,
    "perc": 2,
    **dict.fromkeys(("snare", "rim", "clap", "cymbal", "shaker"), 1),
}
_PATTERNS_OF_A_KIT: Final = 2


def mixes(count: int, seed: int, folder: Path) -> Iterator[Example]:
    """Render mixes as training has them, but of held-out sounds and held-out log drums; some hold no log drum."""
    studio = Studio.open(folder, "test")
    for number in range(count):
        yield render(np.random.default_rng((seed, number)), round(MIX_S * SAMPLE_RATE), studio)


def positives(count: int, seed: int, folder: Path) -> Iterator[Example]:
    """Render held-out log drums, by themselves and in mixes by turns."""
    studio = Studio.open(folder, "test")
    for number in range(count):
        rng = np.random.default_rng((seed, 1, number))
        yield _alone(rng, studio) if number % 2 == 0 else _among_others(rng, studio)


def negatives(folder: Path) -> Iterator[tuple[str, Signal]]:
    """Give out real sounds without a log drum, by name: one-shots, patterns of drum kits, breaks, basses."""
    sounds = tuple(files_of(folder, "test"))
    yield from _shots(sounds)
    yield from _kits(sounds)
    yield from _loops(sounds)
    yield from _plucked(sounds)


def _alone(rng: np.random.Generator, studio: Studio) -> Example:
    return _cast(rng, studio, Cast(drums=False, bass=False, log_drum=True, other=False))


def _among_others(rng: np.random.Generator, studio: Studio) -> Example:
    drums, bass, other = (bool(each) for each in rng.random(3) < (0.95, 0.7, 0.85))
    return _cast(rng, studio, Cast(drums=drums, bass=bass, log_drum=True, other=other))


def _cast(rng: np.random.Generator, studio: Studio, cast: Cast) -> Example:
    """Let them play until there is a note of the log drum: its line has rests."""
    while True:
        stems = np.zeros((4, 2, round(MIX_S * SAMPLE_RATE)), np.float32)
        notes = played(rng, studio, tune_of(rng, MIX_S), cast, stems)
        if notes:
            return Example(mastered(rng, stems, studio), notes)


def _shots(sounds: _Sounds) -> Iterator[tuple[str, Signal]]:
    """One-shots as they are, struck a few times."""
    for (folder, role), kit in _by_kit(sounds).items():
        for path in _spread(kit, _OF_A_KIT.get(role, 0)):
            out = np.zeros((2, round(_SHOT_S * SAMPLE_RATE)), np.float32)
            sound = load(path)
            gap_s = max(0.5, sound.shape[-1] / SAMPLE_RATE)
            for at_s in np.arange(0.2, _SHOT_S, gap_s):
                place(out, float(at_s), sound, 0.5)
            yield f"{role}: {folder}/{path.stem}", out


def _by_kit(sounds: _Sounds) -> dict[tuple[str, str], list[Path]]:
    kits: dict[tuple[str, str], list[Path]] = {}
    for role, path in sounds:
        kits.setdefault((path.parent.name, role), []).append(path)
    return kits


def _spread(paths: Sequence[Path], count: int) -> list[Path]:
    """So many, as far from one another as can be."""
    count = min(count, len(paths))
    return [paths[number * len(paths) // count] for number in range(count)]


def _kits(sounds: _Sounds) -> Iterator[tuple[str, Signal]]:
    """Patterns that a kit plays with its own sounds as they are."""
    kits: dict[str, dict[str, list[Path]]] = {}
    for (folder, role), paths in _by_kit(sounds).items():
        kits.setdefault(folder, {})[role] = paths
    drums = {role for role, *_ in LINES}
    for folder, kit in kits.items():
        if len(drums & set(kit)) >= 3:
            for number in range(_PATTERNS_OF_A_KIT):
                yield f"pattern {number}: {folder}", _pattern(np.random.default_rng((number, len(folder))), kit)


def _pattern(rng: np.random.Generator, kit: dict[str, list[Path]]) -> Signal:
    tune = tune_of(rng, _PATTERN_S)
    out = np.zeros((2, round(_PATTERN_S * SAMPLE_RATE)), np.float32)
    for role, patterns, _, level_db in LINES:
        if role in kit:
            sound = load(kit[role][int(rng.integers(len(kit[role])))])
            for stroke in strokes(rng, tune, patterns):
                place(out, stroke.at_s, sound, 0.5 * stroke.velocity * 10.0 ** (level_db / 20))
    return _safe(out)


def _loops(sounds: _Sounds) -> Iterator[tuple[str, Signal]]:
    """Breaks and bass loops, from their beginning."""
    for role, path in sounds:
        if role in ("break", "bassline"):
            out = np.zeros((2, round(_LOOP_S * SAMPLE_RATE)), np.float32)
            sound = load(path)
            for first in range(0, out.shape[-1], sound.shape[-1]):
                place(out, first / SAMPLE_RATE, sound, 0.5)
            yield f"{role}: {path.stem}", out


def _plucked(sounds: _Sounds) -> Iterator[tuple[str, Signal]]:
    """Basses that play a log drum's rhythms and pitches."""
    for number, path in enumerate(path for role, path in sounds if role == "bass"):
        rng = np.random.default_rng((2, number))
        out = np.zeros((2, round(_PATTERN_S * SAMPLE_RATE)), np.float32)
        bass = Sampled(((36, np.mean(load(path), axis=0, dtype=np.float32)),))
        for stroke in melody(rng, tune_of(rng, _PATTERN_S), LOG_HITS, (0, 13), (0.5, 1.0)):
            place(out, stroke.at_s, bass.note(36 + stroke.pitch, stroke.length_s), 0.5 * stroke.velocity)
        yield f"bass line: {path.stem}", _safe(out)


def _safe(out: Signal) -> Signal:
    """Bring down what is over full scale."""
    return np.asarray(out / max(1.0, float(np.max(np.abs(out)))), dtype=np.float32)
