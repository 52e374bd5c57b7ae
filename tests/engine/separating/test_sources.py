"""Files as separators are fed with them."""

from pathlib import Path

import numpy as np
import pytest

from logdrum_engine.errors import UnsoundFileError
from logdrum_engine.separating.fifo import Sound
from logdrum_engine.separating.sources import StereoSum, count_frames, open_source
from tests.engine.separating.sound_files import (
    cut,
    noise,
    read,
    song,
    write,
    write_av,
    write_m4a,
    write_sparse_wav,
)

FRAMES = 100_000
OTHERS = {"a.aac": ("aac", "adts"), "a.webm": ("libopus", "webm"), "a.mkv": ("flac", "matroska")}


def all_of(path: Path, piece: int = 10_000) -> Sound:
    with open_source(path) as source:
        pieces = []
        while (sound := source.read(piece)).shape[1]:
            pieces.append(sound)
    return np.concatenate(pieces, axis=1)


def file_of(folder: Path, name: str) -> Path:
    sound = song(FRAMES)
    if name.endswith(".m4a"):
        return write_m4a(folder / name, sound, codec=name.split(".")[0])
    if name in OTHERS:
        return write_av(folder / name, sound, 48_000, *OTHERS[name])
    return write(folder / name, sound)


def level_db(sound: Sound, reference: Sound) -> float:
    return float(20 * np.log10(np.std(sound) / np.std(reference) + 1e-20))


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "aac.m4a", "alac.m4a"])
def test_a_sound_of_every_format_is_read(tmp_path: Path, name: str) -> None:
    path = file_of(tmp_path, name)
    sound = all_of(path)
    assert len(sound) == 2
    assert 0 <= sound.shape[1] - FRAMES < 2_048, "encoders pad"
    middle = slice(FRAMES // 4, FRAMES // 2)
    assert level_db(sound[:, middle] - song(FRAMES)[:, middle], song(FRAMES)) < -10


@pytest.mark.parametrize("name", OTHERS)
def test_other_containers_are_read_too(tmp_path: Path, name: str) -> None:
    sound = all_of(file_of(tmp_path, name))
    assert len(sound) == 2
    assert -500 < sound.shape[1] - FRAMES < 4_000, "AAC in the open does not say how much is padding"


def test_what_a_lossless_m4a_holds_is_read_to_the_bit(tmp_path: Path) -> None:
    sound = np.round(song(FRAMES) * 2**15) / 2**15
    assert np.array_equal(all_of(write_m4a(tmp_path / "a.m4a", sound.astype(np.float32))), sound)


@pytest.mark.parametrize("piece", [1_000, 16_384, 65_536])
def test_how_much_is_read_at_once_makes_no_difference_to_a_damaged_file(tmp_path: Path, piece: int) -> None:
    path = cut(write(tmp_path / "a.flac", noise(FRAMES)))
    whole = all_of(path, 7_777)
    assert 0 < whole.shape[1] < FRAMES
    assert np.array_equal(all_of(path, piece), whole)


def test_what_is_no_number_is_silence(tmp_path: Path) -> None:
    sound = song(100)
    sound[0, 10:13] = [np.nan, np.inf, -np.inf]
    sound[1, 20] = 3e38
    heard = all_of(write(tmp_path / "a.wav", sound, subtype="FLOAT"))
    assert heard[0, 10:13].tolist() == [0, 0, 0]
    assert heard[1, 20] == 2.0**20
    assert np.array_equal(heard[:, 30:], sound[:, 30:])


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_a_length_is_taken_from_a_header_that_is_borne_out(tmp_path: Path, name: str) -> None:
    path = file_of(tmp_path, name)
    with open_source(path) as source:
        assert source.frames == count_frames(path) == all_of(path).shape[1]


@pytest.mark.parametrize("name", ["a.flac", "a.mp3"])
def test_a_header_that_promises_more_is_not_believed(tmp_path: Path, name: str) -> None:
    path = cut(file_of(tmp_path, name))
    with open_source(path) as source:
        assert source.frames is None
    assert count_frames(path) == all_of(path).shape[1]


@pytest.mark.parametrize("share", [1.0, 0.6])
@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "alac.m4a", "aac.m4a"])
def test_skipping_is_reading_without_listening(tmp_path: Path, name: str, share: float) -> None:
    path = file_of(tmp_path, name)
    if not name.endswith(".m4a"):  # cut short it has no index
        cut(path, share)
    whole = all_of(path)
    with open_source(path) as source:
        parts = [source.read(5_000)]
        source.skip(20_000)
        parts += [source.read(1_000)]
        source.skip(10)
        parts += [source.read(50_000), source.read(50_000)]
    expected = np.concatenate((whole[:, :5_000], whole[:, 25_000:26_000], whole[:, 26_010:]), axis=1)
    assert np.array_equal(np.concatenate(parts, axis=1), expected)


