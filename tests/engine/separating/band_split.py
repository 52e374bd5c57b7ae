"""A separator that any listener could check: four bands by filters of linear phase, and what they leave."""

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy.signal import fftconvolve, firwin

from logdrum_engine.separation.interface import SAMPLE_RATE, STEMS, Audio, LogDrumNote, Separated, Turn

TAPS = 513
BANDS = ((2_000, 6_000), (6_000, 12_000), (20, 120), (120, 400))


def band(stem: int) -> np.ndarray:
    return firwin(TAPS, BANDS[stem], pass_zero=False, fs=SAMPLE_RATE)


class Split(msgspec.Struct, frozen=True):
    """The audio that is still needed, how much of it was given out, and how much came in."""

    kept: Audio
    lead: int
    heard: int


class BandSplit:
    """Holds back `latency` samples and hears a log drum in every second."""

    name = "bands"
    stems = STEMS

    def __init__(self, block_samples: int = 8_192, latency: int = 3_000) -> None:
        self.block_samples = block_samples
        self.latency = latency
        self.longest_turn = 0
        self._filters = np.stack([band(stem) for stem in range(4)])

    def begin(self) -> Split:
        return Split(np.zeros((2, TAPS // 2), np.float32), TAPS // 2, 0)

    def step(self, turns: Sequence[Turn[Split]]) -> list[tuple[Separated, Split]]:
        return [self._step(turn) for turn in turns]

    def _step(self, turn: Turn[Split]) -> tuple[Separated, Split]:
        self.longest_turn = max(self.longest_turn, turn.audio.shape[1])
        half = TAPS // 2
        end = [np.zeros((2, half), np.float32)] if turn.last else []
        known = np.concatenate((turn.state.kept, turn.audio, *end), axis=1)
        held = 0 if turn.last else self.latency
        due = max(0, known.shape[1] - 2 * half - held)
        stems = np.zeros((5, 2, due), np.float32)
        if due:
            window = known[:, : due + 2 * half]
            stems[:4] = fftconvolve(window[None], self._filters[:, None, :], mode="valid", axes=-1)
            stems[4] = known[:, half : half + due] - stems[:4].sum(axis=0)
        heard = turn.state.heard + turn.audio.shape[1]
        notes = tuple(note(second) for second in range(-(-turn.state.heard // SAMPLE_RATE), -(-heard // SAMPLE_RATE)))
        return Separated(stems=stems, notes=notes), Split(known[:, due:], half, heard)


def note(onset_s: float, f0_hz: float = 55.0, glide_hz: float | None = None) -> LogDrumNote:
    return LogDrumNote(
        onset_s=onset_s, length_s=0.2, f0_hz=f0_hz, glide_hz=glide_hz or f0_hz, velocity=0.8, probability=0.9
    )
