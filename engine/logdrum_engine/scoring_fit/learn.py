"""The little statistics that a score of eight numbers needs."""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from logdrum_engine.scoring.model import Vector, logistic

Matrix = npt.NDArray[np.float64]
"""A row a case."""
Flags = npt.NDArray[np.bool_]

_STEPS: Final = 60


class Line(msgspec.Struct, frozen=True):
    """A fitted logistic model."""

    bias: float
    weights: Vector


def fit_logistic(
    cases: Matrix, labels: Flags, *, towards: float = 0.0, ridge: float = 1.0, lowest: float = -np.inf
) -> Line:
    """Fit by Newton's steps, both classes counting alike, weights drawn `towards` a value and never under `lowest`."""
    rows = np.column_stack([np.ones(len(cases)), cases])
    pull = np.array([0.0, *np.full(cases.shape[1], ridge)])
    aim = np.array([0.0, *np.full(cases.shape[1], towards)])
    floor = np.array([-np.inf, *np.full(cases.shape[1], lowest)])
    counts = np.where(labels, 0.5 / max(1, int(np.sum(labels))), 0.5 / max(1, int(np.sum(~labels)))) * len(labels)
    found = aim.copy()
    for _ in range(_STEPS):
        chances = logistic(rows @ found)
        slope = rows.T @ (counts * (chances - labels)) + pull * (found - aim)
        is_free = (found > floor) | (slope < 0)
        bend = (rows * (counts * chances * (1 - chances))[:, None]).T @ rows + np.diag(pull + 1e-9)
        step = np.zeros_like(found)
        step[is_free] = np.linalg.solve(bend[np.ix_(is_free, is_free)], slope[is_free])
        found = np.maximum(found - step * min(1.0, 4.0 / (np.max(np.abs(step)) + 1e-12)), floor)
        if np.max(np.abs(step)) < 1e-9:
            break
    return Line(float(found[0]), found[1:])


def auroc(positives: Vector, negatives: Vector) -> float:
    """Chance that a positive scores above a negative, ties being half of one."""
    everything = np.sort(np.concatenate([positives, negatives]))
    below = np.searchsorted(everything, positives, side="left")
    up_to = np.searchsorted(everything, positives, side="right")
    ranks = (below + up_to + 1) / 2
    count = len(positives)
    return float((np.sum(ranks) - count * (count + 1) / 2) / (count * len(negatives)))
