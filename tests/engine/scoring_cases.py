"""What the scoring tests share: written patterns as audio, and files of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import soundfile

from logdrum_engine.generator import SAMPLE_RATE, Pcm, Spec
from logdrum_engine.scoring.listening import spans_of
from logdrum_engine.scoring.measures import Heard, Measures, hear, measures_of
from logdrum_engine.scoring_fit.band import Sound, drum, take_of_bars, take_of_groove


def strokes(name: str, pattern: str, swing: float = 0.0) -> list[Sound]:
    """A drum's pattern, a character a sixteenth, odd ones late."""
    return [drum(name, step + swing * (step % 2), 0.9) for step, mark in enumerate(pattern) if mark != "."]


def line(instrument: str, steps: Iterable[float], pitches: Sequence[int], length: float = 1.5) -> list[Sound]:
    return [Sound(instrument, step, length, pitches[i % len(pitches)], 0.9) for i, step in enumerate(steps)]


def chord(instrument: str, pitches: Sequence[int], step: float = 0, length: float = 15) -> list[Sound]:
    return [Sound(instrument, step, length, pitch, 0.8) for pitch in pitches]


def played(sounds: Sequence[Sound], bars: int = 6, bpm: float = 112.0) -> Pcm:
    return take_of_bars([sounds] * bars, bpm, {}).pcm


def groove(prompt: str = "", seed: int = 3, bars: int = 8, bpm: float = 112.0, first_bar: int = 16) -> Pcm:
    return take_of_groove(Spec(prompt=prompt, seed=seed, bpm=bpm), first_bar, bars).pcm


def file_of(path: Path, pcm: Pcm, rate: int = SAMPLE_RATE) -> Path:
    soundfile.write(path, np.clip(pcm, -1, 1).T, rate)
    return path


def heard_in(path: Path) -> list[Heard]:
    return [hear(span) for _, span in spans_of(path)]


def measured(path: Path) -> list[Measures]:
    return list(measures_of(heard_in(path)))
