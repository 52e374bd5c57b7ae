"""A file's stems as files."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import mido
import numpy as np
import pytest
import soundfile

from logdrum_engine.errors import UnsoundFileError
from logdrum_engine.separating import files, writing
from logdrum_engine.separating.files import NoRoomError, Order, Stems, separate_file
from logdrum_engine.separating.midi import write_notes
from logdrum_engine.separating.sources import open_source
from logdrum_engine.separating.writing import FloatWave
from logdrum_engine.separation.interface import STEMS, Separated, Turn
from tests.engine.separating.band_split import BandSplit, Split, note
from tests.engine.separating.sound_files import cut, noise, read, song, write, write_m4a, write_sparse_wav


class Breaking(BandSplit):
    """Fails in the middle."""

    def __init__(self, fault: BaseException) -> None:
        super().__init__()
        self._fault = fault

    def step(self, turns: Sequence[Turn[Split]]) -> list[tuple[Separated, Split]]:
        if turns[0].last:
            raise self._fault
        return super().step(turns)


def separate(file: Path, folder: Path, *stems: str, midi: bool = False) -> Stems:
    return separate_file(Order(file=file, folder=folder, stems=stems, midi=midi), BandSplit, lambda _: None)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def written(folder: Path, stems: Sequence[str] = STEMS) -> np.ndarray:
    return np.stack([read(folder / f"{stem}.wav")[0] for stem in stems])


def decoded(path: Path) -> np.ndarray:
    with open_source(path) as source:
        return source.read(10_000_000)


def sums_to(folder: Path, path: Path) -> bool:
    return np.allclose(written(folder).sum(axis=0, dtype=np.float64), decoded(path), rtol=0, atol=2e-8)


@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [
        ("a.wav", 8_000, 1),
        ("a.wav", 192_000, 2),
        ("a.wav", 44_100, 8),
        ("a.flac", 48_000, 6),
        ("a.mp3", 44_100, 2),
        ("a.ogg", 48_000, 1),
        ("a.m4a", 44_100, 2),
    ],
)
def test_stems_have_the_files_rate_channels_and_length_and_sum_to_it(
    tmp_path: Path, name: str, rate: int, channels: int
) -> None:
    path, out = tmp_path / name, tmp_path / "out"
    (write_m4a if name.endswith("m4a") else write)(path, song(rate // 2, channels, rate), rate)
    told = separate(path, out)
    frames = decoded(path).shape[1]
    assert (told.stems, told.samples, told.sample_rate, told.channels) == (STEMS, frames, rate, channels)
    assert names(out) == sorted(f"{stem}.wav" for stem in STEMS)
    for stem in STEMS:
        known = soundfile.info(out / f"{stem}.wav")
        assert (known.subtype, known.samplerate, known.channels, known.frames) == ("FLOAT", rate, channels, frames)
    assert sums_to(out, path)


@pytest.mark.parametrize("samples", [1, 10, 4_410])
def test_however_short_a_sound_is(tmp_path: Path, samples: int) -> None:
    path = write(tmp_path / "a.wav", noise(samples), subtype="FLOAT")
    assert separate(path, tmp_path / "out").samples == samples
    assert sums_to(tmp_path / "out", path)


@pytest.mark.parametrize(
    "sound",
    [np.zeros((2, 30_000)), np.full((2, 30_000), 0.7), np.sign(noise(30_000)) * 4, np.full((1, 30_000), 1e30)],
    ids=["silence", "DC", "clipping", "absurd"],
)
def test_sounds_that_are_none_come_out_as_they_are(tmp_path: Path, sound: np.ndarray) -> None:
    path = write(tmp_path / "a.wav", sound.astype(np.float32), 48_000, "FLOAT")
    separate(path, tmp_path / "out")
    stems = written(tmp_path / "out")
    assert np.isfinite(stems).all()
    assert np.allclose(stems.sum(axis=0, dtype=np.float64), decoded(path), rtol=1e-6, atol=1e-7)


def test_what_is_no_number_is_silence_in_the_stems(tmp_path: Path) -> None:
    sound = noise(20_000)
    sound[:, 5_000:5_010] = np.nan
    separate(write(tmp_path / "a.wav", sound, subtype="FLOAT"), tmp_path / "out")
    total = written(tmp_path / "out").sum(axis=0, dtype=np.float64)
    assert np.allclose(total, np.nan_to_num(sound), rtol=0, atol=2e-8)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.ogg", "a.wav"])
def test_of_a_file_that_breaks_off_what_decodes_is_separated(tmp_path: Path, name: str) -> None:
    path = cut(write(tmp_path / name, noise(100_000)))
    told = separate(path, tmp_path / "out")
    assert 20_000 < told.samples < 90_000
    assert sums_to(tmp_path / "out", path)


def test_j3_only_what_is_asked_for_is_written_and_other(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", noise(20_000))
    separate(path, tmp_path / "out", "bass")
    assert names(tmp_path / "out") == ["bass.wav", "other.wav"]
    total = written(tmp_path / "out", ("bass", "other")).sum(axis=0, dtype=np.float64)
    assert np.allclose(total, decoded(path), rtol=0, atol=2e-8)


def test_equal_files_give_equal_stems(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", noise(20_000), 48_000)
    for folder in ("1", "2"):
        separate(path, tmp_path / folder)
    assert all(
        (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes() for name in names(tmp_path / "1")
    )


def test_progress_goes_from_nothing_to_all(tmp_path: Path) -> None:
    path, shown = write(tmp_path / "a.wav", noise(100_000)), list[float]()
    separate_file(Order(file=path, folder=tmp_path / "out"), BandSplit, shown.append)
    assert shown == sorted(shown)
    assert (shown[0], shown[-1]) == (0.0, 1.0)
    assert len(shown) > 10


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), RuntimeError("out of memory"), OSError(28, "No space")])
def test_all_files_appear_or_none(tmp_path: Path, fault: BaseException) -> None:
    path = write(tmp_path / "a.wav", noise(50_000))
    with pytest.raises(type(fault)):
        separate_file(Order(file=path, folder=tmp_path / "x" / "out"), lambda: Breaking(fault), lambda _: None)
    assert names(tmp_path) == ["a.wav"]


def test_earlier_stems_stay_until_there_are_new_ones(tmp_path: Path) -> None:
    path, out = write(tmp_path / "a.wav", noise(50_000)), tmp_path / "out"
    out.mkdir()
    (out / "bass.wav").write_text("earlier")
    with pytest.raises(KeyboardInterrupt):
        separate_file(Order(file=path, folder=out), lambda: Breaking(KeyboardInterrupt()), lambda _: None)
    assert (names(out), (out / "bass.wav").read_text()) == (["bass.wav"], "earlier")
    separate(path, out, "bass")
    assert names(out) == ["bass.wav", "other.wav"]
    assert read(out / "bass.wav")[0].shape == (2, 50_000)


def test_a_disk_that_is_too_small_is_noticed_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: SimpleNamespace(free=10_000))
    path = write(tmp_path / "a.wav", noise(1_000))
    with pytest.raises(NoRoomError, match=r"need 0\.0 GB"):
        separate(path, tmp_path / "out")
    assert names(tmp_path) == ["a.wav"]


def test_a_sound_of_over_12_hours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsoundFileError, match="12 hours"):
        separate(write_sparse_wav(tmp_path / "a.wav", 12.1 * 3600, 1_000), tmp_path / "out")
    assert names(tmp_path) == ["a.wav"]


def test_over_four_gigabytes_a_wav_file_is_an_rf64_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_RIFF_LIMIT", 1_000)
    for name, frames in (("short", 50), ("long", 500)):
        with FloatWave(tmp_path / name, 44_100, 2) as file:
            file.write(noise(frames))
    known = {name: soundfile.info(tmp_path / name) for name in ("short", "long")}
    assert {name: (info.format, info.frames) for name, info in known.items()} == {
        "short": ("WAV", 50),
        "long": ("RF64", 500),
    }
    assert np.array_equal(read(tmp_path / "long")[0], noise(500))


LONG = """
import sys
from pathlib import Path
from logdrum_engine.separating import files
from tests.engine.separating.silent import Silent, Sink

