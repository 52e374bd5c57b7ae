"""What plays besides the log drum: sampled and synthetic tones and drums."""

from typing import Final, NamedTuple

import numpy as np

from .examples import SAMPLE_RATE, Signal

Rng = np.random.Generator
_TABLE: Final = 4096
_RELEASE: Final = 900


class Sampled(NamedTuple):
    """Notes of one program or one sound, by MIDI pitch, mono."""

    zones: tuple[tuple[int, Signal], ...]

    def note(self, pitch: float, length_s: float) -> Signal:
        """Play a pitch from the nearest zone, faster or slower."""
        zone, sound = min(self.zones, key=lambda each: abs(each[0] - pitch))
        return faded(repitched(sound, 2.0 ** ((pitch - zone) / 12), round(length_s * SAMPLE_RATE) + _RELEASE))


class Wave(NamedTuple):
    """A table read at a pitch, steady from its onset."""

    table: Signal
    attack_s: float
    decay_s: float
    sustain: float

    def note(self, pitch: float, length_s: float) -> Signal:
        """Play a pitch."""
        n = round(length_s * SAMPLE_RATE) + _RELEASE
        turns = np.arange(n, dtype=np.float64) * (440.0 * 2.0 ** ((pitch - 69) / 12) / SAMPLE_RATE * _TABLE)
        t = np.arange(n, dtype=np.float32) / np.float32(SAMPLE_RATE)
        loudness = self.sustain + (1.0 - self.sustain) * np.exp(t * np.float32(-1.0 / self.decay_s))
        loudness *= np.minimum(t * np.float32(1.0 / self.attack_s), 1.0)
        return faded(self.table[turns.astype(np.int64) % _TABLE] * loudness.astype(np.float32))


def wave_of(rng: Rng, table: Signal | None, *, is_bass: bool) -> Wave:
    """Draw a synthetic instrument; without a table, one of a few harmonics."""
    plucked = rng.random() < 0.5
    return Wave(
        table=_harmonics(rng, is_bass=is_bass) if table is None else _fitted(table),
        attack_s=float(rng.uniform(0.001, 0.01) if plucked or is_bass else rng.uniform(0.01, 0.2)),
        decay_s=float(rng.uniform(0.08, 0.6) if plucked else 2.0),
        sustain=float(rng.uniform(0.0, 0.3) if plucked else rng.uniform(0.5, 1.0)),
    )


def _harmonics(rng: Rng, *, is_bass: bool) -> Signal:
    turn = np.arange(_TABLE, dtype=np.float32) * np.float32(2 * np.pi / _TABLE)
    count = int(rng.integers(1, 24 if is_bass else 16))
    slope = rng.uniform(0.8, 2.5)
    is_odd = rng.random() < 0.3
    numbers = np.arange(1, count + 1)
    gains = numbers**-slope * np.where(is_odd & (numbers % 2 == 0), 0.0, 1.0)
    table = np.sum(gains[:, None] * np.sin(numbers[:, None] * turn), axis=0)
    return np.asarray(table / np.max(np.abs(table)), dtype=np.float32)


def _fitted(table: Signal) -> Signal:
    places = np.linspace(0.0, table.size, _TABLE, endpoint=False)
    return np.asarray(np.interp(places, np.arange(table.size), table, period=table.size), dtype=np.float32)


def repitched(sound: Signal, ratio: float, longest: int) -> Signal:
    """Read a sound faster or slower, between its samples along a straight line, no longer than `longest`."""
    n = min(longest, int((sound.shape[-1] - 2) / ratio))
    if n < 1 or ratio == 1.0:
        return np.array(sound[..., :longest], dtype=np.float32)
    places = np.arange(0.0, n * ratio - 0.5 * ratio, ratio)
    whole = places.astype(np.int32)
    part = np.subtract(places, whole, dtype=np.float32, casting="same_kind")
    before = np.take(sound, whole, axis=-1)
    whole += 1
    after = np.take(sound, whole, axis=-1)
    after -= before
    after *= part
    after += before
    return after


def faded(sound: Signal) -> Signal:
    """Fade out what is cut short."""
    fade = min(sound.shape[-1], _RELEASE)
    sound[..., -fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return sound


def struck(rng: Rng, kind: str) -> Signal:
    """A drum machine's kick or tom: a sine that falls all the while it sounds, mono."""
    is_kick = kind == "kick"
    low = rng.uniform(38.0, 62.0) if is_kick else rng.uniform(60.0, 200.0)
    fall = rng.uniform(1.0, 3.2) if is_kick else rng.uniform(0.2, 1.0)
    fall_s = rng.uniform(0.012, 0.06) if is_kick else rng.uniform(0.04, 0.2)
    decay_s = rng.uniform(0.08, 0.35) if rng.random() < 0.85 else rng.uniform(0.35, 0.9)
    t = np.arange(round(min(1.2, 2.2 * decay_s) * SAMPLE_RATE), dtype=np.float32) / np.float32(SAMPLE_RATE)
    octaves = np.float32(fall) * np.exp(t * np.float32(-1.0 / fall_s)) - np.float32(rng.uniform(0.0, 0.8)) * t
    phase = np.cumsum(np.exp2(octaves), dtype=np.float64) * (low * 2 * np.pi / SAMPLE_RATE)
    drive = np.float32(rng.uniform(0.3, 3.0))
    sound = np.tanh(drive * np.sin(phase.astype(np.float32))) * np.exp(
        np.float32(-3.45) * (t / np.float32(decay_s)) ** np.float32(rng.uniform(0.8, 1.8))
    )
    click = min(t.size, 800)
    noise = rng.standard_normal(click, dtype=np.float32) * np.exp(t[:click] * np.float32(-rng.uniform(200, 1500)))
    sound[:click] += np.float32(rng.uniform(0.0, 0.4)) * noise
    sound[:24] *= np.linspace(0.0, 1.0, 24, dtype=np.float32)
    return faded(np.asarray(sound / np.max(np.abs(sound)), dtype=np.float32))
