"""`logdrum-engine score`."""

import json
from pathlib import Path

import pytest

from logdrum_engine.cli import run_command
from tests.engine.scoring_cases import file_of, groove


def run(*arguments: str) -> int:
    return run_command(["score", *arguments])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(file_of(tmp_path_factory.mktemp("cli") / "a.wav", groove("sgija", bars=6)))


def test_a_score_is_told_with_its_interval_its_verdict_and_its_reasons(
    sound: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(sound) == 0
    text = capsys.readouterr().out
    assert "verdict: accept, at a threshold of 0.5" in text
    assert "112.0 BPM, within 108 to 115" in text
    assert "log drum" in text


def test_what_a_score_is_and_is_not_is_said(sound: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(sound)
    text = " ".join(capsys.readouterr().out.split())
    assert "does not measure quality" in text
    assert "renders of this project's own synthesiser" in text


def test_the_threshold_decides_the_verdict(sound: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(sound, "--threshold", "1")
    assert "verdict: reject, at a threshold of 1" in capsys.readouterr().out


def test_a_score_can_be_read_by_a_program(sound: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(sound, "--json", "--threshold", "0.4")
    found = json.loads(capsys.readouterr().out)
    assert (found["threshold"], found["verdict"]) == (0.4, "accept")
    assert found["conformance"]["components"][0]["name"] == "tempo"


def test_progress_is_shown_beside_the_result(sound: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(sound)
    assert capsys.readouterr().err.endswith("100%\n")


def test_what_cannot_be_scored_is_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(tmp_path / "nowhere.wav")) == 1
    assert capsys.readouterr().err == "logdrum-engine: The file is not there.\n"


@pytest.mark.parametrize("threshold", ["-0.1", "1.1", "nan", "high"])
def test_a_threshold_is_a_number_from_0_to_1(threshold: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run("a.wav", "--threshold", threshold)
    assert left.value.code == 2
    assert "number from 0 to 1" in capsys.readouterr().err
