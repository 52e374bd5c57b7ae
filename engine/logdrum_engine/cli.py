"""The command line: what may be asked, and one sentence on stderr where it cannot be done."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final, NoReturn, TextIO

from logdrum_engine.errors import EngineError
from logdrum_engine.generator import Spec
from logdrum_engine.groove.errors import GrooveError
from logdrum_engine.groove.export import render_to_files
from logdrum_engine.link import Config, run
from logdrum_engine.logs import log_to_stderr
from logdrum_engine.models import load_models

_USAGE_ERROR: Final = 2
_FAILURE: Final = 1
_BAR_CELLS: Final = 30

_GROOVE_EXAMPLE: Final = """\
example:
  logdrum-engine groove "private school, jazzy, sparse" --bars 16 --bpm 112 --seed 7 --out groove.wav --stems stems/

The same prompt, seed, tempo, key and number of bars always give the same samples.
"""
_RUN_NOTE: Final = """\
A hub started with `--engine local` runs this by itself. By hand, give the path of the socket that the hub names in its
log. The engine ends when the hub closes the socket, and on SIGTERM or Ctrl-C.
"""


def run_command(arguments: Sequence[str]) -> int:
    """Carry out a command line and return its exit status."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="logdrum-engine", description="Logdrum's engine: makes the music that a hub's rooms play.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('logdrum')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    _add_groove(commands)
    return parser


def _add_run(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser(
        "run",
        help="serve a hub over its Unix socket",
        description="Connect to a hub and render what its rooms ask for.",
        epilog=_RUN_NOTE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--connect", metavar="PATH", type=Path, required=True, help="the hub's Unix socket")
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="info", help="default: %(default)s"
    )
    parser.set_defaults(command=_run)


def _add_groove(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser(
        "groove",
        help="render an amapiano groove to a WAV file",
        description="Compose and play an amapiano groove into a 24-bit WAV file, without a hub.",
        epilog=_GROOVE_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    spec = Spec()
    parser.add_argument("prompt", metavar="PROMPT", help="words such as 'private school', 'sgija', 'dark', 'no bass'")
    parser.add_argument("--bars", type=_bars, default=8, help="length, 1 to 1024 (default: %(default)s)")
    parser.add_argument("--bpm", type=_bpm, default=spec.bpm, help="tempo, 20 to 999 (default: %(default)g)")
    parser.add_argument("--seed", type=_seed, default=spec.seed, help="0 to 4294967295 (default: %(default)s)")
    parser.add_argument("--key", default=spec.key, help="such as 'A minor' or 'Eb' (default: %(default)s)")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the mix")
    parser.add_argument("--stems", metavar="DIR", type=Path, help="also write each stem to DIR, made if need be")
    parser.set_defaults(command=_groove)


def _run(options: argparse.Namespace) -> int:
    log_to_stderr(options.log_level)
    try:
        asyncio.run(run(Config(socket=options.connect, version=version("logdrum"), load=load_models)))
    except EngineError as fault:
        return _complain(str(fault), _FAILURE)
    return 0


def _groove(options: argparse.Namespace) -> int:
    spec = Spec(prompt=options.prompt, seed=options.seed, bpm=options.bpm, key=options.key, bars=options.bars)
    if not options.out.parent.is_dir():
        return _complain(f"There is no folder {options.out.parent}.", _USAGE_ERROR)
    progress = ProgressBar(sys.stderr)
    try:
        render_to_files(spec, options.out, options.stems, progress.show)
    except GrooveError as fault:
        return _complain(f"This cannot be played: {fault}.", _USAGE_ERROR)
    except (OSError, RuntimeError) as fault:  # soundfile's own errors are RuntimeErrors
        return _complain(f"Cannot write the files: {_reason(fault)}.", _USAGE_ERROR)
    finally:
        progress.end()
    return 0


class ProgressBar:
    """A bar that redraws itself in place, whenever it has grown by a cell."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._cells = -1

    def show(self, fraction: float) -> None:
        """Draw the bar at a fraction from 0 to 1."""
        cells = int(fraction * _BAR_CELLS)
        if cells == self._cells:
            return
        self._cells = cells
        self._stream.write(f"\r[{'#' * cells}{'.' * (_BAR_CELLS - cells)}] {fraction:4.0%}")
        self._stream.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._cells >= 0:
            self._stream.write("\n")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(_USAGE_ERROR, f"{self.prog}: {message}; see {self.prog} --help.\n")


def _complain(sentence: str, status: int) -> int:
    sys.stderr.write(f"logdrum-engine: {sentence}\n")
    return status


def _reason(fault: Exception) -> str:
    text = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
    return text.strip().rstrip(".")


def _bars(text: str) -> int:
    return _whole(text, 1, 1024)


def _seed(text: str) -> int:
    return _whole(text, 0, 2**32 - 1)


def _whole(text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from {low} to {high}")
    return int(text)


def _bpm(text: str) -> float:
    try:
        bpm = float(text)
    except ValueError:
        bpm = 0.0
    if not 20 <= bpm <= 999:
        raise argparse.ArgumentTypeError(f"'{text}' is no tempo from 20 to 999")
    return bpm
