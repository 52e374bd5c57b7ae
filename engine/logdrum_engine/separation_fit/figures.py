"""What an evaluation comes to: records that go to a file as JSON, and from there into the model card."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from .measures import NoteCounts

OURS: Final = "ours"
MIXTURE: Final = "mixture"
RULE: Final = "energy rule"
IDEAL: Final = "ideal ratio mask"
SUBJECTS: Final = (OURS, MIXTURE, RULE, IDEAL)


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Many values of one measure: the middle one, and where the tenth and the ninetieth of a hundred lie."""

    median: float
    low: float
    high: float
    n: int


def spread(values: Iterable[float]) -> Spread | None:
    """Sum up values by nearest ranks; None where there are none."""
    ordered = sorted(values)
    if not ordered:
        return None
    low, high = (ordered[round(share * (len(ordered) - 1))] for share in (0.1, 0.9))
    return Spread(median=statistics.median(ordered), low=low, high=high, n=len(ordered))


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """One stem of one mix."""

    sdr: float
    si_sdr: float
    si_sdri: float


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One mix: every figure that was taken of it."""

    number: int
    seconds: float
    wall_s: float
    scores: Mapping[str, Mapping[str, Scores]]
    """By subject and stem, for the stems that are in the mix, and not alone."""
    leaks_db: Mapping[str, float]
    """How loud a stem is given, beside the mix, that is not in it."""
    notes: NoteCounts
    has_log_drum: bool
    certainty: float
    rule_share: float
    """Share of the energy in the rule's band."""
    residual_db: float


class StemScores(msgspec.Struct, frozen=True, kw_only=True):
    """One stem over all mixes that hold it."""

    sdr: Spread
    si_sdr: Spread
    si_sdri: Spread


class Sounding(msgspec.Struct, frozen=True, kw_only=True):
    """One sound that a detector was asked about."""

    name: str
    kind: str
    certainty: float
    rule_share: float


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """How well one detector tells sounds with a log drum from sounds of one kind without."""

    negatives: str
    """Which kind."""
    n_positive: int
    n_negative: int
    auroc: float
    threshold: float
    """What finds 90 % of the positives."""
    false_positives: float
    """Share of the negatives that fire there."""
    fires: float
    """Share of the negatives that fire as the detector is used: at 0.5, the energy rule at its 15 %."""
    recall: float
    """Share of the positives that do."""
    loudest: Sequence[str]
    """The negatives it is surest of."""


class Streaming(msgspec.Struct, frozen=True, kw_only=True):
    """What cutting the sound changes, beside one pass over all of it."""

    seconds: float
    blocks_db: float
    cuts_db: float
    cuts: int
    same_notes: bool


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a process held while it pulled a file apart."""

    minutes: float
    peak_mib: float
    wall_s: float


class Song(msgspec.Struct, frozen=True, kw_only=True):
    """A real recording with its stems."""

    title: str
    seconds: float
    sdr: Mapping[str, Mapping[str, float]]
    """By subject and stem."""
    log_drum_leak_db: float
    certainty: float
    rule_share: float
    notes: int
    """Log-drum notes heard; there are none in it."""
    residual_db: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one evaluation found."""

    model: str
    command: str
    versions: Mapping[str, str]
    threads: int
    mixes: int
    seed: int
    seconds: float
    rtf: float
    stems: Mapping[str, Mapping[str, StemScores]]
    """By subject and stem."""
    leaks_db: Mapping[str, Spread]
    notes: NoteCounts
    residual_db: float
    """Of the worst mix."""
    detection: Mapping[str, Sequence[Detection]]
    """By subject, against each kind of negatives."""
    streaming: Streaming
    memory: Sequence[Memory] = ()
    song: Song | None = None
