"""A turn: what was struck before rings on, nothing old begins after it, nothing new before it, and nothing clicks."""

import math
import random

import numpy as np
import pytest
from msgspec.structs import replace

from logdrum_engine.generator import Pcm, Spec, bar_samples
from logdrum_engine.groove import Groove
from logdrum_engine.groove.generator import BLOCK_SAMPLES, Playing
from logdrum_engine.groove.synth.rack import LONGEST_SAMPLES
from logdrum_protocol.records import Notation, Part, PlayedNote
from tests.engine.groove_cases import STEMS, go_on, joined, play, random_spec, total

BAR = round(bar_samples(Spec()))
HERE = Spec(seed=5, key="F minor")


@pytest.fixture(scope="module")
def groove() -> Groove:
    return Groove()


def at_tempo(sample: int, old: Spec, new: Spec) -> int:
    """The same tick, as addresses count at another tempo."""
    return round(sample * old.bpm / new.bpm)


def heard(groove: Groove, old: Spec, new: Spec, turn: int, around: int = 12_000) -> dict[str, Pcm]:
    """What a listener has of each stem around a turn, given as an address of the new tempo."""
    before = at_tempo(turn, new, old)
    state = groove.turn(groove.begin(old, 0), new, turn)
    came = groove.render(old, before - around, before)
    goes = go_on(groove, state, most=-(-around // BLOCK_SAMPLES))
    return {stem: np.concatenate([came[stem], joined(goes, stem)[:, :around]], axis=1) for stem in STEMS}


def assert_no_step(pcm: Pcm, join: int, why: object) -> None:
    change = np.max(np.abs(np.diff(pcm)), axis=0)
    usual = max(np.max(change[join - 6_000 : join - 3]), np.max(change[join + 2 : join + 6_000]))
    assert np.max(change[join - 2 : join + 1]) <= usual + 1e-4, why


def notes_at(instrument: str, *ticks: int) -> Spec:
    notation = Notation(
        parts=(Part(instrument=instrument),), notes=tuple(PlayedNote(0, tick, 1_920, 57, 100) for tick in ticks)
    )
    return Spec(notation=notation)


def test_to_turn_to_the_same_spec_is_to_begin_there(groove: Groove) -> None:
    state = groove.begin(HERE, 0)
    for start in (0, 777, 3 * BAR + 5):
        assert groove.turn(state, replace(HERE), start) == groove.begin(HERE, start)


def test_to_turn_again_to_the_same_spec_does_not_cut_what_rings(groove: Groove) -> None:
    there = replace(HERE, prompt="no drums")
    once = groove.turn(groove.begin(HERE, 0), there, 8 * BAR)
    again = groove.turn(once, there, 8 * BAR + BLOCK_SAMPLES)
    expected, found = go_on(groove, once, 4)[1:], go_on(groove, again, 3)
    for stem in STEMS:
        assert np.array_equal(joined(expected, stem), joined(found, stem))


def test_to_go_back_before_a_turn_is_to_have_begun_with_what_it_turned_to(groove: Groove) -> None:
    there = replace(HERE, prompt="sgija")
    state = groove.turn(groove.begin(HERE, 0), there, 8 * BAR)
    assert groove.turn(state, there, 4 * BAR) == groove.begin(there, 4 * BAR)


def test_what_was_struck_before_a_turn_rings_on(groove: Groove) -> None:
    piano, silence = notes_at("piano", 0), Spec(notation=Notation())
    at = 20_000
    rings = total(go_on(groove, groove.turn(groove.begin(piano, 0), silence, at), 1)[0].stems)
    as_before = total(groove.render(piano, at, at + BLOCK_SAMPLES))
    assert np.max(np.abs(rings)) > 0.01
    assert np.array_equal(rings, as_before)


def test_nothing_old_begins_after_a_turn_and_nothing_new_before(groove: Groove) -> None:
    strikes, silence, at = notes_at("piano", 960), Spec(notation=Notation()), 20_000  # a quarter is 25,714 samples
    after = go_on(groove, groove.turn(groove.begin(strikes, 0), silence, at), 6)
    assert not any(np.any(block.stems["other"]) for block in after)
    late = go_on(groove, groove.turn(groove.begin(silence, 0), strikes, 30_000), 6)
    assert not any(np.any(block.stems["other"]) for block in late)


@pytest.mark.parametrize("bpm", [56.0, 111.3, 119.7, 224.0])
def test_at_another_tempo_what_rings_goes_on_from_where_it_was(groove: Groove, bpm: float) -> None:
    piano, silence = notes_at("piano", 0), Spec(notation=Notation(), bpm=bpm)
    turn = 20_011
    before = at_tempo(turn, silence, piano)
    rings = total(go_on(groove, groove.turn(groove.begin(piano, 0), silence, turn), 1)[0].stems)
    assert np.array_equal(rings, total(groove.render(piano, before, before + BLOCK_SAMPLES)))


def test_a_tempo_change_drops_no_note_and_doubles_none(groove: Groove) -> None:
    """Every note of a piece falls on exactly one side of a turn, wherever among its rounded addresses that is."""
    ticks = tuple(range(0, 3_840, 240))
    old = notes_at("kalimba", *ticks)
    expected = len(groove.events(groove.begin(old, 0), 0, 4 * BAR))
    for bpm in (97.3, 112.5, 120.0, 133.1):
        new = replace(old, bpm=bpm)
        for tick in ticks[1::4]:
            for off in (-1, 0, 1):
                turn = round(tick * 60 / (bpm * 960) * 48_000) + off
                state = groove.turn(groove.begin(old, 0), new, turn)
                assert len(groove.events(state, 0, 4 * BAR)) == expected, (bpm, tick, off)


def test_no_turn_makes_a_step(groove: Groove) -> None:
    dice = random.Random(41)
    for _ in range(12):
        old = random_spec(dice, bpm=dice.uniform(90, 130))
        new = dice.choice(
            (
                random_spec(dice, bpm=old.bpm),
                replace(old, prompt="no log drum, sparse"),
                replace(old, bpm=dice.uniform(90, 130)),
                replace(old, section="break", section_bar=6),
            )
        )
        turn = round(dice.choice((8.0, 6.0, dice.uniform(3, 9))) * bar_samples(new))
        stems = heard(groove, old, new, turn)
        for stem, pcm in {**stems, "mix": total(stems)}.items():
            assert_no_step(pcm, 12_000, (old, new, turn, stem))


def test_a_turn_is_never_louder_than_the_ceiling(groove: Groove) -> None:
    dice = random.Random(43)
    for _ in range(6):
        old, new = random_spec(dice, prompt="hard sgija busy"), random_spec(dice, prompt="party banger")
        stems = heard(groove, old, new, dice.randrange(4, 9) * BAR)
        assert np.max(np.abs(total(stems))) < 0.9, (old, new)


def test_blocks_after_a_turn_are_the_same_from_any_address(groove: Groove) -> None:
    turned = groove.turn(groove.begin(HERE, 0), replace(HERE, bpm=117.0, prompt="sgija"), 5 * BAR + 17)
    whole = go_on(groove, turned, 12)
    for later in (1, 479, 4_801, 30_000):
        state = Playing(turned.segments, turned.next_sample + later)
        again = go_on(Groove(), state, 4)
        for stem in STEMS:
            expected = joined(whole, stem)[:, later : later + 4 * BLOCK_SAMPLES]
            assert np.array_equal(joined(again, stem), expected), (later, stem)


def test_once_the_old_has_died_away_a_turned_piece_is_the_new_one(groove: Groove) -> None:
    there = replace(HERE, prompt="jazzy", bpm=109.0)
    state = groove.turn(groove.begin(HERE, 0), there, 4 * BAR)
    blocks = go_on(groove, state, 2 * LONGEST_SAMPLES // BLOCK_SAMPLES)
    expected = play(Groove(), there, blocks[-1].start_sample, 1)[0]
    for stem in STEMS:
        assert np.array_equal(blocks[-1].stems[stem], expected.stems[stem])


def test_a_state_forgets_what_has_died_away(groove: Groove) -> None:
    state = groove.begin(HERE, 0)
    kept = []
    for number in range(1, 60):
        state = groove.turn(state, replace(HERE, seed=number), number * 60_000)
        kept.append(len(state.segments))
    assert kept[:5] == [2, 3, 4, 5, 6]
    assert max(kept) <= (LONGEST_SAMPLES + 2 * BLOCK_SAMPLES) // 60_000 + 2


def test_a_piece_that_is_over_does_not_sound_into_what_comes_after_it(groove: Groove) -> None:
    over, silence = replace(HERE, bars=1), Spec(notation=Notation())
    after = go_on(groove, groove.turn(groove.begin(over, 0), silence, BAR + 100), 6)
    assert not any(np.any(pcm) for block in after for pcm in block.stems.values())


def test_an_outro_that_is_asked_for_ends_the_piece(groove: Groove) -> None:
    asked = replace(HERE, section="outro", section_bar=8)
    blocks = go_on(groove, groove.turn(groove.begin(HERE, 0), asked, 8 * BAR), 3_000)
    assert len(blocks) < 3_000
    assert not np.any(total(blocks[-1].stems)[:, -1])


def test_a_section_is_as_loud_as_it_would_be_in_its_place(groove: Groove) -> None:
    """What is steered to a section keeps its makeup, so that a break does not become as loud as a drop."""
    asked = replace(HERE, section="break", section_bar=4)
    assert groove.makeup_db(asked) == groove.makeup_db(HERE)


def test_the_section_at_a_tick_is_written_down(groove: Groove) -> None:
    state = groove.begin(replace(HERE, anchor_tick=960), 0)
    section = groove.written(state, 960 + 9 * 3_840)
    assert section is not None
    assert section.start_tick <= 960 + 9 * 3_840 < section.start_tick + section.length_ticks
    assert (section.start_tick - 960) % 3_840 == 0
    assert max(note.tick for note in section.notation.notes) < section.length_ticks
    assert groove.written(state, 0) is None


def test_notes_that_were_given_are_not_written_again(groove: Groove) -> None:
    assert groove.written(groove.begin(notes_at("piano", 0), 0), 0) is None


def test_a_description_names_the_stems_and_the_choices(groove: Groove) -> None:
    description = groove.describe(replace(HERE, prompt="jazzy"))
    assert description.stems == STEMS
    assert description.harmony is not None
    assert description.choices


@pytest.mark.parametrize("late", [0, 1])
def test_a_section_is_written_down_from_where_it_was_turned_to(groove: Groove, late: int) -> None:
    """A bar line between two samples is rounded up by the hub; the bar that begins there belongs to the turn."""
    spec = Spec(seed=4)
    turn = math.floor(5 * bar_samples(spec)) + late
    state = groove.turn(groove.begin(spec, 0), replace(spec, section="drop", section_bar=5), turn)
    section = groove.written(state, 6 * 3_840)
    assert section is not None
    assert (section.name, section.start_tick, section.length_ticks) == ("drop", 5 * 3_840, 16 * 3_840)


def test_a_section_that_was_turned_into_begins_where_the_turn_was(groove: Groove) -> None:
    spec = Spec(seed=4)
    state = groove.turn(groove.begin(spec, 0), replace(spec, prompt="dark"), round(12 * bar_samples(spec)))
    section = groove.written(state, 13 * 3_840)
    assert section is not None
    assert section.start_tick == 12 * 3_840
