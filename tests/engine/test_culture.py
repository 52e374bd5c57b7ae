"""What a prompt gains from its genre: few words, each with its source, none against or again what was said."""

import itertools
import os
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdrum_engine.culture import Added, CultureError, enrich, genres, load
from logdrum_engine.culture.enrichment import MAX_PROMPT
from logdrum_engine.culture.genres import FOLDER, MAX_FILE_BYTES
from logdrum_engine.errors import EngineError
from logdrum_protocol.bounds import Level

LEVELS: tuple[Level, ...] = ("traditional", "contemporary", "fusion")
NAMED = {"plain": "", "private school": "Private School", "sgija": "sgija", "bacardi": "bacardi", "quantum": "quantum"}
FILE = FOLDER / "amapiano.toml"

# What must not be heard of again, once it has been asked away.
ASKED_AWAY = {
    "no log drum": r"log drum",
    "without a log-drum": r"log drum",
    "no LOG_DRUMS": r"log drum",
    "without bass": r"bass|log drum",
    "no sub bass or shakers": r"bass|log drum|shaker",
    "no drums": r"drum|kick|shaker|conga|rim|clap|percussion",
    "no_drums": r"drum|kick|shaker|conga|rim|clap|percussion",
    "drumless": r"drum|kick|shaker|conga|rim|clap|percussion",
    "no keys, drums": r"drum|kick|shaker|conga|rim|clap|percussion|piano|organ|pads|chords|harmony",
    "don't use any percussion": r"drum|kick|shaker|conga|rim|clap|percussion",
    "no heavy beats": r"drum|kick|shaker|conga|rim|clap|percussion",
    "less keys": r"piano|organ|pads|chords|harmony",
    "no jazz": r"jazz|chord|harmony",
    "sparse": r"busy|sparse|spacious",
    "busy": r"busy|sparse|spacious",
    "soft": r"hard|heavy|raw|punchy|soft|warm",
    "straight, not swung": r"swung|swing",
    "no house": r"house|kwaito|afro|pop",
    "kalimba": r"kalimba|lead|hook",
    "bright": r"hypnotic|dark",
    "zero pads": r"pads",
    "pad-free": r"pads",
    "\uff4e\uff4f kicks": r"kick",
}

