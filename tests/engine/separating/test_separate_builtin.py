"""`logdrum-engine separate` with what is shipped."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from logdrum_engine.cli import run_command
from logdrum_engine.generator import Spec, bar_samples
from logdrum_engine.groove import Groove
from logdrum_engine.separation.interface import STEMS
from tests.engine.separating.sound_files import read, write, write_m4a

COMMAND = Path(sys.executable).with_name("logdrum-engine")
SECONDS = 4


def groove() -> np.ndarray:
    """A little of a piece with a log drum  # [2, samples]  at 48 kHz."""
    spec = Spec(prompt="private school", seed=7)
    start = round(8 * bar_samples(spec))
    total = np.sum(list(Groove().render(spec, start, start + SECONDS * 48_000).values()), axis=0)
    return np.asarray(total, np.float32)


def test_a_song_is_pulled_apart_by_the_command(tmp_path: Path) -> None:
    song, out = write(tmp_path / "song.wav", groove(), 48_000, "FLOAT"), tmp_path / "stems"
    command = [COMMAND, "separate", song, "--out", out, "--midi", "--json", "--threads", "1"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=110)
    found = json.loads(told.stdout)
    assert list(found["stems"]) == list(STEMS)
    stems = np.stack([read(out / f"{stem}.wav")[0] for stem in STEMS])
    assert stems.shape == (5, 2, SECONDS * 48_000)
    assert np.allclose(stems.sum(axis=0, dtype=np.float64), groove(), rtol=0, atol=1e-6)
    assert (out / "log_drum.mid").is_file()


def test_one_stem_of_an_m4a_in_mono(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound = groove()[:1, ::2].copy()
    song, out = write_m4a(tmp_path / "song.m4a", sound, 24_000), tmp_path / "stems"
    assert run_command(["separate", str(song), "--out", str(out), "--stems", "log_drum"]) == 0
    capsys.readouterr()
    assert sorted(path.name for path in out.iterdir()) == ["log_drum.wav", "other.wav"]
    stems = np.stack([read(path)[0] for path in sorted(out.iterdir())])
    assert stems.shape == (2, 1, SECONDS * 24_000)
    assert np.allclose(stems.sum(axis=0), np.clip(sound, -1, 1), atol=1e-3), "ALAC keeps 16 bits or more"
