"""What the band writes: in time, in the key, in its style, never twice the same, and only what can be written down."""

import os
import subprocess
import sys
from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest

from logdrum_engine.generator import Spec
from logdrum_engine.groove import log_drum
from logdrum_engine.groove.composer import compose
from logdrum_engine.groove.errors import GrooveError
from logdrum_engine.groove.harmony import QUALITIES, Chord
from logdrum_engine.groove.metre import laid
from logdrum_engine.groove.patches import KITS, drum_colour, kit_colour
from logdrum_engine.groove.patterns import BOOKS
from logdrum_engine.groove.piece import bar_of, piece_of
from logdrum_engine.groove.score import Note, hits
from tests.engine.groove_score import STYLES, bars_of, line_of, players

DROP = range(8, 24)
ONE_VOICE = {"kick", "log_drum", "bass", "piano", "organ", "kalimba", "bell", "flute"}


def per_bar(style: str, instrument: str) -> float:
    """Strokes in a bar of a drop, on average over seeds."""
    return float(np.mean([len(line_of(Spec(seed=s, prompt=style), DROP, instrument)) / len(DROP) for s in range(12)]))


def onsets(seed: int, style: str, instrument: str) -> list[float]:
    """A drop as a row of numbers: strokes in each 32nd, then each pitch class in each bar."""
    rhythm, pitches = np.zeros((len(DROP), 33)), np.zeros((len(DROP), 12))
    for bar, step, chord in line_of(Spec(seed=seed, prompt=style), DROP, instrument):
        rhythm[bar - DROP.start, int(step * 2 + 0.3)] += 1
        for pitch in chord:
            pitches[bar - DROP.start, pitch % 12] += 1
    return [*rhythm.ravel(), *pitches.ravel()]


def mean_likeness(rows: list[list[float]]) -> float:
    """Mean correlation of all pairs but for what all have in common; of unrelated rows it is about -1 / (n - 1)."""
    left = np.array(rows) - np.mean(rows, axis=0)
    pairs = [np.corrcoef(a, b)[0, 1] for a, b in combinations(left, 2) if a.any() and b.any()]
    return float(np.mean(pairs))


def test_twenty_neighbouring_seeds_are_no_more_alike_than_strangers() -> None:
    for style in STYLES:
        for instrument, different in (("log_drum", 20), ("pad", 18)):
            rows = [onsets(seed, style, instrument) for seed in range(1_000, 1_020)]
            assert len({tuple(row) for row in rows}) >= different, (style, instrument)
            assert abs(mean_likeness(rows) + 1 / 19) < 0.03, (style, instrument)


def test_neighbouring_seeds_differ_in_every_decision() -> None:
    pieces = [piece_of(Spec(seed=seed)) for seed in range(40)]
    assert len({piece.key.name for piece in pieces}) > 8
    assert len({piece.patches.kit for piece in pieces}) > 8
    assert len({round(piece.direction.swing, 3) for piece in pieces}) > 30
    assert {piece.direction.kick for piece in pieces} == {"four to the floor", "sparse"}


_DIGEST = """
import hashlib
from logdrum_engine.generator import Spec
from logdrum_engine.groove.composer import compose
from logdrum_engine.groove.piece import piece_of
piece = piece_of(Spec(seed=77, prompt="jazzy sgija, no hats"))
print(hashlib.sha256(repr([compose(piece, bar) for bar in range(0, 200, 7)]).encode()).hexdigest())
"""


def test_the_same_spec_is_the_same_notes_in_every_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST], capture_output=True, text=True, check=True, env={**os.environ, **seed}
        ).stdout
        for seed in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "4242"})
    }
    assert len(digests) == 1


def test_where_a_piece_is_anchored_changes_no_note() -> None:
    here, there = Spec(seed=3), Spec(seed=3, anchor_tick=123_457)
    assert bars_of(here, range(12)) == bars_of(there, range(12))


def test_every_bar_is_the_same_whatever_was_written_before_it() -> None:
    spec = Spec(seed=12, prompt="sgija")
    forwards = {bar: compose(piece_of(spec), bar) for bar in range(40)}
    for bar in reversed(range(40)):
        assert compose(piece_of(spec), bar) == forwards[bar]


@pytest.mark.parametrize("style", STYLES)
def test_nothing_that_a_player_adds_is_written(style: str) -> None:
    for notes in bars_of(Spec(seed=5, prompt=style), range(0, 90, 3)):
        assert not {note.instrument for note in notes} & {"bloom"}
        for note in notes:
            assert note.step >= 0
            assert 0 < note.velocity <= 1.27, note
            assert note.gain == 1.0
            assert note.pan == 0.0 or not note.pitches
            assert len(note.pitches) <= 1 or note.instrument == "pad"


