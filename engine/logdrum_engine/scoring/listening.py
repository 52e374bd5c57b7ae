"""From a file to a few spans of it: evenly chosen, of one rate, in memory one at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile
import soxr  # type: ignore[import-untyped]  # it ships no types

from logdrum_engine.assets import SoundStream, open_sound
from logdrum_engine.errors import UnsoundFileError

from .errors import ScoreError

Signal = npt.NDArray[np.float32]
"""Mono audio, `[samples]`."""

RATE: Final = 22_050
"""What everything is measured at: shakers are below 11 kHz too."""

SPAN_S: Final = 12.0
"""Five bars at 112."""
SHORTEST_S: Final = 8.0
LONGEST_S: Final = 180.0
_DAY_S: Final = 24 * 3600.0
_MOST_SPANS: Final = int(LONGEST_S / SPAN_S)
_SILENT: Final = 10 ** (-60 / 20)
_LOUDEST: Final = 2.0**20


def spans_of(path: Path) -> Iterator[tuple[float, Signal]]:
    """Read the spans of a file that hold sound, each with the fraction of the work done by then; raises ScoreError."""
    try:
        with open_sound(path) as file:
            yield from _audible(_read_spans(file))
    except UnsoundFileError as fault:
        raise ScoreError(str(fault)) from fault


def _audible(spans: Iterator[tuple[float, Signal]]) -> Iterator[tuple[float, Signal]]:
    """Leave out silent spans; a file of nothing else, or of too little, is a ScoreError."""
    read_s, heard = 0.0, False
    for done, span in spans:
        read_s += span.size / RATE
        level = float(np.sqrt(np.mean(span**2)))
        if level > _SILENT and span.size >= RATE * SHORTEST_S / 2:
            heard = True
            yield done, np.asarray(span / level, dtype=np.float32)
    if read_s < SHORTEST_S:
        raise ScoreError(f"The sound is too short to judge: it lasts {read_s:.1f} s, {SHORTEST_S:.0f} are needed.")
    if not heard:
        raise ScoreError("The file is silent.")


def _read_spans(file: SoundStream) -> Iterator[tuple[float, Signal]]:
    claimed_s = file.frames / file.samplerate
    # A stream whose header names no length claims to last for ever: it is heard from its start on.
    spans = spans_in(claimed_s if claimed_s < _DAY_S else LONGEST_S)
    for number, (start_s, length_s) in enumerate(spans):
        frames = _read(file, round(start_s * file.samplerate), round(length_s * file.samplerate))
        if len(frames) < 2:  # the header promised more than there is
            return
        yield (number + 1) / len(spans), _at_rate(_mono(frames), file.samplerate)


def spans_in(duration_s: float) -> list[tuple[float, float]]:
    """Starts and lengths: all of what is short, side by side, else spans evenly apart, the last at the end."""
    count = min(_MOST_SPANS, max(1, round(duration_s / SPAN_S)))
    length_s = duration_s / count if duration_s <= LONGEST_S else SPAN_S
    return [(float(start_s), length_s) for start_s in np.linspace(0.0, duration_s - length_s, count)]


def _read(file: SoundStream, start: int, length: int) -> npt.NDArray[np.float32]:
    """Read a span  # [frames, channels]  or what there is of it."""
    try:
        file.seek(start)
        frames: npt.NDArray[np.float32] = file.read(length, dtype="float32", always_2d=True)
    except soundfile.SoundFileError:  # broken off or damaged: what came before counts
        return np.zeros((0, file.channels), dtype=np.float32)
    if not np.all(np.isfinite(frames)):
        raise ScoreError("The file holds values that are not numbers.")
    return np.clip(frames, -_LOUDEST, _LOUDEST)


def _mono(frames: npt.NDArray[np.float32]) -> Signal:
    """Mix to one channel, or take the loudest where the channels cancel each other out."""
    mixed = np.mean(frames, axis=1)
    powers = np.mean(np.square(frames), axis=0)
    loudest = int(np.argmax(powers))
    chosen = frames[:, loudest] if np.mean(mixed**2) < 0.1 * np.mean(powers) else mixed
    return np.asarray(chosen - np.mean(chosen), dtype=np.float32)


def _at_rate(pcm: Signal, rate: int) -> Signal:
    return np.asarray(soxr.resample(pcm, rate, RATE, quality="HQ"), dtype=np.float32)
