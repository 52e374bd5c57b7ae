"""The order of sections: music from the first bar, the band within six, a form that ends where it should or never."""

import pytest

from logdrum_engine.generator import Spec
from logdrum_engine.groove.arrangement import Stretch
from logdrum_engine.groove.harmony import chord_of
from logdrum_engine.groove.piece import Piece, bar_of, piece_of
from logdrum_protocol.bounds import SectionName
from logdrum_protocol.records import Harmony
from tests.engine.groove_score import STYLES, bars_of, line_of, players

SECTIONS: tuple[SectionName, ...] = ("intro", "build", "drop", "break", "outro")
BAND = {"kick", "shaker", "rim", "log_drum", "bass", "pad"}


def walk(piece: Piece, first: int, last: int) -> list[Stretch]:
    """All sections from one bar to another; each must begin where the one before it ends."""
    found = [piece.stretch(first)]
    while found[-1].first + found[-1].bars < last:
        found.append(piece.stretch(found[-1].first + found[-1].bars))
        assert found[-1].first == found[-2].first + found[-2].bars
    return found


def kinds(spec: Spec, first: int, last: int) -> list[str]:
    return [stretch.section.kind for stretch in walk(piece_of(spec), first, last)]


def test_an_endless_piece_begins_with_a_short_intro_a_build_and_a_drop() -> None:
    opening = walk(piece_of(Spec(seed=3)), 0, 24)
    assert [(s.section.kind, s.bars) for s in opening] == [("intro", 4), ("build", 4), ("drop", 16)]


def test_the_first_bar_is_music() -> None:
    for style in STYLES:
        heard = players(Spec(seed=4, prompt=style), range(1))
        assert {"kick", "shaker", "pad"} <= heard
        assert heard & {"piano", "organ"}


def test_the_whole_band_is_heard_within_six_bars() -> None:
    for style in STYLES:
        for seed in range(8):
            spec = Spec(seed=seed, prompt=style)
            heard = players(spec, range(6))
            assert heard >= BAND, (style, seed)
            assert piece_of(spec).direction.lead in heard, (style, seed)


def test_the_intro_teases_the_log_drum() -> None:
    for seed in range(8):
        strokes = [len(line_of(Spec(seed=seed), range(bar, bar + 1), "log_drum")) for bar in range(4)]
        assert strokes[:2] == [0, 0]
        assert 1 <= strokes[2] <= 2
        assert strokes[3] >= 3  # the pick-up


def test_every_kind_of_section_but_the_outro_keeps_coming() -> None:
    for seed in range(6):
        for cycle in range(5):
            heard = set(kinds(Spec(seed=seed), 8 + 64 * cycle, 72 + 64 * cycle))
            assert heard >= {"drop", "build", "break"}
            assert "outro" not in heard


