"""Other dance music for the same band: what the score has to tell amapiano from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from logdrum_engine.groove.dice import Dice
from logdrum_engine.groove.score import LOUDNESS, hits

from .band import Sound, drum

_TRIADS = ((0, 4, 7), (0, 3, 7))
_SEVENTHS = ((0, 4, 7, 11, 14), (0, 3, 7, 10, 14))
_LOOPS = ((0, 8, 3, 10), (0, 5, 8, 7), (0, 10, 8, 10), (0, 0, 5, 5), (0, 3, 10, 5), (0, 0, 0, 0))
_TOMS: Final = ("low tom", "tom", "high tom", "top tom")
_CONGAS: Final = ("low conga", "high conga", "muted high conga", "conga slap")
_MAJOR_DEGREES = frozenset({3, 8, 10})


class Tune(msgspec.Struct, frozen=True, kw_only=True):
    """What is decided once for a tune."""

    dice: Dice
    bpm: float
    kit: int
    patch: int
    """Of the log drum, where it stands in for a bass."""
    tonic: int
    loop: tuple[int, ...]
    has_sevenths: bool
    swing: float
    bassist: str

    def chord(self, bar: int) -> tuple[int, tuple[int, ...]]:
        """Root pitch class and pitches of a bar's chord."""
        degree = self.loop[bar % len(self.loop)]
        shapes = _SEVENTHS if self.has_sevenths else _TRIADS
        root = (self.tonic + degree) % 12
        return root, tuple(sorted(54 + (root + tone - 54) % 12 for tone in shapes[degree not in _MAJOR_DEGREES]))

    def line(self, name: str, pattern: str) -> Iterator[Sound]:
        """A drum's line of one bar."""
        for step, loudness in _strokes(pattern):
            yield drum(name, self.swung(step), loudness)

    def shaken(self, pattern: str) -> Iterator[Sound]:
        """A shaker's line, forth and back."""
        for step, loudness in _strokes(pattern):
            yield drum("shaker, back" if step % 2 else "shaker", self.swung(step), loudness)

    def bass(self, bar: int, pattern: str, length: float, tones: Sequence[int] = (0,)) -> Iterator[Sound]:
        """A bass line on the bar's root, stepping through `tones`."""
        root = 28 + (self.chord(bar)[0] - 28) % 12
        for number, (step, loudness) in enumerate(_strokes(pattern)):
            yield Sound(self.bassist, self.swung(step), length, root + tones[number % len(tones)], loudness)

    def chords(self, bar: int, name: str, pattern: str, length: float) -> Iterator[Sound]:
        """Chords of the keys in a rhythm."""
        for step, loudness in _strokes(pattern):
            for pitch in self.chord(bar)[1]:
                yield Sound(name, self.swung(step), length, pitch, loudness)

    def swung(self, step: float) -> float:
        """Odd sixteenths late."""
        return step + self.swing if step % 2 == 1 else step


def _strokes(pattern: str) -> Iterator[tuple[float, float]]:
    """Steps and loudnesses of a pattern."""
    return ((step, LOUDNESS[mark]) for step, mark in hits(pattern))


Player = Callable[[Tune, int, Dice], Iterator[Sound]]


def house(tune: Tune, bar: int, dice: Dice) -> Iterator[Sound]:
    """Four to the floor, claps on two and four, hats on the off-beat, stabs."""
    yield from tune.line("kick", "X...X...X...X...")
    yield from tune.line("clap", "....X.......X...")
    yield from tune.line("open hat", "..X...X...X...X.")
    yield from tune.line(
        "closed hat", dice.pick(("................", "x-o-x-o-x-o-x-o-", "x.o.x.o.x.o.x.o.", "xooxxooxxooxxoox"))
    )
    if dice.chance(0.3):
        yield from tune.shaken("x-o-x-o-x-o-x-o-")
    bass = dice.pick(
        ("..X...X...X...X.", "X.x.X.x.X.x.X.x.", "X..X..X...X..X..", "X.....x...X.x...", "..X..xX...X..x.X")
    )
    yield from tune.bass(bar, bass, dice.between(0.9, 2.5), dice.pick(((0,), (0, 12), (0, 0, 7), (0, 12, 10, 7))))
    stabs = dice.pick(
        ("X..X..X...X..X..", "..X...X...X...X.", "X.....X.....X...", "X...............", "...X..X....X..X.")
    )
    yield from tune.chords(bar, dice.pick(("piano", "organ")), stabs, dice.between(0.8, 3.0))


