"""The words of a prompt that mean something to the band, and where in it they were said; all others are passed over."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import msgspec

from logdrum_engine.generator import Spec

_DRUMS = ("kick", "shaker", "cabasa", "hat", "clap", "rim", "conga", "fill")
PLAYERS: Mapping[str, tuple[str, ...]] = {
    "drums": _DRUMS,
    "percussion": ("shaker", "cabasa", "rim", "conga"),
    "kick": ("kick",),
    "shaker": ("shaker", "cabasa"),
    "rim": ("rim",),
    "clap": ("clap",),
    "snare": ("clap", "fill"),
    "conga": ("conga",),
    "hat": ("hat",),
    "fills": ("fill",),
    "log drum": ("log",),
    "bass": ("bass",),
    "keys": ("keys",),
    "piano": ("piano",),
    "organ": ("organ",),
    "pad": ("pad",),
    "lead": ("lead",),
    "harmony": ("keys", "pad", "lead"),
    "kalimba": ("kalimba",),
    "bell": ("bell",),
    "flute": ("flute",),
}
"""Who can be named, and the layers and instruments that are meant."""

_EVERYBODY = tuple(dict.fromkeys(player for players in PLAYERS.values() for player in players))

_INSTRUMENTS: Mapping[str, tuple[str, ...]] = {"keys": ("piano", "organ"), "lead": ("kalimba", "bell", "flute")}
"""The layers that one of several instruments plays."""

_CHORDS_BY = frozenset({"piano", "organ", "organ lead"})
"""Topics of one decision: whoever says something about one of them has decided all."""

_NAMES: Mapping[str, str] = {
    "drums": r"drums?(?: kit)?|beats?",
    "percussion": r"percussions?",
    "kick": r"kick(?: ?drum)?s?|bass ?drums?",
    "shaker": r"shakers?|cabasas?",
    "rim": r"rims?|rim ?shots?",
    "clap": r"claps?",
    "snare": r"snares?",
    "conga": r"congas?|bongos?|hand ?drums?",
    "hat": r"hats?|hi-?hats?",
    "fills": r"fills",
    "log drum": r"log[ _-]?drums?",
    "bass": r"(?:sub[ -]?)?bass(?:line)?",
    "keys": r"keys|chords|comping",
    "piano": r"(?:electric |e-?)?pianos?|rhodes",
    "organ": r"organs?(?: chords| comping| stabs)?|hammond",
    "pad": r"pads?|strings",
    "lead": r"leads?|melody|melodies|hooks?|riffs?",
    "harmony": r"harmony|harmonies|other",
    "kalimba": r"kalimbas?|marimbas?|mbiras?",
    "bell": r"bells?",
    "flute": r"flutes?|whistles?",
}

_SECTION = r"(?P<{0}>intro|build(?:[ -]?up)?|drop|break(?:[ -]?down)?|outro)"
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    ("style", "amapiano", r"(?:plain |classic )?amapiano"),
    ("style", "private school", r"private[ -]?school"),
    ("style", "sgija", r"sgij+a|sgidongo"),
    ("style", "bacardi", r"bacardi|barcadi|bhacardi"),
    ("style", "quantum", r"quantum"),
    ("tempo", "given", r"(?P<bpm>\d{2,3}(?:\.\d{1,2})?) ?bpm|tempo(?: of)? (?P<bpm2>\d{2,3}(?:\.\d{1,2})?)"),
    ("tempo", "slow", r"slow(?:er|ly)?|down-?tempo"),
    ("tempo", "fast", r"fast(?:er)?|up-?tempo|quick(?:er)?"),
    ("swing", "straight", r"straight|(?:no|without) swing|unswung"),
    ("swing", "swung", r"swing|swung|swinging"),
    ("swing", "more", r"(?:more|heavy|heavier|extra|lots of|strong) (?:swing|shuffle)|shuffled?"),
    ("swing", "less", r"(?:less|light|lighter) swing"),
    ("density", "sparse", r"sparse|minimal\w*|stripped|space|spacious|chill\w*|(?:less|not (?:too |so )?)busy"),
    ("density", "busy", r"busy|dense|energetic|party|festival|danc\w+|lively"),
    ("mood", "dark", r"dark\w*|moody|night|sinister"),
    ("mood", "bright", r"bright|happy|sunny|uplift\w*|summer|joy\w*"),
    ("mood", "deep", r"deep"),
    ("touch", "hard", r"hard|heavy|bangers?|aggressive|punchy"),
    ("touch", "soft", r"soft\w*|mellow|smooth|gentle|laid[ -]?back|warm|calm"),
    ("colour", "jazzy", r"jazz\w*|soul\w*|lush"),
    ("colour", "plain", r"(?:simple|plain) chords|one chord|hypnotic"),
    (
        "kick figure",
        "four to the floor",
        r"(?:four|4)[ -](?:on|to)[ -]the[ -]floor|4x4|(?:steady|house) kick|house|kwaito",
    ),
    ("kick figure", "sparse", r"(?:sparse|broken|syncopated) (?:kick|beat)|no (?:four|4)[ -](?:on|to)[ -]the[ -]floor"),
    ("log phrases", "busy", r"(?:busy|dense|wild) log[ -]?drums?"),
    ("log phrases", "sparse", r"(?:sparse|simple|minimal) log[ -]?drums?"),
    ("rolls", "more", r"log[ -]?drum rolls?|rolling log[ -]?drums?|(?<!snare )(?<!drum )rolls"),
    ("glides", "more", r"(?:log[ -]?drum )?(?:glid(?:es?|ing)|slid(?:es?|ing))"),
    ("organ lead", "organ", r"organ (?:lead|solo|melody)"),
    (
        "section",
        "asked",
        r"(?:start|begin|open|come in|go|jump|skip|cut|on|back)(?:s|ing)? (?:straight )?(?:with|on|at|in|from|to|into) "
        rf"(?:the |an? )?{_SECTION.format('section')}|{_SECTION.format('section2')} now",
    ),
)
_NOT = r"\b(?:not|never|no|without|isn't)\s+(?:too |so |very |that |as )?$"
"""What takes back a word that comes right after it."""

_ARTICLE = r"(?:the |any |an? |its |some )?"
_NAMED = "(?:" + "|".join(_NAMES.values()) + ")"
_LIST = (
    rf"{_ARTICLE}{_NAMED}(?:(?:, ?{_ARTICLE}{_NAMED})*,? (?:or|nor) (?:the |any )?{_NAMED}"
    rf"|(?: (?:and|or|nor|&) (?:the |any )?{_NAMED})*)"
)
_FULL_LIST = rf"{_ARTICLE}{_NAMED}(?:(?:, ?| ?, and | and | & | \+ | plus ){_ARTICLE}{_NAMED})*"
_ENDS = r"(?=\s*(?:$|[,.;:!?)]|(?:and|but) nothing else\b|please\b|now\b))"
"""Where a clause ends."""

_AWAY = (
    rf"\b(?:no|not|without|minus|remove|mute|lose|instead of|rather than|leave out|take out) {_LIST}\b"
    r"(?! (?:only|alone)\b)"
)
_LESS = rf"\b(?:less|fewer|quieter|softer|little) {_LIST}\b"
_ONLY = rf"\b(?:(?:only|just|nothing but) {_FULL_LIST}|{_FULL_LIST} (?:only|alone))\b{_ENDS}"
_NOT_ONLY = r"(?:\b(?:not|never|no|without|leave|leaving)|n't)\s+(?:(?:want|like|play|use|have|be) )?$"
"""What takes back the "only" that comes right after it."""

# The note's letter with its mode; or, where that is left out, what can be nothing else: a capital after "in", a letter
# after "key of" or one with an accidental, where the clause ends.
_KEY = (
    r"\b(?:in |key of )?(?:the key of )?(?P<key>[A-Ga-g](?: ?[#♯♭]|b| sharp| flat)?[ -]?(?:minor|major|min|maj)"
    r"|[A-G](?:#|♯|b|♭)?m)\b(?! (?:key|mood|feel|scale|vibe|chord|I\b))"
    r"|(?:\bin |\bkey of |\bkey:? ?)(?P<bare>[A-G](?:[#♯♭]|b\b)|[A-G](?=$|[,.;!]))"
    rf"|\bkey(?: of|:) ?(?P<small>[a-g][#♯♭b]?){_ENDS}"
    rf"|\b(?P<alone>[A-Ga-g][#♯♭]|[A-G]b){_ENDS}"
)
_CLAUSE_BEGINS = r"(?:^|[,.;:!?(])\s*$"


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said."""

    topic: str
    value: str
    text: str
    from_user: bool
    """By the user, and not by what enrichment added."""
    rank: int
    """How specific it is."""
    at: int

    @property
    def weight(self) -> tuple[bool, int, int]:
        """What is said by the user, more specific or later wins."""
        return self.from_user, self.rank, self.at

    @property
    def why(self) -> str:
        """Where it comes from, for people."""
        return f'you said "{self.text[:40]}"' if self.from_user else "added by the genre"


