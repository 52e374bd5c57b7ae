"""The generator named groove: a pure function of the spec and the sample address, behind bounded caches."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from logdrum_engine.generator import Block, Pcm, Spec, bar_samples

from .composer import compose
from .memo import Memo
from .mixer import Event, mix, perform
from .piece import Piece, piece_of
from .score import OVERHANG_STEPS, STEMS, Note
from .synth.rack import LONGEST_SAMPLES, RACK, kit_voices
from .synth.voice import Voice
from .synth.waves import rise

BLOCK_SAMPLES = 4_800
FADE_SAMPLES = 480
"""End of a piece of limited length, so that what still rings does not stop with a click."""

SHOT_BYTES = 64 * 1024 * 1024


class Playing(msgspec.Struct, frozen=True):
    """A job's whole state."""

    spec: Spec
    next_sample: int


class Groove:
    """Composes and plays amapiano; equal specs give equal samples, in blocks of any size from any start.

    It keeps only what can be made again, in caches of fixed size. For one thread.
    """

    stems: tuple[str, ...] = STEMS

    def __init__(self, shot_bytes: int = SHOT_BYTES) -> None:
        self._pieces: Memo[Spec, Piece] = Memo(piece_of, 64)
        self._bars: Memo[tuple[Piece, int], tuple[Event, ...]] = Memo(_played, 512)
        self._shots: Memo[Voice, Pcm] = Memo(_shot, shot_bytes, lambda shot: shot.nbytes)

    def warm_up(self) -> None:
        """Make the drum kit and whatever else would delay a first block; a quarter of a second."""
        for voice in kit_voices():
            self._shots.get(voice)
        self.render(Spec(), 0, BLOCK_SAMPLES)

    @property
    def cached_bytes(self) -> int:
        """Size of the one-shots kept."""
        return self._shots.weight

    def begin(self, spec: Spec, start_sample: int) -> Playing:
        """Return a state whose first block starts at `start_sample`; raises GrooveError for a spec nobody can play."""
        self._pieces.get(spec)
        return Playing(spec, max(0, start_sample))

    def step(self, states: Sequence[Playing]) -> list[tuple[Block | None, Playing]]:
        """Advance each state by one block, the last one of a piece shorter."""
        return [self._advance(state) for state in states]

    def notes(self, spec: Spec, bar: int) -> list[Note]:
        """Return the notes of a composed bar: what the stems are made of."""
        return compose(self._pieces.get(spec), bar)

    def render(self, spec: Spec, first: int, last: int) -> dict[str, Pcm]:
        """Render samples `first` to `last` of every stem."""
        piece = self._pieces.get(spec)
        stems = mix(self._events(piece, first, last), first, last, self._shots.get)
        end = length_samples(spec)
        if end is not None and last > end - FADE_SAMPLES:
            _fade_out(stems, first, end)
        return stems

    def _advance(self, state: Playing) -> tuple[Block | None, Playing]:
        first = state.next_sample
        end = length_samples(state.spec)
        last = first + BLOCK_SAMPLES if end is None else min(first + BLOCK_SAMPLES, end)
        if last <= first:
            return None, state
        stems = self.render(state.spec, first, last)
        return Block(start_sample=first, samples=last - first, stems=stems), Playing(state.spec, last)

    def _events(self, piece: Piece, first: int, last: int) -> list[Event]:
        """Events of every bar that can be heard in the span, in the order of bars so that sums always round alike."""
        feel = piece.feel
        earliest = first - LONGEST_SAMPLES - OVERHANG_STEPS * feel.step_samples
        bars = range(max(0, math.floor(earliest / feel.bar_samples)), math.floor(last / feel.bar_samples) + 1)
        return [event for bar in bars for event in self._bars.get((piece, bar))]


def length_samples(spec: Spec) -> int | None:
    """Length of a piece, rounded once from the ideal grid; None for one without end."""
    return None if spec.bars is None else round(spec.bars * bar_samples(spec))


def _played(address: tuple[Piece, int]) -> tuple[Event, ...]:
    piece, bar = address
    return perform(compose(piece, bar), piece.feel, bar)


def _shot(voice: Voice) -> Pcm:
    return RACK[voice.instrument].render(voice)


def _fade_out(stems: dict[str, Pcm], first: int, end: int) -> None:
    """Fade towards `end`, silent from there on, as a function of the address alone."""
    for pcm in stems.values():
        left = np.clip(end - 1 - first - np.arange(pcm.shape[1]), 0, FADE_SAMPLES).astype(np.float32)
        pcm *= rise(left, FADE_SAMPLES)
