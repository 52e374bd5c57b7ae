"""A log drum made by frequency modulation, drawn from ranges of which the tests keep some to themselves."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from .examples import SAMPLE_RATE, LogNote, Signal

Spans = tuple[tuple[float, float], ...]
"""Intervals to draw from, one as likely as another."""


class Ranges(msgspec.Struct, frozen=True, kw_only=True):
    """What a patch is drawn from; modulator ratio and index, pitch drop and drive are what tests hold out."""

    ratio: Spans
    index: Spans
    drop_octaves: Spans
    drive: Spans
    drop_s: Spans = ((0.008, 0.025),)
    modulation_s: Spans = ((0.01, 0.04), (0.04, 0.12))
    knock_hz: Spans = ((150.0, 600.0),)
    knock_s: Spans = ((0.02, 0.08),)
    knock: Spans = ((0.0, 0.15), (0.15, 0.7))
    decay_s: Spans = ((0.15, 0.4), (0.15, 0.4), (0.4, 0.9))
    bend: Spans = ((0.75, 1.1), (1.1, 2.2))
    """Power of time in the decay: 1 is exponential, above it the note stands before it falls, as an 808's does."""
    glide_s: Spans = ((0.03, 0.18),)


# Held out are values between those trained on and values beyond them.
TRAIN: Final = Ranges(
    ratio=((0.5, 1.05), (1.4, 2.1), (2.9, 4.2)),
    index=((0.2, 1.2), (1.8, 3.5)),
    drop_octaves=((0.3, 0.9), (1.3, 2.0)),
    drive=((0.4, 1.4), (2.0, 3.5)),
)
HELD_OUT: Final = Ranges(
    ratio=((1.1, 1.35), (2.2, 2.8), (4.3, 5.2)),
    index=((1.25, 1.75), (3.6, 4.4)),
    drop_octaves=((0.95, 1.25), (2.05, 2.4)),
    drive=((1.5, 1.9), (3.6, 5.0)),
)


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """One log drum."""

    ratio: float
    second_ratio: float
    index: float
    second_index: float
    modulation_s: float
    drop_octaves: float
    drop_s: float
    knock_hz: float
    knock_s: float
    knock: float
    decay_s: float
    bend: float
    partials: tuple[float, float]
    drive: float
    click: float
    sub: float
    attack_s: float
    release_s: float
    glide_s: float


def draw(rng: np.random.Generator, spans: Spans) -> float:
    """Draw from one of the spans."""
    low, high = spans[int(rng.integers(len(spans)))]
    return float(rng.uniform(low, high))


def patch_of(rng: np.random.Generator, ranges: Ranges) -> Patch:
    """Draw a log drum."""
    has_second, has_sub, has_click = rng.random(3) < (0.4, 0.25, 0.4)
    return Patch(
        ratio=draw(rng, ranges.ratio),
        second_ratio=draw(rng, ranges.ratio),
        index=draw(rng, ranges.index),
        second_index=draw(rng, ranges.index) if has_second else 0.0,
        modulation_s=draw(rng, ranges.modulation_s),
        drop_octaves=draw(rng, ranges.drop_octaves),
        drop_s=draw(rng, ranges.drop_s),
        knock_hz=draw(rng, ranges.knock_hz),
        knock_s=draw(rng, ranges.knock_s),
        knock=draw(rng, ranges.knock),
        decay_s=draw(rng, ranges.decay_s),
        bend=draw(rng, ranges.bend),
        partials=(float(rng.uniform(0.0, 0.5)), float(rng.uniform(0.0, 0.3))),
        drive=draw(rng, ranges.drive),
        click=float(rng.uniform(0.03, 0.3)) if has_click else 0.0,
        sub=float(rng.uniform(0.1, 0.5)) if has_sub else 0.0,
        attack_s=float(rng.uniform(0.0005, 0.003)),
        release_s=float(rng.uniform(0.004, 0.02)),
        glide_s=draw(rng, ranges.glide_s),
    )


def silent_after_s(patch: Patch) -> float:
    """How long a note rings by itself, to -60 dB."""
    return float(patch.decay_s * 2.0 ** (1.0 / patch.bend))


