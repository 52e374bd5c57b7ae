"""One sound on its way through a separator, at its own rate and with as many channels as it has."""

from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from logdrum_engine.errors import EngineError
from logdrum_engine.separation.interface import SAMPLE_RATE, LogDrumNote, Separated, Separator, Turn

from .fifo import Fifo, Sound
from .resampling import Resampler

S = TypeVar("S")

REST: Final = "other"
"""The stem that is everything the others leave."""

_ONE_NOTE_S: Final = 0.05
"""Strikes of two channel pairs that are closer than this are one."""


class StemError(EngineError):
    """A stem is asked for that the separator does not give."""


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """What goes on from what was pulled before."""

    stems: npt.NDArray[np.float32]
    """One sound for each stem, `[stems, channels, m]`."""
    notes: tuple[LogDrumNote, ...]
    """Times count from the first sample that was fed."""


class Strand(Generic[S]):
    """Feeds a separator and puts together what it answers: as much comes out as was fed, and the stems sum to it.

    Give what `turns` says to the separator and its answers to `take`, until `turns` is empty; then feed more.
    """

    def __init__(
        self, separator: Separator[S], *, sample_rate: int, channels: int, stems: tuple[str, ...] = ()
    ) -> None:
        """Raise `StemError` for a stem that is not there; none, or `other` alone, asks for all."""
        self.stems = given_stems(separator.stems, stems)
        rows = [separator.stems.index(stem) for stem in self.stems[:-1]]
        self._pairs = [_Pair(separator, sample_rate, each, rows) for each in _pairs_of(channels)]
        self._block = separator.block_samples
        self._fed = Fifo(channels)
        self._is_fed_up = False
        self._gave_last = False

    def feed(self, audio: Sound, *, last: bool = False) -> None:
        """Go on with `audio`  # [channels, n]; nothing comes after `last`."""
        self._fed.put(audio)
        self._is_fed_up = last
        for pair in self._pairs:
            pair.feed(audio, last=last)

    def turns(self) -> Sequence[Turn[S]]:
        """What to give to the separator now, one for each pair of channels; none where more must be fed first."""
        waiting = self._pairs[0].waiting
        if self._gave_last or (waiting < self._block and not self._is_fed_up):
            return ()
        self._gave_last = self._is_fed_up and waiting <= self._block
        return [pair.turn(self._block, last=self._gave_last) for pair in self._pairs]

    def take(self, answers: Sequence[tuple[Separated, S]]) -> Pulled:
        """Return what the answers to the last turns settle."""
        settled = [
            pair.take(answer, state, last=self._gave_last)
            for pair, (answer, state) in zip(self._pairs, answers, strict=True)
        ]
        parts = np.concatenate(settled, axis=1)[:, :, : self._fed.samples]  # [stems - 1, channels, m]
        rest = self._fed.pull(parts.shape[2]) - parts.sum(axis=0, dtype=np.float64)
        return Pulled(
            stems=np.concatenate((parts, rest[None].astype(np.float32))),
            notes=_heard_once([answer.notes for answer, _ in answers]),
        )


class _Pair(Generic[S]):
    """Two channels of a sound, or one that is heard from both sides."""

    def __init__(self, separator: Separator[S], sample_rate: int, channels: slice, rows: Sequence[int]) -> None:
        self._channels = channels
        self._width = channels.stop - channels.start
        self._rows = list(rows)
        self._into = Resampler(sample_rate, SAMPLE_RATE, self._width)
        self._back = Resampler(SAMPLE_RATE, sample_rate, len(rows) * self._width)
        # So much silence behind the end that rounding both ways loses no sample.
        self._tail = 0 if sample_rate == SAMPLE_RATE else sample_rate // SAMPLE_RATE + 2
        self._waiting = Fifo(self._width)
        self._state = separator.begin()

    @property
    def waiting(self) -> int:
        """How much has not been given to the separator yet."""
        return self._waiting.samples

    def feed(self, audio: Sound, *, last: bool) -> None:
        heard = audio[self._channels]
        if last:
            heard = np.pad(heard, ((0, 0), (0, self._tail)))
        self._waiting.put(self._into.push(heard, last=last))

    def turn(self, samples: int, *, last: bool) -> Turn[S]:
        heard = self._waiting.pull(samples)
        stereo = np.array(np.broadcast_to(heard, (2, heard.shape[1])))
        return Turn(state=self._state, audio=stereo, last=last)

    def take(self, answer: Separated, state: S, *, last: bool) -> npt.NDArray[np.float32]:
        """Return the stems that are wanted at the sound's own rate  # [stems, channels, m]."""
        self._state = state
        stems = answer.stems[self._rows]  # [stems, 2, m]
        if self._width == 1:
            stems = np.float32(0.5) * (stems[:, :1] + stems[:, 1:])
        flat = self._back.push(stems.reshape(len(self._rows) * self._width, -1), last=last)
        return flat.reshape(len(self._rows), self._width, -1)


def given_stems(known: tuple[str, ...], wanted: Sequence[str]) -> tuple[str, ...]:
    """Which stems come out where some are asked for: those, in the separator's order, and `other` last."""
    for stem in wanted:
        if stem not in (*known, REST):
            raise StemError(f"There is no stem '{stem}', only {', '.join(known)}.")
    chosen = tuple(stem for stem in known if stem in wanted and stem != REST)
    return (*(chosen or tuple(stem for stem in known if stem != REST)), REST)


def _pairs_of(channels: int) -> list[slice]:
    """Split channels into left and right, centre and bass, and so on; an odd one out stays alone."""
    return [slice(first, min(first + 2, channels)) for first in range(0, channels, 2)]


def _heard_once(heard: Sequence[Iterable[LogDrumNote]]) -> tuple[LogDrumNote, ...]:
    """Of strikes that several pairs heard together, keep the one that is surest."""
    if len(heard) == 1:
        return tuple(heard[0])
    surest_first = sorted((note for notes in heard for note in notes), key=lambda note: -note.probability)
    kept: list[LogDrumNote] = []
    for note in surest_first:
        if all(abs(note.onset_s - other.onset_s) >= _ONE_NOTE_S for other in kept):
            kept.append(note)
    return tuple(sorted(kept, key=lambda note: note.onset_s))
