"""What was fitted, in a file people can read: how much each convention counts, and what a log drum's note is like."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from .conventions import NAMES, Reading
from .errors import ScoreError
from .low_notes import CUES, LowNote

CONFORMANCE_VERSION: Final = "1"
"""Of measures, conventions and weights together: scores of different versions are not to be compared."""

GENRES: Final = ("amapiano",)
"""Genres that there is a model of, `<genre>.json` beside this module."""

Vector = npt.NDArray[np.float64]


class LogDrumModel(msgspec.Struct, frozen=True, kw_only=True):
    """A logistic model of a low note's cues and their products, each cue standardised."""

    means: Mapping[str, float]
    scales: Mapping[str, float]
    bias: float
    linear: Mapping[str, float]
    products: Mapping[str, Mapping[str, float]]

    def likeness(self, notes: Sequence[LowNote]) -> Vector:
        """Probability of each note to be a log drum's, were it as likely as not beforehand."""
        if not notes:
            return np.zeros(0)
        means, scales, linear = (_vector(part, CUES) for part in (self.means, self.scales, self.linear))
        products = np.array([[self.products.get(a, {}).get(b, 0.0) for b in CUES] for a in CUES])
        cues = (np.array([note.cues for note in notes]) - means) / scales
        return logistic(self.bias + cues @ linear + np.sum(cues @ products * cues, axis=1))


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """One fit: log-odds of what is usual on average, and what each convention adds when it is kept."""

    bias: float
    weights: Mapping[str, float]

    def log_odds(self, values: Vector) -> float:
        """Log-odds of values that are already taken relative to their means."""
        return self.bias + float(_vector(self.weights, NAMES) @ values)


class Verdicts(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of sounds by verdict at a threshold."""

    threshold: float
    accept: float
    review: float
    reject: float


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """How the fit did on what it never saw."""

    fitted: Mapping[str, int]
    """Renders by genre that the weights were fitted on."""
    held_out: Mapping[str, int]
    auroc: float
    """Held-out amapiano against held-out others."""
    auroc_log_drum_notes: float
    interval_coverage: float
    """How often the interval of the first half of a held-out take contains the score of the whole take."""
    scores: Mapping[str, tuple[float, float, float]]
    """Tenth, fiftieth and ninetieth percentile of the score, by held-out kind."""
    real: Mapping[str, int]
    """Real clips by folder: for evaluation only, none of them amapiano, none of them fitted on."""
    auroc_real: float | None = None
    """Held-out amapiano against real clips."""
    auroc_log_drum_real: float | None = None
    """The same, by the log-drum reading alone."""
    real_verdicts: tuple[Verdicts, ...] = ()
    amapiano_verdicts: tuple[Verdicts, ...] = ()


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted score."""

    version: str
    genre: str
    date: str
    fitted_on: str
    means: Mapping[str, float]
    """Of each reading over all that was fitted on; what cannot be told is taken for its mean."""
    fit: Weights
    refits: tuple[Weights, ...]
    """The same fit of other draws from the same takes and genres: how far they disagree is doubt."""
    span_spread: float
    """Standard deviation of the log-odds between spans of one take."""
    log_drum: LogDrumModel
    results: Results | None = None

    def centred(self, readings: Sequence[Reading]) -> Vector:
        """Values of readings relative to their means, 0 where they cannot be told."""
        means = [self.means[reading.name] for reading in readings]
        return np.array([0.0 if r.value is None else r.value - mean for r, mean in zip(readings, means, strict=True)])


@lru_cache(maxsize=4)
def load_model(genre: str) -> Model:
    """Load the model of a genre; raises ScoreError for one that has none."""
    if genre not in GENRES:
        raise ScoreError(f"There is no score for {genre!r:.60}; there is one for {', '.join(GENRES)}.")
    model = msgspec.json.decode(files(__package__).joinpath(f"{genre}.json").read_bytes(), type=Model)
    assert model.version == CONFORMANCE_VERSION, "fit the model anew: python -m logdrum_engine.scoring_fit"
    return model


def logistic(log_odds: Vector) -> Vector:
    """Probability of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(log_odds, -60.0, 60.0))))


def _vector(named: Mapping[str, float], names: Sequence[str] | Mapping[str, object]) -> Vector:
    return np.array([named[name] for name in names])
