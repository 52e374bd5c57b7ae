"""What the band plays, written down and read again (J8, J9), and the touch that both get."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from logdrum_engine.generator import Spec
from logdrum_engine.groove.composer import compose
from logdrum_engine.groove.metre import Feel, feel_of
from logdrum_engine.groove.notation import Sheet, notation_of, written
from logdrum_engine.groove.patches import Patches, drum_colour, drum_place
from logdrum_engine.groove.piece import Piece, piece_of
from logdrum_engine.groove.score import Note
from logdrum_engine.groove.touch import touched
from logdrum_protocol.instruments import DRUM_KEYS, INSTRUMENTS
from logdrum_protocol.records import Notation, Part, PlayedNote

FEEL = feel_of(Spec())
STEP = 240
"""Ticks of a composed sixteenth at the usual tempi."""

BAR = 16 * STEP
PATCHES = Patches(kit=5, log_drum=3, pad=2)
STROKES = {
    ("kick", 0), ("rim", 0), ("snare", 0), ("clap", 0), ("tom", 0), ("tom", 1), ("tom", 2), ("tom", 3), ("hat", 0),
    ("closed_hat", 0), ("crash", 0), ("conga", 0), ("conga", 1), ("conga", 2), ("conga", 3), ("cabasa", 0),
    ("shaker", 0), ("shaker", 1),
}  # fmt: skip
PROMPTS = ("private school, jazzy", "hard sgija", "dark sparse quantum", "busy bacardi", "soulful organ", "kalimba")


def sheet(*notes: PlayedNote, parts: tuple[str, ...] = ("log_drum",), feel: Feel = FEEL) -> Sheet:
    return Sheet(Notation(parts=tuple(Part(instrument=one) for one in parts), notes=notes), feel)


def read(notation: Notation, bars: int, feel: Feel = FEEL) -> list[list[Note]]:
    paper = Sheet(notation, feel)
    return [paper.bar(bar) for bar in range(bars)]


def in_order(notes: list[Note]) -> list[Note]:
    return sorted(notes, key=lambda note: (note.instrument, note.step, note.pitches, note.colour, note.length))


def performed(piece: Piece, first: int, bars: int) -> list[Note]:
    """What is heard of a piece, steps counted from the first of the bars, without what notes cannot say."""
    heard = (
        replace(note, step=note.step + bar * piece.feel.steps)
        for bar in range(bars)
        for note in touched(compose(piece, first + bar), piece.feel.bar_ticks / piece.feel.steps)
    )
    return in_order([note for note in heard if note.instrument != "sweep"])


_ticks = st.integers(1, 4 * STEP)
_velocities = st.integers(1, 127).map(lambda velocity: velocity / 100)
_steps = st.integers(0, BAR - 1).map(lambda tick: tick / STEP)


@st.composite
def _drum(draw: st.DrawFn) -> Note:
    drum, stroke = draw(st.sampled_from(sorted(STROKES)))
    return Note(
        instrument=drum,
        step=draw(_steps),
        velocity=draw(_velocities),
        length=draw(_ticks) / STEP,
        colour=drum_colour(PATCHES.kit, drum, stroke),
        pan=drum_place(drum, stroke),
    )


@st.composite
def _pitched(draw: st.DrawFn) -> Note:
    name = draw(st.sampled_from(["piano", "organ", "kalimba", "bell", "flute"]))
    return Note(
        instrument=name,
        step=draw(_steps),
        velocity=draw(_velocities),
        length=draw(_ticks) / STEP,
        pitches=(draw(st.integers(0, 127)),),
    )


@st.composite
def _pad(draw: st.DrawFn) -> Note:
    pitches = draw(st.sets(st.integers(0, 127), min_size=1, max_size=6))
    return Note(
        instrument="pad",
        step=draw(_steps),
        velocity=draw(_velocities),
        length=draw(_ticks) / STEP,
        pitches=tuple(sorted(pitches)),
        colour=PATCHES.pad,
    )


@st.composite
def _line(draw: st.DrawFn, name: str, colour: int) -> list[Note]:
    """One voice: every note ends before the next one, or reaches it where that one glides."""
    ticks = sorted(draw(st.sets(st.integers(0, 2 * BAR - 1), max_size=12)))
    line: list[Note] = []
    for tick, end in pairwise([*ticks, 2 * BAR]):
        pitch = draw(st.integers(24, 52))
        glides = bool(line) and line[-1].pitches[0] != pitch and draw(st.booleans())
        if glides:
            line[-1] = replace(line[-1], length=(tick - round(line[-1].step * STEP)) / STEP)
        line.append(
            Note(
                instrument=name,
                step=tick / STEP,
                velocity=draw(_velocities),
                length=draw(st.integers(1, end - tick)) / STEP,
                pitches=(pitch,),
                glide_from=line[-1].pitches[0] if glides else None,
                colour=colour,
            )
        )
    return line


def by_bars(line: list[Note]) -> list[list[Note]]:
    first = [note for note in line if note.step < 16]
    return [first, [replace(note, step=round((note.step - 16) * STEP) / STEP) for note in line if note.step >= 16]]


@given(st.lists(st.one_of(_drum(), _pitched()), max_size=20), _line("log_drum", PATCHES.log_drum), _line("bass", 0))
@settings(deadline=None, max_examples=60)
def test_what_is_written_is_read_as_it_was_played(poly: list[Note], log: list[Note], bass: list[Note]) -> None:
    (log_1, log_2), (bass_1, bass_2) = by_bars(log), by_bars(bass)
    bars = [[*poly, *log_1, *bass_1], [*log_2, *bass_2]]
    assert [in_order(bar) for bar in read(notation_of(bars, FEEL, PATCHES), 2)] == [in_order(bar) for bar in bars]


@given(st.lists(_pad(), max_size=8, unique_by=lambda note: note.step))
@settings(deadline=None, max_examples=40)
def test_a_pads_pitches_become_its_chord_again(pads: list[Note]) -> None:
    assert in_order(read(notation_of([pads], FEEL, PATCHES), 1)[0]) == in_order(pads)


_played = st.builds(
    PlayedNote,
    part=st.integers(0, len(INSTRUMENTS)),
    tick=st.integers(0, 3 * BAR),
    length_ticks=st.integers(1, 2 * BAR),
    pitch=st.integers(0, 127),
    velocity=st.integers(0, 127),
)


@given(st.lists(_played, max_size=30))
@settings(deadline=None, max_examples=60)
def test_whatever_members_draw_can_be_played_and_every_moment_is_kept(notes: list[PlayedNote]) -> None:
    notation = Notation(parts=tuple(Part(instrument=one.name) for one in INSTRUMENTS), notes=tuple(notes))
    heard = [(bar * BAR + round(note.step * STEP)) for bar in range(4) for note in Sheet(notation, FEEL).bar(bar)]
    assert set(heard) == {note.tick for note in notes}
    for bar in range(4):
        assert len(touched(Sheet(notation, FEEL).bar(bar))) >= len(Sheet(notation, FEEL).bar(bar))


@pytest.mark.parametrize("bpm", [20.0, 56.0, 112.0, 231.0])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_written_section_is_performed_as_the_piece_was(prompt: str, bpm: float) -> None:
    piece = piece_of(Spec(prompt=prompt, seed=11, bpm=bpm, key="F minor"))
    for first in (0, 24):
        paper = Sheet(written(piece, first, 8), piece.feel)
        heard = (
            replace(note, step=note.step + bar * piece.feel.steps)
            for bar in range(8)
            for note in touched(paper.bar(bar), piece.feel.bar_ticks / piece.feel.steps)
        )
        assert in_order(list(heard)) == performed(piece, first, 8)


@pytest.mark.parametrize("bpm", [20.0, 56.0, 112.0, 231.0, 999.0])
@pytest.mark.parametrize("metre", [(4, 4), (3, 4), (7, 8), (7, 32), (6, 8)])
def test_ticks_are_the_rooms_at_every_tempo_and_in_every_metre(bpm: float, metre: tuple[int, int]) -> None:
    piece = piece_of(Spec(bpm=bpm, numerator=metre[0], denominator=metre[1], key="F minor"))
    bars = 4
    notation = written(piece, 0, bars)
    room_ticks = bars * piece.feel.room_bars * 3840 * metre[0] / metre[1]
    assert max(note.tick for note in notation.notes) < room_ticks
    read_again = read(notation, bars, piece.feel)
    assert sum(map(len, read_again)) == sum(
        note.instrument != "sweep" for bar in range(bars) for note in compose(piece, bar)
    )


def test_a_part_names_its_patch_and_the_plain_one_goes_without_saying() -> None:
    notes = [Note(instrument=name, step=0, pitches=(40,)) for name in ("log_drum", "pad", "piano")]
    notation = notation_of([[Note(instrument="kick", step=0), *notes]], FEEL, Patches(kit=7, log_drum=0, pad=1))
    assert [part.instrument for part in notation.parts] == ["drums:7", "log_drum", "piano", "pad:1"]


def test_a_glide_is_written_as_an_overlap() -> None:
    line = [
        Note(instrument="log_drum", step=0, length=2, pitches=(31,)),
        Note(instrument="log_drum", step=3, length=1, pitches=(36,), glide_from=31),
    ]
    first, second = notation_of([line], FEEL, PATCHES).notes
    assert second.tick < first.tick + first.length_ticks < second.tick + second.length_ticks


@pytest.mark.parametrize("instrument", ["log_drum:2", "bass"])
def test_a_note_that_begins_while_another_sounds_ends_it_and_glides_from_it(instrument: str) -> None:
    played = sheet(PlayedNote(0, 0, 900, 31, 100), PlayedNote(0, 480, 240, 36, 90), parts=(instrument,)).bar(0)
    assert [(note.step, note.length, note.glide_from) for note in played] == [(0, 2, None), (2, 1, 31)]


def test_a_glide_crosses_the_bar_line() -> None:
    paper = sheet(PlayedNote(0, BAR - 240, 300, 31, 100), PlayedNote(0, BAR, 240, 36, 90))
    assert [note.glide_from for note in paper.bar(1)] == [31]


@pytest.mark.parametrize("instrument", ["piano", "kalimba", "pad"])
def test_other_instruments_play_what_overlaps_together(instrument: str) -> None:
    played = sheet(PlayedNote(0, 0, 900, 61, 100), PlayedNote(0, 480, 240, 66, 90), parts=(instrument,)).bar(0)
    assert [(note.length, note.glide_from) for note in played] == [(3.75, None), (1, None)]


def test_two_tracks_of_one_instrument_do_not_cut_each_other() -> None:
    notes = (PlayedNote(0, 0, 960, 31, 100), PlayedNote(1, 480, 960, 38, 100))
    heard = touched(sheet(*notes, parts=("log_drum", "log_drum")).bar(0))
    assert [(note.length, note.glide_from) for note in heard] == [(4, None), (4, None)]


@pytest.mark.parametrize("text", ["", "theremin", "piano:x", "drum"])
def test_an_unknown_instrument_is_played_on_the_piano(text: str) -> None:
    assert sheet(PlayedNote(0, 0, 240, 60, 100), parts=(text,)).bar(0)[0].instrument == "piano"


def test_a_note_of_a_part_that_is_not_there_is_played_all_the_same() -> None:
    assert sheet(PlayedNote(9, 0, 240, 60, 100)).bar(0)[0].instrument == "piano"


@pytest.mark.parametrize("key", DRUM_KEYS)
def test_every_key_of_the_kit_strikes_a_drum_of_its_own(key: int) -> None:
    strikes = {
        (note.instrument, note.colour) for note in sheet(PlayedNote(0, 0, 240, key, 100), parts=("drums",)).bar(0)
    }
    others = {
        (note.instrument, note.colour)
        for other in DRUM_KEYS
        if other != key
        for note in sheet(PlayedNote(0, 0, 240, other, 100), parts=("drums",)).bar(0)
    }
    assert len(strikes) == 1
    assert not strikes & others


def test_a_key_that_the_kit_has_not_strikes_the_nearest() -> None:
    paper = sheet(PlayedNote(0, 0, 240, 35, 100), PlayedNote(0, 240, 240, 127, 100), parts=("drums",))
    assert [note.instrument for note in paper.bar(0)] == ["kick", "shaker"]


def test_gain_and_pan_of_a_part_are_its_notes_and_change_no_velocity() -> None:
    part = Part(instrument="drums", gain_db=-6.0, pan=-0.5)
    (rim,) = Sheet(Notation(parts=(part,), notes=(PlayedNote(0, 0, 240, 37, 100),)), FEEL).bar(0)
    assert (rim.velocity, rim.gain, rim.pan) == (1.0, pytest.approx(0.501, abs=0.001), pytest.approx(-0.28))


def test_a_chord_blooms_and_a_melody_echoes() -> None:
    piano = [Note(instrument="piano", step=2, pitches=(pitch,)) for pitch in (67, 60, 63)]
    flute = [Note(instrument="flute", step=1, pitches=(72,), velocity=0.8)]
    heard = touched([*piano, *flute])
    strummed = [note for note in heard if note.instrument == "piano"]
    assert [note.pitches[0] for note in strummed] == [60, 63, 67]
    assert [note.step for note in strummed] == sorted(note.step for note in strummed)
    assert strummed[0].pan < strummed[-1].pan
    assert [note.pitches for note in heard if note.instrument == "bloom"] == [(60, 63, 67)]
    echoes = [note.velocity for note in heard if note.instrument == "flute"]
    assert len(echoes) == 3
    assert echoes == sorted(echoes, reverse=True)


def test_a_single_piano_note_does_not_bloom_and_a_chord_of_a_lead_does_not_echo() -> None:
    organ = [Note(instrument="organ", step=0, pitches=(pitch,)) for pitch in (60, 64)]
    assert len(touched([Note(instrument="piano", step=0, pitches=(60,)), *organ])) == 3
