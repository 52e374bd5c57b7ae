"""`logdrum-engine separate`."""

import importlib.util
import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from logdrum_engine.cli import run_command, separate
from logdrum_engine.cli.timed_bar import TimedBar, told
from logdrum_engine.separation.interface import STEMS
from tests.engine.separating.band_split import BandSplit
from tests.engine.separating.sound_files import noise, read, write

SAMPLES = 100_000


@pytest.fixture
def bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separate, "_load", lambda options: BandSplit())


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write(tmp_path / "song.wav", noise(SAMPLES), 48_000, "FLOAT")


def run(*arguments: str | Path) -> int:
    return run_command(["separate", *map(str, arguments)])


@pytest.mark.usefixtures("bands")
def test_stems_that_sum_to_the_file(song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "stems"
    assert run(song, "--out", out) == 0
    stems = [read(out / f"{stem}.wav")[0] for stem in STEMS]
    assert np.allclose(np.sum(stems, axis=0, dtype=np.float64), noise(SAMPLES), rtol=0, atol=2e-8)
    text = capsys.readouterr()
    assert [line.split() for line in text.out.splitlines()[:5]] == [[stem, str(out / f"{stem}.wav")] for stem in STEMS]
    assert re.fullmatch(r"0:02 of sound in \d+:\d\d, 3 log-drum notes heard", text.out.splitlines()[5])
    assert text.err.rstrip().endswith("100%")


@pytest.mark.usefixtures("bands")
def test_what_was_found_can_be_read_by_a_program(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "stems"
    assert run(song, "--out", out, "--stems", "log_drum, vocals", "--midi", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["stems"] == {stem: str(out / f"{stem}.wav") for stem in ("vocals", "log_drum", "other")}
    assert sorted(path.name for path in out.iterdir()) == ["log_drum.mid", "log_drum.wav", "other.wav", "vocals.wav"]
    assert (found["samples"], found["sample_rate"], found["channels"]) == (SAMPLES, 48_000, 2)
    assert (found["model"], found["midi"], found["file"]) == ("bands", str(out / "log_drum.mid"), str(song))
    assert found["log_drum_probability"] == 0.9
    assert [note["onset_s"] for note in found["notes"]] == [0.0, 1.0, 2.0]
    assert found["rtf"] == pytest.approx(found["took_s"] * 48_000 / SAMPLES, abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--stems", "guitar"], "there is no stem 'guitar', only vocals, drums, bass, log_drum, other"),
        (["--stems", "other"], "'other' is what is left of the stems asked for: name one of those too"),
        (["--model", "magic"], "invalid choice: 'magic'"),
        (["--shifts", "-1"], "'-1' is no whole number from 0 to 20"),
        (["--overlap", "nan"], "'nan' is no number from 0 to 0.95"),
        (["--threads", "0"], "'0' is no whole number from 1 to 256"),
    ],
)
def test_what_cannot_be_asked_for_is_said(
    song: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        run(song, "--out", song.parent / "out", *arguments)
    assert left.value.code == 2
    assert sentence in capsys.readouterr().err


def test_without_torch_it_is_said_what_to_install(
    song: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert run(song, "--out", song.parent / "out") == 2
    assert capsys.readouterr().err == (
        "logdrum-engine: Pulling sounds apart needs PyTorch: pip install 'logdrum[models]'.\n"
    )


def test_a_file_is_not_replaced_by_its_own_stem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "bass.wav", noise(1_000))
    assert run(path, "--out", tmp_path) == 2
    assert "would be replaced by its own stem" in capsys.readouterr().err
    assert read(path)[0].shape == (2, 1_000)


def test_help_does_without_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None; from logdrum_engine.cli import run_command; run_command(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "separate", "--help"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert "The stems sum to the file" in told.stdout


INTERRUPTED = """
import signal, sys
from logdrum_engine.cli import run_command, separate
from tests.engine.separating.band_split import BandSplit

class Waiting(BandSplit):
    def step(self, turns):
        if turns[0].last:
            print("there", flush=True)
            sys.stdin.read()
        return super().step(turns)

signal.signal(signal.SIGINT, signal.default_int_handler)
separate._load = lambda options: Waiting()
sys.exit(run_command(sys.argv[1:]))
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_end_in_the_middle_leaves_nothing_behind(song: Path, tmp_path: Path, sent: signal.Signals) -> None:
    out = tmp_path / "new" / "stems"
    command = [sys.executable, "-c", INTERRUPTED, "separate", str(song), "--out", str(out)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        assert len([path for path in out.iterdir() if ".part" in path.suffixes]) == 5
        process.send_signal(sent)
        assert process.wait(timeout=60) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["song.wav"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "lines"), [(Terminal(), 4), (io.StringIO(), 2)])
def test_the_time_left_is_told_each_second_on_a_terminal(stream: io.StringIO, lines: int) -> None:
    now = iter([0.0, 10.0, 10.5, 11.2, 12.1, 30.0])
    bar = TimedBar(stream, lambda: next(now))
    for fraction in (0.1, 0.101, 0.102, 0.103, 0.6):
        bar.show(fraction)
    bar.end()
    drawn = stream.getvalue().rstrip("\n").split("\r")[1:]
    assert len(drawn) == lines
    assert drawn[0] == f"[{'#' * 3}{'.' * 27}]  10%, 1:30 left"
    assert drawn[-1].rstrip() == f"[{'#' * 18}{'.' * 12}]  60%, 0:20 left"


def test_a_long_time_is_told_in_hours() -> None:
    assert (told(59.6), told(3_725)) == ("1:00", "1:02:05")