def test_a_sound_that_is_too_long_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = write_sparse_wav(tmp_path / "a.wav", 13 * 3600, rate=8_000)
    with pytest.raises(UnsoundFileError, match="12 hours"):
        count_frames(path, 12 * 3600)


def test_a_bomb_is_not_unpacked_any_further_than_is_allowed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", np.zeros((1, 3_000_000), np.float32), rate=8_000)
    flac = bytearray(path.read_bytes())
    flac[21:26] = bytes((flac[21] & 0xF0, 0, 0, 0, 0))  # names no length
    path.write_bytes(flac)
    assert len(flac) < 40_000
    with pytest.raises(UnsoundFileError, match="longer"):
        count_frames(path, 60)
    assert count_frames(path, 3600) == 3_000_000


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (44_100, 2), (8_000, 1), (192_000, 2), (44_100, 6)])
def test_a3_from_any_sample_on_it_is_what_it_is_from_the_start(tmp_path: Path, rate: int, channels: int) -> None:
    path = write(tmp_path / "a.flac", noise(rate * 3, channels), rate)
    heard = StereoSum([path])
    assert heard.samples == 3 * 48_000
    with heard.at(0) as reader:
        whole = reader.read(heard.samples)
    for sample in (1, 50_001, 143_990):
        with heard.at(sample) as reader:
            assert level_db(reader.read(2_000) - whole[:, sample : sample + 2_000], whole) < -80


def test_files_are_heard_together_the_shorter_ones_silent_at_their_end(tmp_path: Path) -> None:
    one, two = noise(48_000), noise(24_000, 1, seed=2)
    paths = [write(tmp_path / "1.wav", one, 48_000, "FLOAT"), write(tmp_path / "2.wav", two, 48_000, "FLOAT")]
    heard = StereoSum(paths)
    with heard.at(0) as reader:
        parts = [reader.read(30_000), reader.read(30_000), reader.read(30_000)]
    expected = one.copy()
    expected[:, :24_000] += two
    assert [part.shape[1] for part in parts] == [30_000, 18_000, 0]
    assert np.allclose(np.concatenate(parts, axis=1), expected, atol=1e-7)


def test_resampled_sound_is_aligned_with_the_file(tmp_path: Path) -> None:
    times = np.arange(44_100) / 44_100
    tone = np.sin(2 * np.pi * 400 * times).astype(np.float32)[None] / 2
    heard = StereoSum([write(tmp_path / "a.wav", tone, 44_100, "FLOAT")])
    with heard.at(12_345) as reader:
        part = reader.read(20_000)
    expected = np.sin(2 * np.pi * 400 * np.arange(12_345, 32_345) / 48_000) / 2
    assert np.allclose(part[0], expected, atol=1e-5)


@pytest.mark.parametrize("channels", range(1, 9))
def test_any_number_of_channels_is_heard_as_two(tmp_path: Path, channels: int) -> None:
    sound = np.zeros((channels, 8), np.float32)
    sound[np.arange(channels), np.arange(channels)] = 0.5
    with StereoSum([write(tmp_path / "a.wav", sound, 48_000, "FLOAT")]).at(0) as reader:
        left, right = reader.read(8)
    bass = 3 if channels >= 6 else None
    for channel in range(channels):
        assert (left[channel] + right[channel] > 0.24) == (channel != bass)


@pytest.mark.parametrize("name", ["none.wav", "."])
def test_what_is_no_file_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsoundFileError):
        open_source(tmp_path / name)


def test_a_file_that_is_read_is_let_go_of(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", song(10))
    before = len(list(Path("/proc/self/fd").iterdir()))
    with StereoSum([path, path]).at(5) as reader:
        reader.read(10)
    assert read(path)[1] == 44_100
    assert len(list(Path("/proc/self/fd").iterdir())) == before