@pytest.mark.parametrize("style", STYLES)
def test_a_chord_of_the_keys_is_struck_as_one(style: str) -> None:
    for seed in range(4):
        for notes in bars_of(Spec(seed=seed, prompt=style), range(4, 12)):
            chords = Counter(n.step for n in notes if n.instrument == "piano")
            assert set(chords.values()) <= {1, 3, 4}, (seed, chords)


def test_the_log_drum_never_sounds_over_itself_and_glides_without_a_gap() -> None:
    for style in STYLES:
        for notes in bars_of(Spec(seed=9, prompt=f"{style}, gliding"), DROP):
            strokes = [note for note in notes if note.instrument == "log_drum"]
            for one, other in pairwise(strokes):
                gap = other.step - one.step - one.length
                assert gap > 0.02 or (other.glide_from is not None and abs(gap) < 1e-9) or other.glide_from is None
                assert gap > -1e-9
                assert other.glide_from in (None, one.pitches[0])
            assert all(note.step + note.length <= 16.0 for note in strokes)


def test_a_glide_is_a_change_of_pitch() -> None:
    glides = [
        note
        for seed in range(10)
        for notes in bars_of(Spec(seed=seed, prompt="private school"), DROP)
        for note in notes
        if note.glide_from is not None
    ]
    assert len(glides) > 40
    assert all(note.glide_from != note.pitches[0] for note in glides)


def test_the_log_drum_is_syncopated_in_every_style() -> None:
    for style in STYLES:
        for seed in range(8):
            steps = [step for _, step, _ in line_of(Spec(seed=seed, prompt=style), DROP, "log_drum")]
            assert len(steps) >= 2.5 * len(DROP), (style, seed)
            assert sum(step % 4 != 0 for step in steps) > 0.55 * len(steps), (style, seed)


def test_a_log_drum_phrase_comes_back_and_is_answered() -> None:
    """The first bar of four is heard again as the third; the second is something else."""
    same = different = 0
    for seed in range(20):
        bars = [line_of(Spec(seed=seed), range(bar, bar + 1), "log_drum") for bar in (8, 9, 10)]
        call, answer, again = ({round(step % 16, 2) for _, step, _ in bar} for bar in bars)
        same += len(call & again) >= len(call) - 2
        different += call != answer
    assert same == 20
    assert different >= 18


def test_sgija_rolls_and_private_school_sings() -> None:
    def quick(style: str) -> int:
        lines = [line_of(Spec(seed=s, prompt=style), range(bar, bar + 1), "log_drum") for s in range(8) for bar in DROP]
        return sum(b[1] - a[1] < 0.75 for line in lines for a, b in pairwise(line))

    def held(style: str) -> float:
        notes = [n for s in range(8) for bar in bars_of(Spec(seed=s, prompt=style), DROP) for n in bar]
        return float(np.mean([n.length for n in notes if n.instrument == "log_drum"]))

    assert quick("sgija") > 8 * max(1, quick("private school"))
    assert held("private school") > 2 * held("sgija")


def test_styles_differ_where_people_hear_it() -> None:
    kick = {style: per_bar(style, "kick") for style in STYLES}
    rim = {style: per_bar(style, "rim") for style in STYLES}
    shaker = {style: per_bar(style, "shaker") for style in STYLES}
    log = {style: per_bar(style, "log_drum") for style in STYLES}
    assert max(kick, key=kick.__getitem__) in ("sgija", "bacardi")
    assert kick["quantum"] < 0.7 * kick["bacardi"]
    assert rim["sgija"] > 2 * rim["quantum"]
    assert log["sgija"] > 1.5 * log["private school"]
    assert min(shaker.values()) > 6
    assert per_bar("bacardi", "snare") > 4 > per_bar("", "snare")
    assert per_bar("bacardi", "organ") > 2 * per_bar("", "organ")


def test_styles_swing_as_far_as_they_do() -> None:
    swing = {
        style: np.mean([piece_of(Spec(seed=s, prompt=style)).direction.swing for s in range(20)]) for style in STYLES
    }
    assert swing["private school"] > swing[""] > swing["quantum"] > swing["sgija"] > swing["bacardi"] > 0


@pytest.mark.parametrize("book", BOOKS.values(), ids=BOOKS)
def test_every_pattern_is_a_bar_of_sixteen(book: object) -> None:
    fields = [getattr(book, name) for name in ("floors", "sparse", "shakers", "cabasas", "rims", "claps", "snares")]
    fields += [getattr(book, name) for name in ("congas", "hats", "basses", "comps", "organ_comps", "motifs")]
    log = book.log  # type: ignore[attr-defined]
    for pattern in [pattern for field in (*fields, log.calls, log.answers, log.turns) for pattern in field]:
        assert len(pattern) == 16, pattern
        assert pattern.strip("."), pattern
    assert set(log.shape) <= set("CAT")
    assert len(log.shape) == 4


