"""The command line of fitting: train our net, ship it, and what others add to it."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

_NOTE: Final = """\
example:
  deploy/setup.sh sounds                                                        what is learnt from, and what is not
  python -m logdrum_engine.separation_fit train --minutes 70 --seed 1 --out run/
  python -m logdrum_engine.separation_fit train --minutes 10 --seed 2 --rate 0.002 --only-notes \\
      --begin run/best.pt --out notes/
  python -m logdrum_engine.separation_fit ship notes/best.pt                    into separation/weights/
"""
# What adds its own sub-commands, where it is there.
_MORE: Final = ("evaluate", "card", "convert")


def fit_command(arguments: Sequence[str]) -> int:
    """Do what a command line says, and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped\n")
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m logdrum_engine.separation_fit",
        description="Make the separator's weights, from training data to the files that are shipped.",
        epilog=_NOTE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_train(commands)
    _add_ship(commands)
    for name in _MORE:
        if find_spec(f"{__package__}.{name}") is not None:
            importlib.import_module(f"{__package__}.{name}").add_to(commands)
    return parser


def _add_train(commands: Any) -> None:  # argparse names no type for it
    parser = commands.add_parser(
        "train",
        help="train our net on examples rendered meanwhile",
        description="Train our net. DIR gets best.pt, last.pt to go on from, metrics.jsonl and its curves.",
    )
    parser.add_argument("--minutes", metavar="N", type=float, default=85.0, help="default: 85")
    parser.add_argument("--steps", metavar="N", type=int, default=0, help="end after so many instead")
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="default: 1")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True)
    parser.add_argument("--sounds", metavar="DIR", type=Path, default=Path(".sounds"), help="default: .sounds")
    parser.add_argument("--begin", metavar="FILE", type=Path, help="best.pt of another training to begin with")
    parser.add_argument("--only-notes", action="store_true", help="only the note head learns")
    parser.add_argument("--resume", action="store_true", help="go on from DIR/last.pt")
    parser.add_argument("--batch", metavar="N", type=int, default=8, help="examples in a step (default: 8)")
    parser.add_argument("--rate", metavar="R", type=float, default=1.5e-3, help="learning rate (default: 0.0015)")
    parser.add_argument("--patience", metavar="N", type=int, default=0, help="stop after N checks without a better net")
    parser.add_argument(
        "--check-s", metavar="S", type=float, default=240.0, help="seconds between checks (default: 240)"
    )
    parser.add_argument("--producers", metavar="N", type=int, default=1, help="processes that render (default: 1)")
    parser.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> int:
    import torch

    from .course import Course
    from .train import Training

    torch.set_num_threads(1)
    asked = {name: value for name, value in vars(options).items() if name in Course.__struct_fields__}
    Training(Course(**asked), resume=options.resume).run()
    return 0


def _add_ship(commands: Any) -> None:
    parser = commands.add_parser(
        "ship",
        help="write a trained net as it is shipped",
        description="Write a trained net at 8 and 16 bits, and record it in the manifest beside it.",
    )
    parser.add_argument("net", metavar="FILE", type=Path, help="best.pt of a training")
    parser.add_argument("--out", metavar="FILE", type=Path, help="default: where the engine finds it")
    parser.add_argument("--made-by", metavar="COMMAND", default="python -m logdrum_engine.separation_fit train")
    parser.set_defaults(run=_ship)


def _ship(options: argparse.Namespace) -> int:
    from . import ship

    entry = ship.ship(options.net, options.out or ship.SHIPPED, made_by=options.made_by)
    sys.stdout.write(f"{entry.bytes} bytes, sha256 {entry.sha256}\n")
    return 0
