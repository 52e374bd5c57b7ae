"""The MIDI file of a room, read back by mido (X4)."""

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import mido  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdrum_protocol.document import Entity
from logdrum_server.exports.arrangement import Arrangement, Note
from logdrum_server.exports.midi import apart, write_midi
from tests.server.export_cases import BAR, BEAT, arrangement, clip, marker, note, track


def saved(room: Arrangement, folder: Path) -> mido.MidiFile:
    write_midi(room, folder / "room.mid")
    return mido.MidiFile(folder / "room.mid", charset="utf-8")


def absolute(midi_track: mido.MidiTrack) -> list[tuple[int, mido.Message]]:
    now, messages = 0, []
    for message in midi_track:
        now += message.time
        messages.append((now, message))
    return messages


def notes(midi_track: mido.MidiTrack) -> list[tuple[int, int, int, int]]:
    """What a sequencer makes of a track: tick, length, pitch, velocity; ends are matched first come, first served."""
    open_notes: dict[int, list[tuple[int, int]]] = defaultdict(list)
    played = []
    for tick, message in absolute(midi_track):
        if message.type == "note_on" and message.velocity:
            assert not open_notes[message.note], "two of one pitch sound together"
            open_notes[message.note].append((tick, message.velocity))
        elif message.type in ("note_on", "note_off"):
            start, velocity = open_notes[message.note].pop(0)
            played.append((start, tick - start, message.note, velocity))
    assert not any(open_notes.values()), "a note never ends"
    return sorted(played)


def metas(midi_track: mido.MidiTrack, kind: str) -> list[tuple[int, mido.MetaMessage]]:
    return [(tick, message) for tick, message in absolute(midi_track) if message.type == kind]


def test_x4_the_first_track_has_the_tempo_the_signature_and_the_markers(tmp_path: Path) -> None:
    room = arrangement(
        marker("mark-002", 3 * BAR, "Drop 🥁"), marker("mark-001", 0, "Intro"), bpm=113.5, numerator=7, denominator=8
    )
    midi = saved(room, tmp_path)
    conductor = midi.tracks[0]
    assert (midi.type, midi.ticks_per_beat) == (1, 960)
    assert metas(conductor, "set_tempo")[0][1].tempo == round(60e6 / 113.5)
    signature = metas(conductor, "time_signature")[0][1]
    assert (signature.numerator, signature.denominator) == (7, 8)
    assert [(tick, message.text) for tick, message in metas(conductor, "marker")] == [
        (0, "Intro"),
        (3 * BAR, "Drop 🥁"),
    ]


def test_x4_each_track_with_notes_is_a_track_in_the_rooms_order(tmp_path: Path) -> None:
    room = arrangement(
        track("track-0b", name="Bass", order="b"),
        track("track-0a", name="Keys", order="c"),
        track("track-0c", name="No notes", order="a"),
        clip("clip-000b", "track-0b"),
        clip("clip-000a", "track-0a"),
        note("note-00b", "clip-000b", pitch=36),
        note("note-00a", "clip-000a"),
    )
    names = [metas(one, "track_name")[0][1].name for one in saved(room, tmp_path).tracks]
    assert names == ["sunset", "Bass", "Keys"]


def test_x4_notes_lie_where_their_clip_lies_and_end_with_it(tmp_path: Path) -> None:
    room = arrangement(
        track(),
        clip(start=2 * BAR + 7, length=2 * BEAT),
        note("note-001", tick=1, length=3, pitch=40, velocity=99),
        note("note-002", tick=BEAT, length=10 * BEAT, pitch=41),
        note("note-003", tick=2 * BEAT, pitch=42),
    )
    start = 2 * BAR + 7
    assert notes(saved(room, tmp_path).tracks[1]) == [(start + 1, 3, 40, 99), (start + BEAT, BEAT, 41, 100)]


def test_x4_a_muted_track_is_there_and_says_so(tmp_path: Path) -> None:
    room = arrangement(track(mute=True), clip(), note("note-001"))
    muted = saved(room, tmp_path).tracks[1]
    assert [message.text for _, message in metas(muted, "text")] == ["This track is muted in the room."]
    assert len(notes(muted)) == 1


def test_x4_a_note_of_no_velocity_is_the_quietest_and_no_end_of_another(tmp_path: Path) -> None:
    room = arrangement(track(), clip(), note("note-001", velocity=0))
    assert notes(saved(room, tmp_path).tracks[1]) == [(0, BEAT, 60, 1)]


def test_x4_a_key_that_is_struck_again_ends_the_note_before(tmp_path: Path) -> None:
    room = arrangement(
        track(), clip(), note("note-001", tick=0, length=BAR), note("note-002", tick=BEAT, length=BEAT, velocity=5)
    )
    assert notes(saved(room, tmp_path).tracks[1]) == [(0, BEAT, 60, 100), (BEAT, BEAT, 60, 5)]


