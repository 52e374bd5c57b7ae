import importlib.util
import json
import signal
from pathlib import Path

import mido  # type: ignore[import-untyped]  # it ships no types
import pytest
import soundfile

from logdrum_engine.cli import run_command
from logdrum_engine.cli.progress import ProgressBar
from logdrum_engine.culture import genres


def groove(out: Path, *more: str, prompt: str = "private school") -> list[str]:
    return ["groove", prompt, "--bars", "1", "--out", str(out), *more]


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_groove_writes_the_mix_and_the_stems(tmp_path: Path) -> None:
    assert run_command(groove(tmp_path / "a.wav", "--bpm", "120", "--stems", str(tmp_path / "stems"))) == 0
    assert soundfile.info(tmp_path / "a.wav").frames == 96_000
    assert {path.name for path in (tmp_path / "stems").iterdir()} == {
        "drums.wav",
        "log_drum.wav",
        "bass.wav",
        "other.wav",
    }


def test_groove_writes_the_notes_and_the_picture(tmp_path: Path) -> None:
    more = ("--midi", str(tmp_path / "a.mid"), "--plot", str(tmp_path / "a.png"), "--section", "drop")
    assert run_command(groove(tmp_path / "a.wav", *more)) == 0
    assert len(mido.MidiFile(tmp_path / "a.mid").tracks) > 3
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in tmp_path.iterdir()} == {"a.wav", "a.mid", "a.png"}


def test_groove_shows_its_progress(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_command(groove(tmp_path / "a.wav"))
    assert capsys.readouterr().err.endswith("100%\n")


def test_groove_lists_its_choices_with_their_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_command(groove(tmp_path / "a.wav", "--key", "A minor"))
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("key ") and "A minor" in line for line in lines)
    assert any(line.startswith("added ") for line in lines)


def test_what_the_genre_adds_can_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_command(groove(tmp_path / "a.wav", "--no-enrich"))
    assert "added" not in capsys.readouterr().out


def test_choices_can_be_read_by_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_command(groove(tmp_path / "a.wav", "--json", "--key", "A minor", "--seed", "9", "--level", "traditional"))
    found = told(capsys)
    assert (found["key"], found["seed"], found["bars"]) == ("A minor", 9, 1)
    choices = found["choices"]
    assert isinstance(choices, list)
    assert all(set(choice) == {"what", "value", "why"} for choice in choices)


@pytest.mark.parametrize(
    ("prompt", "more", "bpm"),
    [("private school", (), 112), ("sgija at 116 bpm", (), 116), ("sgija at 116 bpm", ("--bpm", "108"), 108)],
)
def test_the_tempo_is_the_one_said_else_the_one_wished_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], prompt: str, more: tuple[str, ...], bpm: float
) -> None:
    run_command(groove(tmp_path / "a.wav", "--json", "--no-enrich", *more, prompt=prompt))
    assert told(capsys)["bpm"] == bpm


def test_a_key_that_nobody_can_play_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(groove(tmp_path / "a.wav", "--key", "H purple")) == 2
    assert capsys.readouterr().err.startswith('logdrum-engine: This cannot be played: cannot read the key "H purple"')
    assert not list(tmp_path.iterdir())


def test_a_genre_that_nobody_knows_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run_command(groove(tmp_path / "a.wav", "--genre", "polka"))
    assert left.value.code == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert all(name in sentence for name in ("--genre", "polka", *genres()))


def test_a_folder_that_is_missing_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(groove(tmp_path / "no" / "a.wav")) == 2
    assert capsys.readouterr().err == f"logdrum-engine: There is no folder {tmp_path / 'no'}.\n"


def test_a_folder_in_the_place_of_a_file_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(groove(tmp_path)) == 2
    assert capsys.readouterr().err == f"logdrum-engine: {tmp_path} is no file that can be replaced.\n"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--plot", "a.gif"), "A plot is one of .png, .svg, .pdf, not 'a.gif'."),
        (("--midi", "none/a.mid"), "There is no folder none."),
        (("--midi", "here/../a.wav"), "Two of the files have the same name."),
        (("--stems", "taken"), "taken is no folder."),
        (("--stems", "here", "--midi", "here/bass.wav"), "Two of the files have the same name."),
        (("--midi", "/dev/null"), "/dev/null is no file that can be replaced."),
    ],
)
def test_files_that_cannot_be_are_refused_before_anything_is_played(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here").mkdir()
    Path("taken").touch()
    assert run_command(groove(Path("a.wav"), *more)) == 2
    assert capsys.readouterr().err == f"logdrum-engine: {sentence}\n"
    assert {path.name for path in tmp_path.iterdir()} == {"here", "taken"}


def test_a_plot_without_matplotlib_is_refused_before_anything_is_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "matplotlib" else known(name))
    assert run_command(groove(tmp_path / "a.wav", "--plot", str(tmp_path / "a.png"))) == 2
    assert capsys.readouterr().err == "logdrum-engine: A plot needs matplotlib: pip install 'logdrum[plot]'.\n"
    assert not list(tmp_path.iterdir())


def test_a_name_that_no_file_can_have_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(groove(tmp_path / ("a" * 300))) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("logdrum-engine: Cannot write the files")
    assert not list(tmp_path.iterdir())


def test_a_render_that_is_ended_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(bar: ProgressBar, fraction: float) -> None:
        assert list(tmp_path.iterdir()), "nothing was being written"
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(ProgressBar, "show", end)
    assert run_command(groove(tmp_path / "a.wav", "--stems", str(tmp_path / "stems"))) == 130
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "option",
    [
        ("--bars", "0"),
        ("--bars", "²"),
        ("--bpm", "nan"),
        ("--seed", "-1"),
        ("--section", "chorus"),
        ("--level", "posh"),
        ("--huh",),
    ],
)
def test_a_bad_option_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as exited:
        run_command(groove(tmp_path / "a.wav", *option))
    assert exited.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_prompt_that_is_too_long_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_command(groove(tmp_path / "a.wav", prompt="x" * 1_001))
    assert "a prompt has at most 1000 characters" in capsys.readouterr().err


def test_no_hub_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["run", "--connect", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"logdrum-engine: There is no hub at {tmp_path / 'none'}.\n"