class Reading(msgspec.Struct, frozen=True):
    """All that a prompt says to the band."""

    mentions: tuple[Mention, ...]

    def best(self, topic: str) -> Mention | None:
        """What counts of all that was said about a topic."""
        return max((m for m in self.mentions if m.topic == topic), key=lambda m: m.weight, default=None)

    def value(self, topic: str) -> str | None:
        """The value of what counts."""
        mention = self.best(topic)
        return mention.value if mention else None

    def why(self, topic: str, otherwise: str) -> str:
        """Where a decision comes from; what was overruled is said, too."""
        mention = self.best(topic)
        if mention is None:
            return otherwise
        others = [m for m in self.mentions if m.topic == topic and m.from_user and m.value != mention.value]
        return mention.why + (f', which overrules "{others[-1].text[:40]}"' if others else "")


def read(spec: Spec) -> Reading:
    """Read the prompt and what was added to it."""
    said = tuple(_mentions(spec.prompt, True))
    decided = _CHORDS_BY if any(mention.topic in _CHORDS_BY for mention in said) else frozenset()
    return Reading((*said, *(mention for mention in _mentions(spec.added, False) if mention.topic not in decided)))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _mentions(text: str, from_user: bool) -> Iterator[Mention]:
    plain = " ".join(text.replace("\u2019", "'").split())
    for topic, value, at, end, rank in (*_keys(plain), *_meanings(plain), *_players(plain)):
        yield Mention(topic=topic, value=value, text=plain[at:end], from_user=from_user, rank=rank, at=at)


