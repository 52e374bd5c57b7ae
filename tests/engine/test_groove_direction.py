"""What words do: each choice does what it says and says where it comes from; what is not understood is not claimed."""

import msgspec
import pytest

from logdrum_engine.generator import Spec
from logdrum_engine.groove import words
from logdrum_engine.groove.direction import direct
from logdrum_engine.groove.piece import bar_of, piece_of
from logdrum_protocol.records import Choice, Harmony
from tests.engine.groove_score import STYLES, bars_of, choices, line_of, players

ALL = range(40)
DRUMS = {"kick", "shaker", "cabasa", "hat", "clap", "rim", "conga", "tom", "snare", "crash", "sweep"}
ALWAYS = {"style", "tempo", "key", "chords", "swing", "density", "kick", "log drum", "chords by", "lead", "kit"}


def test_j6_every_decision_is_shown() -> None:
    for style in STYLES:
        assert choices(style).keys() >= ALWAYS


def test_j6_choices_fit_on_the_wire() -> None:
    spec = Spec(
        prompt=("no bass, jazzy sgija, only drums, in C# minor, 118.25 bpm, " * 20)[:1000], added="flute " * 150
    )
    for choice in direct(spec).choices:
        msgspec.json.decode(msgspec.json.encode(choice), type=Choice)


@pytest.mark.parametrize(
    "words", ["zebra", "no vocals", "make it iconic, please!", "(((", "日本", "drop it like it's hot"]
)
def test_unknown_words_change_nothing_and_are_not_claimed(words: str) -> None:
    for seed in range(4):
        assert direct(Spec(prompt=words, seed=seed)) == direct(Spec(seed=seed))
        assert bars_of(Spec(prompt=words, seed=seed), range(12)) == bars_of(Spec(seed=seed), range(12))


@pytest.mark.parametrize(
    ("prompt", "what", "value"),
    [
        ("private school", "style", "private school"),
        ("some Sgija!", "style", "sgija"),
        ("bacardi-leaning", "style", "bacardi"),
        ("QUANTUM", "style", "quantum"),
        ("straight", "swing", "50 %"),
        ("no swing", "swing", "50 %"),
        ("heavy swing", "swing", "66 %"),
        ("kwaito", "kick", "four to the floor"),
        ("four on the floor", "kick", "four to the floor"),
        ("broken kick", "kick", "sparse"),
        ("in A minor", "key", "A minor"),
        ("C#m, please", "key", "C# minor"),
        ("E flat major", "key", "Eb major"),
        ("key of Bb", "key", "Bb major"),
        ("in F# please", "key", "F# major"),
        ("I want it in G", "key", "G major"),
        ("amapiano, a minor", "key", "A minor"),
        ("a minor, slow", "key", "A minor"),
        ("key of d", "key", "D major"),
        ("key of a, please", "key", "A major"),
        ("jazzy amapiano Eb", "key", "Eb major"),
        ("F#, dark", "key", "F# major"),
        ("with flute", "lead", "flute"),
        ("organ instead of piano", "chords by", "organ"),
        ("instead of piano, organ", "chords by", "organ"),
        ("an organ solo", "lead", "organ"),
        ("dark", "mood", "dark"),
        ("no bass", "without", "bass"),
        ("no drums", "without", "drums"),
        ("add congas", "with", "conga"),
        ("less shaker", "with less", "shaker, cabasa"),
    ],
)
def test_a_word_is_understood_and_quoted(prompt: str, what: str, value: str) -> None:
    found, why = choices(prompt)[what]
    assert found == value
    assert why.startswith('you said "')


@pytest.mark.parametrize(
    "prompt",
    [
        "in a minor key",
        "in a club",
        "a minor change",
        "in a sad mood",
        "key of a song",
        "give me a minor",
        "Am I late?",
        "hit A wall",
        "Eb what",
    ],
)
def test_what_only_looks_like_a_key_is_none(prompt: str) -> None:
    assert choices(prompt)["key"] == choices("")["key"]


@pytest.mark.parametrize("prompt", ["not jazzy", "not dark", "never heavy"])
def test_a_word_that_is_taken_back_does_nothing(prompt: str) -> None:
    assert choices(prompt) == choices("")