def techno(tune: Tune, bar: int, dice: Dice) -> Iterator[Sound]:
    """A hard floor, machine hats, a rolling bass and one stab that repeats."""
    yield from tune.line("kick", "X...X...X...X...")
    yield from tune.line("open hat", dice.pick(("..X...X...X...X.", "..x...x...x...x.")))
    yield from tune.line(
        "closed hat", dice.pick(("xxxxxxxxxxxxxxxx", "x.x.x.x.x.x.x.x.", "X.oxX.oxX.oxX.ox", "................"))
    )
    yield from tune.line("clap", dice.pick(("....X.......X...", "................", "............X...")))
    yield from tune.line(
        "rim", dice.pick(("...x..x..x..x...", "................", "x..x..x..x..x..x", "..........x....."))
    )
    bass = dice.pick(
        ("..xX..xX..xX..xX", ".xxX.xxX.xxX.xxX", "..X...X...X...X.", "X.......X.......", "................")
    )
    yield from tune.bass(bar, bass, 0.9, dice.pick(((0,), (0, 0, 12), (0, 1, 0))))
    stab = dice.pick(("...X......X.....", "X..X..X..X..X..X", "......X.........", "................"))
    yield from tune.chords(bar, dice.pick(("piano", "bell")), stab, 1.0)
    if dice.chance(0.3):
        yield from tune.line(dice.pick(_TOMS), dice.pick(("......x....x..x.", "..x..x....x..x..")))


def hip_hop(tune: Tune, bar: int, dice: Dice) -> Iterator[Sound]:
    """A backbeat, a broken kick, lazy hats, long low notes."""
    kick = dice.pick(
        ("X......x..X.....", "X.x.......X..x..", "X.....x.x.X.....", "X..x......x.....", "X.........xX....")
    )
    yield from tune.line("kick", kick)
    yield from tune.line("snare", dice.pick(("....X.......X...", "........X.......", "....X.......X..-")))
    yield from tune.line(
        "closed hat", dice.pick(("x.o.x.o.x.o.x.o.", "x.o.x.oox.o.x.o.", "xoxoxoxoxoxoxoxo", "X...X...X...X..."))
    )
    yield from tune.bass(bar, dice.pick((kick, "X.........x.....", "X...............")), dice.between(3.0, 9.0))
    rhythm = dice.pick(("X...............", "X.......X.......", "X..x......X.....", "X.....x...x....."))
    yield from tune.chords(bar, dice.pick(("piano", "piano", "organ", "kalimba")), rhythm, dice.between(2.0, 7.0))


def reggaeton(tune: Tune, bar: int, dice: Dice) -> Iterator[Sound]:
    """Dembow: the floor beneath, three and three and two above."""
    yield from tune.line("kick", dice.pick(("X...X...X...X...", "X.......X.......")))
    yield from tune.line("snare", dice.pick(("...X..X....X..X.", "...X..X....X..X.", "...x..X....x..X.")))
    yield from tune.line("closed hat", dice.pick(("x.x.x.x.x.x.x.x.", "................", "xoxoxoxoxoxoxoxo")))
    yield from tune.line("rim", dice.pick(("................", "...x..x....x..x.")))
    bass = dice.pick(("X..X..X.X..X..X.", "X.....X.X.....X.", "X..X....X..X....", "X..............."))
    yield from tune.bass(bar, bass, dice.between(1.5, 4.0), dice.pick(((0,), (0, 0, 7))))
    rhythm = dice.pick(("X..X..X.X..X..X.", "..X...X...X...X.", "X.......X......."))
    yield from tune.chords(bar, dice.pick(("piano", "kalimba", "bell", "flute")), rhythm, dice.between(1.0, 3.0))


