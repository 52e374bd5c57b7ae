"""The commands, and how one of them is carried out."""

import argparse
from collections.abc import Callable, Sequence
from importlib.metadata import version

from .asking import Parser
from .groove import add_groove
from .run import add_run
from .score import add_score
from .separate import add_separate


def run_command(arguments: Sequence[str]) -> int:
    """Carry out a command line and return its exit status."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="logdrum-engine", description="Logdrum's engine: makes the music that a hub's rooms play.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('logdrum')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (add_run, add_groove, add_score, add_separate):
        add(commands)
    return parser
