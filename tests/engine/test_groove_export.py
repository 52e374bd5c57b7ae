"""Rendering to files: the mix, its stems, and the notes as MIDI read back by mido."""

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import mido  # type: ignore[import-untyped]  # it ships no types
import numpy as np
import pytest
import soundfile

from logdrum_engine.generator import Spec
from logdrum_engine.groove import Groove, GrooveError, render_to_files
from logdrum_engine.groove.chart import Chart, Mark, chart_of
from logdrum_engine.groove.export import Files
from logdrum_engine.groove.harmony import parse_key
from logdrum_engine.groove.midi import key_signature, write_midi
from logdrum_protocol.instruments import DRUM_KEYS, INSTRUMENTS
from logdrum_protocol.records import Notation, Part, PlayedNote
from tests.engine.groove_cases import joined, play, total

SPEC = Spec(seed=3, bars=2, bpm=113.0)
STEP = 2.0**-23
"""Of 24-bit audio."""

BAR = 3_840


def chart(*notes: PlayedNote, parts: tuple[str, ...] = ("log_drum:2",), bars: int = 4) -> Chart:
    return Chart(
        title="sgija 🥁",
        seed=1,
        bpm=113.5,
        numerator=4,
        denominator=4,
        key="F minor",
        length_ticks=bars * BAR,
        sections=(Mark(0, "intro"), Mark(2 * BAR, "drop")),
        chords=(Mark(0, "Fm9"),),
        notation=Notation(parts=tuple(Part(instrument=one) for one in parts), notes=notes),
    )


def saved(piece: Chart, folder: Path) -> mido.MidiFile:
    write_midi(piece, folder / "groove.mid")
    return mido.MidiFile(folder / "groove.mid", charset="utf-8")


def timed(track: mido.MidiTrack) -> list[tuple[int, mido.Message]]:
    now, messages = 0, []
    for message in track:
        now += message.time
        messages.append((now, message))
    return messages


def notes(track: mido.MidiTrack) -> list[tuple[int, int, int, int]]:
    """What a sequencer makes of a track: tick, length, pitch, velocity."""
    begun: dict[int, tuple[int, int]] = {}
    played = []
    for tick, message in timed(track):
        if message.type == "note_on":
            assert message.note not in begun, "two of one pitch sound together"
            begun[message.note] = (tick, message.velocity)
        elif message.type == "note_off":
            start, velocity = begun.pop(message.note)
            played.append((start, tick - start, message.note, velocity))
    assert not begun, "a note never ends"
    return sorted(played)


def metas(track: mido.MidiTrack, kind: str) -> list[tuple[int, mido.MetaMessage]]:
    return [(tick, message) for tick, message in timed(track) if message.type == kind]


def test_files_hold_the_mix_and_its_stems(tmp_path: Path) -> None:
    files = Files(mix=tmp_path / "mix.wav", stems=tmp_path / "stems")
    description = render_to_files(SPEC, files, lambda _: None)
    blocks = play(Groove(), SPEC)
    stems = {stem: joined(blocks, stem) for stem in description.stems}
    mix, rate = soundfile.read(tmp_path / "mix.wav", dtype="float32")
    assert rate == 48_000
    assert np.max(np.abs(mix.T - total(stems))) < 2 * STEP
    for stem, pcm in stems.items():
        written, _ = soundfile.read(tmp_path / "stems" / f"{stem}.wav", dtype="float32")
        assert np.max(np.abs(written.T - pcm)) < 2 * STEP


def test_progress_rises_to_one(tmp_path: Path) -> None:
    seen: list[float] = []
    render_to_files(SPEC, Files(mix=tmp_path / "mix.wav"), seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0, abs=1e-4)
    assert len(seen) > 10
    assert [path.name for path in tmp_path.iterdir()] == ["mix.wav"]


