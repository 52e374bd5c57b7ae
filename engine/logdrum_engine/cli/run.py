"""`logdrum-engine run`: serve a hub."""

import argparse
import asyncio
from importlib.metadata import version
from pathlib import Path
from typing import Final

from logdrum_engine.errors import EngineError
from logdrum_engine.link import Config, run
from logdrum_engine.logs import log_to_stderr
from logdrum_engine.models import load_models
from logdrum_engine.separating.shelf import shelf_of

from .asking import FAILURE, Parser, complain

_NOTE: Final = """\
A hub started with `--engine local` runs this by itself. By hand, give the path of the socket that the hub names in its
log. The engine ends when the hub closes the socket, and on SIGTERM or Ctrl-C.
"""


def add_run(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "run",
        help="serve a hub over its Unix socket",
        description="Connect to a hub and render what its rooms ask for.",
        epilog=_NOTE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--connect", metavar="PATH", type=Path, required=True, help="the hub's Unix socket")
    parser.add_argument(
        "--models", metavar="DIR", type=Path, help="a folder with Demucs weights, for rooms that ask for those models"
    )
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="info", help="default: %(default)s"
    )
    parser.set_defaults(command=_run)


def _config(options: argparse.Namespace) -> Config:
    return Config(
        socket=options.connect,
        version=version("logdrum"),
        load=load_models,
        separators=shelf_of(options.models),
    )


def _run(options: argparse.Namespace) -> int:
    log_to_stderr(options.log_level)
    try:
        asyncio.run(run(_config(options)))
    except EngineError as fault:
        return complain(str(fault), FAILURE)
    return 0
