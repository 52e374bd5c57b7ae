"""Genres as files: one TOML file each, checked as a whole when it is read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from logdrum_protocol.bounds import Bpm, Level

from .errors import CultureError
from .hearing import Mention, hear

PLAIN: Final = "plain"
"""The subgenre of a prompt that names none; every genre has it."""
MAX_FILE_BYTES: Final = 256 * 1024
MAX_GENRES: Final = 200
FOLDER: Final = Path(__file__).parent
"""Where the genres are: another one is another file."""
_FILE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9 _-]{0,39}\.toml")

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=40)]
Words: TypeAlias = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f,.;:!?]+\Z")]
Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=160)]
Source: TypeAlias = Annotated[str, Meta(min_length=1, max_length=28)]
Sources: TypeAlias = Annotated[tuple[Source, ...], Meta(min_length=1, max_length=3)]
Names: TypeAlias = Annotated[tuple[Name, ...], Meta(max_length=20)]
Phrase: TypeAlias = Annotated[str, Meta(max_length=40, pattern=r"^[^\W_][^*]*\*?\Z")]
Phrases: TypeAlias = Annotated[tuple[Phrase, ...], Meta(max_length=60)]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file; a key that is misspelt is an error, not silence."""


class _Sourced(_Table, frozen=True, kw_only=True):
    """Something that somebody said."""

    source: Sources


class Tempo(_Sourced, frozen=True, kw_only=True):
    """Where the genre's tempo lies, in beats a minute."""

    low: Bpm
    middle: Bpm
    high: Bpm


class Fact(_Sourced, frozen=True, kw_only=True):
    """Something that is said of the genre, and by whom."""

    says: Text


class Credit(_Sourced, frozen=True, kw_only=True):
    """Who is to be thanked for what."""

    to: Name
    what: Text


class Subgenre(_Sourced, frozen=True, kw_only=True):
    """A way the genre is played, and the words of a prompt that name it."""

    words: Phrases
    says: Text
    played: bool = True
    """False where the genre knows of it and the composer cannot play it: its prompts get plain elements."""


class Topic(_Table, frozen=True, kw_only=True):
    """Something prompts speak of, the words they use for it, and the wider topics it lies within."""

    words: Annotated[Phrases, Meta(min_length=1)]
    within: Names = ()


class Element(_Sourced, frozen=True, kw_only=True):
    """Words a prompt may gain; no subgenres stands for all of them."""

    words: Words
    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=3)]
    why: Text
    subgenres: Names = ()


class Genre(_Table, frozen=True, kw_only=True):
    """One file."""

    title: Name
    sources: Annotated[tuple[Source, ...], Meta(min_length=1, max_length=100)]
    tempo: Tempo
    levels: Annotated[Mapping[Level, Text], Meta(min_length=1)]
    subgenres: Annotated[Mapping[Name, Subgenre], Meta(max_length=40)]
    topics: Annotated[Mapping[Name, Topic], Meta(max_length=100)]
    elements: Annotated[tuple[Element, ...], Meta(max_length=500)]
    facts: Annotated[tuple[Fact, ...], Meta(max_length=100)] = ()
    credits: Annotated[tuple[Credit, ...], Meta(max_length=100)] = ()

    def topics_of(self, words: str) -> frozenset[str]:
        """Return the topics that the words speak of."""
        return frozenset(mention.name for mention in self.mentions(words))

    def mentions(self, words: str) -> list[Mention]:
        """Hear every topic in the words, in their order."""
        return hear(words, {name: topic.words for name, topic in self.topics.items()})

    def around(self, topics: Iterable[str]) -> frozenset[str]:
        """Return the topics themselves and all they lie within."""
        found, left = set[str](), list(topics)
        while left:
            topic = left.pop()
            if topic not in found:
                found.add(topic)
                left += self.topics[topic].within
        return frozenset(found)


def genres() -> tuple[str, ...]:
    """Name the genres there are; files of other names than `lower-case.toml` are not genres."""
    return tuple(sorted(_files()))


def load(genre: str) -> Genre:
    """Read a genre."""
    files = _files()
    if genre not in files:
        raise CultureError(f"There is no genre {genre[:40]!r}; there is {listed(genres())}.")
    path = files[genre]
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as fault:
        raise CultureError(f"{path.name}: the file cannot be read.") from fault


def listed(names: Iterable[str]) -> str:
    """Join names for a sentence."""
    return ", ".join(names)


def _files() -> dict[str, Path]:
    named = {path.stem: path for path in FOLDER.glob("*.toml") if _FILE_NAME.fullmatch(path.name) and path.is_file()}
    if len(named) > MAX_GENRES:
        raise CultureError(f"There are {len(named)} genres; {MAX_GENRES} is the most.")
    return named


@lru_cache(maxsize=32)
def _read(path: Path, changed: int) -> Genre:
    """Read and check; `changed` keeps an edited file from being remembered as it was."""
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise CultureError(f"{path.name}: a genre's file has at most {MAX_FILE_BYTES // 1024} KiB.")
    try:
        genre = msgspec.toml.decode(content, type=Genre)
    except (msgspec.MsgspecError, ValueError, RecursionError) as fault:  # ValueError: bad UTF-8 and bad TOML
        raise CultureError(f"{path.name}: {fault}") from fault
    if complaint := next(_complaints(genre), None):
        raise CultureError(f"{path.name}: {complaint}")
    return genre


def _complaints(genre: Genre) -> Iterator[str]:
    """Say what the types cannot: what does not fit together."""
    if not genre.tempo.low <= genre.tempo.middle <= genre.tempo.high:
        yield "tempo: low, middle and high are not in this order."
    if PLAIN not in genre.subgenres:
        yield f"subgenres.{PLAIN}: this subgenre is missing."
    yield from _untold_sources(genre)
    yield from _loose_topics(genre)
    for number, element in enumerate(genre.elements):
        for complaint in _complaints_of(genre, element):
            yield f"elements[{number}].{complaint} ({element.words})"


def _untold_sources(genre: Genre) -> Iterator[str]:
    told: list[tuple[str, _Sourced]] = [("tempo", genre.tempo)]
    told += [(f"subgenres.{name}", subgenre) for name, subgenre in genre.subgenres.items()]
    told += [(f"facts[{number}]", fact) for number, fact in enumerate(genre.facts)]
    told += [(f"credits[{number}]", credit) for number, credit in enumerate(genre.credits)]
    told += [(f"elements[{number}]", element) for number, element in enumerate(genre.elements)]
    for key, entry in told:
        for source in entry.source:
            if source not in genre.sources:
                yield f"{key}.source: {source!r} is not among the file's sources."


def _loose_topics(genre: Genre) -> Iterator[str]:
    owners: dict[str, str] = {}
    for name, topic in genre.topics.items():
        for wider in topic.within:
            if wider not in genre.topics:
                yield f"topics.{name}.within: there is no topic {wider!r}."
        for phrase in topic.words:
            if (owner := owners.setdefault(phrase, name)) != name:
                yield f"topics.{name}.words: {phrase!r} is a word of {owner!r} already."


def _complaints_of(genre: Genre, element: Element) -> Iterator[str]:
    for level in element.levels:
        if level not in genre.levels:
            yield f"levels: there is no level {level!r}."
    for name in element.subgenres:
        if name not in genre.subgenres or not genre.subgenres[name].played:
            yield f"subgenres: there is no subgenre {name!r} that is played."
    if not genre.topics_of(element.words):
        yield "words: they hold no word of any topic."
