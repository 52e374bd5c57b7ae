"""Score a file: how far it follows a genre's conventions, why, and how sure that is."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import soxr  # type: ignore[import-untyped]  # it ships no types

from logdrum_protocol.records import Component, Conformance

from .conventions import Reading, readings
from .errors import ScoreError
from .interval import estimate
from .listening import RATE, Signal, spans_of
from .measures import Heard, Measures, hear, measures_of, merged
from .model import CONFORMANCE_VERSION, Model, load_model
from .tagger import RATE as TAGGER_RATE
from .tagger import Tagger, affinity
from .tf_checkpoint import CheckpointError

TAGGER_WEIGHT: Final = 1.0
"""Of the tagger's affinity, by hand: it was not fitted, for its weights are not part of this."""
TAGGER_MEAN: Final = 0.3
"""What it is about over renders and real clips of all kinds."""


def score_file(
    path: Path,
    *,
    genre: str = "amapiano",
    tagger: Path | None = None,
    on_progress: Callable[[float], None] = lambda _: None,
) -> Conformance:
    """Score a file, of which at most three minutes are heard; raises ScoreError for what cannot be scored."""
    model = load_model(genre)
    ears = _Ears(_load(tagger))
    for done, span in spans_of(path):
        ears.hear(span)
        on_progress(done)
    on_progress(1.0)
    return conformance_of(model, ears.measures(), ears.affinity())


def conformance_of(model: Model, spans: Sequence[Measures], tagged: float | None = None) -> Conformance:
    """Score what was measured in the spans of a file."""
    whole = readings(merged(spans), model.log_drum.likeness)
    each = [readings(span, model.log_drum.likeness) for span in spans]
    extra = 0.0 if tagged is None else TAGGER_WEIGHT * (tagged - TAGGER_MEAN)
    found = estimate(model, whole, each, extra)
    return Conformance(
        value=found.value,
        low=found.low,
        high=found.high,
        version=CONFORMANCE_VERSION,
        genre=model.genre,
        fitted_on=model.fitted_on,
        components=_components(model, whole, tagged),
    )


def _components(model: Model, whole: Sequence[Reading], tagged: float | None) -> tuple[Component, ...]:
    """Readings with their share of all weight; what cannot be told has none."""
    weights = {r.name: 0.0 if r.value is None else model.fit.weights[r.name] for r in whole}
    rows = [(r.name, model.means[r.name] if r.value is None else r.value, r.reason) for r in whole]
    if tagged is not None:
        weights["tags"] = TAGGER_WEIGHT
        rows.append(("tags", tagged, f"tagged like electronic music with beats and piano: {tagged:.0%}"))
    total = sum(weights.values())
    return tuple(
        Component(name=name, value=value, weight=weights[name] / total, reason=reason) for name, value, reason in rows
    )


class _Ears:
    """Hears the spans of one file, and keeps of each only what is measured."""

    def __init__(self, tagger: Tagger | None) -> None:
        self._tagger = tagger
        self._heard: list[Heard] = []
        self._affinities: list[float] = []

    def hear(self, span: Signal) -> None:
        self._heard.append(hear(span))
        if self._tagger is not None:
            at_its_rate = soxr.resample(span * np.float32(0.1), RATE, TAGGER_RATE, quality="HQ")
            self._affinities.append(affinity(self._tagger.tags(at_its_rate)))

    def measures(self) -> tuple[Measures, ...]:
        return measures_of(self._heard)

    def affinity(self) -> float | None:
        return float(np.mean(self._affinities)) if self._affinities else None


def _load(folder: Path | None) -> Tagger | None:
    if folder is None:
        return None
    try:
        return Tagger.load(folder)
    except CheckpointError as fault:
        raise ScoreError(f"The tagger's weights cannot be read: {fault}") from fault
