"""What is no sound, through the real command line: a sentence, exit status 2, and nothing left behind."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from logdrum_engine import assets
from logdrum_engine.cli import run_command
from logdrum_engine.mixdown import Voice
from tests.engine.separating.sound_files import cut, noise, write, write_m4a, write_sparse_wav

COMMAND = Path(sys.executable).with_name("logdrum-engine")


def text(path: Path) -> Path:
    path.write_text("words and no sound\n" * 100)
    return path


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda path: path, "The file is not there."),
    "folder": (folder, "This is no regular file."),
    "pipe": (pipe, "This is no regular file."),
    "empty.wav": (empty, "This is no WAV, FLAC, MP3, Ogg or M4A file that can be opened."),
    "text.wav": (text, "This is no WAV, FLAC, MP3, Ogg or M4A file that can be opened."),
    "playlist.m4a": (text, "This is no WAV, FLAC, MP3, Ogg or M4A file that can be opened."),
    "silent.wav": (lambda path: write(path, noise(0)), "The file holds no sound."),
    "long.wav": (lambda path: write_sparse_wav(path, 12.5 * 3600, 2_000), "A sound may last 12 hours here"),
    "wide.wav": (lambda path: write(path, noise(10, 9)), "A file may have 8 channels, this has 9."),
    "fast.wav": (lambda path: write(path, noise(10), 384_000), "1000 to 192000 Hz, this has 384000."),
    "slow.wav": (lambda path: write(path, noise(10), 1), "1000 to 192000 Hz, this has 1."),
    "cut.m4a": (lambda path: cut(write_m4a(path, noise(50_000))), "This is no file that can be opened."),
}


@pytest.mark.parametrize("name", BAD)
def test_q6_what_is_wrong_is_said_in_a_sentence(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, sentence = BAD[name]
    path = make(tmp_path / name)
    before = sorted(tmp_path.iterdir())
    assert run_command(["separate", str(path), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.startswith("logdrum-engine: ")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["text.wav", "missing"])
def test_q6_the_command_itself_says_so(name: str, tmp_path: Path) -> None:
    make, sentence = BAD[name]
    command = [COMMAND, "separate", make(tmp_path / name), "--out", tmp_path / "out"]
    told = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout, told.stderr) == (2, "", f"logdrum-engine: {sentence}\n")


def test_a_folder_that_is_a_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.wav", noise(100))
    assert run_command(["separate", str(path), "--out", str(path)]) == 2
    assert capsys.readouterr().err == f"logdrum-engine: {path} is no folder.\n"


def test_q6_an_m4a_is_measured_as_an_upload(tmp_path: Path) -> None:
    checked = assets.inspect("a" * 64, write_m4a(tmp_path / "a", noise(30_000), 48_000))
    assert (checked.samples, checked.sample_rate, checked.channels) == (30_000, 48_000, 2)


def test_q6_an_m4a_without_pyav_is_an_error_that_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_m4a(tmp_path / "a", noise(30_000))
    monkeypatch.delitem(sys.modules, "logdrum_engine.av_sound", raising=False)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(assets.UnsoundFileError, match=r"needs PyAV: pip install 'logdrum\[models\]'"):
        assets.open_sound(path)


def test_q6_a_packet_of_an_m4a_cannot_fill_the_memory(tmp_path: Path) -> None:
    path = write_m4a(tmp_path / "a", noise(30_000))
    whole = path.read_bytes()
    at = whole.rindex(b"alac") + 8
    assert whole[at : at + 4] == (4_096).to_bytes(4), "frames in a packet"
    path.write_bytes(whole[:at] + (2**24).to_bytes(4) + whole[at + 4 :])
    with pytest.raises(assets.UnsoundFileError, match="packets are too long"):
        assets.open_sound(path)


def test_q6_an_m4a_is_read_in_any_pieces_forwards_and_back(tmp_path: Path) -> None:
    path = write_m4a(tmp_path / "a", noise(30_000))
    with assets.open_sound(path) as file:
        whole = file.read(40_000, dtype="float32", always_2d=True)
        assert file.frames == len(whole) == 30_000
        assert file.seek(20_000) == 20_000
        assert np.array_equal(file.read(5_000, dtype="float64", always_2d=True), whole[20_000:25_000])
        assert file.seek(31_000) == 30_000
        assert len(file.read(10, dtype="float32", always_2d=True)) == 0


def test_an_m4a_is_mixed_like_any_other_sound(tmp_path: Path) -> None:
    sound = noise(30_000)
    voice = Voice(write_m4a(tmp_path / "a", sound, 48_000), 12_000)
    heard = voice.read(1_000)
    voice.close()
    assert np.allclose(heard.T, sound[:, 12_000:13_000], atol=1e-4)
