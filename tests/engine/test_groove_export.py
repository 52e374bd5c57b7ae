"""Rendering to files."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from logdrum_engine.generator import Spec
from logdrum_engine.groove import Groove, GrooveError, render_to_files
from tests.engine.groove_cases import joined, play, total

SPEC = Spec(seed=3, bars=2, bpm=113.0)
STEP = 2.0**-23
"""Of 24-bit audio."""


def test_files_hold_the_mix_and_its_stems(tmp_path: Path) -> None:
    render_to_files(SPEC, tmp_path / "mix.wav", tmp_path / "stems", lambda _: None)
    blocks = play(Groove(), SPEC)
    stems = {stem: joined(blocks, stem) for stem in Groove.stems}
    mix, rate = soundfile.read(tmp_path / "mix.wav", dtype="float32")
    assert rate == 48_000
    assert np.max(np.abs(mix.T - total(stems))) < 2 * STEP
    for stem, pcm in stems.items():
        written, _ = soundfile.read(tmp_path / "stems" / f"{stem}.wav", dtype="float32")
        assert np.max(np.abs(written.T - pcm)) < 2 * STEP


def test_progress_rises_to_one(tmp_path: Path) -> None:
    seen: list[float] = []
    render_to_files(SPEC, tmp_path / "mix.wav", None, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 10
    assert [path.name for path in tmp_path.iterdir()] == ["mix.wav"]


@pytest.mark.parametrize("bars", [None, 0])
def test_an_endless_piece_is_not_written(tmp_path: Path, bars: int | None) -> None:
    with pytest.raises(GrooveError, match="bars"):
        render_to_files(Spec(bars=bars), tmp_path / "mix.wav", None, lambda _: None)
    assert not list(tmp_path.iterdir())
