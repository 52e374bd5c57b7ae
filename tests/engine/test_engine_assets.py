import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from logdrum_engine import assets
from logdrum_engine.assets import answer
from logdrum_protocol.engine_messages import AssetChecked, CheckAsset

ID = "a" * 64
FRAMES = 30_000


def check(path: Path) -> AssetChecked:
    return answer(CheckAsset(asset=ID, path=str(path)))


def write(path: Path, frames: int = FRAMES, channels: int = 2, **options: str) -> Path:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (frames, channels))
    soundfile.write(path, noise, 44_100, **options)
    return path


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
def test_q6_a_sound_is_measured(tmp_path: Path, name: str) -> None:
    assert check(write(tmp_path / name)) == AssetChecked(asset=ID, samples=FRAMES, sample_rate=44_100, channels=2)


def test_q6_an_mp3_is_measured(tmp_path: Path) -> None:
    checked = check(write(tmp_path / "a.mp3"))
    assert checked.error is None
    assert abs(checked.samples - FRAMES) < 3 * 1152, "encoders pad"


def test_q6_a_wav_that_claims_more_is_what_it_holds(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", 100)
    wav = bytearray(path.read_bytes())
    at = wav.index(b"data") + 4
    wav[at : at + 4] = struct.pack("<I", 2_000_000_000)
    path.write_bytes(wav)
    assert check(path).samples == 100


@pytest.mark.parametrize("claimed", [0, 2**35])
def test_q6_a_flac_that_names_no_length_or_a_wrong_one_is_what_it_holds(tmp_path: Path, claimed: int) -> None:
    path = write(tmp_path / "a.flac")
    flac = bytearray(path.read_bytes())
    flac[21] = flac[21] & 0xF0 | claimed >> 32  # the last 36 bits before the checksum
    flac[22:26] = struct.pack(">I", claimed & 0xFFFFFFFF)
    path.write_bytes(flac)
    assert check(path).samples == FRAMES


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.wav"])
def test_q6_a_file_that_breaks_off_is_what_decodes(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, 200_000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    checked = check(path)
    assert checked.error is None
    assert 50_000 < checked.samples < 150_000


def test_q6_numbers_that_are_none_are_still_frames(tmp_path: Path) -> None:
    path = tmp_path / "nan.wav"
    soundfile.write(path, np.full((50, 1), np.nan, np.float32), 48_000, subtype="FLOAT")
    assert check(path).samples == 50


@pytest.mark.parametrize("content", [b"", b"RIFF", b"hello, world" * 100, b"fLaC" + b"\xff" * 400])
def test_q6_what_is_no_sound_is_said_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    error = check(path).error
    assert error is not None
    assert error.endswith(".")
    assert str(tmp_path) not in error


def test_q6_a_file_without_frames_holds_no_sound(tmp_path: Path) -> None:
    assert check(write(tmp_path / "a.wav", 0)).error == "The file holds no sound."


def test_q6_a_missing_file_is_an_error(tmp_path: Path) -> None:
    assert check(tmp_path / "none").error == "The file is not there."


def test_q6_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert check(tmp_path / "pipe").error == "This is no regular file."


def test_q6_other_formats_are_not_taken(tmp_path: Path) -> None:
    assert check(write(tmp_path / "a.aiff")).error == "Only WAV, FLAC, MP3, Ogg and M4A files are taken."


def test_q6_more_than_eight_channels_are_not_taken(tmp_path: Path) -> None:
    error = check(write(tmp_path / "a.wav", 10, channels=9)).error
    assert error == "A file may have 8 channels, this has 9."


def test_q6_a_sound_that_is_too_long_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "MAX_SECONDS", 0.1)
    assert "this is longer" in str(check(write(tmp_path / "a.flac")).error)