prompts = st.lists(
    st.one_of(
        st.sampled_from([*ASKED_AWAY, *NAMED.values(), "a prompt.", "but with piano", "sunset drive", "\u2019", "no"]),
        st.text(max_size=20),
    ),
    max_size=6,
).map(", ".join)
levels = st.sampled_from(LEVELS)
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that genres are read from."""
    monkeypatch.setitem(load.__globals__, "FOLDER", tmp_path)
    return tmp_path


def joined(prompt: str, added: tuple[Added, ...]) -> str:
    return ", ".join((prompt, *(each.words for each in added)))


def own_words(subgenre: str) -> set[str]:
    """What tells a subgenre apart."""
    return {e.words for e in load("amapiano").elements if subgenre in e.subgenres and "plain" not in e.subgenres}


def edited(folder: Path, old: str, new: str) -> Path:
    """The genre under another name, with one thing changed."""
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    (folder / "mine.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder / "mine.toml"


def test_every_subgenre_and_level_has_something_to_add() -> None:
    for (subgenre, prompt), level, seed in itertools.product(NAMED.items(), LEVELS, range(20)):
        enriched = enrich(prompt, genre="amapiano", level=level, seed=seed)
        assert 3 <= len(enriched) <= 5, (subgenre, level, seed)


def test_what_is_added_has_its_reason_and_source() -> None:
    enriched = enrich("late drive home", genre="amapiano", level="contemporary")
    sources = load("amapiano").sources
    for added in enriched:
        reason, named = re.fullmatch(r"(.+\.) \((.+)\)", added.why).groups()  # type: ignore[union-attr]
        assert reason
        assert set(named.split(", ")) <= set(sources)


def test_reasons_fit_where_choices_are_shown() -> None:
    for element in load("amapiano").elements:
        assert len(f"{element.why} ({', '.join(element.source)})") <= 256


def test_a_subgenre_colours_what_is_added() -> None:
    for level in LEVELS:
        plain = {added.words for seed in range(40) for added in enrich("", genre="amapiano", level=level, seed=seed)}
        for name in ("private school", "sgija", "bacardi", "quantum"):
            own = own_words(name)
            assert not own & plain
            for seed in range(10):
                assert own & {a.words for a in enrich(name, genre="amapiano", level=level, seed=seed)}


def test_a_subgenre_that_is_refused_is_not_the_prompts() -> None:
    for seed in range(20):
        named, refused = (
            {added.words for added in enrich(prompt, genre="amapiano", level="fusion", seed=seed)}
            for prompt in ("no sgija please. bacardi", "not quantum")
        )
        assert named & own_words("bacardi")
        assert not refused & own_words("quantum")


def test_bique_is_known_and_not_claimed_to_be_played() -> None:
    bique = load("amapiano").subgenres["bique"]
    assert not bique.played
    plain = {e.words for e in load("amapiano").elements if not e.subgenres or "plain" in e.subgenres}
    for seed in range(20):
        enriched = enrich("bique", genre="amapiano", level="contemporary", seed=seed)
        words = {added.words for added in enriched}
        assert words <= plain
        assert words & {"syncopated log drum", "sparse kick", "electric piano comping"}


@pytest.mark.parametrize("said", ASKED_AWAY)
def test_what_was_asked_away_or_decided_is_not_added(said: str) -> None:
    for subgenre, level, seed in itertools.product(NAMED.values(), LEVELS, range(12)):
        for prompt in (f"{subgenre} {said}", f"{said}, {subgenre}"):
            for added in enrich(prompt, genre="amapiano", level=level, seed=seed):
                assert not re.search(ASKED_AWAY[said], added.words), prompt


@pytest.mark.parametrize(
    "said", ["solo piano", "just pads and rain", "Only drums.", "a cappella", "nothing but congas"]
)
def test_a_prompt_that_says_it_is_complete_stays_as_it_is(said: str) -> None:
    for level in LEVELS:
        assert enrich(said, genre="amapiano", level=level) == ()


def test_a_refusal_ends_with_its_sentence() -> None:
    added = {
        words.words
        for seed in range(40)
        for words in enrich("no vocals. deep", genre="amapiano", level="traditional", seed=seed)
    }
    assert {"chattering shakers", "organ lead", "airy pads"} <= added


def test_the_longest_phrase_is_what_was_said() -> None:
    genre = load("amapiano")
    assert genre.topics_of("drum and bass") == {"roots"}
    assert genre.topics_of("Log-Drums") == genre.topics_of("logdrum") == {"log drum"}


def test_wanting_something_is_no_refusal() -> None:
    words = {
        added.words
        for seed in range(40)
        for added in enrich("I want ambient drums", genre="amapiano", level="contemporary", seed=seed)
    }
    assert "chattering shakers" in words


@settings(max_examples=150, deadline=None)
@given(prompts, levels, seeds)
def test_topics_of_what_was_said_are_left_alone(prompt: str, level: Level, seed: int) -> None:
    genre = load("amapiano")
    enriched = enrich(prompt, genre="amapiano", level=level, seed=seed)
    assert len(joined(prompt, enriched)) <= MAX_PROMPT
    taken = set(genre.topics_of(prompt))
    for added in enriched:
        topics = genre.topics_of(added.words)
        assert topics
        assert not topics & taken
        taken |= topics


@settings(max_examples=60, deadline=None)
@given(prompts, levels, seeds)
def test_equal_requests_gain_equal_words_and_never_twice(prompt: str, level: Level, seed: int) -> None:
    once = enrich(prompt, genre="amapiano", level=level, seed=seed)
    assert once == enrich(prompt, genre="amapiano", level=level, seed=seed)
    again = enrich(joined(prompt, once), genre="amapiano", level=level, seed=seed)
    assert not {added.words for added in again} & {added.words for added in once}


def test_neighbouring_seeds_choose_differently() -> None:
    chosen = {enrich("", genre="amapiano", level="contemporary", seed=seed) for seed in range(50)}
    assert len(chosen) > 35


def test_words_are_only_added_while_the_prompt_stays_within_its_bound() -> None:
    for length in range(MAX_PROMPT - 90, MAX_PROMPT + 1):
        enriched = enrich("a" * length, genre="amapiano", level="fusion", seed=length)
        assert len(joined("a" * length, enriched)) <= MAX_PROMPT
    assert enrich("a" * MAX_PROMPT, genre="amapiano", level="fusion") == ()
    with pytest.raises(CultureError, match="at most 1000"):
        enrich("a" * (MAX_PROMPT + 1), genre="amapiano", level="fusion")


def test_nothing_is_called_necessary() -> None:
    genre = load("amapiano")
    told = (
        [element.why for element in genre.elements] + [fact.says for fact in genre.facts] + list(genre.levels.values())
    )
    told += [subgenre.says for subgenre in genre.subgenres.values()]
    for text in told:
        assert not re.search(
            r"(?i)\b(?:must|necess|need|requir|essential|mandator|authentic|real|true|always\b(?<!not always))", text
        ), text


def test_the_traditional_level_is_led_by_organs_and_keys_and_names_no_log_drum() -> None:
    traditional = [element.words for element in load("amapiano").elements if "traditional" in element.levels]
    assert {"organ lead", "warm electric piano"} <= set(traditional)
    assert not [words for words in traditional if "log" in words]


def test_every_level_can_do_without_a_log_drum() -> None:
    for subgenre, level in itertools.product(NAMED.values(), LEVELS):
        assert len(enrich(f"{subgenre} no log drum", genre="amapiano", level=level)) >= 3


def test_credit_is_given_where_it_is_due() -> None:
    (credit,) = load("amapiano").credits
    assert "MDU aka TRP" in credit.to
    assert "Maphorisa and Kabza" in credit.what
    assert credit.source == ("IOL", "EDM Identity", "Kaya 959")


def test_the_tempo_is_the_sources() -> None:
    tempo = load("amapiano").tempo
    assert (tempo.low, tempo.middle, tempo.high) == (108, 112, 115)


def test_an_unknown_genre_or_level_says_what_there_is() -> None:
    with pytest.raises(CultureError, match=r"no genre 'polka'; there is amapiano"):
        enrich("", genre="polka", level="fusion")
    with pytest.raises(EngineError, match=r"no level 'modern'; it has traditional, contemporary, fusion"):
        enrich("", genre="amapiano", level="modern")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["../culture/amapiano", "", "amapiano.toml", "AMAPIANO", "x" * 10_000, "\0"])
def test_a_genres_name_is_no_path(name: str) -> None:
    with pytest.raises(CultureError) as refused:
        load(name)
    assert len(str(refused.value)) < 200


def test_another_genre_is_another_file(elsewhere: Path) -> None:
    shutil.copy(FILE, elsewhere)
    edited(elsewhere, 'title = "Amapiano"', 'title = "Mine"')
    (elsewhere / ".half-saved.toml").write_text("=")
    (elsewhere / "Notes.toml").write_text("=")
    assert genres() == ("amapiano", "mine")
    assert load("mine").title == "Mine"
    assert load("amapiano").title == "Amapiano"
    assert enrich("", genre="mine", level="fusion")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("low = 108", "low = 120", "tempo"),
        ("low = 108", "low = nan", "tempo.low"),
        ('levels = ["traditional"', 'levels = ["modern"', "elements[0].levels[0]"),
        ('levels = ["traditional", "contemporary", "fusion"]', "", "elements[0]"),
        ('words = "airy pads"', 'words = "airy"', "elements[0].words"),
        ('words = "airy pads"', 'words = "airy pads, no drums"', "elements[0].words"),
        ('words = "airy pads"', 'word = "airy pads"', "elements[0]"),
        ('why = "Airy', 'reason = "Airy', "elements[0]"),
        ('subgenres = ["plain", "private school"]', 'subgenres = ["bique"]', "subgenres"),
        ('source = ["IOL"', 'source = ["a friend"', "credits[0].source"),
        ("[subgenres.plain]", "[subgenres.usual]", "subgenres.plain"),
        ('within = ["bass"', 'within = ["brass"', "topics.log drum.within"),
        ('words = ["log drum"]', 'words = ["bass"]', "topics.log drum.words"),
        ('words = ["log drum"]', 'words = ["_"]', "topics"),
        ('words = ["log drum"]', 'words = ["*a*b"]', "topics"),
        ('fusion = "Where', 'modern = "Where', "levels"),
        ("[tempo]", "[tempo", "line"),
    ],
)
def test_a_damaged_file_is_named_with_the_key(elsewhere: Path, old: str, new: str, key: str) -> None:
    edited(elsewhere, old, new)
    with pytest.raises(CultureError, match=rf"^mine\.toml: .*{re.escape(key)}"):
        load("mine")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"\0", b"", b"a = " + b"[" * 50_000, b"#" * (MAX_FILE_BYTES + 1), b"title = 3"]
)
def test_a_file_that_is_no_genre_is_named(elsewhere: Path, content: bytes) -> None:
    (elsewhere / "mine.toml").write_bytes(content)
    with pytest.raises(CultureError, match=r"^mine\.toml: "):
        load("mine")


def test_topics_that_lie_within_each_other_do_no_harm(elsewhere: Path) -> None:
    edited(elsewhere, '"low end"]', '"low end"]\nwithin = ["log drum"]')
    assert enrich("no bass", genre="mine", level="fusion")


def test_an_edited_file_is_read_again(elsewhere: Path) -> None:
    path = edited(elsewhere, 'title = "Amapiano"', 'title = "One"')
    assert load("mine").title == "One"
    changed = path.stat().st_mtime_ns + 1_000_000
    edited(elsewhere, 'title = "Amapiano"', 'title = "Two"')
    os.utime(path, ns=(changed, changed))
    assert load("mine").title == "Two"
