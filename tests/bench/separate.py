"""Stems: how fast songs are pulled apart, and how soon the first sound is there, beside Demucs' own `apply_model`."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from .machine import ALL_CORES, SERVER_CORE, running, scratch
from .subjects import python
from .suite import Bench, Measurement, Numbers, Settings

_CORES: Final = {1: SERVER_CORE, 2: ALL_CORES}
_EXCERPT_S: Final = 24
_DEMUCS_S: Final = 12
"""HTDemucs takes twice as long as the music lasts, twice over."""
_LENGTHS_S: Final = (10, 180, 1_800)
_QUICK_LENGTHS_S: Final = (10, 60)
_LIMIT_S: Final = 300.0


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is to do."""

    what: str
    folder: str
    """Where sounds and random weights are, or are put."""
    seconds: int
    """Length of the sound."""
    threads: int
    began_s: float
    """When the process was started, by the clock that all processes share."""

    @property
    def file(self) -> Path:
        """The sound."""
        return Path(self.folder) / f"{self.seconds}.wav"


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """How long it took."""

    audio_s: float = 0.0
    wall_s: float = 0.0
    first_s: float = 0.0
    """From opening the file until samples of all stems are there, the separator in memory."""
    cold_s: float = 0.0
    """The same from the start of the process."""
    difference_db: float | None = None
    """What stems are beside those of the peer."""


async def _pulled(what: str, folder: Path, seconds: int, threads: int) -> Pulled:
    """Have a process of its own do it."""
    pull = Pull(what=what, folder=str(folder), seconds=seconds, threads=threads, began_s=time.monotonic())
    command = python("tests.bench.separate_worker", msgspec.json.encode(pull).decode())
    async with running("separate", command, _CORES[threads]) as worker:
        return msgspec.json.decode(await worker.hear("pulled ", _LIMIT_S), type=Pulled)


async def _take(what: str, folder: Path, seconds: int, threads: int) -> Numbers:
    await _pulled("prepare", folder, seconds, 2)
    return numbers(await _pulled(what, folder, seconds, threads))


def numbers(pulled: Pulled) -> Numbers:
    """Return the metrics of what was measured."""
    return {
        "rtf": (pulled.wall_s / pulled.audio_s if pulled.audio_s else None, ""),
        "first_stem": (pulled.first_s or None, "s"),
        "cold": (pulled.cold_s or None, "s"),
        "difference": (pulled.difference_db, "dB"),
    }


def _round(settings: Settings, _run: int) -> Iterator[Measurement]:
    is_quick = settings.runs == 1
    with scratch() as folder:  # until the last measurement of the round has been taken
        for threads in _CORES:
            for what in ("builtin", "vocal net", "own net"):
                take = partial(_take, what, folder, _EXCERPT_S, threads)
                yield Measurement(bench="stems", subject=what, n=threads, take=take)
        take = partial(_take, "builtin bfloat16", folder, _EXCERPT_S, 2)
        yield Measurement(bench="stems", subject="builtin bfloat16", n=2, take=take)
        for seconds in _QUICK_LENGTHS_S if is_quick else _LENGTHS_S:
            take = partial(_take, "first stem", folder, seconds, 2)
            yield Measurement(bench="stems", subject="first stem", n=seconds, take=take)
        for what in ("apply_model", "htdemucs"):
            take = partial(_take, what, folder, _DEMUCS_S, 2)
            yield Measurement(bench="stems", subject=what, n=2, take=take)


STEMS: Final = Bench(
    name="stems",
    title="Stems: the built-in separator, its two nets, and Demucs",
    note=(
        f"{_EXCERPT_S} s of a groove at 48 kHz, from the file to five stems, decoding and resampling included, nothing"
        " written; n is the number of cores. `rtf` is the time taken by the time the music lasts. `vocal net` and `own"
        " net` are the parts of `builtin`. `first stem`: n is the file's length in seconds, `first_stem` is from"
        " opening it until samples of all stems are there (the separator loaded, as it is in an engine), `cold` from"
        " the start of a process. `apply_model` is Demucs' own, `htdemucs` ours, on the same"
        f" {_DEMUCS_S} s with the same random weights of the real size, which take as long as trained ones;"
        " `apply_model` gives its first samples with its last. `difference` is the worst stem of Demucs' four beside"
        " `apply_model`'s."
    ),
    round=_round,
)
