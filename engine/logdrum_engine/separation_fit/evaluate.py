"""`evaluate`: everything that is claimed of a separator, measured on sounds it was not trained on."""

import argparse
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from logdrum_engine.cli.progress import ProgressBar
from logdrum_engine.separation import catalogue
from logdrum_engine.separation.interface import Audio, Separator

from . import held_out
from .cuts import cut_up, memory_over
from .detection import POSITIVE, REAL, ask, detections, of_trials
from .examples import SAMPLE_RATE, Example
from .figures import Figures, Memory, Song, Sounding, Trial
from .measures import energy
from .multitrack import read_multitrack, try_song
from .trials import summed_leaks, summed_notes, summed_scores, try_mix

_NOTE: Final = """\
example:
  python -m logdrum_engine.separation_fit evaluate --mixes 200 --seed 1 --out figures.json \\
      --real stempeg-0.2.6-py3-none-any.whl --minutes 1,5,20

Some ten minutes on one core; --minutes adds a third to a half of the time that they say. `card` makes the model card
of what is written here.
"""
_CUT_UP_S: Final = 30.0
_MIXES_A_SOLO: Final = 4
_PACKAGES: Final = ("torch", "numpy", "soxr")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to evaluate, and on how much."""

    model: str = "builtin"
    mixes: int = 200
    seed: int = 1
    sounds: Path = Path(".sounds")
    real: Path | None = None
    minutes: tuple[float, ...] = ()
    threads: int = 1


def evaluate(plan: Plan, trials: Sequence[Trial], sounds: Sequence[Sounding], separator: Separator[Any]) -> Figures:
    """Sum up what was tried, and try what is tried once."""
    mix = _long_mix(plan)
    taken_s = sum(trial.seconds for trial in trials)
    return Figures(
        model=plan.model,
        command=command_of(plan),
        versions={"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        threads=plan.threads,
        mixes=len(trials),
        seed=plan.seed,
        seconds=taken_s,
        rtf=sum(trial.wall_s for trial in trials) / taken_s,
        stems=summed_scores(trials),
        leaks_db=summed_leaks(trials),
        notes=summed_notes(trials),
        residual_db=max(trial.residual_db for trial in trials),
        detection=detections([*of_trials(trials), *sounds]),
        streaming=cut_up(separator, mix, plan.seed),
        memory=memories(plan, mix),
        song=song(plan, separator),
    )


def command_of(plan: Plan) -> str:
    """Return the command that finds these figures again."""
    words = [f"python -m logdrum_engine.separation_fit evaluate --mixes {plan.mixes} --seed {plan.seed}"]
    words += [f"--model {plan.model}"] if plan.model != "builtin" else []
    words += [f"--real {plan.real.name}"] if plan.real is not None else []
    words += [f"--minutes {','.join(f'{minutes:g}' for minutes in plan.minutes)}"] if plan.minutes else []
    return " ".join([*words, "--out figures.json"])


def trials_of(plan: Plan, separator: Separator[Any]) -> Iterator[Trial]:
    """Try one held-out mix after another."""
    for number, example in enumerate(held_out.mixes(plan.mixes, plan.seed, plan.sounds)):
        yield try_mix(separator, number, example)


def soundings_of(plan: Plan, separator: Separator[Any]) -> Iterator[Sounding]:
    """Ask about real sounds without a log drum, and about log drums by themselves."""
    yield from ask(separator, REAL, held_out.negatives(plan.sounds))
    solos = held_out.positives(plan.mixes // _MIXES_A_SOLO, plan.seed, plan.sounds)
    yield from ask(separator, POSITIVE, ((f"log drum {number}", _mix(each)) for number, each in enumerate(solos)))


def memories(plan: Plan, mix: Audio) -> list[Memory]:
    """Measure the command on files of so many minutes."""
    return [memory_over(minutes, plan.model, mix) for minutes in plan.minutes]


def song(plan: Plan, separator: Separator[Any]) -> Song | None:
    """Try the real recording, where there is one."""
    return None if plan.real is None else try_song(separator, read_multitrack(plan.real))


def _mix(example: Example) -> Audio:
    return np.asarray(example.stems.sum(axis=0), dtype=np.float32)


def _long_mix(plan: Plan) -> Audio:
    """Half a minute or more of held-out mixes, one after another."""
    mixes: list[Audio] = []
    for example in held_out.mixes(plan.mixes, plan.seed, plan.sounds):
        mixes.append(_mix(example))
        if sum(mix.shape[-1] for mix in mixes) >= _CUT_UP_S * SAMPLE_RATE:
            break
    joined = np.concatenate([mix for mix in mixes if energy(mix)], axis=1)
    return np.asarray(joined, dtype=np.float32)


def add_to(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a separator on sounds that it was not trained on",
        description="Measure a separator on held-out sounds, beside the energy rule and ideal ratio masks.",
        epilog=_NOTE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the figures, as JSON")
    parser.add_argument("--jsonl", action="store_true", help="every mix and sound, too, as lines in FILE.jsonl")
    parser.add_argument("--mixes", metavar="N", type=int, default=200, help="default: 200")
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="default: 1")
    parser.add_argument("--model", metavar="NAME", default="builtin", help="default: builtin")
    parser.add_argument("--sounds", metavar="DIR", type=Path, default=Path(".sounds"), help="default: .sounds")
    parser.add_argument("--real", metavar="FILE", type=Path, help="a .stem.mp4, or a wheel that carries one")
    parser.add_argument("--minutes", metavar="M,…", type=_minutes, default=(), help="files to measure memory on")
    parser.add_argument("--threads", metavar="N", type=int, default=1, help="default: 1")
    parser.set_defaults(run=_run)


def _minutes(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _run(options: argparse.Namespace) -> int:
    import torch

    torch.set_num_threads(options.threads)
    plan = Plan(**{name: value for name, value in vars(options).items() if name in Plan.__struct_fields__})
    separator = catalogue.load(catalogue.Options(model=plan.model))
    found = list(_shown(chain(trials_of(plan, separator), soundings_of(plan, separator)), _count(plan)))
    trials = [each for each in found if isinstance(each, Trial)]
    sounds = [each for each in found if isinstance(each, Sounding)]
    if options.jsonl:
        lines = msgspec.json.Encoder().encode_lines([*trials, *sounds])
        options.out.with_name(f"{options.out.name}.jsonl").write_bytes(lines)
    figures = evaluate(plan, trials, sounds, separator)
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")
    return 0


def _count(plan: Plan) -> int:
    """How many mixes and sounds there are to try."""
    return plan.mixes + plan.mixes // _MIXES_A_SOLO + sum(1 for _ in held_out.negatives(plan.sounds))


def _shown(found: Iterable[Trial | Sounding], expected: int) -> Iterator[Trial | Sounding]:
    bar = ProgressBar(sys.stderr)
    for number, each in enumerate(found, 1):
        bar.show(number / expected)
        yield each
    bar.end()
