"""What a hub would say to the thread of separations, and what comes back of it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from msgspec import UNSET, UnsetType

from logdrum_engine.separating.desk import Desk
from logdrum_engine.separating.shelf import Shelf
from logdrum_engine.separation.catalogue import AnySeparator
from logdrum_engine.separation.interface import STEMS, Audio, LogDrumNote, Separated, Turn
from logdrum_engine.separation.options import Options
from logdrum_protocol.engine_messages import FromEngine, GrantCredit, JobAudio, JobDone, StartJob
from logdrum_protocol.records import JobParams

RATE = 48_000
ALL = 10**9
ASSET = "a" * 64


def noise(samples: int, seed: int = 1, peak: float = 0.5) -> np.ndarray:
    """Left and right, `[n, 2]`."""
    return (np.random.default_rng(seed).uniform(-peak, peak, (samples, 2))).astype(np.float32)


def wav(path: Path, sound: np.ndarray) -> str:
    soundfile.write(path, sound, RATE, "FLOAT")
    return str(path)


def order(
    *sounds: str,
    job: str = "s1",
    entry: int = 0,
    start: int | None = None,
    credit: int = ALL,
    files: Path | None = None,
    params: JobParams | None = None,
    stems: tuple[str, ...] | UnsetType = UNSET,
    is_fed: bool = False,
    anchor_tick: int = 0,
) -> StartJob:
    return StartJob(
        job=job,
        kind="separate",
        params=params or (JobParams(job="g1", stems=stems) if is_fed else JobParams(asset=ASSET, stems=stems)),
        seed=0,
        bpm=120.0,
        numerator=4,
        denominator=4,
        anchor_tick=anchor_tick,
        epoch=0,
        start_sample=entry if start is None else start,
        credit_sample=credit,
        sounds=sounds,
        entry_sample=0 if is_fed else entry,
        is_fed=is_fed,
        files=None if files is None else str(files),
    )


def shelf(separator: AnySeparator, batch: int = 1) -> Shelf:
    def load(_: Options) -> AnySeparator:
        return separator

    return Shelf(names=(separator.name,), load=load, batch=lambda: batch)


def credit(credit_sample: int, job: str = "s1", playhead: int = 0) -> GrantCredit:
    return GrantCredit(job=job, credit_sample=credit_sample, playhead_sample=playhead)


def rest_of(desk: Desk) -> list[FromEngine]:
    """Let a desk do all that it has to do."""
    messages: list[FromEngine] = []
    while desk.has_work:
        messages += desk.step()
    return messages


def audio(messages: Sequence[FromEngine], job: str = "s1") -> list[JobAudio]:
    return [message for message in messages if isinstance(message, JobAudio) and message.job == job]


def stream(messages: Sequence[FromEngine], stem: str, job: str = "s1") -> np.ndarray:
    """One stem as it was sent  # [n, 2]; pieces that do not join are a fault."""
    pieces = [message for message in audio(messages, job) if message.stem == stem]
    for one, following in pairwise(pieces):
        assert one.start_sample + one.samples == following.start_sample
    frames = [np.frombuffer(piece.data, "<i2").reshape(piece.samples, 2) for piece in pieces]
    return np.concatenate(frames).astype(int) if frames else np.zeros((0, 2), int)


def total(messages: Sequence[FromEngine], stems: Sequence[str] = STEMS, job: str = "s1") -> np.ndarray:
    return np.sum([stream(messages, stem, job) for stem in stems], axis=0)


def done(messages: Sequence[FromEngine]) -> list[JobDone]:
    return [message for message in messages if isinstance(message, JobDone)]


class Fifths:
    """Gives each stem a fifth of the sound at once, and a note that the test has chosen."""

    name = "fifths"
    stems = STEMS
    block_samples = 4_410

    def __init__(self, *notes: LogDrumNote) -> None:
        self.batches: list[int] = []
        self._notes = notes

    def begin(self) -> int:
        return 0

    def step(self, turns: Sequence[Turn[int]]) -> list[tuple[Separated, int]]:
        self.batches.append(len(turns))
        return [self._answer(turn.state, turn.audio) for turn in turns]

    def _answer(self, heard: int, sound: Audio) -> tuple[Separated, int]:
        after = heard + sound.shape[1]
        notes = tuple(self._between(heard / 44_100, after / 44_100))
        return Separated(stems=np.repeat(sound[None] / 5, 5, axis=0), notes=notes), after

    def _between(self, start_s: float, end_s: float) -> Iterator[LogDrumNote]:
        yield from (note for note in self._notes if start_s <= note.onset_s < end_s)