_Found = tuple[str, str, int, int, int]
"""Topic, value, begin, end and rank."""


def _keys(text: str) -> Iterator[_Found]:
    for match in re.finditer(_KEY, text):
        if not match[0].startswith("a ") or _is_clause(text, match):  # unlike "a minor change"
            key = next(name for name in match.groups() if name)
            yield "key", key, match.start(), match.end(), 0


def _is_clause(text: str, match: re.Match[str]) -> bool:
    """Whether the words are all that is said between two stops."""
    begins, ends = _compiled(_CLAUSE_BEGINS), _compiled(_ENDS)
    return bool(begins.search(text[: match.start()]) and ends.match(text, match.end()))


def _meanings(text: str) -> Iterator[_Found]:
    """Words with a meaning of their own; of two that overlap, the longer counts."""
    found = [
        (match, topic, value)
        for topic, value, words in _MEANINGS
        for match in _compiled(rf"\b(?:{words})\b").finditer(text)
        if not _compiled(_NOT).search(text[: match.start()])
    ]
    taken: list[re.Match[str]] = []
    for match, topic, value in sorted(found, key=lambda each: (each[0].start() - each[0].end(), each[0].start())):
        if not any(match.start() < other.end() and other.start() < match.end() for other in taken):
            taken.append(match)
            yield topic, _said(match) or value, match.start(), match.end(), _rank(topic, value)


def _said(match: re.Match[str]) -> str | None:
    """The number or the section that the words name."""
    named = next((text for text in match.groupdict().values() if text), None)
    return named and re.sub(r"[ -]?(?:up|down)$", "", named.lower())


def _rank(topic: str, value: str) -> int:
    """A number says more than "slow", a subgenre more than the genre."""
    if topic == "tempo":
        return 1 if value == "given" else 0
    return 0 if value == "amapiano" else 1


def _players(text: str) -> Iterator[_Found]:
    """Who is in, out or to play less; the topics are the names of layers and instruments."""
    names = list(_names(text))
    for only in _compiled(_ONLY).finditer(text):
        if not _compiled(_NOT_ONLY).search(text[: only.start()]):
            alone = _with_instruments(name for name, span in names if only.start() <= span[0] and span[1] <= only.end())
            yield from ((player, "out", *only.span(), -1) for player in _EVERYBODY if player not in alone)
    phrases = [
        (value, match.span())
        for value, words in (("out", _AWAY), ("less", _LESS))
        for match in _compiled(words).finditer(text)
    ]
    for name, span in names:
        value, (begin, end) = next(((v, s) for v, s in phrases if s[0] <= span[0] and span[1] <= s[1]), ("in", span))
        # One who is named is meant more than one of a group.
        yield from ((layer, value, begin, end, int(len(PLAYERS[name]) == 1)) for layer in PLAYERS[name])


def _with_instruments(names: Iterable[str]) -> set[str]:
    """Layers and instruments that are named, with those that a layer is played on and the layer an instrument plays."""
    named = {player for name in names for player in PLAYERS[name]}
    played = {layer for layer, able in _INSTRUMENTS.items() if named.intersection(able)}
    return named | played | {name for layer in named for name in _INSTRUMENTS.get(layer, ())}


def _names(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    found = [
        (name, match.span())
        for name, words in _NAMES.items()
        for match in _compiled(rf"\b(?:{words})\b").finditer(text)
    ]
    for name, span in found:
        if not any(other != span and other[0] <= span[0] and span[1] <= other[1] for _, other in found):
            yield name, span
