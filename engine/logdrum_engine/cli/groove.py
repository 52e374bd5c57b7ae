"""`logdrum-engine groove`: a groove as files, without a hub."""

import argparse
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, get_args

import msgspec
from msgspec.structs import replace

from logdrum_engine.culture import Added, CultureError, enrich, genres
from logdrum_engine.generator import Description, Spec
from logdrum_engine.groove.direction import direct
from logdrum_engine.groove.errors import GrooveError
from logdrum_engine.groove.export import FORMATS, Files, render_to_files
from logdrum_engine.groove.score import STEMS
from logdrum_protocol.bounds import Level, SectionName
from logdrum_protocol.records import Choice

from .asking import USAGE_ERROR, Parser, complain, reason, terminable, whole
from .progress import ProgressBar

_LONGEST_PROMPT: Final = 1000
_VALUE_WIDTH: Final = 44
_EXAMPLE: Final = """\
example:
  logdrum-engine groove "private school, jazzy, sparse" --bars 16 --seed 7 --out groove.wav --stems stems/ \\
      --midi groove.mid --plot groove.png

Equal arguments always give equal samples. What the genre adds to the prompt is listed with the other choices. In the
MIDI file, notes of the log drum and the bass that overlap glide.
"""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the request, for `--json`."""

    bpm: float
    key: str
    seed: int
    bars: int
    choices: tuple[Choice, ...]


def add_groove(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "groove",
        help="render an amapiano groove to a WAV file",
        description="Compose and play an amapiano groove into a 24-bit WAV file, without a hub.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_music(parser)
    _add_files(parser)
    parser.set_defaults(command=_groove)


def _add_music(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("prompt", metavar="PROMPT", type=_prompt, help="words such as 'private school', 'sgija', 'dark', 'no bass'")
    add("--bars", type=_bars, default=8, help="length, 1 to 1024 (default: %(default)s)")
    add("--bpm", type=_bpm, help="tempo, 20 to 999 (default: what the prompt asks for, else 112)")
    add("--seed", type=_seed, default=0, help="0 to 4294967295 (default: %(default)s)")
    add("--key", default="", help="such as 'A minor' or 'Eb' (default: the prompt's, else the seed's)")
    add("--section", choices=get_args(SectionName), help="what to begin with")
    add(
        "--genre",
        choices=genres(),
        default="amapiano",
        help="whose elements are added to the prompt (default: %(default)s)",
    )
    add(
        "--level", choices=get_args(Level), default="contemporary", help="how close to the roots (default: %(default)s)"
    )
    add("--no-enrich", action="store_true", help="add nothing to the prompt")


def _add_files(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--out", metavar="FILE", type=Path, required=True, help="the mix, a WAV file")
    add("--stems", metavar="DIR", type=Path, help="also write each stem to DIR, made if need be")
    add("--midi", metavar="FILE", type=Path, help="also write the notes as a MIDI file")
    add("--plot", metavar="FILE", type=Path, help="also draw the notes over the spectrum: .png, .svg or .pdf")
    add("--json", action="store_true", help="print the choices as JSON")


def _groove(options: argparse.Namespace) -> int:
    files = Files(mix=options.out, stems=options.stems, midi=options.midi, plot=options.plot)
    progress = ProgressBar(sys.stderr)
    try:
        if sentence := next(_complaints(files), None):
            return complain(sentence, USAGE_ERROR)
        spec, added = _spec(options)
        with terminable():
            description = render_to_files(spec, files, progress.show)
    except CultureError as fault:
        return complain(str(fault), USAGE_ERROR)
    except GrooveError as fault:
        return complain(f"This cannot be played: {fault}.", USAGE_ERROR)
    except (OSError, RuntimeError) as fault:  # soundfile's own errors are RuntimeErrors
        return complain(f"Cannot write the files: {reason(fault)}.", USAGE_ERROR)
    finally:
        progress.end()
    choices = (
        *_timed(description.choices, options.bpm, spec),
        *(Choice(what="added", value=each.words, why=each.why) for each in added),
    )
    told = Made(bpm=spec.bpm, key=_key(description), seed=spec.seed, bars=options.bars, choices=choices)
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n" if options.json else _listed(choices))
    return 0


def _spec(options: argparse.Namespace) -> tuple[Spec, tuple[Added, ...]]:
    """What is asked for, with what the genre adds to it; the tempo is the one that is said, else the one wished for."""
    added: tuple[Added, ...] = ()
    if not options.no_enrich:
        added = enrich(options.prompt, genre=options.genre, level=options.level, seed=options.seed)
    spec = Spec(
        prompt=options.prompt,
        added=", ".join(each.words for each in added),
        seed=options.seed,
        key=options.key,
        bars=options.bars,
        section=options.section,
    )
    return replace(spec, bpm=options.bpm or direct(spec).bpm_wish or spec.bpm), added


def _timed(choices: Sequence[Choice], given: float | None, spec: Spec) -> Iterator[Choice]:
    """The choices as they are without a room, whose tempo would rule."""
    wished = direct(replace(spec, bpm=Spec().bpm)).bpm_wish
    why = "given" if given else "the prompt" if wished else "the default"
    for choice in choices:
        if choice.what != "tempo wish":
            yield replace(choice, why=why) if choice.what == "tempo" else choice


def _key(description: Description) -> str:
    return "" if description.harmony is None else description.harmony.key


def _listed(choices: Sequence[Choice]) -> str:
    """One choice a line, in columns; a value that is too long for its column pushes the reason aside."""
    wide = max((len(choice.what) for choice in choices), default=0)
    deep = min(_VALUE_WIDTH, max((len(choice.value) for choice in choices), default=0))
    return "".join(f"{one.what:<{wide}}  {one.value:<{deep}}  {one.why}".rstrip() + "\n" for one in choices)


def _complaints(files: Files) -> Iterator[str]:
    """Say what cannot work before minutes are spent on it."""
    single = [path for path in (files.mix, files.midi, files.plot) if path is not None]
    stems = [files.stems / f"{stem}.wav" for stem in STEMS if files.stems is not None]
    for path in single:
        if not path.parent.is_dir():
            yield f"There is no folder {path.parent}."
    if files.stems is not None and files.stems.exists() and not files.stems.is_dir():
        yield f"{files.stems} is no folder."
    for path in (*single, *stems):
        if path.exists() and not path.is_file():
            yield f"{path} is no file that can be replaced."
    if len({path.resolve() for path in (*single, *stems)}) < len(single) + len(stems):
        yield "Two of the files have the same name."
    if files.plot is not None and files.plot.suffix.lower() not in FORMATS:
        yield f"A plot is one of {', '.join(FORMATS)}, not '{files.plot.name}'."
    if files.plot is not None and importlib.util.find_spec("matplotlib") is None:
        yield "A plot needs matplotlib: pip install 'logdrum[plot]'."


def _prompt(text: str) -> str:
    if len(text) > _LONGEST_PROMPT:
        raise argparse.ArgumentTypeError(f"a prompt has at most {_LONGEST_PROMPT} characters, this has {len(text)}")
    return text


def _bars(text: str) -> int:
    return whole(text, 1, 1024)


def _seed(text: str) -> int:
    return whole(text, 0, 2**32 - 1)


def _bpm(text: str) -> float:
    try:
        bpm = float(text)
    except ValueError:
        bpm = 0.0
    if not 20 <= bpm <= 999:
        raise argparse.ArgumentTypeError(f"'{text}' is no tempo from 20 to 999")
    return bpm
