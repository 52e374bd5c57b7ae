"""How well a model does on renders that were held out, and on real clips that it has nothing to do with."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import soundfile

from logdrum_engine.scoring.errors import ScoreError
from logdrum_engine.scoring.listening import SHORTEST_S, spans_of
from logdrum_engine.scoring.measures import Measures, hear, measures_of
from logdrum_engine.scoring.model import Model, Results, Vector, Verdicts
from logdrum_engine.scoring.score import conformance_of
from logdrum_protocol.records import Conformance, verdict_of

from .fit import counts
from .learn import auroc
from .takes import AMAPIANO, NEAR_KIN, Measured

THRESHOLDS: Final = (0.3, 0.5, 0.7)
MOST_CLIPS: Final = 120
_SUFFIXES: Final = {".wav", ".flac", ".ogg", ".mp3"}


class Clip(msgspec.Struct, frozen=True):
    """A real clip as it was measured."""

    name: str
    folder: str
    spans: tuple[Measures, ...]


def clips_in(folder: Path, most: int = MOST_CLIPS) -> list[Path]:
    """Music files of eight seconds or more, in turns from each folder below, so that no source outweighs the rest."""
    sources: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _SUFFIXES and path.is_file() and not path.is_symlink() and _is_long_enough(path):
            sources.setdefault(path.relative_to(folder).parts[0], []).append(path)
    turns = chain.from_iterable(zip_longest(*sources.values()))
    return [path for path in turns if path is not None][:most]


def _is_long_enough(path: Path) -> bool:
    try:
        return bool(soundfile.info(path).duration >= SHORTEST_S)
    except soundfile.SoundFileError:
        return False


def hear_clip(path: Path, folder: Path) -> Clip:
    """Measure a clip; one that cannot be scored has no spans."""
    parts = path.relative_to(folder).parts
    try:
        heard = [hear(span) for _, span in spans_of(path)]
    except ScoreError:
        return Clip("/".join(parts), parts[0], ())
    return Clip("/".join(parts), parts[0], measures_of(heard))


def evaluate(model: Model, fitted: Sequence[Measured], held_out: Sequence[Measured], real: Sequence[Clip]) -> Results:
    """Score everything that was not fitted on."""
    scored = {take.name: conformance_of(model, take.spans) for take in held_out}
    kinds = {take.name: take.kind for take in held_out}
    ours = [found for name, found in scored.items() if kinds[name] == AMAPIANO]
    others = [found for name, found in scored.items() if kinds[name] not in (AMAPIANO, NEAR_KIN)]
    clips = [conformance_of(model, clip.spans) for clip in real]
    return Results(
        fitted=counts(fitted),
        held_out=counts(held_out),
        auroc=round(auroc(_values(ours), _values(others)), 4),
        auroc_log_drum_notes=round(_note_auroc(model, held_out), 4),
        interval_coverage=round(_coverage(model, held_out), 3),
        scores=dict(_percentiles(held_out, scored)),
        real={folder: sum(clip.folder == folder for clip in real) for folder in sorted({clip.folder for clip in real})},
        auroc_real=round(auroc(_values(ours), _values(clips)), 4) if clips else None,
        auroc_log_drum_real=round(auroc(_values(ours, "log_drum"), _values(clips, "log_drum")), 4) if clips else None,
        real_verdicts=tuple(_verdicts(clips)) if clips else (),
        amapiano_verdicts=tuple(_verdicts(ours)),
    )


def _values(found: Sequence[Conformance], component: str | None = None) -> Vector:
    if component is None:
        return np.array([each.value for each in found])
    return np.array([c.value for each in found for c in each.components if c.name == component])


def _note_auroc(model: Model, takes: Sequence[Measured]) -> float:
    labels = np.array([label for take in takes for span in take.log_drums for label in span])
    likely = model.log_drum.likeness([note for take in takes for span in take.spans for note in span.notes])
    return auroc(likely[labels], likely[~labels])


def _coverage(model: Model, takes: Sequence[Measured]) -> float:
    inside = []
    for take in takes:
        half = conformance_of(model, take.spans[: max(1, len(take.spans) // 2)])
        inside.append(half.low <= conformance_of(model, take.spans).value <= half.high)
    return float(np.mean(inside))


def _percentiles(
    takes: Sequence[Measured], scored: Mapping[str, Conformance]
) -> Iterator[tuple[str, tuple[float, float, float]]]:
    """Tenth, fiftieth and ninetieth percentile by kind, and of grooves that were asked to have no log drum."""
    for kind in sorted({take.kind for take in takes}):
        yield kind, _tenths([scored[take.name].value for take in takes if take.kind == kind])
    without = [scored[take.name].value for take in takes if "no log drum" in take.about]
    if without:
        yield "amapiano, no log drum", _tenths(without)


def _tenths(values: Sequence[float]) -> tuple[float, float, float]:
    low, middle, high = (round(float(p), 3) for p in np.percentile(values, (10, 50, 90)))
    return low, middle, high


def _verdicts(found: Sequence[Conformance]) -> Iterator[Verdicts]:
    for threshold in THRESHOLDS:
        said = [verdict_of(each, threshold) for each in found]
        shares = {verdict: round(said.count(verdict) / len(said), 3) for verdict in ("accept", "review", "reject")}
        yield Verdicts(threshold=threshold, **shares)
