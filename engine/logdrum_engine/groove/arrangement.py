"""The order of sections and what plays in each: an intro, a build and cycles that never end, or a whole with an end."""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import accumulate

import msgspec
from msgspec.structs import replace

from logdrum_protocol.bounds import SectionName

from .dice import Dice
from .sections import BREAK, BUILD, DROP, GROOVE, INTRO, LOOP, OUTRO, SECOND, SOUL, STRIP, Section

LOOP_BARS = 8
"""Longest piece that is heard over and over, in the room's bars."""

_ASKED: Mapping[SectionName, Section] = {"intro": INTRO, "build": BUILD, "drop": DROP, "break": BREAK, "outro": OUTRO}
_ASKED_BARS, _DROP_BARS = 8, 16

Part = tuple[Section, int]
_OPENING: tuple[Part, ...] = ((INTRO, 4), (BUILD, 4))
_CYCLES: tuple[tuple[Part, ...], ...] = (
    ((DROP, 16), (STRIP, 8), (BREAK, 8), (BUILD, 8), (SECOND, 16), (SOUL, 8)),
    ((DROP, 16), (SOUL, 8), (STRIP, 8), (BREAK, 8), (SECOND, 16), (GROOVE, 8)),
    ((DROP, 16), (GROOVE, 8), (BREAK, 8), (SECOND, 16), (STRIP, 8), (BUILD, 8)),
)
_OPENING_BARS, _CYCLE_BARS = 8, 64
_SHORTEST_WHOLE, _SHORTEST_WITH_BREAK, _SHORTEST_WITH_CYCLES = 12, 24, 80


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A section in its place."""

    section: Section
    first: int
    bars: int

    def section_at(self, bar: int) -> Section:
        """What plays in one of its bars."""
        later = self.section.then
        return later if later and bar - self.first >= (self.bars + 1) // 2 else self.section


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """All that the order of sections depends on, counted in composed bars."""

    seed: int
    length: float | None = None
    loops: bool = False
    """Whether it is so short that it will be heard over and over."""
    asked: SectionName | None = None
    asked_bar: int = 0

    @property
    def ends_at_bar(self) -> float | None:
        """Where the piece ends; None if never."""
        if self.asked != "outro":
            return self.length
        after = float(self.asked_bar + _ASKED_BARS)
        return after if self.length is None else min(after, self.length)


def stretch_of(form: Form, bar: int) -> Stretch:
    """Look up the section of a bar."""
    if form.asked is not None and bar >= form.asked_bar:
        return _asked_stretch(form, form.asked, bar)
    if form.length is not None:
        whole = _plain if form.loops else _whole
        return _found(_placed(whole(form.seed, max(1, math.ceil(form.length)))), bar)
    return _endless(form.seed, bar)


def _asked_stretch(form: Form, asked: SectionName, bar: int) -> Stretch:
    """The asked section, then what the form has after it."""
    bars = _DROP_BARS if asked == "drop" else _ASKED_BARS
    if form.length is not None:
        parts = _rest(form.seed, asked, max(1, math.ceil(form.length) - form.asked_bar))
        return _found(_placed(parts, form.asked_bar), bar)
    if asked == "outro" or bar < form.asked_bar + bars:
        return Stretch(section=_ASKED[asked], first=form.asked_bar, bars=bars)
    shift = form.asked_bar + bars - _bar_after(asked)
    stretch = _endless(form.seed, bar - shift)
    return replace(stretch, first=stretch.first + shift)


def _endless(seed: int, bar: int) -> Stretch:
    """Cycles after the first are chosen by the seed and bring phrases of their own."""
    if bar < _OPENING_BARS:
        return _found(_placed(_OPENING), bar)
    number, place = divmod(bar - _OPENING_BARS, _CYCLE_BARS)
    return _found(_placed(_cycle(seed, number), bar - place), bar)


def _cycle(seed: int, number: int) -> tuple[Part, ...]:
    if number == 0:
        return _CYCLES[0]
    parts = Dice(seed, "cycle", number).pick(_CYCLES)
    return tuple((_rephrased(section, 3 * number), bars) for section, bars in parts)


def _rephrased(section: Section, by: int) -> Section:
    then = section.then and _rephrased(section.then, by)
    return replace(section, phrase=section.phrase + by, then=then)


def _bar_after(asked: SectionName) -> int:
    """Where an endless piece is just past its first section of a kind."""
    parts = (*_OPENING, *_CYCLES[0])
    ends = accumulate(bars for _, bars in parts)
    return next(end for (section, _), end in zip(parts, ends, strict=True) if section.kind == asked)


def _plain(_seed: int, bars: int) -> tuple[Part, ...]:
    return ((LOOP, bars),)


@lru_cache(maxsize=256)
def _whole(seed: int, bars: int) -> tuple[Part, ...]:
    """Divide a piece that ends: a plain groove where it is short, then with intro and outro, then with a break."""
    if bars < _SHORTEST_WHOLE:
        return _plain(seed, bars)
    intro = 2 if bars < 20 else 4
    build = 4 if bars >= 40 else 2
    outro = 2 if bars < 16 else 4 if bars < 48 else 8
    body = bars - intro - build - outro
    return ((INTRO, intro), (BUILD, build), *_body(seed, bars, body), (OUTRO, outro))


def _body(seed: int, bars: int, body: int) -> Iterable[Part]:
    if bars < _SHORTEST_WITH_BREAK:
        return ((DROP, body),)
    if bars >= _SHORTEST_WITH_CYCLES:
        return _cut(_following(seed, "build"), body)
    pause = 4 if body < 24 else 8
    first = (body - pause) // 4 * 2
    return ((DROP, first), (BREAK, pause), (SECOND, body - pause - first))


@lru_cache(maxsize=256)
def _rest(seed: int, asked: SectionName, bars: int) -> tuple[Part, ...]:
    """What is left of a piece from an asked section on; it lands wherever there is room for an outro."""
    first = min(bars, _DROP_BARS if asked == "drop" else _ASKED_BARS)
    left = bars - first
    if asked == "outro" or left < 2:
        return ((_ASKED[asked], first if asked == "outro" else bars),)
    outro = left if left < 8 else 4
    return ((_ASKED[asked], first), *_cut(_following(seed, asked), left - outro), (OUTRO, outro))


def _following(seed: int, asked: SectionName) -> Iterator[Part]:
    """The sections of an endless piece from just past one of a kind on."""
    at = _bar_after(asked)
    while True:
        stretch = _endless(seed, at)
        yield stretch.section, stretch.bars
        at += stretch.bars


def _cut(parts: Iterable[Part], bars: int) -> tuple[Part, ...]:
    """Take sections to the given length; the last is shortened, or what would be too short goes to the one before."""
    taken: list[Part] = []
    for section, length in parts:
        if bars <= 0:
            break
        if taken and bars < 4:
            taken[-1] = (taken[-1][0], taken[-1][1] + bars)
            break
        taken.append((section, min(length, bars)))
        bars -= length
    return tuple(taken[:-1] + [(_arrived(section), length) for section, length in taken[-1:]])


def _arrived(section: Section) -> Section:
    """What plays last before an outro: what would climb has to have arrived."""
    return SECOND if section.builds else section


@lru_cache(maxsize=256)
def _placed(parts: tuple[Part, ...], first: int = 0) -> tuple[Stretch, ...]:
    starts = accumulate((bars for _, bars in parts), initial=first)
    return tuple(
        Stretch(section=section, first=at, bars=bars) for (section, bars), at in zip(parts, starts, strict=False)
    )


def _found(stretches: tuple[Stretch, ...], bar: int) -> Stretch:
    """The stretch of a bar; past the end it is the last one."""
    return next((s for s in stretches if bar < s.first + s.bars), stretches[-1])
