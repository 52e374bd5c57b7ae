"""One held-out mix after another through a separator, beside the rule, the ideal masks and the mix itself."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from logdrum_engine.separation.interface import Separator

from .baselines import ideal_ratio_masks, rule_share, rule_stem
from .examples import STEMS, Example
from .figures import IDEAL, MIXTURE, OURS, RULE, SUBJECTS, Scores, Spread, StemScores, Trial, spread
from .hearing import hear, seconds
from .measures import (
    NoteCounts,
    count_notes,
    energy,
    is_present,
    ratio_db,
    residual_db,
    sdr,
    si_sdr,
    si_sdri,
)

Sound = NDArray[np.float32]


def try_mix(separator: Separator[Any], number: int, example: Example) -> Trial:
    """Pull one mix apart in every way and score what comes out."""
    truth = dict(zip(STEMS, example.stems, strict=True))
    mix = np.asarray(example.stems.sum(axis=0), dtype=np.float32)
    heard = hear(separator, mix)
    ours = dict(zip(separator.stems, heard.stems, strict=True))
    ways: dict[str, Mapping[str, Sound]] = {
        OURS: ours,
        MIXTURE: dict.fromkeys(STEMS, mix),
        RULE: {"log_drum": rule_stem(mix)},
        IDEAL: dict(zip(STEMS, ideal_ratio_masks(example.stems), strict=True)),
    }
    return Trial(
        number=number,
        seconds=seconds(mix),
        wall_s=heard.wall_s,
        scores={way: scores(truth, stems, mix) for way, stems in ways.items()},
        leaks_db=leaks(truth, ours, mix),
        notes=count_notes(example.notes, heard.notes),
        has_log_drum=bool(example.notes) and is_present(truth["log_drum"], mix),
        certainty=heard.certainty,
        rule_share=rule_share(mix),
        residual_db=residual_db(heard.stems, mix),
    )


def scores(truth: Mapping[str, Sound], stems: Mapping[str, Sound], mix: Sound) -> dict[str, Scores]:
    """Score the stems that are in the mix; one that is alone in it cannot be pulled out of anything."""
    return {
        stem: Scores(
            sdr=sdr(truth[stem], made), si_sdr=si_sdr(truth[stem], made), si_sdri=si_sdri(truth[stem], made, mix)
        )
        for stem, made in stems.items()
        if stem in truth and is_present(truth[stem], mix) and is_present(mix - truth[stem], mix)
    }


def leaks(truth: Mapping[str, Sound], stems: Mapping[str, Sound], mix: Sound) -> dict[str, float]:
    """How loud, beside the mix, those stems are that should be silent."""
    return {
        stem: ratio_db(energy(made), energy(mix))
        for stem, made in stems.items()
        if stem not in truth or not is_present(truth[stem], mix)
    }


def summed_scores(trials: Sequence[Trial]) -> dict[str, dict[str, StemScores]]:
    """Sum up every subject's scores, stem by stem."""
    return {way: _summed(trials, way) for way in SUBJECTS}


def _summed(trials: Sequence[Trial], way: str) -> dict[str, StemScores]:
    found = {stem: [trial.scores[way][stem] for trial in trials if stem in trial.scores[way]] for stem in STEMS}
    return {
        stem: StemScores(
            sdr=_spread(each.sdr for each in taken),
            si_sdr=_spread(each.si_sdr for each in taken),
            si_sdri=_spread(each.si_sdri for each in taken),
        )
        for stem, taken in found.items()
        if taken
    }


def _spread(values: Iterable[float]) -> Spread:
    summed = spread(values)
    assert summed is not None  # stems without a score are left out
    return summed


def summed_leaks(trials: Sequence[Trial]) -> dict[str, Spread]:
    """Sum up how loud absent stems are given."""
    stems = dict.fromkeys(stem for trial in trials for stem in trial.leaks_db)
    return {stem: _spread(trial.leaks_db[stem] for trial in trials if stem in trial.leaks_db) for stem in stems}


def summed_notes(trials: Sequence[Trial]) -> NoteCounts:
    """Sum up what was heard of the notes, in the mixes that hold a log drum."""
    return sum((trial.notes for trial in trials if trial.has_log_drum), NoteCounts())
