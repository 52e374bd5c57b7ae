"""What comes with the engine: the voice is taken out, and what is left falls to drums, bass, log drum and other."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from . import four_stems, spleeter
from .four_stems import FourStems
from .interface import STEMS, Audio, LogDrumNote, Separated, Turn
from .options import BUILTIN
from .spleeter import Vocals
from .windows import step_in_blocks


class Hearing(NamedTuple):
    """Of one job; nothing in it is written to."""

    vocals: spleeter.Hearing
    rest: four_stems.Hearing
    unsettled: Audio
    """What was heard and is not yet given out."""
    voice: Audio
    """The voice in it, as far as it is known."""


class Builtin:
    """Five stems; a `Separator`. The net after the vocals' hears no voice, as it heard none when it learnt."""

    name = BUILTIN
    stems = STEMS

    def __init__(self, vocals: Vocals, rest: FourStems) -> None:
        self._vocals = vocals
        self._rest = rest
        self.block_samples = vocals.block_samples

    def begin(self) -> Hearing:
        """Return the state of a job that has heard nothing."""
        nothing = np.zeros((2, 0), np.float32)
        return Hearing(self._vocals.begin(), self._rest.begin(), nothing, nothing)

    def presence(self, state: Hearing) -> float:
        """Return how likely a log drum was in what was heard so far."""
        return self._rest.presence(state.rest)

    def step(self, turns: Sequence[Turn[Hearing]]) -> Sequence[tuple[Separated, Hearing]]:
        """Go on with several jobs; on a GPU each net has them in one batch."""
        return step_in_blocks(self._step, turns, self.block_samples)

    def _step(self, turns: Sequence[Turn[Hearing]]) -> list[tuple[Separated, Hearing]]:
        sung = self._vocals.step(
            [Turn(state=turn.state.vocals, audio=turn.audio, last=turn.last) for turn in turns],
        )
        played = self._rest.step(
            [
                Turn(state=turn.state.rest, audio=separated.stems[1], last=turn.last)
                for turn, (separated, _) in zip(turns, sung, strict=True)
            ]
        )
        answers: list[tuple[Separated, Hearing]] = []
        for turn, (vocals, sings), (rest, plays) in zip(turns, sung, played, strict=True):
            unsettled = np.concatenate((turn.state.unsettled, turn.audio), axis=1)
            voice = np.concatenate((turn.state.voice, vocals.stems[0]), axis=1)
            answers.append(_given(Hearing(sings, plays, unsettled, voice), rest))
        return answers


def _given(state: Hearing, rest: Separated) -> tuple[Separated, Hearing]:
    """Give out what both nets have settled."""
    samples = rest.stems.shape[2]
    parts = np.concatenate((state.voice[None, :, :samples], rest.stems[:-1]))
    after = state._replace(unsettled=state.unsettled[:, samples:].copy(), voice=state.voice[:, samples:].copy())
    return with_the_rest(parts, state.unsettled[:, :samples], rest.notes), after


def with_the_rest(parts: Audio, mix: Audio, notes: tuple[LogDrumNote, ...] = ()) -> Separated:
    """Add what the parts leave of the mix as the last stem."""
    return Separated(stems=np.concatenate((parts, (mix - parts.sum(0))[None])), notes=notes)
