"""The drummer: kick, shakers, rims, claps, snares, congas and hats, with fills, builds and openings."""

import math
from collections.abc import Iterator

from logdrum_engine.generator import SAMPLE_RATE

from .patches import CONGA_HIGH, CONGA_LOW, CONGA_MUTED, CONGA_SLAP, drum_colour, drum_place
from .piece import Bar
from .score import LOUDNESS, Note, hits
from .synth.kit import SWEEP_S

_STROKES = {"o": CONGA_LOW, "O": CONGA_HIGH, "m": CONGA_MUTED, "s": CONGA_SLAP}


def play(bar: Bar) -> Iterator[Note]:
    """Play the whole kit for one bar."""
    for player in (_kick, _shaker, _cabasa, _rim, _clap, _snare, _conga, _hat, _opening, _fill, _build):
        yield from player(bar)


def land(bar: Bar) -> Iterator[Note]:
    """Play the last stroke of a piece."""
    if bar.section.kick:
        yield _strike(bar, "kick", 0, 1.0)
    if bar.section.shaker:
        yield _strike(bar, "shaker", 0, 0.6)
    if bar.section.rim:
        yield _strike(bar, "crash", 0, 0.7)


def _strike(bar: Bar, drum: str, step: float, velocity: float, stroke: int = 0) -> Note:
    """One stroke on a drum of the piece's kit, where that drum stands."""
    colour = drum_colour(bar.piece.patches.kit, drum, stroke)
    return Note(instrument=drum, step=step, velocity=velocity, colour=colour, pan=drum_place(drum, stroke))


def _kick(bar: Bar) -> Iterator[Note]:
    """One figure for every phrase of the log drum, so that the two know each other."""
    if not bar.section.kick:
        return
    for step, mark in bar.laid(hits(_kick_pattern(bar))):
        if not _is_held_back(bar, step):
            yield _strike(bar, "kick", step, LOUDNESS[mark] ** 0.4 * bar.section.kick)


def _kick_pattern(bar: Bar) -> str:
    direction = bar.piece.direction
    shelf = bar.book.floors if direction.kick == "four to the floor" else bar.book.sparse
    return bar.piece.dice("kick figure", bar.section.phrase).pick(shelf)


def _is_held_back(bar: Bar, step: float) -> bool:
    """Whether the kick leaves room before a new section, for half a bar where it builds, else for a beat."""
    if bar.left or bar.section.fill == 0 or bar.stretch.bars < 4:
        return False
    return step >= (bar.steps / 2 if bar.section.builds else bar.steps - 4)


def _shaker(bar: Bar) -> Iterator[Note]:
    """Unevenly loud, and never twice alike: the chatter that drives it."""
    pattern = bar.piece.dice("shaker").pick(bar.book.shakers)
    dice = bar.dice("shaker")
    for step, mark in bar.laid(hits(pattern)):
        velocity = LOUDNESS[mark] * bar.section.shaker * dice.between(0.85, 1.1)
        if velocity:
            yield _strike(bar, "shaker", bar.swung(step) + dice.between(0.0, 0.05), velocity, int(step) % 4)