@pytest.mark.parametrize(
    ("prompt", "wish"),
    [
        ("118 bpm", 118.0),
        ("at 124.5bpm", 124.5),
        ("tempo 110", 110.0),
        ("slow", 108.0),
        ("slower", 108.0),
        ("faster", 116.0),
        ("slow but 118 bpm", 118.0),
        ("118 bpm, nice and slow", 118.0),
        ("groovy", None),
    ],
)
def test_a_tempo_is_a_wish_and_a_number_says_more_than_a_word(prompt: str, wish: float | None) -> None:
    assert direct(Spec(prompt=prompt)).bpm_wish == wish
    assert choices(prompt)["tempo"][0].startswith("112 bpm")


@pytest.mark.parametrize("prompt", ["slow", "slower", "fast", "faster", "quicker", "118 bpm"])
def test_a_room_that_follows_a_wish_for_a_tempo_has_made_it_come_true(prompt: str) -> None:
    for bpm in (90.0, 112.0, 114.5, 128.0):
        wish = direct(Spec(prompt=prompt, bpm=bpm)).bpm_wish
        assert "tempo wish" not in choices(prompt, bpm=wish or bpm)


@pytest.mark.parametrize(("prompt", "bpm"), [("slower", 100.0), ("slow", 108.0), ("faster", 120.0), ("fast", 116.0)])
def test_a_room_that_is_beyond_what_is_wished_for_is_left_as_it_is(prompt: str, bpm: float) -> None:
    assert direct(Spec(prompt=prompt, bpm=bpm)).bpm_wish is None
    assert choices(prompt, bpm=bpm)["tempo"] == (f"{bpm:g} bpm", f'you said "{prompt}"')


def test_the_rooms_tempo_rules() -> None:
    said = choices("118 bpm", bpm=113.0)
    assert said["tempo"] == ("113 bpm", "the room")
    assert said["tempo wish"] == ("118 bpm", 'you said "118 bpm"')
    assert choices("")["tempo"][1] == "the room"


@pytest.mark.parametrize(
    ("prompt", "silent"),
    [
        ("no drums", DRUMS),
        ("no log drum", {"log_drum"}),
        ("without bass, no keys", {"bass", "piano", "organ"}),
        ("drums and no log drums", {"log_drum"}),
        ("no drums, bass or pads", DRUMS | {"bass", "pad"}),
        ("only log drum and bass", DRUMS | {"piano", "organ", "pad", "kalimba", "bell", "flute"}),
        ("drums and log drum only", {"bass", "piano", "organ", "pad", "kalimba", "bell", "flute"}),
        ("no kick", {"kick"}),
        ("no snares", {"snare"}),
        ("no piano", {"piano"}),
        ("minus the harmony", {"piano", "organ", "pad", "kalimba", "bell", "flute"}),
    ],
)
def test_who_is_asked_away_is_silent_and_nobody_else(prompt: str, silent: set[str]) -> None:
    spec = Spec(prompt=prompt, seed=11)
    left = players(spec, ALL)
    assert not left & silent
    assert left | silent >= {"kick", "shaker", "log_drum", "bass", "pad", "rim"}
    assert left


SOUNDS = {
    "beat": DRUMS,
    "percussion": {"shaker", "rim", "conga"},
    "kick drum": {"kick"},
    "shaker": {"shaker"},
    "rims": {"rim"},
    "claps": {"clap"},
    "snares": {"snare"},
    "bongos": {"conga"},
    "hi-hats": {"hat"},
    "fills": {"snare"},
    "log drum": {"log_drum"},
    "bassline": {"bass"},
    "keys": {"piano"},
    "piano": {"piano"},
    "rhodes": {"piano"},
    "organ": {"organ"},
    "pads": {"pad"},
    "lead": {"kalimba", "bell", "flute"},
    "melody": {"kalimba", "bell", "flute"},
    "harmony": {"piano", "pad", "flute"},
    "kalimba": {"kalimba"},
    "bells": {"bell"},
    "flute": {"flute"},
}
"""Whom a name may mean."""
_MORE_OF = {
    "percussion": {"cabasa"},
    "shaker": {"cabasa"},
    "snares": {"clap", "tom", "conga"},
    "hi-hats": {"crash", "sweep"},
    "fills": {"tom", "conga"},
    "keys": {"organ"},
    "harmony": {"organ", "kalimba", "bell"},
}
"""Who may play with them."""


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("ask", ["only {}", "just the {}", "{} alone", "only {} and nothing else, please"])
def test_whoever_is_to_play_alone_sounds_and_all_others_are_silent(name: str, ask: str) -> None:
    bands = [players(Spec(prompt=ask.format(name), seed=seed), ALL) for seed in (1, 2, 3, 4)]
    heard = set.union(*bands)
    assert all(bands)
    assert heard & SOUNDS[name]
    assert heard <= SOUNDS[name] | _MORE_OF.get(name, set()) | {"sweep"}


