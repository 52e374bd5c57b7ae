"""`logdrum-engine separate`: a file's stems as files, without a hub."""

import argparse
import importlib.util
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from logdrum_engine.errors import EngineError
from logdrum_engine.separating.files import MIDI_NAME, Order, Stems, files_of, separate_file
from logdrum_engine.separation.interface import STEMS, LogDrumNote
from logdrum_engine.separation.options import BUILTIN, Options

from .asking import USAGE_ERROR, Parser, complain, reason, terminable, whole
from .timed_bar import TimedBar, told

if TYPE_CHECKING:
    from logdrum_engine.separation.catalogue import AnySeparator

MODELS: Final = (BUILTIN, "htdemucs", "htdemucs_ft", "htdemucs_6s")
_MOST_SHIFTS: Final = 20
_MOST_OVERLAP: Final = 0.95
_MOST_THREADS: Final = 256
_NOTE: Final = """\
examples:
  logdrum-engine separate song.mp3 --out stems/
  logdrum-engine separate song.flac --out stems/ --stems vocals,log_drum --midi
  logdrum-engine separate song.wav --out stems/ --model htdemucs_ft --models ~/demucs --device cuda

FILE is WAV, FLAC, MP3, Ogg or M4A, of up to 192 kHz, 8 channels and 12 hours. DIR/<stem>.wav has 32-bit floats and the
file's own rate, channels and length. The stems sum to the file: `other` is always written, and is everything that is
in no stem asked for. All files appear at the end, or none does.

builtin needs no download and knows all five stems. The others are Demucs, with our log drum after it: --models names a
folder with their weights; without it they come from their hub. --shifts and --overlap are theirs, and ask for better
stems in more time. In the MIDI file (120 beats a minute) a glide is a bend of up to 24 semitones.
"""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed with `--json`."""

    file: str
    model: str
    stems: dict[str, str]
    """The file of each."""
    midi: str | None
    samples: int
    sample_rate: int
    channels: int
    took_s: float
    rtf: float
    """How long it took, against how long the sound lasts."""
    log_drum_probability: float
    """Of the note that is the surest; 0 where none was heard."""
    notes: tuple[LogDrumNote, ...]


def add_separate(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "separate",
        help="pull a file apart into vocals, drums, bass, log drum and the rest",
        description="Pull a file apart into stems that sum to it: vocals, drums, bass, log drum, other.",
        epilog=_NOTE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("file", metavar="FILE", type=Path, help="what to pull apart")
    add("--out", metavar="DIR", type=Path, required=True, help="where the stems go, made if need be")
    add("--stems", metavar="LIST", type=_stems, default=(), help=f"some of {','.join(STEMS)} (default: all)")
    add("--midi", action="store_true", help=f"also write the log drum's notes to DIR/{MIDI_NAME}")
    add("--json", action="store_true", help="print one JSON object")
    _add_model(parser)
    parser.set_defaults(command=_separate)


def _add_model(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", choices=MODELS, default=MODELS[0], help="default: %(default)s")
    add("--models", metavar="DIR", type=Path, help="a folder with Demucs weights")
    add("--shifts", metavar="N", type=_shifts, default=0, help="Demucs: average so many shifted takes (default: 0)")
    add("--overlap", metavar="X", type=_overlap, help="Demucs: of its windows, 0 to 0.95 (default: the model's)")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: %(default)s")
    add("--threads", metavar="N", type=_threads, help="how many cores to use (default: all)")


def _separate(options: argparse.Namespace) -> int:
    order = Order(file=options.file, folder=options.out, stems=options.stems, midi=options.midi)
    if sentence := next(_complaints(order), None):
        return complain(sentence, USAGE_ERROR)
    progress = TimedBar(sys.stderr)
    began_s = time.monotonic()
    try:
        with terminable():
            stems = separate_file(order, lambda: _load(options), progress.show)
    except EngineError as fault:
        return complain(str(fault), USAGE_ERROR)
    except OSError as fault:
        return complain(f"Cannot write the stems: {reason(fault)}.", USAGE_ERROR)
    finally:
        progress.end()
    found = _told(order, stems, time.monotonic() - began_s)
    lines = [msgspec.json.encode(found).decode()] if options.json else _lines(found)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _load(options: argparse.Namespace) -> "AnySeparator":
    import torch  # takes seconds to load

    from logdrum_engine.separation import catalogue

    if options.threads is not None:
        torch.set_num_threads(options.threads)
    wanted = Options(
        model=options.model,
        models=options.models,
        stems=_heard(options),
        shifts=options.shifts,
        overlap=options.overlap,
        device=options.device,
    )
    return catalogue.load(wanted)


def _heard(options: argparse.Namespace) -> tuple[str, ...]:
    """Which stems have to be made; notes come with the log drum's."""
    stems: tuple[str, ...] = options.stems
    return (*stems, "log_drum") if stems and options.midi else stems


def _told(order: Order, found: Stems, took_s: float) -> Told:
    return Told(
        file=str(order.file),
        model=found.model,
        stems={stem: str(order.folder / f"{stem}.wav") for stem in found.stems},
        midi=str(order.folder / MIDI_NAME) if order.midi else None,
        samples=found.samples,
        sample_rate=found.sample_rate,
        channels=found.channels,
        took_s=round(took_s, 3),
        rtf=round(took_s * found.sample_rate / found.samples, 4),
        log_drum_probability=max((note.probability for note in found.notes), default=0.0),
        notes=found.notes,
    )


def _lines(found: Told) -> Iterator[str]:
    width = max(len(stem) for stem in found.stems)
    yield from (f"{stem:<{width}}  {path}" for stem, path in found.stems.items())
    if found.midi is not None:
        yield f"{'notes':<{width}}  {found.midi}"
    heard = f"{len(found.notes)} log-drum notes" if found.notes else "no log drum"
    yield f"{told(found.samples / found.sample_rate)} of sound in {told(found.took_s)}, {heard} heard"


def _complaints(order: Order) -> Iterator[str]:
    """Say what cannot work before torch is loaded."""
    if importlib.util.find_spec("torch") is None:
        yield "Pulling sounds apart needs PyTorch: pip install 'logdrum[models]'."
    if order.folder.exists() and not order.folder.is_dir():
        yield f"{order.folder} is no folder."
    for path in (*files_of(order, STEMS).values(), order.folder / MIDI_NAME):
        if path.exists() and not path.is_file():
            yield f"{path} is no file that can be replaced."
        if path.resolve() == order.file.resolve():
            yield f"{path} would be replaced by its own stem: choose another folder."


def _stems(text: str) -> tuple[str, ...]:
    stems = tuple(part.strip() for part in text.split(",") if part.strip())
    for stem in stems:
        if stem not in STEMS:
            raise argparse.ArgumentTypeError(f"there is no stem '{stem}', only {', '.join(STEMS)}")
    if set(stems) <= {"other"}:
        raise argparse.ArgumentTypeError("'other' is what is left of the stems asked for: name one of those too")
    return stems


def _shifts(text: str) -> int:
    return whole(text, 0, _MOST_SHIFTS)


def _threads(text: str) -> int:
    return whole(text, 1, _MOST_THREADS)


def _overlap(text: str) -> float:
    try:
        overlap = float(text)
    except ValueError:
        overlap = -1.0
    if not 0 <= overlap <= _MOST_OVERLAP:
        raise argparse.ArgumentTypeError(f"'{text}' is no number from 0 to {_MOST_OVERLAP:g}")
    return overlap