def _cabasa(bar: Bar) -> Iterator[Note]:
    if bar.section.cabasa and bar.piece.dice("cabasa", bar.section.name).chance(0.6):
        pattern = bar.piece.dice("cabasa").pick(bar.book.cabasas)
        for step, mark in bar.laid(hits(pattern)):
            yield _strike(bar, "cabasa", bar.swung(step), LOUDNESS[mark] * bar.section.cabasa, int(step) // 2 % 2)


def _rim(bar: Bar) -> Iterator[Note]:
    dice = bar.dice("rim")
    pattern = bar.piece.dice("rim", bar.section.phrase % 2).pick(bar.book.rims)
    for step, mark in bar.laid(hits(pattern)):
        velocity = LOUDNESS[mark] * bar.section.rim * dice.between(0.85, 1.1)
        if velocity and not dice.chance(0.07):
            yield _strike(bar, "rim", bar.swung(step), velocity)


def _clap(bar: Bar) -> Iterator[Note]:
    """On two and four, where the metre has them."""
    if bar.section.clap:
        for step, mark in bar.laid(hits(bar.piece.dice("clap").pick(bar.book.claps))):
            yield _strike(bar, "clap", bar.swung(step), LOUDNESS[mark] * bar.section.clap)


def _snare(bar: Bar) -> Iterator[Note]:
    """March where the style does, two figures that take turns."""
    if bar.section.clap and bar.book.snares:
        pattern = bar.piece.dice("snare", bar.section.phrase).deal(bar.book.snares, 2)[bar.place % 2]
        for step, mark in bar.laid(hits(pattern)):
            yield _strike(bar, "snare", bar.swung(step), 0.8 * LOUDNESS[mark] * bar.section.clap)


def _conga(bar: Bar) -> Iterator[Note]:
    """Two drums, one left and one right, busier where the style is."""
    dice = bar.dice("conga")
    pattern = bar.piece.dice("conga", bar.section.phrase % 3).pick(bar.book.congas)
    for step, mark in bar.laid(hits(pattern)):
        velocity = bar.section.conga * (0.9 if mark == "s" else 0.7) * dice.between(0.75, 1.1)
        if velocity and dice.chance(0.55 + 0.5 * bar.piece.direction.density):
            yield _strike(bar, "conga", bar.swung(step) + dice.between(0.0, 0.07), velocity, _STROKES[mark])


def _hat(bar: Bar) -> Iterator[Note]:
    if bar.section.hat:
        for step, mark in bar.laid(hits(bar.piece.dice("hat").pick(bar.book.hats))):
            yield _strike(bar, "hat", bar.swung(step), LOUDNESS[mark] * bar.section.hat)


def _opening(bar: Bar) -> Iterator[Note]:
    """A crash where a section begins, and air that rises to it."""
    if not bar.section.hat and not bar.section.builds:
        return
    if bar.place == 0 and bar.section.opens:
        yield _strike(bar, "crash", 0, 0.9)
    if bar.left == 0 and bar.section.builds and _has_drums(bar):
        step = max(0.0, bar.steps - SWEEP_S * SAMPLE_RATE / bar.piece.feel.step_samples)
        yield _strike(bar, "sweep", step, 1.0)


def _has_drums(bar: Bar) -> bool:
    return bar.section.shaker + bar.section.rim + bar.section.kick > 0


def _fill(bar: Bar) -> Iterator[Note]:
    """A few strokes over the last beat, every fourth bar small and at a section's end larger."""
    if not bar.section.fill or (bar.place % 4 != 3 and bar.left) or (bar.section.builds and bar.left == 0):
        return
    dice = bar.dice("fill")
    start = max(0.0, bar.steps - 4)
    if bar.left == 0:
        yield from dice.pick((_toms, _snares, _flurry))(bar, start)
    elif bar.section.conga and dice.chance(0.5):
        yield from _flurry(bar, start)


def _toms(bar: Bar, start: float) -> Iterator[Note]:
    for number in range(4):
        yield _strike(bar, "tom", bar.swung(start + number), 0.6 + 0.1 * number, 3 - number)


def _snares(bar: Bar, start: float) -> Iterator[Note]:
    for offset, velocity in ((0.0, 0.5), (1.0, 0.3), (1.5, 0.4), (2.0, 0.6), (3.0, 0.8)):
        yield _strike(bar, "snare", bar.swung(start + offset), velocity)


def _flurry(bar: Bar, start: float) -> Iterator[Note]:
    for offset, mark in ((0.0, "s"), (1.0, "O"), (1.5, "m"), (2.0, "o"), (2.5, "m"), (3.0, "s"), (3.5, "O")):
        yield _strike(bar, "conga", bar.swung(start + offset), 0.6, _STROKES[mark])


def _build(bar: Bar) -> Iterator[Note]:
    """A roll that gets louder and closer over the last two bars of a section that climbs."""
    if not (bar.section.builds and bar.section.fill and bar.left < 2):
        return
    whole = math.floor(bar.steps)
    last = whole if bar.left else max(0, whole - 4)
    ticks = [*range(0, last, 4 if bar.left else 2), *(half / 2 for half in range(2 * last, 2 * whole))]
    for step in ticks:
        yield _strike(bar, "snare", bar.swung(step), 0.22 + 0.3 * (1 - bar.left + step / bar.steps))
