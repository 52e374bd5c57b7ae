from pathlib import Path

import pytest
import soundfile

from logdrum_engine.cli import run_command


def groove(out: Path, *more: str) -> list[str]:
    return ["groove", "private school", "--bars", "1", "--out", str(out), *more]


def test_groove_writes_the_mix_and_the_stems(tmp_path: Path) -> None:
    assert run_command(groove(tmp_path / "a.wav", "--bpm", "120", "--stems", str(tmp_path / "stems"))) == 0
    assert soundfile.info(tmp_path / "a.wav").frames == 96_000
    assert {path.name for path in (tmp_path / "stems").iterdir()} == {
        "drums.wav",
        "log_drum.wav",
        "bass.wav",
        "other.wav",
    }


def test_groove_shows_its_progress(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_command(groove(tmp_path / "a.wav"))
    assert capsys.readouterr().err.endswith("100%\n")


def test_a_key_that_nobody_can_play_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(groove(tmp_path / "a.wav", "--key", "H purple")) == 2
    assert capsys.readouterr().err.startswith('logdrum-engine: This cannot be played: cannot read the key "H purple"')


def test_a_folder_that_is_missing_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(groove(tmp_path / "no" / "a.wav")) == 2
    assert capsys.readouterr().err == f"logdrum-engine: There is no folder {tmp_path / 'no'}.\n"


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(groove(tmp_path)) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("option", [("--bars", "0"), ("--bars", "²"), ("--bpm", "nan"), ("--seed", "-1"), ("--huh",)])
def test_a_bad_option_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as exited:
        run_command(groove(tmp_path / "a.wav", *option))
    assert exited.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_no_hub_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["run", "--connect", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"logdrum-engine: There is no hub at {tmp_path / 'none'}.\n"
