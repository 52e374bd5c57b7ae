"""A file's stems as files, piece by piece, so that three hours take no more memory than a minute."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from logdrum_engine.drafts import drafts_of, folder_made
from logdrum_engine.errors import EngineError
from logdrum_engine.separation.interface import LogDrumNote, Separator

from .midi import write_notes
from .sources import Source, count_frames, open_source
from .strand import Pulled, Strand, given_stems
from .writing import FloatWave

S = TypeVar("S")

LONGEST_S: Final = 12 * 3600.0
MIDI_NAME: Final = "log_drum.mid"
_BLOCK_FRAMES: Final = 65_536
_FLOAT_BYTES: Final = 4


class NoRoomError(EngineError):
    """The disk cannot hold what is asked for."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to pull apart, and where to."""

    file: Path
    folder: Path
    """Made if need be."""
    stems: tuple[str, ...] = ()
    """None is all; `other` comes besides, and holds what the rest leave."""
    midi: bool = False
    """Write the log drum's notes too."""


class Stems(msgspec.Struct, frozen=True, kw_only=True):
    """What was written."""

    model: str
    stems: tuple[str, ...]
    samples: int
    sample_rate: int
    channels: int
    notes: tuple[LogDrumNote, ...]


def files_of(order: Order, known: tuple[str, ...]) -> dict[str, Path]:
    """Name the file of every stem that comes out; raises `StemError`."""
    return {stem: order.folder / f"{stem}.wav" for stem in given_stems(known, order.stems)}


def separate_file(order: Order, load: Callable[[], Separator[S]], on_progress: Callable[[float], None]) -> Stems:
    """Write all the stems, which sum to what the file holds, or nothing; progress goes from 0 to 1.

    The separator is loaded once the file is known to be one. Raises EngineError for what is no sound or not to be
    had, and OSError where something cannot be written.
    """
    frames = count_frames(order.file, LONGEST_S)
    separator = load()
    stems = files_of(order, separator.stems)
    midi = order.folder / MIDI_NAME if order.midi else None
    with open_source(order.file) as source, folder_made(order.folder):
        _check_room(order.folder, frames * source.channels * _FLOAT_BYTES * len(stems))
        with drafts_of([*stems.values(), *([midi] if midi else [])]) as drafts:
            pieces = _heard(_pieces(source, separator, tuple(stems)), frames, on_progress)
            samples, notes = _write(pieces, [drafts[path] for path in stems.values()], source)
            if midi is not None:
                write_notes(notes, drafts[midi])
    return Stems(
        model=separator.name,
        stems=tuple(stems),
        samples=samples,
        sample_rate=source.sample_rate,
        channels=source.channels,
        notes=notes,
    )


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise NoRoomError(f"The stems need {needed / 1e9:.1f} GB, and {folder} has {free / 1e9:.1f} GB left.")


def _pieces(source: Source, separator: Separator[S], stems: tuple[str, ...]) -> Iterator[Pulled]:
    strand = Strand(separator, sample_rate=source.sample_rate, channels=source.channels, stems=stems)
    block = min(source.sample_rate, _BLOCK_FRAMES)
    is_over = False
    while not is_over:
        sound = source.read(block)
        is_over = sound.shape[1] == 0
        strand.feed(sound, last=is_over)
        while turns := strand.turns():
            yield strand.take(separator.step(turns))


def _heard(pieces: Iterator[Pulled], frames: int, on_progress: Callable[[float], None]) -> Iterator[Pulled]:
    """Pass the pieces on and say how far the sound is."""
    done = 0
    on_progress(0.0)
    for piece in pieces:
        yield piece
        done += piece.stems.shape[2]
        on_progress(min(1.0, done / frames))


def _write(pieces: Iterator[Pulled], paths: Sequence[Path], source: Source) -> tuple[int, tuple[LogDrumNote, ...]]:
    samples, notes = 0, list[LogDrumNote]()
    with ExitStack() as stack:
        files = [stack.enter_context(FloatWave(path, source.sample_rate, source.channels)) for path in paths]
        for piece in pieces:
            for file, stem in zip(files, piece.stems, strict=True):
                file.write(stem)
            samples += piece.stems.shape[2]
            notes += piece.notes
    return samples, tuple(notes)