@pytest.mark.parametrize("prompt", ["bright happy", "dark moody"])
def test_the_log_drum_has_room_for_every_chord(prompt: str) -> None:
    piece = piece_of(Spec(prompt=prompt))
    for root in range(12):
        pitches = [log_drum.pitch_of(Chord(root, QUALITIES["m9"], ()), tone, piece) for tone in "ROFDST"]
        assert all(26 <= pitch <= 50 for pitch in pitches), pitches


@pytest.mark.parametrize("style", STYLES)
def test_every_pitch_is_in_the_key(style: str) -> None:
    for seed, key in enumerate(("F minor", "C#m", "Ab major", "A minor", "Bb", "")):
        spec = Spec(seed=seed, prompt=style, key=key)
        tonic = piece_of(spec).key
        allowed = {*tonic.scale, (tonic.tonic + 11) % 12}  # a dominant in a minor key borrows its leading tone
        for notes in bars_of(spec, range(0, 100, 3)):
            assert {pitch % 12 for note in notes for pitch in note.pitches} <= allowed, spec


def test_swing_stretches_what_is_between_two_sixteenths_as_it_moves_them() -> None:
    bar = bar_of(piece_of(Spec(seed=3, prompt="heavy swing")), 8)
    swing = bar.piece.direction.swing
    assert bar.swung(4) == 4
    assert bar.swung(5) == 5 + swing
    assert bar.swung(4.5) == pytest.approx(4 + (1 + swing) / 2)
    assert bar.swung(5.5) == pytest.approx(5 + swing + (1 - swing) / 2)
    assert bar.swung(15.5) == pytest.approx(15 + swing + (1 - swing) / 2)


@pytest.mark.parametrize("metre", [(4, 4), (7, 16), (7, 32), (15, 16)])
def test_swing_keeps_the_order_of_strokes_and_the_bar_line(metre: tuple[int, int]) -> None:
    bar = bar_of(piece_of(Spec(prompt="heavy swing", numerator=metre[0], denominator=metre[1])), 8)
    places = [bar.swung(step / 8) for step in range(int(8 * bar.steps) + 1)]
    assert all(a < b for a, b in pairwise(places))
    assert places[-1] == bar.steps


def test_a_roll_before_a_new_section_is_even_and_swings_with_all_others() -> None:
    piece = piece_of(Spec(seed=2, prompt="heavy swing"))
    bar = bar_of(piece, 7)
    steps = {note.step for note in compose(piece, 7) if note.instrument == "snare"}
    assert {bar.swung(12 + half / 2) for half in range(8)} <= steps


def test_shakers_chatter_unevenly_and_late_on_the_offbeat() -> None:
    for seed in range(6):
        strokes = [note for note in bars_of(Spec(seed=seed), range(9, 10))[0] if note.instrument == "shaker"]
        swing = piece_of(Spec(seed=seed)).direction.swing
        assert len(strokes) == 16
        assert max(note.velocity for note in strokes) > 2 * min(note.velocity for note in strokes)
        late = [note.step - number for number, note in enumerate(strokes)]
        assert all(-1e-9 <= lateness - swing * (number % 2) < 0.051 for number, lateness in enumerate(late))


def test_kicks_are_on_the_grid_and_never_swung_off_the_beat() -> None:
    for style in STYLES:
        steps = [step for _, step, _ in line_of(Spec(seed=2, prompt=style), range(64), "kick")]
        assert all(step == int(step) for step in steps)


METRES = [(3, 4), (6, 8), (5, 4), (7, 8), (2, 4), (12, 8), (9, 8), (1, 16), (7, 32), (15, 4), (4, 1), (11, 4)]


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("bpm", [20.0, 112.0, 999.0])
def test_any_metre_at_any_tempo_is_played_within_its_bar(metre: tuple[int, int], bpm: float) -> None:
    spec = Spec(seed=1, bpm=bpm, numerator=metre[0], denominator=metre[1], prompt="sgija busy")
    steps = piece_of(spec).feel.steps
    bars = bars_of(spec, range(0, 40, 3))
    assert all(bar for bar in bars)
    assert all(note.step < steps for bar in bars for note in bar if note.instrument in ONE_VOICE)


