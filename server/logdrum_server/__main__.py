"""The `logdrum` command."""

import argparse
import re
import sys
import time
from pathlib import Path
from typing import Final, get_args

import msgspec

from logdrum_protocol import bounds as b
from logdrum_server import __version__
from logdrum_server.arguments import origin, room
from logdrum_server.config import Config, EngineChoice, LocalEngine, OuterEngine
from logdrum_server.doors import Pass
from logdrum_server.doors.addresses import DEFAULT_LIMIT
from logdrum_server.doors.doors import ADMIN_FILE, KEYS_FILE
from logdrum_server.doors.keys import KeyFile, KeyRing
from logdrum_server.doors.tokens import issue
from logdrum_server.errors import ServerError, StartError
from logdrum_server.exports import cli as exports
from logdrum_server.logs import LogFormat
from logdrum_server.serve import serve

_BUILT_PAGE = Path(__file__).parents[2] / "web-demo" / "dist"

_SERVING = """\
examples:
  logdrum serve                               a hub, an engine and the page at http://127.0.0.1:8765
  logdrum serve --host 0.0.0.0 --port 80      for everybody on the network who has a token
  logdrum serve --host 0.0.0.0 --open         for everybody on the network
  logdrum serve --engine none                 rooms, transport and chat, without generated audio
  logdrum serve --engine unix:/run/engine     one you start: logdrum-engine run --connect /run/engine

Ctrl-C or SIGTERM lets members go in peace; a second one ends at once.
"""

_ISSUING = """\
examples:
  logdrum token sunset --name Thandi                     lets Thandi edit in the room 'sunset' for 12 hours
  logdrum token sunset --role listener --expires 7d      lets someone listen for a week
  logdrum token sunset --url https://jam.example         prints an address that joins the room
  logdrum token --rotate                                 signs with a new key from now on; the old ones still verify
  logdrum token --retire 3f9a12bc                        ends every token that this key has signed

A hub that runs hears of a rotation at once. To whom a token was given, no one can tell: keep --expires short.
"""

_WATCHING = """\
examples:
  logdrum top                                            a hub on this machine that keeps its data in ./data
  logdrum top --url https://jam.example --key-file key   any other; the key is its data folder's admin.key
  logdrum top --once                                     one look, then done

Ctrl-C ends it. A hub that goes away is waited for.
"""

_DURATION: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = _parser().parse_args(argv)
    try:
        status: int = options.run(options)
    except ServerError as fault:
        print(f"logdrum: {fault}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="logdrum", description="A real-time jam server for AI-assisted amapiano.")
    parser.add_argument("--version", action="version", version=f"logdrum {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "Run the hub: rooms, clock, streams and the page on one port."
    _serve_options(_command(commands, "serve", "run the hub", about, _SERVING))
    about = "Make a token that lets its holder into a room, or see to the keys that tokens are signed with."
    _token_options(_command(commands, "token", "make a token", about, _ISSUING))
    about = "Watch a hub: rooms, members and how they keep up, jobs, commits."
    _top_options(_command(commands, "top", "watch a hub", about, _WATCHING))
    exports.add_parsers(commands)
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, brief: str, about: str, epilog: str
) -> argparse.ArgumentParser:
    as_written = argparse.RawDescriptionHelpFormatter
    return commands.add_parser(name, help=brief, description=about, epilog=epilog, formatter_class=as_written)


def _serve_options(serve: argparse.ArgumentParser) -> None:
    serve.set_defaults(run=_serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=_port, default=8765, help="port, 0 for any free one (default: %(default)s)")
    _data_option(serve, "where rooms, audio and keys are kept")
    serve.add_argument(
        "--engine",
        type=_engine,
        default=LocalEngine(),
        metavar="ENGINE",
        help="local (started and supervised by the hub, the default), none, or unix:PATH",
    )
    models = "folder of demucs weights for the local engine (default: only the models that are shipped)"
    serve.add_argument("--models", type=_folder, metavar="DIR", help=models)
    serve.add_argument("--page", type=Path, metavar="DIR", help="folder of the built page (default: the checkout's)")
    lines = "log lines for people, or a JSON object each (default: %(default)s)"
    serve.add_argument("--log-format", choices=get_args(LogFormat), default="text", help=lines)
    serve.add_argument("--verbose", action="store_true", help="log more")
    _door_options(serve.add_argument_group("who may come in"))


def _door_options(doors: argparse._ArgumentGroup) -> None:
    rooms = doors.add_mutually_exclusive_group()
    asked = "every room asks for a token (the default, unless --host is a loopback address)"
    rooms.add_argument("--tokens", dest="rooms", action="store_const", const="tokens", help=asked)
    opened = "rooms are open to whoever reaches the address (the default on a loopback address)"
    rooms.add_argument("--open", dest="rooms", action="store_const", const="open", help=opened)
    pages = "let pages from there in, too; may be given several times"
    doors.add_argument("--origin", type=origin, action="append", default=[], metavar="URL", help=pages)
    connections = (
        f"connections from one address, 0 for any number, as behind a proxy (default: {DEFAULT_LIMIT}, loopback any)"
    )
    doors.add_argument("--max-connections-per-address", type=_count, metavar="N", help=connections)
    doors.add_argument(
        "--max-members", type=_members, default=500, metavar="N", help="members of one room (default: %(default)s)"
    )


def _token_options(token: argparse.ArgumentParser) -> None:
    token.set_defaults(run=_token)
    what = token.add_mutually_exclusive_group(required=True)
    what.add_argument("room", nargs="?", type=room, metavar="ROOM", help="the room it opens")
    what.add_argument("--rotate", action="store_true", help="sign with a new key from now on")
    what.add_argument("--retire", metavar="KID", help="let a key verify no more")
    what.add_argument("--list", action="store_true", help="say which keys there are")
    may = "what its holder may do (default: %(default)s)"
    token.add_argument("--role", choices=get_args(b.Role), default="editor", help=may)
    token.add_argument("--name", type=_name, help="what its holder is called (default: as they say)")
    lasts = "how long it opens the room: a number and s, m, h or d (default: %(default)s)"
    token.add_argument("--expires", type=_duration, default="12h", metavar="TIME", help=lasts)
    token.add_argument("--url", type=origin, help="print an address that joins the room, at the hub that is there")
    _data_option(token, "the hub's data folder")


def _top_options(top: argparse.ArgumentParser) -> None:
    top.set_defaults(run=_top)
    top.add_argument("--url", type=origin, default="http://127.0.0.1:8765", help="the hub (default: %(default)s)")
    key = top.add_mutually_exclusive_group()
    _data_option(key, "the hub's data folder, which holds its admin key")
    key.add_argument("--key-file", type=Path, metavar="FILE", help="a file with the admin key")
    top.add_argument("--once", action="store_true", help="look once, print and end")


def _data_option(parser: argparse._ActionsContainer, what: str) -> None:
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="DIR", help=f"{what} (default: %(default)s)")


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a whole number from 0 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError("it is a whole number, 0 or more")
    return int(text)