def afro_house(tune: Tune, bar: int, dice: Dice) -> Iterator[Sound]:
    """The nearest kin: the floor, shakers, hand drums and toms, without a log drum."""
    yield from tune.line("kick", "X...X...X...X...")
    yield from tune.shaken(dice.pick(("x-oxx-oxx-oxx-ox", "o-X-o-X-o-X-o-X-", "X-oxX-oxX-oxX-xo")))
    yield from tune.line("open hat", "..x...x...x...x.")
    yield from tune.line("clap", dice.pick(("....x.......x...", "................")))
    yield from tune.line(dice.pick(_CONGAS), dice.pick(("..x..x....x..x..", "x..x..x...x.x...")))
    yield from tune.line(dice.pick(_TOMS), dice.pick(("...x..x....x..x.", "......x...x...x.")))
    bass = dice.pick(("..X...X...X..X..", "X..X..X...X.....", "..X..X....X..X.."))
    yield from tune.bass(bar, bass, dice.between(1.0, 2.5), (0, 0, 7))
    yield from tune.chords(bar, "piano", dice.pick(("X..X..X.........", "..X...X...X...X.")), 2.0)


class Genre(msgspec.Struct, frozen=True, kw_only=True):
    """How a genre is played, and how fast: the usual tempi, and those shared with amapiano."""

    play: Player
    bpm: tuple[float, float]
    near_bpm: tuple[float, float]
    swing: tuple[float, float]
    sevenths: float


GENRES: Mapping[str, Genre] = {
    "house": Genre(play=house, bpm=(116, 128), near_bpm=(108, 118), swing=(0.0, 0.16), sevenths=0.55),
    "techno": Genre(play=techno, bpm=(118, 138), near_bpm=(108, 118), swing=(0.0, 0.05), sevenths=0.1),
    "hip hop": Genre(play=hip_hop, bpm=(70, 98), near_bpm=(104, 116), swing=(0.0, 0.34), sevenths=0.5),
    "reggaeton": Genre(play=reggaeton, bpm=(85, 102), near_bpm=(102, 116), swing=(0.0, 0.05), sevenths=0.2),
    "afro house": Genre(play=afro_house, bpm=(117, 124), near_bpm=(110, 117), swing=(0.0, 0.2), sevenths=0.6),
}
_NEAR = 0.45
"""How often a tune has a tempo that amapiano could have: the score must not be a metronome."""
_BASSISTS: Final = (*["bass"] * 6, *["piano"] * 2, "organ", "flute", "kalimba", "log_drum")
"""Who may play the bass: plucked and struck ones too, and a log drum now and then: its sound alone is not enough."""

_SILENT: Final = (*[frozenset[str]()] * 5, *map(frozenset, (["drums"], ["bass"], ["keys"], ["drums", "keys"])))
"""Which players are not there."""
_HIGHEST_BASS: Final = 52


def tune_of(genre: Genre, dice: Dice, kits: Sequence[int], patches: Sequence[int]) -> Tune:
    """Decide a tune."""
    return Tune(
        dice=dice,
        bpm=round(dice.between(*(genre.near_bpm if dice.chance(_NEAR) else genre.bpm)), 2),
        kit=dice.pick(kits),
        patch=dice.pick(patches),
        tonic=dice.below(12),
        loop=dice.pick(_LOOPS),
        has_sevenths=dice.chance(genre.sevenths),
        swing=dice.between(*genre.swing),
        bassist=dice.pick(_BASSISTS),
    )


def bars_of(genre: Genre, tune: Tune, bars: int) -> list[list[Sound]]:
    """Write a tune: a pattern for three bars, another for the fourth, sometimes nobody at the drums, bass or keys."""
    patterns = [tune.dice.bits(), tune.dice.bits()]
    silent = tune.dice.pick(_SILENT)
    played = (genre.play(tune, bar, Dice(patterns[bar % 4 == 3], "pattern")) for bar in range(bars))
    return [[sound for sound in bar if _player(sound) not in silent] for bar in played]


def _player(sound: Sound) -> str:
    """Who plays a sound: any instrument may play the bass."""
    if sound.instrument == "drums":
        return "drums"
    return "bass" if sound.pitch < _HIGHEST_BASS else "keys"
