"""What a prompt gains from its genre: few words, each with its source, none against or again what was said."""

import itertools
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdrum_engine.culture import CultureError, enrich, genres, load
from logdrum_engine.culture.enrichment import MAX_PROMPT
from logdrum_engine.culture.genres import MAX_FILE_BYTES
from logdrum_engine.errors import EngineError
from logdrum_protocol.bounds import Level

LEVELS: tuple[Level, ...] = ("traditional", "contemporary", "fusion")
NAMED = {"plain": "", "private school": "Private School", "sgija": "sgija", "bacardi": "bacardi", "quantum": "quantum"}
FILE = Path(load.__code__.co_filename).parent / "amapiano.toml"

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


def edited(folder: Path, old: str, new: str) -> Path:
    """The genre under another name, with one thing changed."""
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    (folder / "mine.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_every_subgenre_and_level_has_something_to_add() -> None:
    for (subgenre, prompt), level, seed in itertools.product(NAMED.items(), LEVELS, range(20)):
        enriched = enrich(prompt, genre="amapiano", level=level, seed=seed)
        assert enriched.subgenre == subgenre
        assert 3 <= len(enriched.added) <= 5, (subgenre, level, seed)


def test_what_is_added_comes_after_what_was_said_with_its_reason_and_source() -> None:
    enriched = enrich("late drive home", genre="amapiano", level="contemporary")
    assert enriched.prompt == "late drive home, " + ", ".join(added.words for added in enriched.added)
    sources = load("amapiano").sources
    for added in enriched.added:
        reason, named = re.fullmatch(r"(.+\.) \((.+)\)", added.why).groups()  # type: ignore[union-attr]
        assert reason
        assert set(named.split(", ")) <= set(sources)


def test_reasons_fit_where_choices_are_shown() -> None:
    for element in load("amapiano").elements:
        assert len(f"{element.why} ({', '.join(element.source)})") <= 256


def test_a_subgenre_colours_what_is_added() -> None:
    for level in LEVELS:
        plain = {
            added.words for seed in range(40) for added in enrich("", genre="amapiano", level=level, seed=seed).added
        }
        for name in ("private school", "sgija", "bacardi", "quantum"):
            own = {e.words for e in load("amapiano").elements if name in e.subgenres and "plain" not in e.subgenres}
            assert not own & plain
            for seed in range(10):
                assert own & {a.words for a in enrich(name, genre="amapiano", level=level, seed=seed).added}


def test_a_subgenre_that_is_refused_is_not_the_prompts() -> None:
    assert enrich("no sgija please. bacardi", genre="amapiano", level="fusion").subgenre == "bacardi"
    assert enrich("not quantum", genre="amapiano", level="fusion").subgenre == "plain"


def test_bique_is_known_and_not_claimed_to_be_played() -> None:
    bique = load("amapiano").subgenres["bique"]
    assert not bique.played
    plain = {e.words for e in load("amapiano").elements if not e.subgenres or "plain" in e.subgenres}
    for seed in range(20):
        enriched = enrich("bique", genre="amapiano", level="contemporary", seed=seed)
        words = {added.words for added in enriched.added}
        assert enriched.subgenre == "bique"
        assert words <= plain
        assert words & {"syncopated log drum", "sparse kick", "electric piano comping"}


@pytest.mark.parametrize("said", ASKED_AWAY)
def test_what_was_asked_away_or_decided_is_not_added(said: str) -> None:
    for subgenre, level, seed in itertools.product(NAMED.values(), LEVELS, range(12)):
        for prompt in (f"{subgenre} {said}", f"{said}, {subgenre}"):
            for added in enrich(prompt, genre="amapiano", level=level, seed=seed).added:
                assert not re.search(ASKED_AWAY[said], added.words), prompt


@pytest.mark.parametrize(
    "said", ["solo piano", "just pads and rain", "Only drums.", "a cappella", "nothing but congas"]
)
def test_a_prompt_that_says_it_is_complete_stays_as_it_is(said: str) -> None:
    for level in LEVELS:
        enriched = enrich(said, genre="amapiano", level=level)
        assert (enriched.prompt, enriched.added) == (said, ())


def test_a_refusal_ends_with_its_sentence() -> None:
    added = {
        words.words
        for seed in range(40)
        for words in enrich("no vocals. deep", genre="amapiano", level="traditional", seed=seed).added
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
        for added in enrich("I want ambient drums", genre="amapiano", level="contemporary", seed=seed).added
    }
    assert "chattering shakers" in words


@settings(max_examples=150, deadline=None)
@given(prompts, levels, seeds)
def test_what_was_said_stays_and_its_topics_are_left_alone(prompt: str, level: Level, seed: int) -> None:
    genre = load("amapiano")
    enriched = enrich(prompt, genre="amapiano", level=level, seed=seed)
    assert enriched.prompt.startswith(prompt.rstrip())
    assert len(enriched.prompt) <= MAX_PROMPT
    taken = set(genre.topics_of(prompt))
    for added in enriched.added:
        topics = genre.topics_of(added.words)
        assert topics
        assert not topics & taken
        taken |= topics


@settings(max_examples=60, deadline=None)
@given(prompts, levels, seeds)
def test_equal_requests_gain_equal_words_and_never_twice(prompt: str, level: Level, seed: int) -> None:
    once = enrich(prompt, genre="amapiano", level=level, seed=seed)
    assert once == enrich(prompt, genre="amapiano", level=level, seed=seed)
    again = enrich(once.prompt, genre="amapiano", level=level, seed=seed)
    assert not {added.words for added in again.added} & {added.words for added in once.added}


def test_neighbouring_seeds_choose_differently() -> None:
    chosen = {enrich("", genre="amapiano", level="contemporary", seed=seed).prompt for seed in range(50)}
    assert len(chosen) > 35


def test_words_are_only_added_while_the_prompt_stays_within_its_bound() -> None:
    for length in range(MAX_PROMPT - 90, MAX_PROMPT + 1):
        enriched = enrich("a" * length, genre="amapiano", level="fusion", seed=length)
        assert len(enriched.prompt) <= MAX_PROMPT
    assert enrich("a" * MAX_PROMPT, genre="amapiano", level="fusion").added == ()
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
        assert len(enrich(f"{subgenre} no log drum", genre="amapiano", level=level).added) >= 3


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


def test_another_folder_adds_genres_and_its_own_take_the_place_of_ours(tmp_path: Path) -> None:
    edited(tmp_path, 'title = "Amapiano"', 'title = "Mine"')
    (tmp_path / ".half-saved.toml").write_text("=")
    (tmp_path / "Notes.toml").write_text("=")
    assert genres(tmp_path) == ("amapiano", "mine")
    assert load("mine", tmp_path).title == "Mine"
    (tmp_path / "mine.toml").rename(tmp_path / "amapiano.toml")
    assert load("amapiano", tmp_path).title == "Mine"
    assert load("amapiano").title == "Amapiano"
    assert enrich("", genre="amapiano", level="fusion", folder=tmp_path).added


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
def test_a_damaged_file_is_named_with_the_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    folder = edited(tmp_path, old, new)
    with pytest.raises(CultureError, match=rf"^mine\.toml: .*{re.escape(key)}"):
        load("mine", folder)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"\0", b"", b"a = " + b"[" * 50_000, b"#" * (MAX_FILE_BYTES + 1), b"title = 3"]
)
def test_a_file_that_is_no_genre_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(CultureError, match=r"^mine\.toml: "):
        load("mine", tmp_path)


def test_topics_that_lie_within_each_other_do_no_harm(tmp_path: Path) -> None:
    folder = edited(tmp_path, '"low end"]', '"low end"]\nwithin = ["log drum"]')
    assert enrich("no bass", genre="mine", level="fusion", folder=folder).added


def test_an_edited_file_is_read_again(tmp_path: Path) -> None:
    path = edited(tmp_path, 'title = "Amapiano"', 'title = "One"') / "mine.toml"
    assert load("mine", tmp_path).title == "One"
    changed = path.stat().st_mtime_ns + 1_000_000
    edited(tmp_path, 'title = "Amapiano"', 'title = "Two"')
    os.utime(path, ns=(changed, changed))
    assert load("mine", tmp_path).title == "Two"
