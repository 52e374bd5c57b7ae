"""A separator as a detector: does it tell sounds that hold a log drum from sounds that do not?"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from logdrum_engine.separation.interface import Audio, Separator

from .baselines import RULE_SHARE, rule_share
from .figures import OURS, RULE, Detection, Sounding, Trial
from .hearing import hear
from .measures import auroc, false_positives, threshold_at

RECALL: Final = 0.9
SURE: Final = 0.5
MADE: Final = "made mixes without a log drum"
REAL: Final = "real sounds without a log drum"
POSITIVE: Final = "log drum"
_TOLD: Final = 10

_SCORES: Final[Mapping[str, tuple[Callable[[Sounding], float], float]]] = {
    OURS: (lambda sound: sound.certainty, SURE),
    RULE: (lambda sound: sound.rule_share, RULE_SHARE),
}
"""What each detector goes by, and from where on it fires."""


def ask(separator: Separator[Any], kind: str, sounds: Iterable[tuple[str, Audio]]) -> Iterator[Sounding]:
    """Ask about sounds, one after another."""
    for name, audio in sounds:
        heard = hear(separator, audio)
        yield Sounding(name=name, kind=kind, certainty=heard.certainty, rule_share=rule_share(audio))


def of_trials(trials: Iterable[Trial]) -> Iterator[Sounding]:
    """What was heard in mixes already."""
    for trial in trials:
        yield Sounding(
            name=f"mix {trial.number}",
            kind=POSITIVE if trial.has_log_drum else MADE,
            certainty=trial.certainty,
            rule_share=trial.rule_share,
        )


def detections(sounds: Sequence[Sounding]) -> dict[str, list[Detection]]:
    """Compare the positives with each kind of negatives, for ours and for the energy rule."""
    positives = [sound for sound in sounds if sound.kind == POSITIVE]
    kinds = {kind: [sound for sound in sounds if sound.kind == kind] for kind in (REAL, MADE)}
    return {
        way: [_detection(way, kind, positives, found) for kind, found in kinds.items() if found and positives]
        for way in _SCORES
    }


def _detection(way: str, kind: str, positives: Sequence[Sounding], negatives: Sequence[Sounding]) -> Detection:
    score, fires_from = _SCORES[way]
    yes, no = [score(sound) for sound in positives], [score(sound) for sound in negatives]
    return Detection(
        negatives=kind,
        n_positive=len(yes),
        n_negative=len(no),
        auroc=auroc(yes, no),
        threshold=threshold_at(RECALL, yes),
        false_positives=false_positives(RECALL, yes, no),
        fires=_share(no, fires_from),
        recall=_share(yes, fires_from),
        loudest=[sound.name for sound in sorted(negatives, key=score, reverse=True)[:_TOLD] if score(sound) > 0.0],
    )


def _share(scores: Sequence[float], fires_from: float) -> float:
    return sum(score > fires_from for score in scores) / len(scores)
