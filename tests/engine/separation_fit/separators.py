"""Separators whose answers are known: what an evaluation says of them can be checked."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from logdrum_engine.separation.interface import STEMS, LogDrumNote, Separated, Turn
from logdrum_engine.separation_fit.examples import SAMPLE_RATE, Example, LogNote

NOTE = LogDrumNote(onset_s=0.25, length_s=0.2, f0_hz=55.0, glide_hz=55.0, velocity=0.8, probability=0.9)


class Knowing:
    """Knows the stems of the one example that it is given, and its notes; holds back what it hears for a while."""

    name = "knowing"
    stems = STEMS
    block_samples = 4_096

    def __init__(self, example: Example, notes: tuple[LogDrumNote, ...] = (NOTE,), late: int = 1_000) -> None:
        silence = np.zeros_like(example.stems[:1])
        self._answer = np.concatenate((silence, example.stems))
        self._notes = notes
        self._late = late

    def begin(self) -> tuple[int, int]:
        return 0, 0

    def step(self, turns: Sequence[Turn[tuple[int, int]]]) -> Sequence[tuple[Separated, tuple[int, int]]]:
        return [self._go_on(turn) for turn in turns]

    def _go_on(self, turn: Turn[tuple[int, int]]) -> tuple[Separated, tuple[int, int]]:
        heard, given = turn.state
        heard += turn.audio.shape[-1]
        until = heard if turn.last else max(given, heard - self._late)
        answer = Separated(stems=self._answer[..., given:until], notes=self._notes if turn.last else ())
        return answer, (heard, until)


class Forgetful:
    """Gives everything to the drums but the first samples of every turn, which go to the rest: cuts can be heard."""

    name = "forgetful"
    stems = STEMS
    block_samples = 4_096

    def begin(self) -> None:
        return None

    def step(self, turns: Sequence[Turn[None]]) -> Sequence[tuple[Separated, None]]:
        return [(Separated(stems=self._parted(turn.audio)), None) for turn in turns]

    def _parted(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        stems = np.zeros((len(STEMS), *audio.shape), np.float32)
        stems[1, :, 8:], stems[-1, :, :8] = audio[:, 8:], audio[:, :8]
        return stems


def example(seed: int = 1, length_s: float = 1.0, *, has_log_drum: bool = True) -> Example:
    """Noise in drums and other, tones in the bass and, where there is one, in the log drum."""
    rng = np.random.default_rng(seed)
    n = round(length_s * SAMPLE_RATE)
    t = np.arange(n) / SAMPLE_RATE
    stems = np.zeros((4, 2, n), np.float32)
    stems[0], stems[3] = 0.1 * rng.standard_normal((2, 2, n))
    stems[1] = 0.3 * np.sin(2 * np.pi * 110 * t)
    notes: tuple[LogNote, ...] = ()
    if has_log_drum:
        stems[2] = 0.3 * np.sin(2 * np.pi * 55 * t)
        notes = (LogNote(0.25, 55.0, 55.0, 0.25, 0.5, 0.8),)
    return Example(stems, notes)
