"""The name of a one-shot: equal names sound equal, so a cache may keep them."""

import msgspec

from logdrum_engine.generator import SAMPLE_RATE

from .waves import samples_of

LONGEST_NOTE_S = 10.0


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """All that a one-shot depends on."""

    instrument: str
    pitches: tuple[int, ...] = ()
    length: int = 0
    """Samples until release."""
    strength: int = 2
    """0 soft to 3 hard: changes the tone; loudness is the mixer's."""
    glide_from: int | None = None
    colour: int = 0

    @property
    def pitch(self) -> int:
        """The only pitch of a voice that has one."""
        return self.pitches[0]

    def span(self, release_s: float) -> int:
        """Samples of a one-shot that is held for its length and then released."""
        return min(self.length, samples_of(LONGEST_NOTE_S)) + samples_of(release_s)

    @property
    def length_s(self) -> float:
        """Seconds until release."""
        return min(self.length / SAMPLE_RATE, LONGEST_NOTE_S)