def _members(text: str) -> int:
    if not _count(text):
        raise argparse.ArgumentTypeError("a room for nobody is no room")
    return int(text)


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return Path(text)


def _engine(text: str) -> EngineChoice:
    if text == "local":
        return LocalEngine()
    if text == "none":
        return None
    if text.startswith("unix:") and len(text) > len("unix:"):
        return OuterEngine(Path(text.removeprefix("unix:")))
    raise argparse.ArgumentTypeError("an engine is local, none or unix:PATH")


def _name(text: str) -> str:
    try:
        return msgspec.convert(text, b.MemberName)
    except msgspec.ValidationError as fault:
        raise argparse.ArgumentTypeError("a name has 1 to 64 characters") from fault


def _duration(text: str) -> int:
    parts = _DURATION.fullmatch(text)
    if parts is None:
        raise argparse.ArgumentTypeError("a time is a number and s, m, h or d: 90s, 12h, 7d")
    return int(parts[1]) * _SECONDS[parts[2]]


def _serve(options: argparse.Namespace) -> int:
    serve(_config(options), verbose=options.verbose, log_format=options.log_format)
    return 0


def _config(options: argparse.Namespace) -> Config:
    return Config(
        host=options.host,
        port=options.port,
        data=options.data,
        engine=_with_models(options.engine, options.models),
        page=options.page or (_BUILT_PAGE if _BUILT_PAGE.is_dir() else None),
        rooms=options.rooms,
        origins=tuple(options.origin),
        max_connections_per_address=options.max_connections_per_address,
        max_members=options.max_members,
    )


def _with_models(engine: EngineChoice, models: Path | None) -> EngineChoice:
    if models is None:
        return engine
    if not isinstance(engine, LocalEngine):
        raise StartError("--models is for --engine local; give it to the engine that you start yourself.")
    return LocalEngine(models)


def _token(options: argparse.Namespace) -> int:
    if not options.data.is_dir():
        raise StartError(f"There is no data folder {options.data}; start the hub once, or name its folder with --data.")
    keys = KeyFile(options.data / KEYS_FILE)
    if options.room is not None:
        print(_made(options, keys.read_or_make()))
    elif options.list:
        ring = keys.read_or_make()
        print("\n".join(f"{kid}  {'signs' if kid == ring.current else 'verifies'}" for kid in ring.keys))
    elif options.rotate:
        print(f"{keys.change(KeyRing.rotated).current}  signs")
    else:
        keys.change(lambda ring: ring.without(options.retire))
        print(f"{options.retire}  retired")
    return 0


def _made(options: argparse.Namespace, ring: KeyRing) -> str:
    token = issue(ring, Pass(options.role, options.name, options.room), int(time.time()) + options.expires)
    return token if options.url is None else f"{options.url}/r/{options.room}#token={token}"


def _top(options: argparse.Namespace) -> int:
    from logdrum_server.top import watch  # here, because the hub needs none of what draws it

    return watch(options.url, options.key_file or options.data / ADMIN_FILE, once=options.once)


if __name__ == "__main__":
    sys.exit(main())
