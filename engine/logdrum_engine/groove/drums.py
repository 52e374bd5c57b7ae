"""The drummer: kick, shakers, rims, claps, congas and hats, with fills, builds and openings."""

import math
from collections.abc import Iterator

from logdrum_engine.generator import SAMPLE_RATE

from .piece import Bar
from .score import LOUDNESS, Note, hits
from .synth.kit import COLOURS, SWEEP_S

_FLOOR = ("X...x...X...x...", "X...X...X...X...", "X...x...X...x..-")
_SPARSE = (
    "X.......x..x....",
    "X.....x...x.....",
    "X..x......x.....",
    "X.......X.....x.",
    "X...x.......x...",
    "X......x..x.....",
)
_SHAKERS = (
    "o-X-o-X-o-X-o-Xo",
    "x-o-X-o-x-o-X-oo",
    "X-oxX-oxX-oxX-xo",
    "-oXo-oXo-oXo-oXx",
    "o-Xxo-X-o-Xxo-Xo",
    "x-Xox-Xox-Xox-Xx",
)
_RIMS = (
    "...x..x...x..x..",
    "...x...x..x...x.",
    "..x..x....x..x..",
    "...x..x....x..x.",
    "x..x..x...x.x...",
    "......x..x....x.",
    "...x..-x..-x..x.",
)
_CLAPS = ("....X.......X...", "....X.......X..o", "....x..-....X...", "....X.......X.-.", "............X...")
_CONGAS = (
    "..m.o..m..s.o.m.",
    "m..s..mo.m.s..oo",
    "..s.m.o...s.mo.o",
    "m.m.s..om.m.s.o.",
    "...o..os...o..sm",
    "..m...oo..m.s.o.",
)
_HATS = ("..x...x...x...x.", "..x.......x.....", "..o...X...o...X.", "......x.......x.")
_STROKES = {"o": 0, "m": 1, "s": 2}


def play(bar: Bar) -> Iterator[Note]:
    """Play the whole kit for one bar."""
    for player in (_kick, _shaker, _cabasa, _rim, _clap, _conga, _hat, _opening, _fill, _build):
        yield from player(bar)


def _kick(bar: Bar) -> Iterator[Note]:
    pattern = _kick_pattern(bar)
    colour = bar.piece.dice("kick colour").below(COLOURS)
    for step, mark in hits(pattern, bar.steps):
        if bar.section.kick and not _is_held_back(bar, step):
            yield Note(instrument="kick", step=step, velocity=LOUDNESS[mark] ** 0.4 * bar.section.kick, colour=colour)


def _kick_pattern(bar: Bar) -> str:
    """Four to the floor or sparse, as the section's dice say; in other metres every felt beat."""
    feel = bar.piece.feel
    if not feel.is_common:
        return "".join("X" if step in feel.beats else "." for step in range(math.ceil(feel.steps)))
    dice = bar.piece.dice("kick", bar.section.name)
    shelf = _FLOOR if dice.chance(bar.piece.style.four_floor) else _SPARSE
    return dice.pick(shelf)


def _is_held_back(bar: Bar, step: float) -> bool:
    """Whether the kick leaves room before a new section, for half a bar where it builds, else for a beat."""
    return bar.place == 7 and step >= (bar.steps / 2 if bar.section.builds else bar.steps - 4)


def _shaker(bar: Bar) -> Iterator[Note]:
    """Every sixteenth, unevenly: the chatter that drives it."""
    pattern = bar.piece.dice("shaker").pick(_SHAKERS)
    colour = bar.piece.dice("shaker colour").below(COLOURS) * 4
    dice = bar.dice("shaker")
    for step, mark in hits(pattern, bar.steps):
        velocity = LOUDNESS[mark] * bar.section.shaker * dice.between(0.85, 1.1)
        stroke = step % 2 + 2 * dice.below(2)
        late = bar.swung(step) + dice.between(0.0, 0.05)
        yield Note(instrument="shaker", step=late, velocity=velocity, colour=colour + stroke, pan=-0.18)


