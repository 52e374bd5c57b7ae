"""`logdrum-engine score`: how far a file follows a genre's conventions, and why."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import Final

import msgspec

from logdrum_engine.errors import EngineError
from logdrum_engine.scoring import GENRES, score_file
from logdrum_protocol.records import Conformance, Verdict, verdict_of

from .asking import FAILURE, Parser, complain
from .progress import ProgressBar

_WIDTH: Final = 100
_BAR_CELLS: Final = 10
_MEANING: Final = (
    "This measures how far a sound follows a genre's conventions. It does not measure quality, and none of the "
    "conventions is needed."
)
_NOTE: Final = """\
The verdict is `accept` where the whole interval is at the threshold or above, `reject` where it is all below, else
`review`. At most three minutes are listened to, in spans chosen evenly. --tagger DIR is the folder MTT_musicnn of the
Python package musicnn 0.1.0, unpacked; its weights were trained on data for non-commercial use.
"""


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed with `--json`."""

    file: str
    threshold: float
    verdict: Verdict
    conformance: Conformance


def add_score(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "score",
        help="say how far a file follows a genre's conventions",
        description=_MEANING,
        epilog=_NOTE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="WAV, FLAC, MP3 or Ogg, eight seconds or more")
    parser.add_argument("--genre", choices=GENRES, default=GENRES[0], help="default: %(default)s")
    parser.add_argument("--threshold", metavar="T", type=_unit, default=0.5, help="0 to 1 (default: %(default)g)")
    parser.add_argument("--tagger", metavar="DIR", type=Path, help="also listen with a tagger's weights")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(command=_score)


def _score(options: argparse.Namespace) -> int:
    """Score a file and print what was found; the exit status says whether it could be scored, not the verdict."""
    progress = ProgressBar(sys.stderr)
    try:
        found = score_file(options.file, genre=options.genre, tagger=options.tagger, on_progress=progress.show)
    except EngineError as fault:
        progress.end()
        return complain(str(fault), FAILURE)
    progress.end()
    scored = Scored(
        file=str(options.file),
        threshold=options.threshold,
        verdict=verdict_of(found, options.threshold),
        conformance=found,
    )
    lines = [msgspec.json.encode(scored).decode()] if options.json else _lines(scored)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _lines(scored: Scored) -> Iterator[str]:
    found = scored.conformance
    yield f"{found.genre}: {found.value:.2f}, between {found.low:.2f} and {found.high:.2f}"
    yield f"verdict: {scored.verdict}, at a threshold of {scored.threshold:g}"
    yield ""
    width = max(len(component.name) for component in found.components)
    for component in found.components:
        name = component.name.replace("_", " ").ljust(width)
        bar = "#" * round(component.value * _BAR_CELLS)
        kept = f"{bar:.<{_BAR_CELLS}} {component.value:.2f}" if component.weight else f"{'unknown':<{_BAR_CELLS + 5}}"
        yield f"  {name}  {kept}  weighs {component.weight:4.0%}  {component.reason}"
    yield ""
    yield fill(f"Version {found.version}. {found.fitted_on} {_MEANING}", _WIDTH)


def _unit(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no number from 0 to 1")
    return number
