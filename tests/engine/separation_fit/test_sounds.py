"""What is trained on and what is held out never meet."""

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from logdrum_engine.separation_fit.log_drums import HELD_OUT, TRAIN, Ranges, Spans, patch_of
from logdrum_engine.separation_fit.sound_font import notes_of
from logdrum_engine.separation_fit.sounds import PACKAGES, SOUND_FONT, Split, files_of, role_of, trimmed
from tests.engine.separation_fit.sounds import SOUNDS

HELD_OUT_FIELDS = ("ratio", "index", "drop_octaves", "drive")


def paths_of(split: Split) -> list[Path]:
    return [path for _, path in files_of(SOUNDS, split)]


def test_no_package_and_no_file_is_of_both_sides() -> None:
    assert not {*PACKAGES["train"], SOUND_FONT} & set(PACKAGES["test"])
    train, test = ({path.resolve() for path in paths_of(split)} for split in PACKAGES)
    assert len(train) > 100
    assert len(test) > 700
    assert not train & test


def test_nothing_that_is_heard_is_of_both_sides() -> None:
    heard = {split: {_digest(path) for path in paths_of(split)} for split in PACKAGES}
    font = {hashlib.sha256(np.abs(note.sound).tobytes()).digest() for note in notes_of(SOUNDS)}
    assert len(font) > 500
    assert not heard["train"] & heard["test"]
    assert not font & heard["test"]


def _digest(path: Path) -> bytes:
    """Of the left channel at 16 bits, whatever its container, level, sign and the silence around it."""
    samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
    sound = trimmed(samples.T[:1], samples.shape[0])
    return hashlib.sha256(np.abs(np.round(sound * 32_000)).astype(np.int16).tobytes()).digest()


def test_the_digest_knows_a_copy_in_another_container(tmp_path: Path) -> None:
    original = paths_of("train")[20]
    samples, rate = soundfile.read(original, dtype="int16")
    copy = tmp_path / "copy.wav"
    soundfile.write(copy, samples, rate, subtype="PCM_16")
    assert _digest(copy) == _digest(original)


@pytest.mark.parametrize("field", HELD_OUT_FIELDS)
def test_log_drums_are_held_out_between_and_beyond_those_trained_on(field: str) -> None:
    trained: Spans = getattr(TRAIN, field)
    held: Spans = getattr(HELD_OUT, field)
    assert all(low > other_high or high < other_low for low, high in held for other_low, other_high in trained)
    assert any(before[1] < low < high < after[0] for low, high in held for before, after in pairwise(sorted(trained)))
    assert any(low > max(high for _, high in trained) for low, _ in held)


@pytest.mark.parametrize("ranges", [TRAIN, HELD_OUT], ids=["train", "held out"])
def test_a_patch_is_of_its_ranges(ranges: Ranges) -> None:
    rng = np.random.default_rng(3)
    for patch in (patch_of(rng, ranges) for _ in range(200)):
        for field in HELD_OUT_FIELDS:
            assert any(low <= getattr(patch, field) <= high for low, high in getattr(ranges, field))


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("sonic-pi/samples/bd_haus.flac", "kick"),
        ("sonic-pi/samples/drum_tom_lo_soft.flac", "tom"),
        ("sonic-pi/samples/loop_amen.flac", "break"),
        ("sonic-pi/samples/tabla_ghe1.flac", "tabla"),
        ("sonic-pi/samples/bass_woodsy_c.flac", "bass"),
        ("drumkits/ElectricEmpireKit/EE_Kick_Stomp.flac", "kick"),
        ("drumkits/Millo_MultiLayered3/t1_02.flac", "tom"),
        ("drumkits/GMRockKit/emptySample.flac", ""),
        ("lmms/samples/bassloops/tb303_01.ogg", "bassline"),
    ],
)
def test_a_name_says_what_a_sound_is(path: str, role: str) -> None:
    assert role_of(Path(path)) == role