def test_x4_of_notes_that_begin_together_the_longest_stays_as_loud_as_the_loudest(tmp_path: Path) -> None:
    room = arrangement(track(), clip(), note("note-001", length=5, velocity=90), note("note-002", length=9, velocity=3))
    assert notes(saved(room, tmp_path).tracks[1]) == [(0, 9, 60, 90)]


def test_x4_a_note_that_follows_at_once_is_not_cut_off(tmp_path: Path) -> None:
    room = arrangement(track(), clip(), note("note-001"), note("note-002", tick=BEAT))
    assert [length for _, length, _, _ in notes(saved(room, tmp_path).tracks[1])] == [BEAT, BEAT]


def test_x4_a_position_beyond_what_one_step_can_say_is_reached_in_several(tmp_path: Path) -> None:
    far = 2**31 + 17
    room = arrangement(track(), clip(start=far), note("note-001"), marker("mark-001", far, "far"))
    midi = saved(room, tmp_path)
    assert notes(midi.tracks[1]) == [(far, BEAT, 60, 100)]
    assert metas(midi.tracks[0], "marker")[0][0] == far
    assert max(message.time for one in midi.tracks for message in one) <= 0x0FFFFFFF


def many(*instruments: str) -> Arrangement:
    """A room of tracks in this order, a note on each."""
    entities: list[Entity] = []
    for number, instrument in enumerate(instruments):
        entities += [
            track(f"track-{number:02}", order=f"{number:02}", instrument=instrument),
            clip(f"clip-{number:04}", f"track-{number:02}"),
            note(f"note-{number:03}", f"clip-{number:04}"),
        ]
    return arrangement(*entities)


def channels(midi: mido.MidiFile) -> list[int]:
    return [message.channel for one in midi.tracks for message in one if message.type == "note_on"]


def test_x4_drums_are_on_channel_10_and_take_none_from_the_others(tmp_path: Path) -> None:
    midi = saved(many("piano", "drums", "bass", "drums:5", "log_drum:3"), tmp_path)
    assert channels(midi) == [0, 9, 1, 9, 2]


def test_x4_others_share_the_fifteen_other_channels_in_turn(tmp_path: Path) -> None:
    assert channels(saved(many(*[""] * 20), tmp_path)) == [*range(9), *range(10, 16), *range(5)]


def test_x4_a_known_instrument_says_its_program_before_its_first_note(tmp_path: Path) -> None:
    midi = saved(many("bass", "log_drum:3", "flute"), tmp_path)
    for one, program in zip(midi.tracks[1:], (38, 117, 73), strict=True):
        kinds = [message.type for message in one if not message.is_meta]
        assert kinds == ["program_change", "note_on", "note_off"]
        assert [message.program for message in one if message.type == "program_change"] == [program]


@pytest.mark.parametrize("instrument", ["", "theremin", "drum kit", "piano:x", "drums"])
def test_x4_drums_and_what_is_unknown_say_no_program(tmp_path: Path, instrument: str) -> None:
    midi = saved(many(instrument), tmp_path)
    assert not [message for one in midi.tracks for message in one if message.type == "program_change"]


def test_x4_a_room_without_notes_is_a_file_all_the_same(tmp_path: Path) -> None:
    assert len(saved(arrangement(), tmp_path).tracks) == 1


@pytest.mark.parametrize("bpm", [20.0, 999.0, 111.11])
def test_x4_a_tempo_is_kept_to_the_microsecond(tmp_path: Path, bpm: float) -> None:
    tempo = metas(saved(arrangement(bpm=bpm), tmp_path).tracks[0], "set_tempo")[0][1].tempo
    assert abs(tempo - 60e6 / bpm) <= 0.5


_note = st.builds(
    Note,
    tick=st.integers(0, 60),
    length_ticks=st.integers(1, 40),
    pitch=st.integers(60, 62),
    velocity=st.integers(0, 127),
)


@given(st.lists(_note, max_size=12))
def test_x4_apart_no_two_of_one_pitch_sound_together_and_every_start_is_kept(given_notes: list[Note]) -> None:
    kept = apart(given_notes)
    assert {(one.tick, one.pitch) for one in kept} == {(one.tick, one.pitch) for one in given_notes}
    for pitch in range(60, 63):
        line = sorted((one.tick, one.tick + one.length_ticks) for one in kept if one.pitch == pitch)
        assert all(end <= start for (_, end), (start, _) in pairwise(line))
        assert all(end > start for start, end in line)


@given(st.lists(_note, max_size=12))
@settings(max_examples=50, deadline=None)
def test_x4_what_is_written_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, given_notes: list[Note]) -> None:
    entities = [
        note(f"note-{number:03}", tick=one.tick, length=one.length_ticks, pitch=one.pitch, velocity=one.velocity)
        for number, one in enumerate(given_notes)
    ]
    midi = saved(arrangement(track(), clip(start=BAR), *entities), tmp_path_factory.mktemp("midi"))
    played = notes(midi.tracks[1]) if given_notes else []
    expected = [(BAR + one.tick, one.length_ticks, one.pitch, max(one.velocity, 1)) for one in apart(given_notes)]
    assert played == sorted(expected)