def test_every_player_that_has_a_name_can_play_alone() -> None:
    assert {name for word in SOUNDS for name, _ in words._names(word)} == set(words.PLAYERS)


@pytest.mark.parametrize("name", sorted(SOUNDS.keys() - {"beat"}))
def test_whoever_is_to_play_with_the_drums_alone_sounds_with_them(name: str) -> None:
    seeds = (1, 2, 3, 4)
    heard = set.union(*(players(Spec(prompt=f"only drums and {name}", seed=seed), ALL) for seed in seeds))
    assert heard & SOUNDS[name]
    assert heard >= {"kick", "shaker", "rim"}
    assert heard <= DRUMS | SOUNDS[name] | _MORE_OF.get(name, set())


@pytest.mark.parametrize(
    "prompt",
    [
        "not only drums",
        "not just drums but piano too",
        "I don't want only drums",
        "not drums only",
        "just the log drum a bit louder",
        "drums only in the break",
        "leave the drums alone",
        "only the drums could be softer",
    ],
)
def test_what_only_sounds_like_alone_silences_nobody(prompt: str) -> None:
    assert not direct(Spec(prompt=prompt)).out
    assert "without" not in choices(prompt)


@pytest.mark.parametrize(
    ("prompt", "added", "chords_by"),
    [
        ("organ chords", "electric piano comping", "organ"),
        ("organ chords", "organ solo", "organ"),
        ("piano", "organ chords", "piano"),
        ("no organ", "organ chords", "piano"),
        ("no piano", "electric piano, organ", "nobody"),
        ("", "organ chords", "organ"),
    ],
)
def test_j6_who_plays_the_chords_is_the_users_word_where_there_is_one(prompt: str, added: str, chords_by: str) -> None:
    for seed in range(6):
        said = choices(prompt, added, seed=seed)["chords by"]
        assert said[0] == chords_by
        assert said[1].startswith("you said" if prompt else "added")


def test_a_roll_is_the_log_drums_only_where_it_is_said_so() -> None:
    assert choices("rolling log drum")["log drum"][0].endswith("rolling")
    for prompt in ("rolling congas", "snare rolls", "drum rolls"):
        assert "rolling" not in choices(prompt)["log drum"][0]


def test_no_drums_but_congas_is_congas() -> None:
    heard = players(Spec(prompt="no drums but add congas", seed=1), ALL)
    assert heard & DRUMS == {"conga"}


def test_who_is_asked_for_is_heard_more() -> None:
    def level(prompt: str, instrument: str) -> float:
        bars = bars_of(Spec(prompt=prompt, seed=3), range(4, 24))
        return sum(note.velocity for bar in bars for note in bar if note.instrument == instrument)

    assert level("quantum, with congas", "conga") > 1.1 * level("quantum", "conga")
    assert level("less shaker", "shaker") < 0.7 * level("", "shaker")


def test_an_organ_that_is_asked_for_plays_the_chords() -> None:
    spec = Spec(prompt="with organ", seed=2)
    chords = [step for _, step, _ in line_of(spec, range(8, 12), "organ")]
    assert len(chords) > 12
    assert not [
        note for bar in bars_of(Spec(prompt="no organ, bacardi"), ALL) for note in bar if note.instrument == "organ"
    ]


@pytest.mark.parametrize(
    ("prompt", "what", "value", "overruled"),
    [
        ("straight, no, more swing", "swing", "66 %", "straight"),
        ("hard but soft", "touch", "soft", "hard"),
        ("sparse, then busy", "density", "busy", "sparse"),
        ("sgija or quantum", "style", "quantum", "sgija"),
        ("quantum amapiano", "style", "quantum", "amapiano"),
        ("118 bpm, slow", "tempo wish", "118 bpm", "slow"),
    ],
)
def test_of_two_that_contradict_the_later_or_more_specific_wins_and_says_so(
    prompt: str, what: str, value: str, overruled: str
) -> None:
    found, why = choices(prompt)[what]
    assert found == value
    assert f'overrules "{overruled}"' in why


