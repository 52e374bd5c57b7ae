"""What a prompt speaks of, and what it asks away; English is understood, other languages pass unheard."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

import msgspec

_REFUSAL: Final = re.compile(
    r"\b(?:no|non|not|nor|neither|never|without|w/o|minus|sans|zero|less|fewer|avoid|skip|omit|remove|exclude|mute"
    r"|kill|cut|lose|drop the|leave out|\w+n't|dont|doesnt|isnt|shouldnt|cant|wont|cannot)\b"
)
_TURN: Final = re.compile(r"[.;!?\n]|\b(?:but|with|instead|only|just)\b")
"""Where a refusal ends; a comma does not end it, since "no drums, bass or pads" refuses all three."""
_COMPLETE: Final = re.compile(r"\b(?:only|just|nothing but|nothing else|alone|unaccompanied|a ?cappella|solo \w+)\b")
_GAP: Final = r"[\W_]*"


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A name that the words speak of, and whether they refuse it."""

    name: str
    refused: bool


def hear(words: str, phrases: Mapping[str, tuple[str, ...]]) -> list[Mention]:
    """Find every name one of whose phrases is said; where phrases overlap, the longest is what was said."""
    text = plainly(words)
    ear, names = _ear(tuple(phrases.items()))
    refused = list(_refused_spans(text))
    return [
        Mention(
            name=next(name for name, said in zip(names, match.groups(), strict=False) if said is not None),
            refused=match["less"] is not None or any(start <= match.start() < end for start, end in refused),
        )
        for match in ear.finditer(text)
    ]


def is_complete(words: str) -> bool:
    """Whether the words say that there is to be nothing else, as "only" and "solo piano" do."""
    return _COMPLETE.search(plainly(words)) is not None


def plainly(words: str) -> str:
    """Fold case, width, underscores, curly apostrophes and invisible characters away."""
    folded = unicodedata.normalize("NFKC", words).casefold().replace("_", " ").replace("\u2019", "'")
    return "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")


def _refused_spans(text: str) -> Iterator[tuple[int, int]]:
    for refusal in _REFUSAL.finditer(text):
        turn = _TURN.search(text, refusal.end())
        yield refusal.start(), turn.start() if turn else len(text)


@lru_cache(maxsize=64)
def _ear(phrases: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """One pattern, a group for each phrase, longest first; and whose phrase each group is."""
    told = sorted(((phrase, name) for name, own in phrases for phrase in own), key=lambda pair: -len(pair[0]))
    groups = "|".join(f"({_pattern(phrase)})" for phrase, _ in told)
    pattern = rf"\b(?:{groups})(?P<less>{_GAP}(?:less|free))?\b" if told else r"(?!)(?P<less>)"
    return re.compile(pattern), tuple(name for _, name in told)


def _pattern(phrase: str) -> str:
    spelled = _GAP.join(re.escape(word) for word in re.findall(r"[\w*&]+", plainly(phrase)))
    return spelled.replace(r"\*", r"\w*") + ("" if phrase.endswith("*") else "s?")