@pytest.mark.parametrize(
    ("metre", "beats"), [((3, 4), [0, 4, 8]), ((6, 8), [0, 6]), ((7, 8), [0, 4, 8]), ((5, 4), [0, 4, 8, 12, 16])]
)
def test_an_odd_metre_has_a_kick_on_every_felt_beat(metre: tuple[int, int], beats: list[int]) -> None:
    spec = Spec(numerator=metre[0], denominator=metre[1], prompt="four on the floor")
    for bar in range(8, 14):
        assert set(beats) <= {step for _, step, _ in line_of(spec, range(bar, bar + 1), "kick")}


@pytest.mark.parametrize("metre", [(3, 4), (5, 4), (7, 8)])
def test_shakers_never_rest_in_an_odd_metre(metre: tuple[int, int]) -> None:
    spec = Spec(seed=2, numerator=metre[0], denominator=metre[1])
    steps = {int(step + 0.01) for _, step, _ in line_of(spec, range(9, 10), "shaker")}
    assert steps == set(range(16 * metre[0] // metre[1]))


def test_five_is_felt_as_three_and_two() -> None:
    feel = piece_of(Spec(numerator=5)).feel
    assert laid(hits("X...x...o...-..."), feel, 0) == [(0, "X"), (4, "x"), (8, "o"), (12, "X"), (16, "-")]


def test_a_bar_of_two_plays_the_halves_of_a_line_in_turn() -> None:
    feel = piece_of(Spec(numerator=2)).feel
    assert laid(hits("X...x...o...-..."), feel, 6) == [(0, "X"), (4, "x")]
    assert laid(hits("X...x...o...-..."), feel, 7) == [(0, "o"), (4, "-")]


def test_six_eight_is_felt_in_threes() -> None:
    strokes = line_of(Spec(seed=2, numerator=6, denominator=8), range(8, 16), "shaker")
    assert {round(step - 0.3) % 6 for _, step, _ in strokes} == {0, 2, 4, 5}


def test_a_long_bar_is_played_to_its_end() -> None:
    for instrument in ("kick", "shaker", "log_drum", "bass", "piano"):
        assert max(step for _, step, _ in line_of(Spec(numerator=11, prompt="piano"), range(8, 12), instrument)) >= 32


def test_new_phrases_keep_coming() -> None:
    lines = {
        tuple((round(step, 2), pitches) for _, step, pitches in line_of(Spec(seed=2), range(bar, bar + 1), "log_drum"))
        for bar in range(8, 1_024, 8)
    }
    assert len(lines) > 60


def test_a_kit_is_a_sound_for_each_drum_and_no_two_kits_need_be_alike() -> None:
    drums = ("kick", "rim", "clap", "snare", "hat", "crash", "shaker", "conga")
    kits = {tuple(kit_colour(kit, drum) for drum in drums) for kit in range(KITS)}
    assert len(kits) == KITS
    assert drum_colour(3, "shaker", 1) == drum_colour(3, "shaker") + 1
    assert len({drum_colour(3, "conga", stroke) for stroke in range(4)}) == 4


def test_all_drums_of_a_piece_are_of_its_kit() -> None:
    piece = piece_of(Spec(seed=6))
    strokes: dict[str, set[int]] = {}
    for bar in range(4, 40):
        for note in compose(piece, bar):
            strokes.setdefault(note.instrument, set()).add(note.colour)
    assert strokes["kick"] == {kit_colour(piece.patches.kit, "kick")}
    assert strokes["log_drum"] == {piece.patches.log_drum}
    assert strokes["pad"] == {piece.patches.pad}


def test_a_bar_before_the_first_is_silent() -> None:
    assert compose(piece_of(Spec()), -1) == []


@pytest.mark.parametrize(
    "wrong", [{"bpm": 0.0}, {"bpm": float("nan")}, {"numerator": 0}, {"denominator": 0}, {"bars": -1}]
)
def test_a_spec_nobody_can_play_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(GrooveError):
        piece_of(Spec(**wrong))  # type: ignore[arg-type]


def test_a_larger_fill_leads_out_of_a_section() -> None:
    """Toms, snares or a flurry of congas, each for some seeds; a bar earlier there is none of it."""
    fills = [players(Spec(seed=seed), range(23, 24)) & {"tom", "snare"} for seed in range(24)]
    assert {"tom"} in fills
    assert {"snare"} in fills
    assert not any(players(Spec(seed=seed), range(22, 23)) & {"tom", "snare"} for seed in range(24))


def test_every_note_has_what_its_instrument_needs() -> None:
    def is_whole(note: Note) -> bool:
        return bool(note.pitches) == (note.instrument in {"log_drum", "bass", "pad", *ONE_VOICE} - {"kick"})

    for style in STYLES:
        assert all(is_whole(note) for notes in bars_of(Spec(seed=8, prompt=style), range(80)) for note in notes)
