"""From measured takes to a model, and from a model to how well it does."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from logdrum_engine.scoring.conventions import NAMES, Reading, readings
from logdrum_engine.scoring.low_notes import CUES
from logdrum_engine.scoring.measures import Measures, merged
from logdrum_engine.scoring.model import LogDrumModel, Vector, Weights

from .learn import Flags, Matrix, fit_logistic
from .takes import AMAPIANO, NEAR_KIN, Measured

_REFITS: Final = 24
_RIDGE: Final = 4.0
_USUAL_WEIGHT: Final = 1.5
"""What a convention counts before any take is heard, and what the fit is drawn towards."""


def fit_log_drum(takes: Sequence[Measured]) -> LogDrumModel:
    """Learn what log drums' notes are like from takes in which it is known where they are."""
    cues = np.array([note.cues for take in takes for span in take.spans for note in span.notes])
    labels = np.array([label for take in takes for span in take.log_drums for label in span])
    means, scales = np.mean(cues, axis=0), np.maximum(np.std(cues, axis=0), 1e-6)
    rows, columns = np.triu_indices(len(CUES))
    standard = (cues - means) / scales
    line = fit_logistic(np.column_stack([standard, standard[:, rows] * standard[:, columns]]), labels, ridge=10.0)
    names = tuple(CUES)
    products: dict[str, dict[str, float]] = {}
    for row, column, weight in zip(rows, columns, line.weights[len(names) :], strict=True):
        products.setdefault(names[row], {})[names[column]] = round(float(weight), 4)
    return LogDrumModel(
        means=_named(names, means),
        scales=_named(names, scales),
        bias=round(line.bias, 4),
        linear=_named(names, line.weights[: len(names)]),
        products=products,
    )


class Sheet:
    """The readings of many takes as a table, what cannot be told taken for its mean over those that are fitted on."""

    def __init__(self, takes: Sequence[Measured], log_drum: LogDrumModel) -> None:
        self.log_drum = log_drum
        self.takes = takes
        self.whole = [self.read(merged(take.spans)) for take in takes]
        self.spans = [[self.read(span) for span in take.spans] for take in takes]
        self.means = _named(NAMES, np.nanmean(_values(self.whole), axis=0))

    def read(self, measures: Measures) -> tuple[Reading, ...]:
        """Readings of a span or a take."""
        return readings(measures, self.log_drum.likeness)

    def centred(self, read: Sequence[Sequence[Reading]]) -> Matrix:
        """Values relative to their means."""
        values = _values(read) - np.array([self.means[name] for name in NAMES])
        return np.where(np.isnan(values), 0.0, values)

    @property
    def is_amapiano(self) -> Flags:
        """Which takes are."""
        return np.array([take.kind == AMAPIANO for take in self.takes])


def fit_weights(sheet: Sheet) -> tuple[Weights, tuple[Weights, ...]]:
    """Fit once on all, and again on draws of takes and of the other genres, for a genre not heard is doubt too."""
    cases, labels = sheet.centred(sheet.whole), sheet.is_amapiano
    dice = np.random.Generator(np.random.PCG64(2))
    draws = [_draw(sheet, dice) for _ in range(_REFITS)]
    return _fit(cases, labels), tuple(_fit(cases[draw], labels[draw]) for draw in draws)


def _draw(sheet: Sheet, dice: np.random.Generator) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
    kinds = np.array([take.kind for take in sheet.takes])
    others = sorted(set(kinds) - {AMAPIANO})
    chosen = [AMAPIANO, *dice.choice(others, len(others))]
    parts = [np.flatnonzero(kinds == kind) for kind in chosen]
    return np.concatenate([dice.choice(part, len(part)) for part in parts])


def _fit(cases: Matrix, labels: Flags) -> Weights:
    line = fit_logistic(cases, labels, towards=_USUAL_WEIGHT, ridge=_RIDGE, lowest=0.0)
    return Weights(bias=round(line.bias, 4), weights=_named(NAMES, line.weights))


def span_spread(sheet: Sheet, fit: Weights) -> float:
    """Standard deviation of the log-odds between spans of one take."""
    squares = []
    for spans in sheet.spans:
        log_odds = np.array([fit.log_odds(values) for values in sheet.centred(spans)])
        if len(log_odds) > 1:
            squares.append(float(np.var(log_odds, ddof=1)))
    return round(float(np.sqrt(np.mean(squares))), 4)


def counts(takes: Sequence[Measured]) -> Mapping[str, int]:
    """How many takes of each kind."""
    return dict(sorted(Counter(take.kind for take in takes).items()))


def split(takes: Sequence[Measured]) -> tuple[list[Measured], list[Measured]]:
    """Takes to fit on, and takes held out; a break in which all who were asked to play are silent is neither."""
    heard = [take for take in takes if take.spans]
    fitted = [take for take in heard if take.side == "fitted"]
    assert not any(take.kind == NEAR_KIN for take in fitted)
    return fitted, [take for take in heard if take.side == "held out"]


def _values(read: Sequence[Sequence[Reading]]) -> Matrix:
    return np.array([[np.nan if reading.value is None else reading.value for reading in row] for row in read])


def _named(names: Sequence[str], values: Vector) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in zip(names, values, strict=True)}