def test_what_is_added_acts_and_is_called_so() -> None:
    assert choices("", added="private school, flute")["style"] == ("private school", "added by the genre")
    assert choices("", added="private school, flute")["lead"] == ("flute", "added by the genre")


@pytest.mark.parametrize(
    ("prompt", "added", "what", "value"),
    [
        ("sgija", "private school", "style", "sgija"),
        ("no congas", "congas, shakers", "without", "conga"),
        ("dark", "bright, sunny", "mood", "dark"),
        ("slow", "118 bpm", "tempo wish", "108 bpm"),
        ("quantum", "amapiano", "style", "quantum"),
        ("amapiano", "sgija", "style", "amapiano"),
    ],
)
def test_what_is_added_never_overrules_the_user(prompt: str, added: str, what: str, value: str) -> None:
    found, why = choices(prompt, added)[what]
    assert found == value
    assert why.startswith("you said")


def test_both_the_users_words_and_the_added_ones_act() -> None:
    both = choices("dark", added="straight, with flute")
    assert both["mood"][0] == "dark"
    assert both["swing"] == ("50 %", "added by the genre")
    assert both["lead"] == ("flute", "added by the genre")


def test_j7_the_rooms_harmony_rules_over_a_key_in_the_prompt() -> None:
    shared = Harmony(seed=4, key="F minor", anchor_tick=0, jazz=0.9)
    said = choices("in A minor", harmony=shared)
    assert said["key"] == ("F minor", 'the harmony of the room, which overrules "in A minor"')
    assert said["chords"][1] == "the harmony of the room"
    assert choices("in A minor", harmony=shared, key="C minor")["key"] == ("C minor", "asked for")


def test_without_a_key_the_seed_chooses_a_common_one() -> None:
    keys = [choices("", seed=seed)["key"] for seed in range(60)]
    assert len({name for name, _ in keys}) > 10
    assert {why for _, why in keys} == {"the seed"}
    assert sum(name.endswith("minor") for name, _ in keys) > 35


def test_the_chords_shown_are_those_of_the_first_four_bars() -> None:
    for seed in range(6):
        piece = piece_of(Spec(seed=seed, prompt="jazzy", anchor_tick=5 * 3840))
        played = " ".join(bar_of(piece, bar).chord.symbol for bar in range(4))
        assert choices("jazzy", seed=seed, anchor_tick=5 * 3840)["chords"][0] == played


def test_a_section_is_a_choice_only_where_the_prompt_asks_for_it() -> None:
    assert choices("start with the drop")["section"] == ("drop", 'you said "start with the drop"')
    assert choices("skip to the breakdown")["section"][0] == "break"
    assert "section" not in choices("a long intro and a huge drop")
    assert choices("", section="build")["section"] == ("build", "asked for")


def test_jazzy_words_lead_to_jazzier_chords() -> None:
    def dominants(prompt: str) -> int:
        symbols = [choices(prompt, seed=seed)["chords"][0] for seed in range(30)]
        return sum("13" in text or "7#9" in text or "m7b5" in text for text in symbols)

    assert dominants("jazzy") > 3 * max(1, dominants("sgija"))


def test_words_about_the_log_drum_reach_it() -> None:
    def strokes(prompt: str) -> int:
        return sum(len(line_of(Spec(seed=seed, prompt=prompt), range(8, 16), "log_drum")) for seed in range(8))

    def glides(prompt: str) -> int:
        bars = [bar for seed in range(8) for bar in bars_of(Spec(seed=seed, prompt=prompt), range(8, 16))]
        return sum(note.glide_from is not None for bar in bars for note in bar)

    assert strokes("busy log drum") > 1.2 * strokes("sparse log drum")
    assert strokes("rolling log drum") > 1.1 * strokes("log drum")
    assert glides("gliding log drum") > 1.5 * glides("log drum")


def test_the_longest_prompt_is_read_at_once() -> None:
    """Lists within lists must not send the reader of them back over and over."""
    for text in ("only drums, bass and ", "no drums or bass, ", "drums, ", "only the ", "in C# "):
        assert direct(Spec(prompt=(text * 1_000)[:1_000])).choices
