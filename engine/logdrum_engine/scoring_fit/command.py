"""The command line of fitting: render, measure, fit, evaluate, and write the model."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from logdrum_engine.cli.progress import ProgressBar
from logdrum_engine.scoring.model import CONFORMANCE_VERSION, Model, Results

from .evaluation import Clip, clips_in, evaluate, hear_clip
from .fit import Sheet, fit_log_drum, fit_weights, span_spread, split
from .ledger import Ledger
from .takes import AMAPIANO, Measured, Order, make, orders

_NOTE: Final = """\
example:
  python -m logdrum_engine.scoring_fit --renders 640 --seed 1 --real clips/ --out amapiano.json

Some ten minutes on one core. What was measured is kept beside FILE, as FILE.takes and FILE.clips, so that a run that
was broken off goes on where it stopped; delete both when measures or synthesiser have changed. Real clips are for
evaluation only.
"""


Entry = TypeVar("Entry")


def fit_command(arguments: Sequence[str]) -> int:
    """Fit a model as a command line says, and return its exit status."""
    options = _parser().parse_args(arguments)
    fitted, held_out = split(_takes(options))
    clips = _clips(options)
    model = _fit(fitted, options.date)
    results = evaluate(model, fitted, held_out, clips)
    finished = msgspec.structs.replace(model, results=results, fitted_on=_told(results))
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(finished), indent=1) + b"\n")
    sys.stdout.write(_told(results) + "\n" + msgspec.json.format(msgspec.json.encode(results)).decode() + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m logdrum_engine.scoring_fit",
        description="Fit the conformance score on renders of this engine's own synthesiser.",
        epilog=_NOTE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--renders", metavar="N", type=int, default=640, help="takes, a quarter held out (default: 640)"
    )
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="default: 1")
    parser.add_argument("--real", metavar="DIR", type=Path, help="real clips to evaluate on, none of them amapiano")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the model")
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat(), help="default: today")
    return parser


def _takes(options: argparse.Namespace) -> list[Measured]:
    ordered = orders(options.renders, options.seed)
    ledger = Ledger[Order, Measured](Path(f"{options.out}.takes"), Measured, lambda order: order.name, make)
    return _shown("renders", ledger.entries(ordered), len(ordered))


def _clips(options: argparse.Namespace) -> list[Clip]:
    if options.real is None:
        return []
    paths = clips_in(options.real)
    ledger = Ledger[Path, Clip](Path(f"{options.out}.clips"), Clip, str, lambda path: hear_clip(path, options.real))
    return [clip for clip in _shown("real clips", ledger.entries(paths), len(paths)) if clip.spans]


def _shown(what: str, entries: Iterator[Entry], total: int) -> list[Entry]:
    sys.stderr.write(f"{what}:\n")
    bar = ProgressBar(sys.stderr)
    made: list[Entry] = []
    for entry in entries:
        made.append(entry)
        bar.show(len(made) / total)
    bar.end()
    return made


def _fit(fitted: list[Measured], date: str) -> Model:
    log_drum = fit_log_drum(fitted)
    sheet = Sheet(fitted, log_drum)
    fit, refits = fit_weights(sheet)
    return Model(
        version=CONFORMANCE_VERSION,
        genre=AMAPIANO,
        date=date,
        fitted_on="",
        means=sheet.means,
        fit=fit,
        refits=refits,
        span_spread=span_spread(sheet, fit),
        log_drum=log_drum,
    )


def _told(results: Results) -> str:
    """What was fitted on, for those who read the score."""
    others = ", ".join(f"{count} {kind}" for kind, count in results.fitted.items() if kind != AMAPIANO)
    text = (
        f"Fitted on renders of this project's own synthesiser: {results.fitted[AMAPIANO]} amapiano grooves against "
        f"{others}; on no real recording. On {sum(results.held_out.values())} renders of other seeds, kits and "
        f"log-drum patches its AUROC is {results.auroc:.3f}."
    )
    if results.auroc_real is None:
        return f"{text} It was not evaluated on real recordings."
    middle = next(verdicts for verdicts in results.real_verdicts if verdicts.threshold == 0.5)
    return (
        f"{text} Against {sum(results.real.values())} real clips, none of them amapiano and none fitted on, it is "
        f"{results.auroc_real:.3f}; at a threshold of 0.5 it rejects {middle.reject:.0%} of them, leaves "
        f"{middle.review:.0%} for review and accepts {middle.accept:.0%}. No real amapiano was there to try it on."
    )
