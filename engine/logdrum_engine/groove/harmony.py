"""Keys, chords in sevenths and ninths, and voicings that move as little as they can."""

import re
from functools import lru_cache
from itertools import pairwise

import msgspec

from logdrum_protocol.records import Harmony

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
    "9sus4": (0, 5, 7, 10, 14),
    "13": (0, 4, 7, 10, 14, 21),
    "m7b5": (0, 3, 6, 10, 15),
    "7#9": (0, 4, 7, 10, 15),
}

# Loops of four bars: semitones over the tonic and a quality.
_MINOR_VAMPS = (
    "0:m9 0:m9 8:maj9 7:m7",
    "0:m9 0:m9 5:m9 5:m9",
    "0:m9 10:9sus4 0:m9 10:9sus4",
    "0:m9 8:maj9 0:m9 8:maj9",
    "0:m9 0:m9 0:m9 7:m7",
    "5:m9 5:m9 0:m9 0:m9",
)
_MINOR = (
    "0:m9 8:maj9 5:m9 7:m7",
    "0:m9 5:m9 8:maj9 7:m7",
    "5:m9 7:m7 0:m9 0:m9",
    "8:maj9 10:9sus4 0:m9 7:m7",
    "0:m9 10:9sus4 8:maj9 7:m7",
    "5:m9 10:9sus4 3:maj9 8:maj9",
    "0:m9 3:maj9 5:m9 8:maj9",
    "8:maj9 7:m7 5:m9 0:m9",
)
_MINOR_JAZZ = (
    "5:m9 10:13 3:maj9 8:maj9",
    "2:m7b5 7:7#9 0:m9 0:m9",
    "8:maj9 7:7#9 0:m9 5:m9",
    "0:m9 5:m9 2:m7b5 7:7#9",
    "5:m9 7:m7 8:maj9 10:13",
    "0:m9 10:13 3:maj9 7:7#9",
)
_MAJOR_VAMPS = (
    "0:maj9 0:maj9 9:m9 9:m9",
    "2:m9 2:m9 0:maj9 0:maj9",
    "9:m9 9:m9 5:maj9 5:maj9",
    "0:maj9 7:9sus4 0:maj9 7:9sus4",
)
_MAJOR = (
    "2:m9 7:9sus4 0:maj9 9:m9",
    "5:maj9 4:m7 2:m9 0:maj9",
    "9:m9 5:maj9 2:m9 7:9sus4",
    "0:maj9 9:m9 2:m9 7:9sus4",
    "5:maj9 7:9sus4 4:m7 9:m9",
)
_MAJOR_JAZZ = ("2:m9 7:13 4:m7 9:m9", "5:maj9 7:13 0:maj9 9:m9", "2:m9 7:13 0:maj9 0:6/9", "5:maj9 4:m7 2:m9 7:13")

_PLAN = (0, 0, 2, 1, 0, 1, 1, 2)
"""Which loop each eight bars of a cycle have."""
_LOOP_BARS, _CYCLE_BARS, _LOOPS = 8, 64, 3

_COMMON_KEYS = "F minor,C minor,G minor,A minor,D minor,E minor,Bb minor,Eb minor,C# minor,F# minor,B minor,G# minor"
_BRIGHT_KEYS = "Ab major,Eb major,Db major,F major,Bb major,C major"
_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_SHARP_TONICS = {True: (1, 4, 6, 8, 11), False: (2, 4, 6, 7, 9, 11)}
"""Tonics whose key is written with sharps, minor and major."""

_COMP_LOW, _COMP_HIGH = 52, 76


class Key(msgspec.Struct, frozen=True):
    """A tonic pitch class and its mode."""

    tonic: int
    minor: bool

    @property
    def name(self) -> str:
        """As people write it."""
        return f"{self.spell(self.tonic)} {'minor' if self.minor else 'major'}"

    def spell(self, pitch_class: int) -> str:
        """Name a pitch class with the sharps or flats of this key."""
        return (_SHARPS if self.tonic in _SHARP_TONICS[self.minor] else _FLATS)[pitch_class]

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
    symbol: str = ""
    """Such as "Fm9"."""

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


def some_key(dice: Dice, dark: float) -> Key:
    """Choose one of the keys that are common here: minor, unless the mood is bright."""
    keys = _BRIGHT_KEYS if dice.chance(0.55 - dark) else _COMMON_KEYS
    return parse_key(dice.pick(keys.split(",")))


def key_of(harmony: Harmony) -> Key:
    """The key of a harmony."""
    return parse_key(harmony.key)


def chord_of(harmony: Harmony, bar: int) -> Chord:
    """The chord of a bar, counted from the harmony's anchor: before it, too, there is harmony."""
    cycle, place = divmod(bar - _LOOP_BARS, _CYCLE_BARS)
    number = _PLAN[place // _LOOP_BARS] if bar >= _LOOP_BARS else 0
    loop = _loops(harmony, max(0, cycle))[number]
    return loop[bar % len(loop)]


def home_of(harmony: Harmony, before: Chord) -> Chord:
    """The chord of the tonic, as the hand reaches it from another chord."""
    key = key_of(harmony)
    quality = "m9" if key.minor else "maj9"
    hand = _nearest_hand(key.tonic, QUALITIES[quality], before.voicing)
    return Chord(key.tonic, QUALITIES[quality], hand, key.spell(key.tonic) + quality)


@lru_cache(maxsize=64)
def _loops(harmony: Harmony, cycle: int) -> tuple[tuple[Chord, ...], ...]:
    """Chord loops of a cycle; the first stays for good, as the tune's own, and the others change."""
    home = _progressions(harmony, Dice(harmony.seed, "harmony"))
    fresh = _progressions(harmony, Dice(harmony.seed, "harmony", cycle))
    return (home[0], *(loop for loop in fresh if loop != home[0])) if cycle else home


def _progressions(harmony: Harmony, dice: Dice) -> tuple[tuple[Chord, ...], ...]:
    """Choose different loops from shelves the further along the jazzier, where `jazz` points with some spread."""
    key = key_of(harmony)
    shelves = (_MINOR_VAMPS, _MINOR, _MINOR_JAZZ) if key.minor else (_MAJOR_VAMPS, _MAJOR, _MAJOR_JAZZ)
    dealt = [dice.deal(shelf, _LOOPS + 1) for shelf in shelves]
    wanted = [min(2, int(3 * max(0.0, harmony.jazz + dice.between(-0.15, 0.15)))) for _ in range(_LOOPS + 1)]
    return tuple(_voiced(key, dealt[shelf][number]) for number, shelf in enumerate(wanted))


def closest(pitch_class: int, centre: int) -> int:
    """MIDI number of a pitch class within a tritone of the centre."""
    return centre + (pitch_class - centre + 6) % 12 - 6


@lru_cache(maxsize=256)
def _voiced(key: Key, loop: str) -> tuple[Chord, ...]:
    """Read a loop and lead its voices; twice round, so that the last chord leads back to the first."""
    symbols = [symbol.split(":") for symbol in loop.split()]
    previous: tuple[int, ...] = (56, 60, 63, 67)
    chords: list[Chord] = []
    for offset, quality in symbols * 2:
        root, intervals = (key.tonic + int(offset)) % 12, QUALITIES[quality]
        previous = _nearest_hand(root, intervals, previous)
        chords.append(Chord(root, intervals, previous, key.spell(root) + quality))
    return tuple(chords[len(symbols) :])


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
