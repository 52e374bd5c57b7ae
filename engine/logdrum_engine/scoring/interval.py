"""How sure a score is: spans of one piece differ, and fits of other takes would have weighed otherwise."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from .conventions import Reading
from .model import Model, logistic

_NINETY: Final = 1.645
"""Standard deviations to each side that hold nine tenths."""
_PRIOR_SPANS: Final = 4
"""How many spans the usual spread between spans is worth beside the spread that is seen."""


class Estimate(msgspec.Struct, frozen=True):
    """A score and its interval."""

    value: float
    low: float
    high: float


def estimate(
    model: Model, whole: Sequence[Reading], spans: Sequence[Sequence[Reading]], extra: float = 0.0
) -> Estimate:
    """Score the readings of a file, whose spans' readings say how much it varies; `extra` is added to the log-odds.

    The interval is of nine tenths, for music like that which was fitted on: it knows nothing of how far real
    recordings differ from renders.
    """
    values = model.centred(whole)
    log_odds = model.fit.log_odds(values) + extra
    between_fits = float(np.std([refit.log_odds(values) for refit in model.refits]))
    reach = _NINETY * float(np.hypot(between_fits, _span_error(model, spans)))
    low, value, high = (float(p) for p in logistic(np.array([log_odds - reach, log_odds, log_odds + reach])))
    return Estimate(value, low, high)


def _span_error(model: Model, spans: Sequence[Sequence[Reading]]) -> float:
    """Standard error of the mean over spans; one span alone has the spread that is usual."""
    log_odds = np.array([model.fit.log_odds(model.centred(span)) for span in spans])
    seen = float(np.sum((log_odds - np.mean(log_odds)) ** 2))
    variance = (_PRIOR_SPANS * model.span_spread**2 + seen) / (_PRIOR_SPANS + len(spans) - 1)
    return float(np.sqrt(variance / len(spans)))
