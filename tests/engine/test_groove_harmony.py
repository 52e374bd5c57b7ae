"""Keys and chords: read as people write them, led by the smallest steps, and one harmony for all of a room."""

import math
from itertools import pairwise

import pytest

from logdrum_engine.generator import Spec
from logdrum_engine.groove.composer import compose
from logdrum_engine.groove.errors import GrooveError
from logdrum_engine.groove.harmony import QUALITIES, chord_of, parse_key
from logdrum_engine.groove.piece import bar_of, piece_of
from logdrum_protocol.records import Harmony
from tests.engine.groove_score import bars_of

DROP = range(8, 24)


def test_the_keys_move_as_little_as_they_can() -> None:
    for seed in range(12):
        piece = piece_of(Spec(seed=seed, prompt="jazzy"))
        hands = [bar_of(piece, bar).chord.voicing for bar in range(16)]
        moves = [sum(min(abs(a - b) for b in one) for a in other) for one, other in pairwise(hands)]
        assert max(moves) <= 11, hands
        assert all(52 <= pitch <= 76 for hand in hands for pitch in hand)


def test_chords_are_sevenths_and_ninths() -> None:
    for quality, intervals in QUALITIES.items():
        assert len(intervals) >= 5, quality
        assert intervals[3] in (9, 10, 11), quality
    symbols = {bar_of(piece_of(Spec(seed=s, key="F minor")), b).chord.symbol for s in range(20) for b in range(32)}
    assert {"Fm9", "Dbmaj9", "Bbm9", "Cm7"} <= symbols


def test_j7_pieces_with_one_harmony_have_one_chord_in_every_bar_of_the_room() -> None:
    first = piece_of(Spec(seed=1, prompt="private school", anchor_tick=8 * 3840))
    other = piece_of(Spec(seed=99, prompt="hard sgija", anchor_tick=21 * 3840, harmony=first.harmony))
    assert other.harmony == first.harmony
    for room_bar in range(21, 300):
        assert bar_of(other, room_bar - 21).chord == bar_of(first, room_bar - 8).chord


def test_j7_a_piece_that_names_a_key_of_its_own_goes_its_own_way() -> None:
    shared = Harmony(seed=4, key="F minor", anchor_tick=0, jazz=0.5)
    assert piece_of(Spec(seed=1, harmony=shared)).harmony == shared
    assert piece_of(Spec(seed=1, harmony=shared, key="Fm")).harmony == shared
    assert piece_of(Spec(seed=1, harmony=shared, key="A minor")).harmony.key == "A minor"


def test_there_is_harmony_before_its_anchor() -> None:
    shared = Harmony(seed=4, key="F minor", anchor_tick=100 * 3840, jazz=0.5)
    assert chord_of(shared, -4) == chord_of(shared, 0)
    assert bars_of(Spec(harmony=shared), range(4))


def test_harmony_changes_with_the_rooms_bars_at_folded_tempi() -> None:
    for bpm in (56.0, 112.0, 224.0):
        first = piece_of(Spec(seed=1, bpm=bpm))
        other = piece_of(Spec(seed=2, bpm=bpm, anchor_tick=8 * 3840, harmony=first.harmony))
        shift = round(8 / first.feel.room_bars)
        assert [bar_of(other, b).chord for b in range(40)] == [bar_of(first, b + shift).chord for b in range(40)]


@pytest.mark.parametrize(("bpm", "apart"), [(224.0, 9), (224.0, 4), (400.0, 3), (640.0, 5), (112.0, 7), (56.0, 3)])
def test_j7_pieces_that_begin_anywhere_have_one_chord_in_every_bar_of_the_room(bpm: float, apart: int) -> None:
    """Where the composer's bar is several of the room's, a chord may change in the midst of it."""
    for seed in range(3):
        first = Spec(seed=seed, bpm=bpm, prompt="only pads")
        harmony = piece_of(first).harmony
        other = Spec(seed=50 + seed, bpm=bpm, prompt="only pads", anchor_tick=apart * 3840, harmony=harmony)
        chords = [chords_by_room_bar(spec, 64) for spec in (first, other)]
        assert chords[0][apart:] == chords[1][: 64 - apart]


def chords_by_room_bar(spec: Spec, count: int) -> list[set[tuple[int, ...]]]:
    """What the pads hold in each bar of the room."""
    feel = piece_of(spec).feel
    found: list[set[tuple[int, ...]]] = [set() for _ in range(count)]
    for index, notes in enumerate(bars_of(spec, range(math.ceil(count / feel.room_bars)))):
        for note in notes:
            begin, end = ((index + step / feel.steps) * feel.room_bars for step in (note.step, note.step + note.length))
            for bar in range(math.floor(begin + 1e-6), min(count, math.ceil(end - 1e-6))):
                found[bar].add(note.pitches)
    return found


@pytest.mark.parametrize("instrument", ["bass", "piano"])
def test_j7_nobody_holds_a_chord_beyond_the_bar_of_the_room_that_has_it(instrument: str) -> None:
    harmony = Harmony(seed=3, key="F minor", anchor_tick=0, jazz=0.5)
    piece = piece_of(Spec(seed=5, bpm=224.0, prompt="piano", anchor_tick=3840, harmony=harmony))
    crossing = 0
    for index in range(8, 40):
        bar = bar_of(piece, index)
        for note in compose(piece, index):
            if note.instrument == instrument and note.step < bar.steps / 2 - 2 and bar.chord != bar.next_chord:
                assert note.step + note.length <= bar.steps / 2 + 1e-9
                crossing += 1
    assert crossing


def test_the_log_drum_and_the_keys_go_to_the_next_chord_together() -> None:
    turns = 0
    for seed in range(12):
        piece = piece_of(Spec(seed=seed, prompt="sgija, busy log drum, piano"))
        for index in DROP:
            bar = bar_of(piece, index)
            late = [note for note in compose(piece, index) if bar.steps - 2 <= note.step < bar.steps]
            tones = {(bar.next_chord.root + interval) % 12 for interval in bar.next_chord.intervals}
            for note in late:
                if note.instrument == "log_drum":
                    assert note.pitches[0] % 12 in tones, (seed, index)
                    turns += bar.chord.root != bar.next_chord.root
                if note.instrument == "piano" and len([n for n in late if n.step == note.step]) > 3:
                    assert note.pitches[0] in bar.next_chord.voicing
    assert turns > 20


@pytest.mark.parametrize(
    ("text", "tonic", "minor"),
    [
        ("F minor", 5, True),
        ("Fm", 5, True),
        ("fm", 5, True),
        ("FM", 5, False),
        ("C# minor", 1, True),
        ("Ab major", 8, False),
        ("A♭", 8, False),
        ("bb min", 10, True),
        ("b minor", 11, True),
        ("E flat major", 3, False),
        (" G ", 7, False),
        ("Cb", 11, False),
    ],
)
def test_keys_are_read_as_people_write_them(text: str, tonic: int, minor: bool) -> None:
    key = parse_key(text)
    assert (key.tonic, key.minor) == (tonic, minor)
    assert parse_key(key.name) == key


@pytest.mark.parametrize("text", [" ", "H minor", "F dorian", "minor", "F##", "Fm7", "♭", "x" * 500])
def test_a_key_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(GrooveError, match="key"):
        piece_of(Spec(key=text))
    with pytest.raises(GrooveError, match="key"):
        piece_of(Spec(harmony=Harmony(seed=1, key=text, anchor_tick=0, jazz=0.5)))
