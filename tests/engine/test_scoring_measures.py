"""What is measured in a sound, against music of which it is known."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from logdrum_engine.generator import SAMPLE_RATE, Pcm
from logdrum_engine.scoring.conventions import NAMES, Reading, readings
from logdrum_engine.scoring.listening import LONGEST_S, SPAN_S, spans_in
from logdrum_engine.scoring.measures import Measures, merged
from logdrum_engine.scoring.model import load_model
from tests.engine.scoring_cases import chord, file_of, groove, heard_in, line, measured, played, strokes

HOUSE = [*strokes("kick", "X...X...X...X..."), *strokes("open hat", "..X...X...X...X.")]
SHAKEN = "X" * 16
NOTES = (33, 40, 36, 45)


def one(tmp_path: Path, pcm: Pcm) -> Measures:
    return merged(measured(file_of(tmp_path / "a.wav", pcm)))


def read(measures: Measures) -> dict[str, Reading]:
    return {reading.name: reading for reading in readings(measures, load_model("amapiano").log_drum.likeness)}


@pytest.mark.parametrize("bpm", [104.3, 112.0, 117.9])
def test_the_tempo_of_a_groove_is_found(tmp_path: Path, bpm: float) -> None:
    assert one(tmp_path, groove(bpm=bpm)).bpm == pytest.approx(bpm, abs=0.2)


@pytest.mark.parametrize("bpm", [56.0, 112.0, 224.0])
def test_half_and_double_time_are_the_same_tempo(tmp_path: Path, bpm: float) -> None:
    beats = strokes("kick", "X...X...X...X...")
    assert one(tmp_path, played(beats, bars=round(bpm / 16), bpm=bpm)).bpm == pytest.approx(112.0, abs=0.3)


@pytest.mark.parametrize("swing", [0.0, 0.12, 0.25])
def test_swing_is_how_late_every_second_sixteenth_is(tmp_path: Path, swing: float) -> None:
    shaken = [*strokes("kick", "X...X...X...X..."), *strokes("closed hat", SHAKEN, swing)]
    assert one(tmp_path, played(shaken)).swing == pytest.approx(swing, abs=0.06)


def test_without_odd_sixteenths_there_is_no_swing_to_tell(tmp_path: Path) -> None:
    assert one(tmp_path, played(HOUSE)).swing is None


def test_shakers_on_every_sixteenth_are_fuller_than_hats_on_eighths(tmp_path: Path) -> None:
    full = one(tmp_path, played([*HOUSE, *strokes("shaker", SHAKEN)])).shaker
    sparse = one(tmp_path, played([*HOUSE, *strokes("closed hat", "X.X.X.X.X.X.X.X.")])).shaker
    assert full is not None
    assert sparse is not None
    assert full > 0.9 > 0.65 > sparse


def test_what_has_no_highs_has_no_shakers_to_tell(tmp_path: Path) -> None:
    t = np.arange(12 * SAMPLE_RATE) / SAMPLE_RATE
    pulse = np.sin(2 * np.pi * 110 * t) * np.exp(-((t * 2) % 1.0) * 6)
    assert one(tmp_path, np.tile(pulse, (2, 1)).astype(np.float32)).shaker is None


def test_log_drums_are_told_from_kick_and_bass(tmp_path: Path) -> None:
    band = [*HOUSE, *strokes("shaker", SHAKEN), *chord("piano", (53, 56, 60, 63, 67))]
    with_log_drum = read(one(tmp_path, played([*band, *line("log_drum", (3, 6, 11, 14), NOTES)])))["log_drum"]
    with_bass = read(one(tmp_path, played([*band, *line("bass", (3, 6, 11, 14), NOTES)])))["log_drum"]
    assert with_log_drum.value is not None
    assert with_bass.value is not None
    assert with_log_drum.value > with_bass.value + 0.1


@pytest.mark.parametrize(("pitches", "value"), [((36,), 0.0), ((33, 40, 36, 45), 1.0)])
def test_a_log_drum_on_one_pitch_is_no_melody(tmp_path: Path, pitches: tuple[int, ...], value: float) -> None:
    heard = one(tmp_path, played([*HOUSE, *line("log_drum", (3, 7, 11, 15), (36,))]))
    notes = tuple(replace(note, pitch=pitches[i % len(pitches)]) for i, note in enumerate(heard.notes))
    found = readings(replace(heard, notes=notes), lambda notes: np.ones(len(notes)))
    assert next(reading.value for reading in found if reading.name == "log_drum") == value


def test_the_pitch_of_a_log_drum_is_read_within_half_a_semitone(tmp_path: Path) -> None:
    for pitch in (28, 33, 40, 47):
        sounds = line("log_drum", (0, 8), (pitch,), length=4)
        notes = [note for note in one(tmp_path, played(sounds)).notes if note.is_stroke]
        assert len(notes) >= 8
        assert np.median([note.pitch for note in notes]) == pytest.approx(pitch, abs=0.5)


def test_syncopation_is_the_low_end_between_the_eighths(tmp_path: Path) -> None:
    square = one(tmp_path, played([*HOUSE, *line("bass", (2, 6, 10, 14), (33,))]))
    syncopated = one(tmp_path, played([*HOUSE, *line("log_drum", (3, 7, 11, 15), NOTES)]))
    assert syncopated.low_end > square.low_end + 0.15


def test_sevenths_and_ninths_are_richer_than_triads(tmp_path: Path) -> None:
    rich = one(tmp_path, played([*HOUSE, *chord("piano", (53, 56, 60, 63, 67))])).richness
    plain = one(tmp_path, played([*HOUSE, *chord("piano", (53, 56, 60))])).richness
    assert rich is not None
    assert plain is not None
    assert rich > plain + 0.05


def test_where_nothing_is_pitched_there_are_no_chords_to_tell(tmp_path: Path) -> None:
    assert one(tmp_path, played(strokes("closed hat", SHAKEN))).richness is None


def test_noise_has_no_pulse_and_keeps_no_rhythm(tmp_path: Path) -> None:
    noise = np.random.default_rng(4).normal(0, 0.1, (2, 14 * SAMPLE_RATE)).astype(np.float32)
    found = read(one(tmp_path, noise))
    assert all((found[name].value or 0.0) < 0.3 for name in ("tempo", "shaker", "swing", "kick"))
    assert "not steady" in found["tempo"].reason


def test_every_convention_is_read_with_a_reason_in_the_same_order(tmp_path: Path) -> None:
    found = readings(one(tmp_path, groove()), load_model("amapiano").log_drum.likeness)
    assert tuple(reading.name for reading in found) == NAMES
    assert all(reading.reason for reading in found)
    assert "112.0 BPM, within 108 to 115" in [reading.reason for reading in found]


@pytest.mark.parametrize("duration_s", [8.0, 13.0, 17.9, 34.3, 180.0])
def test_what_is_short_is_heard_once_from_end_to_end(duration_s: float) -> None:
    spans = spans_in(duration_s)
    ends = [start + length for start, length in spans]
    assert [start for start, _ in spans] == pytest.approx([0.0, *ends[:-1]])
    assert ends[-1] == pytest.approx(duration_s)
    assert all(length <= 1.5 * SPAN_S for _, length in spans)


@pytest.mark.parametrize("duration_s", [181.0, 600.0, 7_200.0])
def test_of_what_is_long_three_minutes_are_heard_evenly(duration_s: float) -> None:
    spans = spans_in(duration_s)
    gaps = np.diff([start for start, _ in spans])
    assert sum(length for _, length in spans) <= LONGEST_S
    assert spans[0][0] == 0.0
    assert sum(spans[-1]) == pytest.approx(duration_s)
    assert np.ptp(gaps) < 1e-6


def test_channels_that_cancel_each_other_out_are_heard(tmp_path: Path) -> None:
    pcm = groove()
    assert heard_in(file_of(tmp_path / "a.wav", np.stack([pcm[0], -pcm[0]])))
