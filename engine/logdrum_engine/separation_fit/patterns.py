"""Who plays when: random bars of amapiano and of what could be taken for it."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

import numpy as np

from .examples import LogNote
from .log_drums import Patch, silent_after_s

Rng = np.random.Generator
T = TypeVar("T")

BAR_STEPS: Final = 16
_LOWEST_REACHED, _HIGHEST_REACHED = 26, 57
_MODES: Final = ((0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10), (0, 3, 5, 7, 10), (0, 2, 4, 5, 7, 9, 11))
_LOOPS: Final = ((0, 0, 0, 0), (0, 5, 0, 5), (0, 3, 4, 3), (0, 5, 3, 4), (0, 0, 5, 6), (0, 6, 5, 6))
LOG_HITS: Final = (
    "..x..x..x..x..x.", "...x..x...x.x...", "..x...x...x..x..", "...x..x..x..x.xx", "x..x..x...x..x..",
    "......x..x....x.", "..xx..x...xx..x.", "...x...x...x.xxx", "x.....x..x..x.x.", "..x..x.x..x..x.x",
    "....x..x....x.xx", "x..x....x..x....", "...x..xx...x..xx", "x.......x...x...", "..........x..x.x",
)  # fmt: skip
KICKS: Final = (
    "x...x...x...x...",
    "x.........x.....",
    "x..x......x.....",
    "x......x..x.....",
    "x...x...x..x..x.",
    "x.....x.....x...",
)
BACKBEATS: Final = ("....x.......x...", "....x.......x..x", "...x..x....x..x.", "............x...", "..x..x....x..x..")
HATS: Final = ("..x...x...x...x.", "x.x.x.x.x.x.x.x.", "xxxxxxxxxxxxxxxx", "x.xxx.xxx.xxx.xx", "..x..xx...x..xx.")
SHAKERS: Final = ("xxxxxxxxxxxxxxxx", "x.xxx.xxx.xxx.xx", "x..xx..xx..xx..x")
FILLS: Final = ("...x..x....x..x.", "..x..x....x.x...", "......x...x...x.", "x..x..x...x..x..", ".......x.....x.x")
BASSES: Final = (
    "x...............",
    "x.......x.......",
    "x.....x...x.....",
    "x..x......x.....",
    "..x...x...x...x.",
    "x.x.x.x.x.x.x.x.",
)
COMPS: Final = (
    "x.......x.......",
    "x..x..x...x..x..",
    "..x...x...x...x.",
    "x...............",
    "...x..x....x..x.",
    "x.....x.....x...",
)


class Grid(NamedTuple):
    """Where sixteenths fall: the excerpt begins somewhere in a bar."""

    step_s: float
    swing: float
    first_bar_s: float
    """Where the bar begins in which the excerpt does: not after it."""
    length_s: float

    def bars(self) -> int:
        """How many bars the excerpt touches, and one before it whose sounds still ring."""
        return int((self.length_s - self.first_bar_s) / (BAR_STEPS * self.step_s)) + 2

    def at(self, bar: int, step: float) -> float:
        """When a step is struck; bars count from the one before the excerpt."""
        late = self.swing if int(step) % 2 else 0.0
        return self.first_bar_s + ((bar - 1) * BAR_STEPS + step + late) * self.step_s


class Struck(NamedTuple):
    """A stroke: when, how long until the next thing, how hard, which pitch above the tonic in semitones."""

    at_s: float
    length_s: float
    velocity: float
    pitch: int = 0


class Tune(NamedTuple):
    """What all players know."""

    grid: Grid
    tonic: int
    """MIDI number, 24 to 35."""
    mode: tuple[int, ...]
    loop: tuple[int, ...]

    def degree(self, index: int) -> int:
        """Semitones above the tonic of a degree of the mode."""
        octave, place = divmod(index, len(self.mode))
        return 12 * octave + self.mode[place]

    def root_at(self, at_s: float) -> int:
        """Degree of the mode that the chord at a moment stands on."""
        bar = int((at_s - self.grid.first_bar_s) // (BAR_STEPS * self.grid.step_s)) + 1
        return self.loop[bar % len(self.loop)]


def tune_of(rng: Rng, length_s: float, bar_s: float | None = None, into_bar_s: float | None = None) -> Tune:
    """Decide a tune, or one that goes with bars of a known length and place."""
    bar_s = 240.0 / rng.uniform(105.0, 120.0) if bar_s is None else bar_s
    into_bar_s = rng.uniform(0.0, bar_s) if into_bar_s is None else into_bar_s
    return Tune(
        grid=Grid(bar_s / BAR_STEPS, rng.uniform(0.0, 0.25), -into_bar_s, length_s),
        tonic=int(rng.integers(24, 36)),
        mode=pick(rng, _MODES),
        loop=pick(rng, _LOOPS),
    )


def pick(rng: Rng, choices: Sequence[T]) -> T:
    """Pick one."""
    return choices[int(rng.integers(len(choices)))]


def strokes(
    rng: Rng, tune: Tune, patterns: Sequence[str], *, ghosts: float = 0.1, loose_s: float = 0.004
) -> list[Struck]:
    """A drum's line: one pattern, now and then another for a bar, accents, ghosts and unsteady hands."""
    usual, other = pick(rng, patterns), pick(rng, patterns)
    out: list[Struck] = []
    for bar in range(tune.grid.bars()):
        pattern = other if bar % 4 == 3 else usual
        for step in range(BAR_STEPS):
            is_ghost = pattern[step] == "." and rng.random() < ghosts * 0.3
            if pattern[step] == "x" or is_ghost:
                at_s = tune.grid.at(bar, step) + rng.uniform(-loose_s, loose_s)
                velocity = rng.uniform(0.15, 0.4) if is_ghost else rng.uniform(0.65, 1.0)
                out.append(Struck(at_s, tune.grid.step_s, velocity))
    return [each for each in out if -1.0 < each.at_s < tune.grid.length_s]


