"""How close stems, notes and a detector come to the truth: the definitions, and nothing else.

Levels are in dB, between -CEILING_DB and CEILING_DB, so that a perfect answer and a silent one both have a number.
"""

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from logdrum_engine.separation.interface import LogDrumNote

from .examples import LogNote

Sound = NDArray[np.float32]
"""Any shape; all channels count as one vector."""

CEILING_DB: Final = 100.0
ABSENT_DB: Final = -50.0
"""A stem this far under its mix, or further, is not in it."""
ONSET_S: Final = 0.05
CENTS: Final = 50.0


def ratio_db(signal: float, noise: float) -> float:
    """Ratio of two energies."""
    if signal <= 0.0:
        return -CEILING_DB
    if noise <= 0.0:
        return CEILING_DB
    return min(CEILING_DB, max(-CEILING_DB, 10.0 * math.log10(signal / noise)))


def energy(sound: Sound) -> float:
    """Sum of squares, in double precision."""
    flat = sound.astype(np.float64).ravel()
    return float(flat @ flat)


def sdr(truth: Sound, estimate: Sound) -> float:
    """Signal over everything that is not the signal, its level included.

    As in the Music Demixing Challenge (Mitsufuji et al. 2021), over all of the excerpt at once: no windows, no filters.
    """
    return ratio_db(energy(truth), energy(truth - estimate))


def si_sdr(truth: Sound, estimate: Sound) -> float:
    """The same with the truth scaled to fit best, so that a wrong level costs nothing (Le Roux et al. 2019, eq. 2)."""
    wanted, heard = truth.astype(np.float64).ravel(), estimate.astype(np.float64).ravel()
    own = float(wanted @ wanted)
    if own <= 0.0:
        return -CEILING_DB
    target = float(heard @ wanted) ** 2 / own  # of the truth, scaled; what is not it is at right angles to it
    return ratio_db(target, float(heard @ heard) - target)


def si_sdri(truth: Sound, estimate: Sound, mix: Sound) -> float:
    """How much better than taking the mix for the stem."""
    return si_sdr(truth, estimate) - si_sdr(truth, mix)


def is_present(truth: Sound, mix: Sound) -> bool:
    """Whether a stem is in a mix at all; one that is not has no SDR."""
    return ratio_db(energy(truth), energy(mix)) > ABSENT_DB


def residual_db(stems: Sound, mix: Sound) -> float:
    """What the stems `[stems, ...]` leave or add when summed, under the mix; bounded at twice the ceiling."""
    off = energy(stems.sum(axis=0, dtype=np.float64) - mix)
    return 20.0 * math.log10(max(math.sqrt(off / max(energy(mix), 1e-30)), 1e-10))


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """How often a positive scores higher than a negative; a tie is half of that (Mann-Whitney)."""
    ranks = _ranks(np.array((*positives, *negatives), np.float64))
    n, m = len(positives), len(negatives)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def _ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1; equal scores share the middle one."""
    _, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
    above = np.cumsum(counts)
    return np.asarray((above - (counts - 1) / 2)[where], dtype=np.float64)


def threshold_at(recall: float, positives: Sequence[float]) -> float:
    """The highest score that still finds such a share of the positives."""
    found = math.ceil(recall * len(positives) - 1e-9)
    return sorted(positives, reverse=True)[max(found, 1) - 1]


def false_positives(recall: float, positives: Sequence[float], negatives: Sequence[float]) -> float:
    """Share of negatives that fire where such a share of the positives does."""
    least = threshold_at(recall, positives)
    return sum(score >= least for score in negatives) / len(negatives)


class NoteCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What of the notes of one sound, or of several, was heard."""

    written: int = 0
    heard: int = 0
    struck: int = 0
    """Written notes with a heard one within 50 ms."""
    pitched: int = 0
    """Of those, with its pitch within 50 cents."""
    octaves: int = 0
    """Of those, a whole number of octaves off."""
    glides: int = 0
    """Struck notes that glide."""
    arrived: int = 0
    """Of those, whose end was heard within 50 cents."""

    def __add__(self, other: "NoteCounts") -> "NoteCounts":
        return NoteCounts(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})

    @property
    def precision(self) -> float:
        """Share of heard notes that were written."""
        return self.struck / max(self.heard, 1)

    @property
    def recall(self) -> float:
        """Share of written notes that were heard."""
        return self.struck / max(self.written, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two, by onsets alone."""
        return 2 * self.struck / max(self.heard + self.written, 1)

    @property
    def f0_share(self) -> float:
        """Share of notes found whose pitch is right."""
        return self.pitched / max(self.struck, 1)


def count_notes(written: Sequence[LogNote], heard: Sequence[LogDrumNote]) -> NoteCounts:
    """Match notes by onset, each to one at most and as many as can be, and compare the pitches of each pair."""
    pairs = matched(written, heard)
    cents = [cents_off(one.f0_hz, other.f0_hz) for one, other in pairs]
    gliding = [(one, other) for one, other in pairs if abs(cents_off(one.glide_hz, one.f0_hz)) > CENTS]
    return NoteCounts(
        written=len(written),
        heard=len(heard),
        struck=len(pairs),
        pitched=sum(abs(off) <= CENTS for off in cents),
        octaves=sum(abs(off) > CENTS and abs(off - 1200 * round(off / 1200)) <= CENTS for off in cents),
        glides=len(gliding),
        arrived=sum(abs(cents_off(one.glide_hz, other.glide_hz)) <= CENTS for one, other in gliding),
    )


def matched(written: Sequence[LogNote], heard: Sequence[LogDrumNote]) -> list[tuple[LogNote, LogDrumNote]]:
    """Pair notes whose onsets are within 50 ms, as many as can be.

    Windows of one width, taken in order: the first that fits is never a worse choice than a later one.
    """
    pairs = []
    waiting = sorted(heard, key=lambda note: note.onset_s)
    for one in sorted(written, key=lambda note: note.onset_s):
        while waiting and waiting[0].onset_s < one.onset_s - ONSET_S:
            waiting.pop(0)
        if waiting and waiting[0].onset_s <= one.onset_s + ONSET_S:
            pairs.append((one, waiting.pop(0)))
    return pairs


def cents_off(one_hz: float, other_hz: float) -> float:
    """How far a pitch is above another."""
    return 1200.0 * math.log2(one_hz / other_hz)