@pytest.mark.parametrize("bars", [None, 0])
def test_an_endless_piece_is_not_written(tmp_path: Path, bars: int | None) -> None:
    with pytest.raises(GrooveError, match="bars"):
        render_to_files(Spec(bars=bars), Files(mix=tmp_path / "mix.wav"), lambda _: None)
    assert not list(tmp_path.iterdir())


def test_what_is_stopped_half_way_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "mix.wav").write_bytes(b"my only copy")

    def stop(fraction: float) -> None:
        assert len(list(tmp_path.iterdir())) > 1, "nothing was being written"
        if fraction > 0.5:
            raise KeyboardInterrupt

    files = Files(mix=tmp_path / "mix.wav", stems=tmp_path / "stems", midi=tmp_path / "a.mid")
    with pytest.raises(KeyboardInterrupt):
        render_to_files(SPEC, files, stop)
    assert [path.name for path in tmp_path.iterdir()] == ["mix.wav"]
    assert (tmp_path / "mix.wav").read_bytes() == b"my only copy"


def test_a_file_that_cannot_be_written_takes_the_others_with_it(tmp_path: Path) -> None:
    files = Files(mix=tmp_path / "mix.wav", midi=tmp_path / "none" / "a.mid")
    with pytest.raises(OSError, match="none"):
        render_to_files(SPEC, files, lambda _: None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stems", ["stems", "new/stems"])
def test_what_fails_at_the_last_file_leaves_what_was_there_and_tells_the_real_fault(tmp_path: Path, stems: str) -> None:
    (tmp_path / "mix.wav").write_bytes(b"my only copy")
    (tmp_path / "a.mid").mkdir()
    files = Files(mix=tmp_path / "mix.wav", stems=tmp_path / stems, midi=tmp_path / "a.mid")
    with pytest.raises(IsADirectoryError):
        render_to_files(SPEC, files, lambda _: None)
    assert {path.name for path in tmp_path.iterdir()} == {"mix.wav", "a.mid"}
    assert (tmp_path / "mix.wav").read_bytes() == b"my only copy"


def test_a_folder_that_something_else_was_put_into_stays_and_the_real_fault_is_told(tmp_path: Path) -> None:
    def fail(_: float) -> None:
        (tmp_path / "stems" / "mine.txt").touch()
        raise RuntimeError("the real fault")

    with pytest.raises(RuntimeError, match="the real fault"):
        render_to_files(SPEC, Files(mix=tmp_path / "mix.wav", stems=tmp_path / "stems"), fail)
    assert [path.name for path in tmp_path.rglob("*")] == ["stems", "mine.txt"]


def test_files_that_are_there_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "mix.wav").write_bytes(b"old")
    render_to_files(SPEC, Files(mix=tmp_path / "mix.wav"), lambda _: None)
    assert soundfile.info(tmp_path / "mix.wav").frames > 0
    assert [path.name for path in tmp_path.iterdir()] == ["mix.wav"]


def test_midi_begins_with_tempo_metre_key_and_sections(tmp_path: Path) -> None:
    midi = saved(chart(), tmp_path)
    conductor = midi.tracks[0]
    assert (midi.type, midi.ticks_per_beat) == (1, 960)
    assert metas(conductor, "track_name")[0][1].name == "sgija 🥁"
    assert metas(conductor, "set_tempo")[0][1].tempo == round(60e6 / 113.5)
    signature = metas(conductor, "time_signature")[0][1]
    assert (signature.numerator, signature.denominator) == (4, 4)
    assert metas(conductor, "key_signature")[0][1].key == "Fm"
    assert [(tick, message.text) for tick, message in metas(conductor, "marker")] == [(0, "intro"), (2 * BAR, "drop")]