def melody(
    rng: Rng, tune: Tune, patterns: Sequence[str], span: tuple[int, int], sustain: tuple[float, float]
) -> list[Struck]:
    """A line of a few pitches in key, as far above the tonic as `span` says."""
    pitches = _few(rng, tune, span)
    line = strokes(rng, tune, patterns, ghosts=0.0)
    share = rng.uniform(*sustain)
    out = []
    for stroke, next_s in zip(line, [*(each.at_s for each in line[1:]), tune.grid.length_s], strict=True):
        length = max(0.05, min(next_s - stroke.at_s, 16 * tune.grid.step_s) * share)
        out.append(stroke._replace(length_s=length, pitch=pick(rng, pitches)))
    return out


def bass_line(rng: Rng, tune: Tune) -> list[Struck]:
    """Roots of the chords, long or in a rhythm."""
    line = melody(rng, tune, BASSES, (0, 1), (0.5, 1.0))
    return [
        each._replace(
            pitch=tune.degree(tune.root_at(each.at_s)) + (pick(rng, (0, 7, 12)) if rng.random() < 0.15 else 0)
        )
        for each in line
    ]


def chords(rng: Rng, tune: Tune) -> list[tuple[Struck, tuple[int, ...]]]:
    """Chords of three to five tones on the loop's roots."""
    tones = (0, 2, 4, 6, 8)[: int(rng.integers(3, 6))]
    line = melody(rng, tune, COMPS, (0, 1), (0.3, 1.0))
    return [(each, tuple(tune.degree(tune.root_at(each.at_s) + tone) for tone in tones)) for each in line]


def _few(rng: Rng, tune: Tune, span: tuple[int, int]) -> list[int]:
    reachable = [tune.degree(index) for index in range(len(tune.mode) * 2) if span[0] <= tune.degree(index) < span[1]]
    count = min(len(reachable), int(rng.integers(2, 6)))
    return [int(each) for each in rng.choice(reachable, count, replace=False)]


def log_line(rng: Rng, tune: Tune, patch: Patch) -> tuple[LogNote, ...]:
    """A log drum's line: calls and answers off the beat, rolls, rests, glides; each note ends where the next begins."""
    lowest = 26 + (tune.tonic - 26) % 12
    if lowest < 32 and rng.random() < 0.12:
        lowest += 12
    onsets = sorted(_log_onsets(rng, tune))
    if not onsets:
        return ()
    pitches = _few(rng, tune, (0, 13))
    rings_over = rng.random() < 0.15
    detune = rng.uniform(-0.3, 0.4)
    glides, gate = rng.choice((0.0, 0.1, 0.4)), rng.uniform(0.3, 1.2)
    notes: list[LogNote] = []
    pitch = pick(rng, pitches)
    for (onset, velocity), following in zip(onsets, [*onsets[1:], (tune.grid.length_s + 1.0, 0.0)], strict=True):
        previous, pitch = pitch, pick(rng, pitches) if rng.random() < 0.7 else pitch
        natural = onset + min(silent_after_s(patch) * 0.75, gate if rng.random() < 0.3 else 9.0)
        end = min(natural, tune.grid.length_s) if rings_over else min(natural, following[0], tune.grid.length_s)
        f0, to, start = _slide(rng, rng.random() < glides, onset, end, previous, pitch)
        to += 12 * (lowest + to < _LOWEST_REACHED) - 12 * (lowest + to > _HIGHEST_REACHED)
        hz = [440.0 * 2.0 ** ((lowest + each + detune - 69) / 12) for each in (f0, to)]
        notes.append(LogNote(onset, hz[0], hz[1], start, end, velocity))
    return tuple(notes)


def _slide(rng: Rng, glides: bool, onset: float, end: float, previous: int, pitch: int) -> tuple[int, int, float]:
    """Pitch at the strike, pitch it slides to, and when that begins: at once, from the note before, or later."""
    if not glides or end - onset < 0.12:
        return pitch, pitch, onset
    if previous != pitch and rng.random() < 0.5:
        return previous, pitch, onset + 0.02
    return pitch, pitch + pick(rng, (-12, -7, -5, -2, 2, 5, 7, 12, -12)), onset + rng.uniform(0.3, 0.6) * (end - onset)


def _log_onsets(rng: Rng, tune: Tune) -> Iterator[tuple[float, float]]:
    """Onsets and velocities: one bar calls, another answers, some bars rest, strokes now and then become rolls."""
    call, answer = pick(rng, LOG_HITS), pick(rng, LOG_HITS)
    rests, rolls = rng.choice((0.0, 0.15, 0.35)), rng.choice((0.0, 0.05, 0.15))
    for bar in range(tune.grid.bars()):
        pattern = (call, answer)[bar % 2]
        kept = rng.random(BAR_STEPS) >= rests
        for step in range(BAR_STEPS):
            at_s = tune.grid.at(bar, step) + rng.uniform(-0.004, 0.004)
            if pattern[step] == "x" and kept[step] and 0.005 < at_s < tune.grid.length_s - 0.03:
                velocity = rng.uniform(0.5, 1.0)
                yield at_s, velocity
                half_s = at_s + 0.5 * tune.grid.step_s
                if rng.random() < rolls and half_s < tune.grid.length_s - 0.03:
                    yield half_s, velocity * rng.uniform(0.5, 0.9)
