"""`logdrum export` and `logdrum import`: rooms to files and back, over a hub's HTTP (X1)."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO, Final, TextIO, TypeAlias
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from logdrum_server.arguments import origin, room
from logdrum_server.errors import ServerError

_EXPORTING: Final = """\
what FILE becomes is said by its ending:
  .logdrum      the whole room: document, history, versions, chat and sounds; `logdrum import` makes a room of it
  .mid          the notes
  .dawproject   tracks, clips and sounds for Bitwig, Cubase, Studio One
  .wav .flac    the mix
  .zip          a stem of each track, as WAV

examples:
  logdrum export sunset --out sunset.logdrum
  logdrum export sunset --out mix.flac --url https://jam.example --token "$TOKEN"
"""
_IMPORTING: Final = """\
examples:
  logdrum import sunset.logdrum sunset-2
  logdrum import sunset.logdrum sunset --url https://jam.example --key-file key

The room's name must be free. The file is verified to its last sound first; where something is wrong, nothing is kept.
"""

_FILES: Final = {
    ".logdrum": "{room}.logdrum",
    ".mid": "{room}.mid",
    ".dawproject": "{room}.dawproject",
    ".wav": "mix.wav",
    ".flac": "mix.flac",
    ".zip": "stems.zip",
}
_BLOCK_BYTES: Final = 256 * 1024
_PATIENCE_S: Final = 1000.0
"""Longer than a hub works on a mix, before it sends the first byte of it."""

_BAR_CELLS: Final = 30

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class TransferError(ServerError):
    """A file did not get from a hub, or to it."""


def add_parsers(commands: Commands) -> None:
    """Add the two commands; each sets `run`, which returns the exit status and raises `ServerError`."""
    about = "Write a room to a file."
    _export_options(_command(commands, "export", "write a room to a file", about, _EXPORTING))
    about = "Make a room of a room file."
    _import_options(_command(commands, "import", "make a room of a room file", about, _IMPORTING))


def _command(commands: Commands, name: str, brief: str, about: str, epilog: str) -> argparse.ArgumentParser:
    as_written = argparse.RawDescriptionHelpFormatter
    return commands.add_parser(name, help=brief, description=about, epilog=epilog, formatter_class=as_written)


def _export_options(export: argparse.ArgumentParser) -> None:
    export.set_defaults(run=export_room)
    export.add_argument("room", type=room, metavar="ROOM", help="the room")
    export.add_argument("--out", type=_out, required=True, metavar="FILE", help="where it goes, and as what")
    _hub_options(export)


def _import_options(imports: argparse.ArgumentParser) -> None:
    imports.set_defaults(run=import_room)
    imports.add_argument("file", type=Path, metavar="FILE", help="the room file")
    imports.add_argument("room", type=room, metavar="ROOM", help="what the room will be called")
    _hub_options(imports)


def _hub_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", type=origin, default="http://127.0.0.1:8765", help="the hub (default: %(default)s)")
    key = parser.add_mutually_exclusive_group()
    key.add_argument("--token", help="a token for the room, where the hub asks for one")
    key.add_argument("--key-file", type=Path, metavar="FILE", help="a file with the hub's admin key, instead of one")


def _out(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in _FILES:
        raise argparse.ArgumentTypeError(f"a file ends with {', '.join(_FILES)}")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}")
    return path


def export_room(options: argparse.Namespace) -> int:
    """Carry out `logdrum export`; raises `TransferError`."""
    file = _FILES[options.out.suffix.lower()].format(room=options.room)
    request = Request(f"{options.url}/v1/rooms/{options.room}/export/{quote(file)}", headers=_headers(options))  # noqa: S310
    try:
        with _answer(request, options.url) as answer, _partly(options.out) as part:
            with progress(sys.stderr, answer.length or 0) as show:
                _copy(answer, part, show)
            note = answer.headers.get("X-Logdrum-Mix")
    except OSError as fault:
        raise TransferError(f"{options.out} cannot be written: {os.strerror(fault.errno or 0)}.") from fault
    print(f"{options.out}: {options.out.stat().st_size} bytes")  # noqa: T201
    if note is not None:
        print(_account(note))  # noqa: T201
    return 0


def _account(note: str) -> str:
    """What a mix leaves out, and by how much it was turned down, in words."""
    said = json.loads(note)
    words = [f"{said['tracks']} tracks at {said['bpm']:g} BPM"]
    if said["gain_db"]:
        words.append(f"turned down by {-said['gain_db']:.3f} dB so that nothing clips")
    if said["silenced"]:
        words.append(f"{said['silenced']} muted or not solo, left out")
    return "; ".join(words)


def import_room(options: argparse.Namespace) -> int:
    """Carry out `logdrum import`; raises `TransferError`."""
    try:
        size, file = options.file.stat().st_size, options.file.open("rb")
    except OSError as fault:
        raise TransferError(f"{options.file} cannot be read: {os.strerror(fault.errno or 0)}.") from fault
    url = f"{options.url}/v1/rooms/{options.room}/import"
    with file, progress(sys.stderr, size) as show:
        headers = {**_headers(options), "content-length": str(size), "content-type": "application/octet-stream"}
        request = Request(url, data=_Watched(file, show), headers=headers, method="POST")  # noqa: S310
        with _answer(request, options.url) as answer:
            made = json.loads(answer.read())
    counts = ", ".join(f"{made[what]} {what}" for what in ("tracks", "clips", "notes", "assets", "versions"))
    print(f"{made['room']}: {counts}")  # noqa: T201
    return 0


def _headers(options: argparse.Namespace) -> dict[str, str]:
    if options.key_file is None:
        return {"authorization": f"Bearer {options.token}"} if options.token else {}
    try:
        return {"authorization": f"Bearer {options.key_file.read_text().strip()}"}
    except (OSError, UnicodeDecodeError) as fault:
        raise TransferError(f"{options.key_file} cannot be read.") from fault


@contextmanager
def _answer(request: Request, url: str) -> Iterator[HTTPResponse]:
    """The hub's answer where it is a good one; else what it says is raised."""
    try:
        with urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310  # --url is http or https
            yield answer
    except HTTPError as fault:
        raise TransferError(_said(fault)) from fault
    except (URLError, HTTPException, TimeoutError, ConnectionError) as fault:
        reason = fault.reason if isinstance(fault, URLError) else fault
        raise TransferError(f"The hub at {url} does not answer, or broke off: {reason}.") from fault


