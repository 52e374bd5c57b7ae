"""The players beside the log drum: drums, bass, keys, each into its stem."""

from typing import Final

import numpy as np

from .examples import SAMPLE_RATE, Signal
from .instruments import repitched
from .patterns import (
    BACKBEATS,
    COMPS,
    FILLS,
    HATS,
    KICKS,
    LOG_HITS,
    SHAKERS,
    Struck,
    Tune,
    bass_line,
    chords,
    melody,
    strokes,
)
from .studio import Studio, varied

Rng = np.random.Generator

# Role, patterns, how often it is there, level in dB.
LINES: Final = (
    ("kick", KICKS, 0.88, 0.0),
    ("snare", BACKBEATS, 0.35, -5.0),
    ("clap", BACKBEATS, 0.35, -6.0),
    ("rim", FILLS, 0.35, -8.0),
    ("hat", HATS, 0.65, -12.0),
    ("shaker", SHAKERS, 0.65, -14.0),
    ("conga", FILLS, 0.35, -8.0),
    ("perc", FILLS, 0.35, -10.0),
    ("tom", FILLS, 0.14, -5.0),
    ("tabla", FILLS, 0.12, -5.0),
    ("cymbal", ("x...............", "..x...x...x...x."), 0.12, -14.0),
)


def place(out: Signal, at_s: float, sound: Signal, gain: float) -> None:
    """Add a sound to a stem; of what began before the stem only the rest is heard."""
    first = round(at_s * SAMPLE_RATE)
    skipped = max(0, -first)
    room = out.shape[-1] - max(first, 0)
    heard = sound[..., skipped : skipped + max(room, 0)]
    if heard.shape[-1]:
        out[:, max(first, 0) : max(first, 0) + heard.shape[-1]] += heard * np.float32(gain)


def play_drums(rng: Rng, tune: Tune, studio: Studio, out: Signal) -> None:
    """Play the drums: lines of a few roles, sometimes over a break, sometimes with drums that are tuned."""
    has_loop = studio.has("break") and rng.random() < 0.2
    if has_loop:
        _loop(rng, studio.sound(rng, "break"), out)
    for role, patterns, share, level_db in LINES:
        if rng.random() < share * (0.4 if has_loop else 1.0):
            _line(rng, tune, studio, (role, patterns, level_db), out)
    if rng.random() < 0.16:
        _tuned(rng, tune, studio, out)


def _line(rng: Rng, tune: Tune, studio: Studio, part: tuple[str, tuple[str, ...], float], out: Signal) -> None:
    role, patterns, level_db = part
    sounds = [varied(rng, studio.sound(rng, role)) for _ in range(1 + int(rng.random() < 0.35))]
    gain = 10.0 ** ((level_db + rng.uniform(-5.0, 5.0)) / 20)
    for stroke in strokes(rng, tune, patterns):
        sound = sounds[int(rng.integers(len(sounds)))]
        place(out, stroke.at_s, sound, gain * stroke.velocity)


def _tuned(rng: Rng, tune: Tune, studio: Studio, out: Signal) -> None:
    """Drums that play a melody, as a log drum does."""
    role = ("tuned", "tom", "kick", "tabla")[int(rng.integers(4))]
    instrument = studio.instrument(rng, role)
    gain = 10.0 ** (rng.uniform(-8.0, 3.0) / 20)
    for stroke in melody(rng, tune, LOG_HITS, (0, 13), (0.5, 1.0)):
        sound = instrument.note(36 + (tune.tonic % 12) + stroke.pitch, max(stroke.length_s, 0.2))
        place(out, stroke.at_s, sound, gain * stroke.velocity)


def _loop(rng: Rng, sound: Signal, out: Signal) -> None:
    played = repitched(sound, rng.uniform(0.85, 1.15), out.shape[-1])
    gain = 10.0 ** (rng.uniform(-8.0, 2.0) / 20)
    at = -rng.integers(played.shape[-1])
    while at < out.shape[-1]:
        place(out, at / SAMPLE_RATE, played, gain)
        at += max(played.shape[-1], 4096)


def play_bass(rng: Rng, tune: Tune, studio: Studio, out: Signal) -> None:
    """A bass; one in four plays in the log drum's rhythms, but steady in pitch from the onset."""
    if studio.has("bassline") and rng.random() < 0.15:
        _loop(rng, studio.sound(rng, "bassline"), out)
        return
    instrument = studio.instrument(rng, "bass")
    is_plucked = rng.random() < 0.25
    lines = melody(rng, tune, LOG_HITS, (0, 13), (0.3, 1.0)) if is_plucked else bass_line(rng, tune)
    lowest = tune.tonic + (12 if tune.tonic < 28 else 0)
    for stroke in lines:
        place(out, stroke.at_s, instrument.note(lowest + stroke.pitch, stroke.length_s), stroke.velocity)


def play_other(rng: Rng, tune: Tune, studio: Studio, out: Signal) -> None:
    """Play all that is neither drums nor bass: chords, a riff, an effect."""
    if rng.random() < 0.85:
        _chords(rng, tune, studio, out)
    if rng.random() < 0.5:
        _riff(rng, tune, studio, out)
    if rng.random() < 0.07:
        place(out, rng.uniform(-0.2, 3.0), varied(rng, studio.sound(rng, "effect")), rng.uniform(0.2, 1.0))
    if studio.has("loop") and rng.random() < 0.05:
        _loop(rng, studio.sound(rng, "loop"), out)


def _chords(rng: Rng, tune: Tune, studio: Studio, out: Signal) -> None:
    instrument = studio.instrument(rng, "other")
    lowest = tune.tonic + 12 * int(rng.integers(1, 4))
    played: dict[tuple[tuple[int, ...], int], Signal] = {}
    for stroke, pitches in chords(rng, tune):
        known = (pitches, round(stroke.length_s * 50))
        if known not in played:
            played[known] = _together([instrument.note(lowest + pitch, stroke.length_s) for pitch in pitches])
        place(out, stroke.at_s, played[known], stroke.velocity)


def _together(sounds: list[Signal]) -> Signal:
    chord = np.zeros(max(sound.size for sound in sounds), np.float32)
    for sound in sounds:
        chord[: sound.size] += sound
    return chord


def _riff(rng: Rng, tune: Tune, studio: Studio, out: Signal) -> None:
    instrument = studio.instrument(rng, "other")
    lowest = tune.tonic + 12 * int(rng.integers(2, 5))
    gain = 10.0 ** (rng.uniform(-6.0, 6.0) / 20)
    patterns = (*COMPS, *FILLS, *LOG_HITS)
    riff: list[Struck] = melody(rng, tune, patterns, (0, 24), (0.4, 1.0))
    for stroke in riff:
        place(out, stroke.at_s, instrument.note(lowest + stroke.pitch, stroke.length_s), gain * stroke.velocity)
