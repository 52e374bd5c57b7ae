"""The picture of a groove; what it says is read from the SVG, whose texts stay texts."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from msgspec.structs import replace

from logdrum_engine.groove.plot import lanes_of, plot, spectrum
from logdrum_protocol.records import PlayedNote
from tests.engine.test_groove_export import BAR, chart

KIT = (36, 37, 38, 39, 41, 42, 46, 49, 62, 69, 70)


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    path = tmp_path / "mix.wav"
    soundfile.write(path, np.zeros((48_000, 2), dtype=np.float32), 48_000, "PCM_24")
    return path


def texts(path: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text("utf-8"))


def test_a_picture_names_the_prompt_the_sections_the_chords_and_the_players(tmp_path: Path, mix: Path) -> None:
    played = (PlayedNote(0, 0, 500, 31, 100), PlayedNote(0, 480, 240, 36, 80), PlayedNote(1, 0, 240, 36, 90))
    plot(chart(*played, parts=("log_drum", "drums:4")), mix, tmp_path / "a.svg")
    said = texts(tmp_path / "a.svg")
    assert {"sgija 🥁", "intro", "drop", "Fm9", "log drum", "kick", "100 Hz", "4"} <= set(said)


def test_a_picture_says_that_a_synthesiser_played(tmp_path: Path, mix: Path) -> None:
    plot(chart(), mix, tmp_path / "a.svg")
    assert any("played by a synthesiser" in text for text in texts(tmp_path / "a.svg"))


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("A.SVG", b"<?xml")])
def test_the_end_of_the_name_decides_the_format(tmp_path: Path, mix: Path, name: str, start: bytes) -> None:
    plot(chart(), mix, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_prompt_is_no_formula(tmp_path: Path, mix: Path) -> None:
    plot(replace(chart(), title="$\\frac{ deep $$ <b>"), mix, tmp_path / "a.svg")
    assert "$\\frac{ deep $$ &lt;b&gt;" in texts(tmp_path / "a.svg")


def test_every_drum_has_a_lane_and_a_place_in_it() -> None:
    lanes = lanes_of(chart(*(PlayedNote(0, 240 * n, 240, key, 90) for n, key in enumerate(KIT)), parts=("drums",)))
    assert len(lanes) == len(KIT)
    for lane in lanes:
        for note in lane.notes:
            low, each = lane.places[note.pitch]
            assert 0 <= low < low + each <= lane.height + 1e-9


@pytest.mark.parametrize("pitches", [(31,), (31, 36), (24, 36, 48, 60)])
def test_higher_notes_lie_higher_within_their_lane(pitches: tuple[int, ...]) -> None:
    (lane,) = lanes_of(chart(*(PlayedNote(0, 0, 240, pitch, 90) for pitch in pitches)))
    bottoms = [lane.places[pitch][0] for pitch in pitches]
    assert bottoms == sorted(bottoms)
    assert bottoms[0] >= 0
    assert bottoms[-1] + lane.places[pitches[-1]][1] <= lane.height


def test_what_a_piece_does_not_play_takes_no_lane() -> None:
    lanes = lanes_of(chart(PlayedNote(0, 0, 240, 36, 90), parts=("drums", "bass")))
    assert [lane.label for lane in lanes] == ["kick"]


@pytest.mark.parametrize("hz", [55.0, 220.0, 440.0, 3_000.0])
def test_a_tone_is_seen_at_its_frequency_and_in_its_time(tmp_path: Path, hz: float) -> None:
    tone = np.sin(2 * np.pi * hz * np.arange(48_000) / 48_000).astype(np.float32) * 0.5
    soundfile.write(tmp_path / "tone.wav", np.concatenate([np.zeros(48_000), tone]), 48_000)
    levels = spectrum(tmp_path / "tone.wav")
    heard = levels[:, levels.shape[1] * 3 // 4]
    place = np.log2(hz / 30) / np.log2(16_000 / 30) * (levels.shape[0] - 1)
    assert abs(int(heard.argmax()) - place) <= 3
    assert heard.max() == pytest.approx(20 * np.log10(0.5), abs=2.0)
    assert levels[:, levels.shape[1] // 4].max() < -100


def test_a_piece_of_one_bar_and_one_of_a_thousand_are_drawn(tmp_path: Path, mix: Path) -> None:
    for bars in (1, 1_024):
        plot(chart(PlayedNote(0, (bars - 1) * BAR, 240, 31, 90), bars=bars), mix, tmp_path / f"{bars}.png")
        assert (tmp_path / f"{bars}.png").stat().st_size > 10_000
