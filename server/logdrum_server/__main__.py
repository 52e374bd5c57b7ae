"""The `logdrum` command."""

import argparse
import sys
from pathlib import Path

from logdrum_server import __version__
from logdrum_server.config import Config, EngineChoice, LocalEngine, OuterEngine
from logdrum_server.errors import StartError
from logdrum_server.serve import serve

_BUILT_PAGE = Path(__file__).parents[2] / "web-demo" / "dist"

_EPILOG = """\
examples:
  logdrum serve                               a hub, an engine and the page at http://127.0.0.1:8765
  logdrum serve --host 0.0.0.0 --port 80      for everybody on the network
  logdrum serve --engine none                 rooms, transport and chat, without generated audio
  logdrum serve --engine unix:/run/engine     one you start: logdrum-engine run --connect /run/engine

Ctrl-C or SIGTERM lets members go in peace; a second one ends at once.
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = _parser().parse_args(argv)
    try:
        serve(_config(options), verbose=options.verbose)
    except StartError as fault:
        print(f"logdrum: {fault}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="logdrum", description="A real-time jam server for AI-assisted amapiano.")
    parser.add_argument("--version", action="version", version=f"logdrum {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="run the hub",
        description="Run the hub: rooms, clock, streams and the page on one port.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=_port, default=8765, help="port, 0 for any free one (default: %(default)s)")
    serve.add_argument(
        "--data", type=Path, default=Path("data"), metavar="DIR", help="where audio is kept (default: %(default)s)"
    )
    serve.add_argument(
        "--engine",
        type=_engine,
        default=LocalEngine(),
        metavar="ENGINE",
        help="local (started and supervised by the hub, the default), none, or unix:PATH",
    )
    serve.add_argument("--page", type=Path, metavar="DIR", help="folder of the built page (default: the checkout's)")
    serve.add_argument("--verbose", action="store_true", help="log more")
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a whole number from 0 to 65535")
    return int(text)


def _engine(text: str) -> EngineChoice:
    if text == "local":
        return LocalEngine()
    if text == "none":
        return None
    if text.startswith("unix:") and len(text) > len("unix:"):
        return OuterEngine(Path(text.removeprefix("unix:")))
    raise argparse.ArgumentTypeError("an engine is local, none or unix:PATH")


def _config(options: argparse.Namespace) -> Config:
    page = options.page or (_BUILT_PAGE if _BUILT_PAGE.is_dir() else None)
    return Config(host=options.host, port=options.port, data=options.data, engine=options.engine, page=page)


if __name__ == "__main__":
    sys.exit(main())