files.FloatWave = Sink
order = files.Order(file=Path(sys.argv[1]), folder=Path(sys.argv[2]))
print(files.separate_file(order, Silent, lambda _: None).samples)
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.timeout(400)  # seconds, unless the machine has much else to do
def test_three_hours_take_no_more_memory_than_a_minute(tmp_path: Path) -> None:
    peaks = {}
    for seconds in (60, 3 * 3600):
        path = write_sparse_wav(tmp_path / f"{seconds}.wav", seconds)
        command = [sys.executable, "-c", LONG, str(path), str(tmp_path / "out")]
        told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout.split()
        assert int(told[0]) == seconds * 44_100
        peaks[seconds] = int(told[1])
    assert peaks[3 * 3600] < peaks[60] + 20_000, "KiB"


def test_notes_are_written_where_they_were_heard(tmp_path: Path) -> None:
    separate(write(tmp_path / "a.wav", noise(100_000)), tmp_path / "out", midi=True)
    assert "log_drum.mid" in names(tmp_path / "out")
    assert starts(tmp_path / "out" / "log_drum.mid") == [(0.0, 33), (1.0, 33), (2.0, 33)]


def starts(path: Path) -> list[tuple[float, int]]:
    now, heard = 0.0, []
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == "note_on":
            heard.append((round(now, 3), message.note))
    return heard


def test_a_glide_bends_to_the_pitch_it_reaches_and_back(tmp_path: Path) -> None:
    write_notes([note(0.5, 55.0, 110.0), note(1.0, 57.0)], tmp_path / "a.mid")
    now, bends = 0.0, []
    for message in mido.MidiFile(tmp_path / "a.mid"):
        now += message.time
        if message.type == "pitchwheel":
            bends.append((round(now, 2), message.pitch))
    assert bends[-2:] == [(0.7, round(8191 * 12 / 24)), (1.0, 0)]
    assert all(0.6 <= at <= 0.7 for at, _ in bends[:-1])


def test_a_note_ends_where_the_next_begins(tmp_path: Path) -> None:
    write_notes([note(0.0), note(0.1, 65.4), note(0.1, 80.0)], tmp_path / "a.mid")
    assert len(starts(tmp_path / "a.mid")) == 2
    sounding = 0
    for message in mido.MidiFile(tmp_path / "a.mid"):
        sounding += {"note_on": 1, "note_off": -1}.get(message.type, 0)
        assert sounding in (0, 1)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", noise(1_000))
    with pytest.raises(FileNotFoundError):
        separate(path, Path("/proc/out"))
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        separate(path, tmp_path / "file" / "out")
    assert names(tmp_path) == ["a.wav", "file"]
