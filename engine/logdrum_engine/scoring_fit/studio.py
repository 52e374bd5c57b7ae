"""From a take in memory to what the score measures in a file."""

from collections.abc import Iterator, Sequence

import numpy as np
import soxr  # type: ignore[import-untyped]  # it ships no types

from logdrum_engine.generator import SAMPLE_RATE, Pcm
from logdrum_engine.scoring.listening import RATE, Signal, spans_in
from logdrum_engine.scoring.measures import Measures, hear, measures_of
from logdrum_engine.scoring.spectra import FRAME_RATE

_NEAR_S = 0.035


def measured(pcm: Pcm, log_drums_s: Sequence[float]) -> tuple[tuple[Measures, ...], tuple[tuple[bool, ...], ...]]:
    """Measure a take, and say of each low note whether a log drum was struck with it."""
    spans = list(_spans(pcm))
    measures = measures_of([hear(span) for _, span in spans])
    struck = np.array([-1.0, *log_drums_s])
    labels = tuple(
        tuple(bool(np.min(np.abs(struck - start_s - note.frame / FRAME_RATE)) < _NEAR_S) for note in span.notes)
        for (start_s, _), span in zip(spans, measures, strict=True)
    )
    return measures, labels


def _spans(pcm: Pcm) -> Iterator[tuple[float, Signal]]:
    mono = np.asarray(soxr.resample(np.mean(pcm, axis=0), SAMPLE_RATE, RATE, quality="HQ"), dtype=np.float32)
    for start_s, length_s in spans_in(mono.size / RATE):
        span = mono[round(start_s * RATE) : round((start_s + length_s) * RATE)]
        level = float(np.sqrt(np.mean(span**2)))
        if level > 1e-3:
            yield start_s, span / np.float32(level)
