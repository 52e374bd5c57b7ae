"""What a prompt gains from its genre: a few words, each with its reason, none against what was said."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from logdrum_engine.groove.dice import Dice
from logdrum_protocol.bounds import Level

from .errors import CultureError
from .genres import PLAIN, Element, Genre, listed, load
from .hearing import hear, is_complete

MAX_PROMPT: Final = 1000
_FEWEST, _MOST = 3, 5


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """Words that were added, and the reason with its source."""

    words: str
    why: str


def enrich(prompt: str, *, genre: str, level: Level, seed: int = 0) -> tuple[Added, ...]:
    """Add a few elements that the prompt neither speaks of nor refuses; equal arguments add equal words."""
    if len(prompt) > MAX_PROMPT:
        raise CultureError(f"A prompt has at most {MAX_PROMPT} characters, this has {len(prompt)}.")
    known = load(genre)
    if level not in known.levels:
        raise CultureError(f"{known.title} has no level {level[:40]!r}; it has {listed(known.levels)}.")
    dice = Dice("culture", prompt, genre, level, seed)
    dealt = _dealt(known, _subgenre(prompt, known), level, dice)
    chosen = _chosen(prompt, known, dealt, _FEWEST + dice.below(_MOST - _FEWEST + 1))
    return tuple(map(_told, chosen))


def _subgenre(prompt: str, genre: Genre) -> str:
    """The first that the prompt names and does not refuse."""
    mentions = hear(prompt, {name: subgenre.words for name, subgenre in genre.subgenres.items()})
    return next((mention.name for mention in mentions if not mention.refused), PLAIN)


def _dealt(genre: Genre, subgenre: str, level: Level, dice: Dice) -> tuple[Element, ...]:
    """Shuffle what fits, one or two of the subgenre's own elements first."""
    played = subgenre if genre.subgenres[subgenre].played else PLAIN
    fitting = [element for element in genre.elements if level in element.levels]
    own = dice.deal([element for element in fitting if _is_own(element, played)], 1 + dice.below(2))
    rest = [element for element in fitting if element not in own and played in (element.subgenres or (played,))]
    return own + dice.deal(rest, len(rest))


def _is_own(element: Element, subgenre: str) -> bool:
    """Whether it tells the subgenre apart: what the plain genre has too does not."""
    return subgenre in element.subgenres and (subgenre == PLAIN or PLAIN not in element.subgenres)


def _chosen(prompt: str, genre: Genre, dealt: Sequence[Element], count: int) -> list[Element]:
    chosen: list[Element] = []
    for element in _open(prompt, genre, dealt):
        if len(chosen) < count and _fits(prompt, [*chosen, element]):
            chosen.append(element)
    return chosen


def _open(prompt: str, genre: Genre, dealt: Sequence[Element]) -> Iterator[Element]:
    """Pass on what the prompt leaves open; each element takes its topics from those after it."""
    if is_complete(prompt):
        return
    mentions = genre.mentions(prompt)
    spoken = {mention.name for mention in mentions}
    refused = {mention.name for mention in mentions if mention.refused}
    for element in dealt:
        topics = genre.topics_of(element.words)
        if not topics & spoken and not genre.around(topics) & refused:
            spoken |= topics
            yield element


def _fits(prompt: str, elements: Sequence[Element]) -> bool:
    """Whether a generator that takes one text can be given all of it."""
    return len(", ".join((prompt, *(element.words for element in elements)))) <= MAX_PROMPT


def _told(element: Element) -> Added:
    return Added(words=element.words, why=f"{element.why} ({listed(element.source)})")
