"""Keys, chords in sevenths and ninths, and voicings that move as little as they can."""

import re
from functools import lru_cache
from itertools import pairwise

import msgspec

from .dice import Dice
from .errors import GrooveError

_LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
_KEY = re.compile(r"\s*([A-Ga-g])[\s-]*(#|♯|sharp|b|♭|flat|)[\s_-]*(m|M|min|minor|maj|major|)\s*", re.IGNORECASE)

QUALITIES = {
    "m9": (0, 3, 7, 10, 14),
    "m7": (0, 3, 7, 10, 17),
    "maj9": (0, 4, 7, 11, 14),
    "6/9": (0, 4, 7, 9, 14),
    "sus": (0, 5, 7, 10, 14),
    "13": (0, 4, 7, 10, 14, 21),
    "m7b5": (0, 3, 6, 10, 15),
    "7#9": (0, 4, 7, 10, 15),
}

_MINOR = (
    "0:m9 8:maj9 5:m9 7:m7",
    "0:m9 5:m9 8:maj9 7:m7",
    "5:m9 7:m7 0:m9 0:m9",
    "8:maj9 10:sus 0:m9 7:m7",
    "0:m9 10:sus 8:maj9 7:m7",
    "5:m9 10:sus 3:maj9 8:maj9",
    "0:m9 3:maj9 5:m9 8:maj9",
    "8:maj9 7:m7 5:m9 0:m9",
)
_MINOR_JAZZ = (
    "5:m9 10:13 3:maj9 8:maj9",
    "2:m7b5 7:7#9 0:m9 0:m9",
    "8:maj9 7:7#9 0:m9 5:m9",
    "0:m9 5:m9 2:m7b5 7:7#9",
    "5:m9 7:m7 8:maj9 10:13",
)
_MAJOR = (
    "2:m9 7:sus 0:maj9 9:m9",
    "5:maj9 4:m7 2:m9 0:maj9",
    "9:m9 5:maj9 2:m9 7:sus",
    "0:maj9 9:m9 2:m9 7:sus",
    "5:maj9 7:sus 4:m7 9:m9",
)
_MAJOR_JAZZ = ("2:m9 7:13 4:m7 9:m9", "5:maj9 7:13 0:maj9 9:m9", "2:m9 7:13 0:maj9 0:6/9", "5:maj9 4:m7 2:m9 7:13")

_COMP_LOW, _COMP_HIGH = 52, 76


class Key(msgspec.Struct, frozen=True):
    """A tonic pitch class and its mode."""

    tonic: int
    minor: bool

    @property
    def scale(self) -> tuple[int, ...]:
        """Pitch classes of the natural minor or major scale."""
        steps = (0, 2, 3, 5, 7, 8, 10) if self.minor else (0, 2, 4, 5, 7, 9, 11)
        return tuple((self.tonic + step) % 12 for step in steps)

    @property
    def pentatonic(self) -> tuple[int, ...]:
        """Pitch classes that sound well over every chord of the key."""
        steps = (0, 3, 5, 7, 10) if self.minor else (0, 2, 4, 7, 9)
        return tuple((self.tonic + step) % 12 for step in steps)


class Chord(msgspec.Struct, frozen=True):
    """A root pitch class, the intervals above it, and where the keys play it."""

    root: int
    intervals: tuple[int, ...]
    voicing: tuple[int, ...]

    @property
    def third(self) -> int:
        """Third above the root, or the fourth that stands for it."""
        return self.intervals[1]

    @property
    def fifth(self) -> int:
        """Fifth above the root."""
        return self.intervals[2]

    @property
    def seventh(self) -> int:
        """Seventh above the root, or the sixth that stands for it."""
        return self.intervals[3]


def parse_key(text: str) -> Key:
    """Read a key such as "F minor", "Fm", "C# minor" or "Ab major"; a bare letter is major."""
    match = _KEY.fullmatch(text)
    if match is None:
        raise GrooveError(f'cannot read the key "{text[:40]}"; write it like "F minor", "C#m" or "Ab major"')
    letter, accidental, mode = match.groups()
    tonic = (_LETTERS[letter.lower()] + _ACCIDENTALS[accidental.lower()]) % 12
    return Key(tonic, mode == "m" or mode.lower() in ("min", "minor"))


def progressions(key: Key, jazz: float, dice: Dice, count: int) -> tuple[tuple[Chord, ...], ...]:
    """Choose `count` different loops of four chords, from the jazz shelf as often as `jazz` says."""
    plain, jazzy = (_MINOR, _MINOR_JAZZ) if key.minor else (_MAJOR, _MAJOR_JAZZ)
    shelf = dice.deal(plain, count)
    spice = dice.deal(jazzy, count)
    return tuple(_voiced(key, b if dice.chance(jazz - 0.25) else a) for a, b in zip(shelf, spice, strict=False))


def closest(pitch_class: int, centre: int) -> int:
    """MIDI number of a pitch class within a tritone of the centre."""
    return centre + (pitch_class - centre + 6) % 12 - 6


@lru_cache(maxsize=256)
def _voiced(key: Key, loop: str) -> tuple[Chord, ...]:
    """Read a loop and lead its voices; twice round, so that the last chord leads back to the first."""
    symbols = _symbols(loop)
    hands: list[tuple[int, ...]] = []
    previous: tuple[int, ...] = (56, 60, 63, 67)
    for offset, intervals in symbols * 2:
        previous = _nearest_hand((key.tonic + offset) % 12, intervals, previous)
        hands.append(previous)
    return tuple(
        Chord((key.tonic + offset) % 12, intervals, hand)
        for (offset, intervals), hand in zip(symbols, hands[len(symbols) :], strict=True)
    )


def _symbols(loop: str) -> list[tuple[int, tuple[int, ...]]]:
    pairs = [symbol.split(":") for symbol in loop.split()]
    return [(int(offset), QUALITIES[quality]) for offset, quality in pairs]


def _nearest_hand(root: int, intervals: tuple[int, ...], previous: tuple[int, ...]) -> tuple[int, ...]:
    """Choose the rootless inversion that moves the fewest semitones."""
    return min(_hands(root, intervals), key=lambda hand: (_travel(hand, previous), hand))


def _hands(root: int, intervals: tuple[int, ...]) -> list[tuple[int, ...]]:
    """All close inversions of the chord without its root, and with four voices at most, within the keys' range."""
    upper = [i for i in intervals[1:] if not (len(intervals) > 5 and i == intervals[2])]
    tones = sorted({(root + interval) % 12 for interval in upper})
    ladder = [pitch for pitch in range(_COMP_LOW, _COMP_HIGH + 1) if pitch % 12 in tones]
    hands = [tuple(ladder[i : i + len(tones)]) for i in range(len(ladder) - len(tones) + 1)]
    return [hand for hand in hands if _is_open(hand)] or hands


def _is_open(hand: tuple[int, ...]) -> bool:
    """Whether the top two voices are more than a semitone apart, for a semitone on top sounds like a mistake."""
    return hand[-1] - hand[-2] > 1 and all(b > a for a, b in pairwise(hand))


def _travel(hand: tuple[int, ...], previous: tuple[int, ...]) -> float:
    middle = sum(hand) / len(hand)
    drift = abs(middle - 63.5)
    return sum(min(abs(a - b) for b in previous) for a in hand) + 0.6 * drift