def _said(fault: HTTPError) -> str:
    try:
        return str(json.loads(fault.read())["message"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"The hub answered {fault.code} {fault.reason}."


@contextmanager
def _partly(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name when it is whole, and is gone where it does not become so; raises OSError."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _copy(answer: HTTPResponse, out: BinaryIO, show: Callable[[int], None]) -> None:
    while block := answer.read(_BLOCK_BYTES):
        out.write(block)
        show(len(block))
    if answer.length:
        raise ConnectionError("it sent less than it said")


class _Watched:
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, show: Callable[[int], None]) -> None:
        self._file = file
        self._show = show

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        block = self._file.read(size)
        self._show(len(block))
        return block


@contextmanager
def progress(stream: TextIO, total: int) -> Iterator[Callable[[int], None]]:
    """A bar for whoever watches a terminal; elsewhere nothing."""
    done = cells = 0

    def show(more: int) -> None:
        nonlocal done, cells
        done += more
        now = _BAR_CELLS * done // total if total else 0
        if now > cells:
            cells = now
            stream.write(f"\r[{'#' * cells}{'.' * (_BAR_CELLS - cells)}] {done / total:4.0%}")
            stream.flush()

    if not stream.isatty():
        yield lambda _: None
        return
    try:
        yield show
    finally:
        stream.write("\n" if cells else "")