def _cabasa(bar: Bar) -> Iterator[Note]:
    if bar.section.shaker < 1 or not bar.piece.dice("cabasa", bar.section.name).chance(0.6):
        return
    pattern = bar.piece.dice("cabasa").pick(("..x...x...x...x.", "x.-.x.-.x.-.x.-.", "..x-..x-..x-..x-"))
    for step, mark in hits(pattern, bar.steps):
        yield Note(instrument="cabasa", step=bar.swung(step), velocity=LOUDNESS[mark], colour=step // 2 % 2, pan=0.45)


def _rim(bar: Bar) -> Iterator[Note]:
    dice = bar.dice("rim")
    pattern = bar.piece.dice("rim", bar.section.phrase % 2).pick(_RIMS)
    colour = bar.piece.dice("rim colour").below(COLOURS)
    for step, mark in hits(pattern, bar.steps):
        velocity = LOUDNESS[mark] * bar.section.rim * dice.between(0.85, 1.1)
        if velocity and not dice.chance(0.07):
            yield Note(instrument="rim", step=bar.swung(step), velocity=velocity, colour=colour, pan=0.22)


def _clap(bar: Bar) -> Iterator[Note]:
    """On two and four, where the metre has them; else on every second beat."""
    feel = bar.piece.feel
    pattern = bar.piece.dice("clap").pick(_CLAPS)
    if not feel.is_common:
        pattern = "".join("X" if step in feel.beats[1::2] else "." for step in range(math.ceil(feel.steps)))
    colour = bar.piece.dice("clap colour").below(COLOURS)
    for step, mark in hits(pattern, bar.steps):
        if bar.section.clap:
            yield Note(
                instrument="clap", step=bar.swung(step), velocity=LOUDNESS[mark] * bar.section.clap, colour=colour
            )


def _conga(bar: Bar) -> Iterator[Note]:
    """Two drums, one left and one right, busier where the style is."""
    dice = bar.dice("conga")
    pattern = bar.piece.dice("conga", bar.section.phrase % 3).pick(_CONGAS)
    low = bar.piece.dice("conga colour").below(2) * 2
    for step, mark in hits(pattern, bar.steps):
        drum = (low + (1 if step % 8 >= 4 else 0)) % COLOURS
        velocity = bar.section.conga * (0.9 if mark == "s" else 0.7) * dice.between(0.75, 1.1)
        if velocity and dice.chance(0.55 + 0.5 * bar.piece.style.density):
            place = bar.swung(step) + dice.between(0.0, 0.07)
            yield Note(
                instrument="conga", step=place, velocity=velocity, colour=drum * 3 + _STROKES[mark], pan=0.5 - drum % 2
            )


def _hat(bar: Bar) -> Iterator[Note]:
    pattern = bar.piece.dice("hat").pick(_HATS)
    colour = bar.piece.dice("hat colour").below(COLOURS)
    for step, mark in hits(pattern, bar.steps):
        if bar.section.hat:
            velocity = LOUDNESS[mark] * bar.section.hat
            yield Note(instrument="hat", step=bar.swung(step), velocity=velocity, colour=colour, pan=-0.3)


def _opening(bar: Bar) -> Iterator[Note]:
    """A crash where a section begins, and air that rises to it."""
    colour = bar.piece.dice("crash").below(COLOURS)
    if bar.place == 0 and bar.section.log:
        yield Note(instrument="crash", step=0, velocity=0.9 if bar.index else 0.5, colour=colour, pan=0.1)
    if bar.place == 7 and bar.section.builds:
        step = max(0.0, bar.steps - SWEEP_S * SAMPLE_RATE / bar.piece.feel.step_samples)
        yield Note(instrument="sweep", step=step, colour=colour)


def _fill(bar: Bar) -> Iterator[Note]:
    """A few strokes over the last beat, every fourth bar small and every eighth larger."""
    if bar.place % 4 != 3 or (bar.section.builds and bar.place == 7):
        return
    dice = bar.dice("fill")
    start = max(0.0, bar.steps - 4)
    if bar.place == 7 and bar.section.kick:
        yield from dice.pick((_toms, _snares, _flurry))(bar, start)
    elif dice.chance(0.5):
        yield from _flurry(bar, start)


def _toms(bar: Bar, start: float) -> Iterator[Note]:
    for offset, colour in ((0.0, 3), (1.0, 2), (2.0, 1), (3.0, 0)):
        yield Note(
            instrument="tom",
            step=bar.swung(start + offset),
            velocity=0.6 + 0.1 * offset,
            colour=colour,
            pan=0.4 - 0.25 * offset,
        )


def _snares(bar: Bar, start: float) -> Iterator[Note]:
    for offset, velocity in ((0.0, 0.5), (1.0, 0.3), (1.5, 0.4), (2.0, 0.6), (3.0, 0.8)):
        yield Note(instrument="snare", step=bar.swung(start + offset), velocity=velocity, pan=0.1)


def _flurry(bar: Bar, start: float) -> Iterator[Note]:
    for offset, stroke in ((0.0, 2), (1.0, 0), (1.5, 1), (2.0, 0), (2.5, 1), (3.0, 2), (3.5, 0)):
        colour = (int(offset) % 2 * 3 + stroke) % (COLOURS * 3)
        yield Note(
            instrument="conga", step=bar.swung(start + offset), velocity=0.6, colour=colour, pan=0.5 - int(offset) % 2
        )


def _build(bar: Bar) -> Iterator[Note]:
    """A roll that gets louder and closer over the last two bars of a section that climbs."""
    if not (bar.section.builds and bar.place >= 6):
        return
    colour = bar.piece.dice("snare").below(COLOURS)
    whole = math.floor(bar.steps)
    ticks = [float(s) for s in range(0, whole, 4 if bar.place == 6 else 2)]
    ticks += [s + 0.5 for s in range(max(0, whole - 4), whole)] if bar.place == 7 else []
    for step in ticks:
        velocity = 0.22 + 0.3 * (bar.place - 6 + step / bar.steps)
        yield Note(instrument="snare", step=step, velocity=velocity, colour=colour, pan=-0.1)