def test_a_break_is_without_kick_and_log_drum_until_it_leads_on() -> None:
    spec = Spec(seed=3)
    pause = next(s for s in walk(piece_of(spec), 0, 80) if s.section.kind == "break")
    middle = range(pause.first, pause.first + pause.bars // 2)
    assert not players(spec, middle) & {"kick", "log_drum"}
    assert line_of(spec, range(pause.first + pause.bars - 1, pause.first + pause.bars), "log_drum")


def test_what_climbs_rolls_into_what_follows() -> None:
    for seed in range(4):
        spec = Spec(seed=seed)
        assert {"snare", "sweep"} <= players(spec, range(7, 8))
        assert "crash" in players(spec, range(8, 9))
        assert max(step for _, step, _ in line_of(spec, range(7, 8), "kick")) < 8


@pytest.mark.parametrize("bars", [1, 2, 4, 7, 8, 11])
def test_a_short_piece_is_one_groove_that_can_be_looped(bars: int) -> None:
    spec = Spec(seed=2, bars=bars)
    assert kinds(spec, 0, bars) == ["drop"]
    assert players(spec, range(bars)) >= BAND
    assert not players(spec, range(bars)) & {"crash", "sweep"}


def test_eight_bars_are_a_loop_at_any_tempo() -> None:
    assert kinds(Spec(bars=8, bpm=56.0), 0, 16) == ["drop"]


@pytest.mark.parametrize("bars", [12, 13, 16, 20, 23])
def test_from_twelve_bars_on_there_is_an_intro_and_an_outro(bars: int) -> None:
    assert kinds(Spec(bars=bars), 0, bars) == ["intro", "build", "drop", "outro"]


@pytest.mark.parametrize("bars", [24, 31, 48, 79, 80, 111, 1_024])
def test_from_twenty_four_bars_on_there_is_a_break(bars: int) -> None:
    form = kinds(Spec(bars=bars), 0, bars)
    assert form[:3] == ["intro", "build", "drop"]
    assert "break" in form
    assert form[-2:] == ["drop", "outro"]


@pytest.mark.parametrize("bars", [*range(1, 60), 80, 200])
def test_the_form_fills_a_piece_exactly(bars: int) -> None:
    last = walk(piece_of(Spec(bars=bars)), 0, bars)[-1]
    assert last.first + last.bars == bars


@pytest.mark.parametrize("bars", [12, 24, 40])
def test_a_piece_with_an_outro_lands_on_its_last_bar(bars: int) -> None:
    for style in STYLES:
        (landing,) = bars_of(Spec(seed=1, prompt=style, bars=bars), range(bars - 1, bars))
        assert {note.step for note in landing} == {0.0}
        assert {"kick", "crash", "log_drum", "bass", "pad"} <= {note.instrument for note in landing}
        assert max(note.length for note in landing if note.instrument == "bass") > 12


def test_a_piece_ends_where_its_spec_says() -> None:
    assert piece_of(Spec(bars=12)).ends_at_bar == 12
    assert piece_of(Spec()).ends_at_bar is None


@pytest.mark.parametrize("bpm", [56.0, 112.0, 224.0])
def test_a_piece_is_as_long_as_its_bars_at_any_tempo(bpm: float) -> None:
    piece = piece_of(Spec(bars=7, bpm=bpm))
    assert piece.ends_at_bar is not None
    assert round(piece.ends_at_bar * piece.feel.bar_samples) == round(7 * 4 * 60 / bpm * 48_000)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("bars", [None, 60])
def test_j2_a_section_that_is_asked_for_plays_from_its_bar_on(section: SectionName, bars: int | None) -> None:
    piece = piece_of(Spec(seed=5, section=section, section_bar=21, bars=bars))
    stretch = piece.stretch(21)
    assert (stretch.section.kind, stretch.first) == (section, 21)
    assert stretch.bars == (16 if section == "drop" else 8)


@pytest.mark.parametrize(("section", "then"), [("intro", "build"), ("build", "drop"), ("break", "build")])
def test_j2_after_an_asked_section_the_form_goes_on_from_there(section: SectionName, then: str) -> None:
    assert kinds(Spec(seed=5, section=section, section_bar=21), 21, 100)[:2] == [section, then]


def test_j2_what_was_played_before_an_asked_section_stays_as_it_was() -> None:
    before, after = Spec(seed=5), Spec(seed=5, section="break", section_bar=21)
    assert bars_of(before, range(20)) == bars_of(after, range(20))
    assert bars_of(before, range(21, 24)) != bars_of(after, range(21, 24))


@pytest.mark.parametrize("bars", [None, 100])
def test_j2_an_outro_ends_the_piece(bars: int | None) -> None:
    spec = Spec(seed=5, section="outro", section_bar=21, bars=bars)
    assert piece_of(spec).ends_at_bar == 29
    (landing,) = bars_of(spec, range(28, 29))
    assert {note.step for note in landing} == {0.0}


def test_j2_an_outro_is_over_when_the_piece_is() -> None:
    assert piece_of(Spec(section="outro", section_bar=21, bars=24)).ends_at_bar == 24


def test_a_bounded_piece_lands_after_an_asked_section_too() -> None:
    form = kinds(Spec(seed=5, section="break", section_bar=4, bars=40), 4, 40)
    assert form[0] == "break"
    assert form[-2:] == ["drop", "outro"]


def test_a_prompt_may_ask_for_a_section_and_the_parameter_overrules_it() -> None:
    assert kinds(Spec(prompt="start with the drop"), 0, 16) == ["drop"]
    assert kinds(Spec(prompt="start with the drop", section="break"), 0, 8) == ["break"]


def test_at_double_time_an_asked_section_waits_for_the_next_composed_bar() -> None:
    piece = piece_of(Spec(bpm=224.0, section="drop", section_bar=5))
    assert piece.feel.room_bars == 2
    assert piece.stretch(3).first == 3
    assert piece.stretch(3).section.kind == "drop"


def test_the_last_stroke_of_a_piece_is_home() -> None:
    for style in STYLES:
        for seed in range(8):
            spec = Spec(seed=seed, prompt=f"{style}, piano", bars=32)
            piece = piece_of(spec)
            before, last = bar_of(piece, 30), bar_of(piece, 31)
            assert last.lands
            assert last.chord.root == piece.key.tonic
            assert last.chord.symbol.endswith("m9" if piece.key.minor else "maj9")
            assert before.next_chord == last.chord
            assert sum(min(abs(a - b) for b in before.chord.voicing) for a in last.chord.voicing) <= 11
            assert {p % 12 for _, _, chord in line_of(spec, range(31, 32), "bass") for p in chord} == {piece.key.tonic}


def test_j7_the_last_stroke_over_the_harmony_of_the_room_keeps_the_rooms_chord() -> None:
    for seed in range(8):
        harmony = Harmony(seed=seed, key="F minor", anchor_tick=0, jazz=0.5)
        piece = piece_of(Spec(seed=3, bars=32, harmony=harmony))
        assert bar_of(piece, 31).lands
        assert bar_of(piece, 31).chord == chord_of(harmony, 31)
