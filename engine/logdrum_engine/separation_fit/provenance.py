"""Where a net comes from: which sounds it heard, under which licences, and how long it learnt."""

import gzip
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import soundfile

from logdrum_engine.separation.weights import WEIGHTS, Entry, manifest

from .sound_font import notes_of
from .sounds import PACKAGES, SOUND_FONT, Split, files_of

_LICENCES: Final[Mapping[str, str]] = {
    "sonic-pi-samples": "CC0 for 130 samples, the package's MIT for 35",
    SOUND_FONT: "MIT, parts CC0 or public domain",
    "hydrogen-data": "GPL 2 or later",
    "hydrogen-drumkits": "GPL 2, CC BY, CC BY-SA and CC0, kit by kit",
    "lmms-common": "GPL 2 or later, CC BY-SA",
}
"""As the packages' own copyright files have it."""
_VERSION: Final = re.compile(r"\((?P<version>[^)]+)\)")


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """A Debian package of sounds, as far as it is used."""

    name: str
    version: str
    split: Split
    sounds: int
    minutes: float
    licence: str


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """How long a net learnt, as its training wrote it down."""

    step: int
    seconds: float


def packages(folder: Path) -> list[Package]:
    """Count what there is to hear in each package; training's first."""
    found: list[Package] = []
    for split, names in PACKAGES.items():
        found += [_package(folder, split, name) for name in names]
    return [_sound_font(folder), *found]


def _package(folder: Path, split: Split, name: str) -> Package:
    lengths = [_length_s(path) for _, path in files_of(folder, split) if path.is_relative_to(folder / name)]
    return _described(folder, split, name, lengths)


def _sound_font(folder: Path) -> Package:
    return _described(folder, "train", SOUND_FONT, [note.sound.size / 44_100 for note in notes_of(folder)])


def _described(folder: Path, split: Split, name: str, lengths_s: Sequence[float]) -> Package:
    return Package(
        name=name,
        version=version_of(folder / name, name),
        split=split,
        sounds=len(lengths_s),
        minutes=sum(lengths_s) / 60,
        licence=_LICENCES[name],
    )


def _length_s(path: Path) -> float:
    """Length of a sound; nought for one that cannot be read, which nothing can be made of."""
    try:
        about = soundfile.info(path)
    except soundfile.LibsndfileError:
        return 0.0
    return float(about.frames / about.samplerate)


def version_of(folder: Path, name: str) -> str:
    """Read the version of an unpacked Debian package from its own change log."""
    try:
        with gzip.open(folder / "usr/share/doc" / name / "changelog.Debian.gz", "rt") as file:
            told = _VERSION.search(file.readline())
    except FileNotFoundError:
        return "unknown"
    return told["version"] if told else "unknown"


def training_of(metrics: Path) -> Training:
    """Read how far a training came from the last line that it wrote."""
    with metrics.open("rb") as file:
        *_, last = file
    return msgspec.json.decode(last, type=Training)


class Net(msgspec.Struct, frozen=True, kw_only=True):
    """A file of weights."""

    name: str
    parameters: int
    entry: Entry


def nets(folder: Path = WEIGHTS) -> list[Net]:
    """Every file of weights that the manifest names."""
    return [Net(name=name, parameters=_count(folder / name), entry=entry) for name, entry in manifest(folder).items()]


def _count(path: Path) -> int:
    """Parameters in a file; the scales that 8-bit ones are stored with are none."""
    with path.open("rb") as file:
        header = msgspec.json.decode(file.read(int.from_bytes(file.read(8), "little")))
    shapes = [
        entry["shape"] for name, entry in header.items() if name != "__metadata__" and not name.endswith(".scale")
    ]
    return sum(math.prod(shape) for shape in shapes)