def test_midi_has_a_track_for_each_part_with_its_program_and_drums_on_channel_10(tmp_path: Path) -> None:
    parts = tuple(one.name for one in INSTRUMENTS)
    midi = saved(chart(*(PlayedNote(part, 0, 240, 42, 90) for part in range(len(parts))), parts=parts), tmp_path)
    tracks = midi.tracks[1:]
    assert [metas(track, "track_name")[0][1].name for track in tracks] == [one.label for one in INSTRUMENTS]
    played_on = [{message.channel for message in track if not message.is_meta} for track in tracks]
    assert played_on[0] == {9}
    assert sorted(channel for channels in played_on[1:] for channel in channels) == list(range(len(parts) - 1))
    programs = [[message.program for message in track if message.type == "program_change"] for track in tracks]
    assert programs == [[] if one.program is None else [one.program] for one in INSTRUMENTS]


def test_midi_writes_a_glide_as_an_overlap_and_says_so(tmp_path: Path) -> None:
    track = saved(chart(PlayedNote(0, 0, 500, 31, 100), PlayedNote(0, 480, 240, 36, 80)), tmp_path).tracks[1]
    assert notes(track) == [(0, 500, 31, 100), (480, 240, 36, 80)]
    assert "glide" in metas(track, "text")[0][1].text


def test_midi_ends_a_note_where_its_key_is_struck_again(tmp_path: Path) -> None:
    struck = (PlayedNote(0, 0, 240, 38, 60), PlayedNote(0, 120, 240, 38, 70), PlayedNote(0, 120, 100, 38, 90))
    track = saved(chart(*struck, parts=("drums",)), tmp_path).tracks[1]
    assert notes(track) == [(0, 120, 38, 60), (120, 100, 38, 90)]


def test_midi_of_a_piece_has_every_note_and_lasts_as_long(tmp_path: Path) -> None:
    piece = chart_of(Spec(prompt="hard sgija, lots of glides", seed=5, bars=16, bpm=118.0))
    midi = saved(piece, tmp_path)
    assert midi.length == pytest.approx(16 * 4 * 60 / 118, abs=0.01)
    onsets = defaultdict(set)
    for note in piece.notation.notes:
        onsets[note.part].add((note.tick, note.pitch))
    for part, track in enumerate(midi.tracks[1:]):
        assert {(tick, pitch) for tick, _, pitch, _ in notes(track)} == onsets[part]
    drums = {pitch for _, _, pitch, _ in notes(midi.tracks[1])}
    assert drums <= set(DRUM_KEYS)
    assert len(drums) >= 5


def test_a_piece_glides_somewhere_in_its_first_sixteen_bars(tmp_path: Path) -> None:
    midi = saved(chart_of(Spec(prompt="sgija", seed=5, bars=16)), tmp_path)
    line = next(notes(track) for track in midi.tracks if track.name == "Log drum")
    assert any(start + length > following for (start, length, *_), (following, *_) in pairwise(line))


@pytest.mark.parametrize(
    ("key", "name"), [("F minor", "Fm"), ("Ab major", "Ab"), ("C# minor", "C#m"), ("Db minor", "C#m"), ("F#", "F#")]
)
def test_a_key_is_spelt_as_midi_knows_it(key: str, name: str) -> None:
    assert key_signature(parse_key(key).name) == name
    assert mido.MetaMessage("key_signature", key=name).key == name


def test_sections_and_chords_of_a_chart_begin_with_the_piece_and_are_in_order() -> None:
    piece = chart_of(Spec(seed=2, bars=40))
    for marks in (piece.sections, piece.chords):
        ticks = [mark.tick for mark in marks]
        assert ticks[0] == 0
        assert ticks == sorted(set(ticks))
        assert ticks[-1] < piece.length_ticks == 40 * BAR
    assert len(piece.sections) >= 3
    assert all(mark.tick % BAR == 0 for mark in piece.sections)


def test_no_note_of_a_chart_sounds_beyond_its_end() -> None:
    for bars in (1, 3, 7):
        piece = chart_of(Spec(seed=4, bars=bars, bpm=56.0))
        assert max(note.tick + note.length_ticks for note in piece.notation.notes) <= piece.length_ticks