def line(patch: Patch, notes: Sequence[LogNote], samples: int, rng: np.random.Generator) -> Signal:
    """Play notes, each until its end at the latest, mono."""
    out = np.zeros(samples, np.float32)
    for note in notes:
        first = round(note.onset_s * SAMPLE_RATE)
        sound = stroke(patch, note, rng)[: max(0, samples - first)]
        out[first : first + sound.size] += sound
    return out


def stroke(patch: Patch, note: LogNote, rng: np.random.Generator) -> Signal:
    """Play one note."""
    length = round(min(note.end_s - note.onset_s + patch.release_s, silent_after_s(patch)) * SAMPLE_RATE)
    t = np.arange(max(length, 64), dtype=np.float32) / np.float32(SAMPLE_RATE)
    phase = _phase(patch, note, t)
    # What modulates for long modulates less, or there would be no pitch to tell.
    strength = note.velocity**0.5 * min(1.0, 0.05 / patch.modulation_s)
    fading = np.exp(t * np.float32(-1.0 / patch.modulation_s))
    modulation = np.float32(strength * patch.index) * np.sin(np.float32(patch.ratio) * phase)
    if patch.second_index:
        modulation += np.float32(strength * patch.second_index * 0.5) * np.sin(np.float32(patch.second_ratio) * phase)
    body = np.sin(phase + modulation * fading)
    body += (patch.partials[0] * np.sin(2 * phase) + patch.partials[1] * np.sin(3 * phase)) * (0.25 + 0.75 * fading)
    if patch.sub:
        body += np.float32(patch.sub) * np.sin(phase)
    sound = np.tanh(np.float32(patch.drive) * body) / np.float32(np.tanh(patch.drive))
    sound *= np.exp(np.float32(-3.45) * (t / np.float32(patch.decay_s)) ** np.float32(patch.bend))
    _knock(patch, sound, t, rng)
    return np.asarray(sound * _ends(patch, t) * np.float32(note.velocity), dtype=np.float32)


def _phase(patch: Patch, note: LogNote, t: Signal) -> Signal:
    """Phase of the carrier: a fall to the pitch, and where the note glides a slide to another."""
    octaves = np.float32(patch.drop_octaves) * np.exp(t * np.float32(-2.5 / patch.drop_s))
    if note.glide_hz != note.f0_hz:
        way = np.clip((t - np.float32(note.glide_start_s - note.onset_s)) / np.float32(patch.glide_s), 0.0, 1.0)
        octaves += np.float32(np.log2(note.glide_hz / note.f0_hz)) * way * way * (3.0 - 2.0 * way)
    turns = np.cumsum(np.exp2(octaves) * np.float32(note.f0_hz), dtype=np.float64) / SAMPLE_RATE
    # Ratios are not whole: the phase is kept unwrapped, and is small enough for float32 (under 2 kHz times 2 s).
    return np.asarray(turns * (2 * np.pi), dtype=np.float32)


def _knock(patch: Patch, sound: Signal, t: Signal, rng: np.random.Generator) -> None:
    """Add the wood: a short tone that falls a little, and a click of noise."""
    n = min(t.size, round(5 * patch.knock_s * SAMPLE_RATE))
    short = t[:n]
    if patch.knock > 0.0:
        bent = short * (1.0 + 0.3 * np.exp(short * np.float32(-100.0)))
        tone = np.sin(np.float32(2 * np.pi * patch.knock_hz) * bent)
        sound[:n] += np.float32(patch.knock) * tone * np.exp(short * np.float32(-1.0 / patch.knock_s * 2.3))
    if patch.click > 0.0:
        n = min(t.size, 600)
        noise = rng.standard_normal(n, dtype=np.float32)
        sound[:n] += np.float32(patch.click) * noise * np.exp(t[:n] * np.float32(-500.0))


def _ends(patch: Patch, t: Signal) -> Signal:
    """A rise and a fall that do not click."""
    ends = np.ones_like(t)
    rise = min(t.size, max(8, round(patch.attack_s * SAMPLE_RATE)))
    fall = min(t.size, max(32, round(patch.release_s * SAMPLE_RATE)))
    ends[:rise] *= np.linspace(0.0, 1.0, rise, dtype=np.float32)
    ends[-fall:] *= np.linspace(1.0, 0.0, fall, dtype=np.float32) ** 2
    return ends
