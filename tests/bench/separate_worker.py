"""One process that pulls a sound apart, and how long that takes."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import soundfile
import soxr  # type: ignore[import-untyped]  # it ships no types
import torch

from logdrum_engine.separating.sources import open_source
from logdrum_engine.separating.strand import Pulled as Piece
from logdrum_engine.separating.strand import Strand
from logdrum_engine.separation import catalogue
from logdrum_engine.separation.demucs import Demucs
from logdrum_engine.separation.demucs_weights import load_bag
from logdrum_engine.separation.four_stems import FourStems
from logdrum_engine.separation.interface import SAMPLE_RATE, Separator, Turn
from logdrum_engine.separation.options import Precision
from logdrum_engine.separation.spleeter import Vocals
from logdrum_engine.separation_fit.hearing import hear
from logdrum_engine.separation_fit.measures import energy, ratio_db

from .separate import Pull, Pulled
from .separate_peers import SOURCES, applied, random_weights
from .talk import finish

_GROOVE_S: Final = 30.0
_GROOVE_RATE: Final = 48_000
_BLOCK_FRAMES: Final = 65_536


def prepare(pull: Pull) -> Pulled:
    """Write a groove, over and over, as 16-bit stereo; and random weights, once."""
    groove, frames = _groove(), pull.seconds * _GROOVE_RATE
    with soundfile.SoundFile(pull.file, "w", _GROOVE_RATE, 2, "PCM_16") as file:
        for first in range(0, frames, len(groove)):
            file.write(groove[: frames - first])
    random_weights(Path(pull.folder))
    return Pulled()


def _groove() -> np.ndarray:  # [samples, 2]
    from logdrum_engine.generator import Spec, bar_samples
    from logdrum_engine.groove import Groove

    spec = Spec(prompt="private school, jazzy", seed=7)
    begin = round(16 * bar_samples(spec))
    stems = Groove().render(spec, begin, begin + round(_GROOVE_S * _GROOVE_RATE))
    return np.clip(np.sum(list(stems.values()), axis=0), -1.0, 1.0).T


def whole(separator: Separator[Any], pull: Pull) -> Pulled:
    """Pull all of a file apart."""
    _warm(separator)
    began, samples, first_s, rate = time.monotonic(), 0, 0.0, _GROOVE_RATE
    for piece in pieces(pull.file, separator):
        samples += piece.stems.shape[-1]
        first_s = first_s or (time.monotonic() - began if samples else 0.0)
    return Pulled(audio_s=samples / rate, wall_s=time.monotonic() - began, first_s=first_s)


def until_first(separator: Separator[Any], pull: Pull) -> Pulled:
    """Go on until the first samples are there: as soon as the separator is loaded, and then again."""
    _hear_first(separator, pull.file)
    cold_s, again = time.monotonic() - pull.began_s, time.monotonic()
    _hear_first(separator, pull.file)
    return Pulled(first_s=time.monotonic() - again, cold_s=cold_s)


def pieces(path: Path, separator: Separator[Any]) -> Iterator[Piece]:
    """Pull a file apart as the command does, but write nothing."""
    with open_source(path) as source:
        strand = Strand(separator, sample_rate=source.sample_rate, channels=source.channels)
        is_over = False
        while not is_over:
            sound = source.read(_BLOCK_FRAMES)
            is_over = sound.shape[1] == 0
            strand.feed(sound, last=is_over)
            while turns := strand.turns():
                yield strand.take(separator.step(turns))


def _hear_first(separator: Separator[Any], path: Path) -> None:
    next(piece for piece in pieces(path, separator) if piece.stems.shape[-1])


def _warm(separator: Separator[Any]) -> None:
    strand = Strand(separator, sample_rate=SAMPLE_RATE, channels=2)
    strand.feed(np.zeros((2, SAMPLE_RATE), np.float32), last=True)
    while turns := strand.turns():
        strand.take(separator.step(turns))


def apply_model(pull: Pull) -> Pulled:
    """Have Demucs pull the sound apart, and keep what it gave for ours to be held against."""
    sound = _at_separators_rate(pull.file)
    given = applied(Path(pull.folder), sound)
    np.save(_kept(pull), given.stems)
    return Pulled(audio_s=sound.shape[1] / SAMPLE_RATE, wall_s=given.wall_s, first_s=given.wall_s)


def htdemucs(pull: Pull) -> Pulled:
    """Pull the same sound apart with the same weights, piece by piece."""
    separator, sound = Demucs("htdemucs", load_bag("htdemucs", Path(pull.folder))), _at_separators_rate(pull.file)
    hear(separator, sound[:, :SAMPLE_RATE])
    began, state, first_s, made = time.monotonic(), separator.begin(), 0.0, list[np.ndarray]()
    block = separator.block_samples
    for first in range(0, sound.shape[1], block):
        piece, last = sound[:, first : first + block], first + block >= sound.shape[1]
        [(answer, state)] = separator.step([Turn(state=state, audio=piece, last=last)])
        made.append(answer.stems)
        first_s = first_s or (time.monotonic() - began if answer.stems.shape[-1] else 0.0)
    wall_s = time.monotonic() - began
    stems = dict(zip(separator.stems, np.concatenate(made, axis=-1), strict=True))
    return Pulled(
        audio_s=sound.shape[1] / SAMPLE_RATE,
        wall_s=wall_s,
        first_s=first_s,
        difference_db=difference_db(stems, np.load(_kept(pull))) if _kept(pull).exists() else None,
    )


def difference_db(stems: Mapping[str, np.ndarray], theirs: np.ndarray) -> float:
    """How far the worst stem is from Demucs' own; `other` with us is what the rest leave, not its answer."""
    pairs = [(stems[name], sound) for name, sound in zip(SOURCES, theirs, strict=True) if name != "other"]
    return max(ratio_db(energy(ours - sound), energy(sound)) for ours, sound in pairs)


def _kept(pull: Pull) -> Path:
    return Path(pull.folder) / f"{pull.seconds}.npy"


def _at_separators_rate(path: Path) -> np.ndarray:  # [2, samples]
    sound, rate = soundfile.read(path, dtype="float32")
    return np.ascontiguousarray(soxr.resample(sound, rate, SAMPLE_RATE).T)


def main() -> None:
    """Do as the one argument says."""
    pull = msgspec.json.decode(sys.argv[1], type=Pull)
    torch.set_num_threads(pull.threads)
    finish("pulled " + msgspec.json.encode(TASKS[pull.what](pull)).decode())


def _builtin(precision: Precision = "float32") -> Separator[Any]:
    return catalogue.load(catalogue.Options(precision=precision))


TASKS: Final[Mapping[str, Callable[[Pull], Pulled]]] = {
    "prepare": prepare,
    "builtin": lambda pull: whole(_builtin(), pull),
    "builtin bfloat16": lambda pull: whole(_builtin("bfloat16"), pull),
    "vocal net": lambda pull: whole(Vocals.load(), pull),
    "own net": lambda pull: whole(FourStems.load(), pull),
    "first stem": lambda pull: until_first(_builtin(), pull),
    "apply_model": apply_model,
    "htdemucs": htdemucs,
}

if __name__ == "__main__":
    main()
