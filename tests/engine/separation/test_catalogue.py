"""Which separators there are, and what is said where one cannot be had."""

import subprocess
import sys
from pathlib import Path

import pytest

from logdrum_engine.separation import catalogue, four_stems, spleeter
from logdrum_engine.separation.catalogue import Options, available, load
from logdrum_engine.separation.errors import SeparationError
from logdrum_engine.separation.five import Five, LogDrumHead
from logdrum_engine.separation.spleeter import Vocals
from tests.engine.separation.nets import tiny_net
from tests.engine.separation.separators import tiny_demucs, tiny_demucs_net
from tests.engine.separation.test_demucs import write_checkpoint


def without(code: str, *modules: str) -> str:
    """Run code where modules are not installed, or as good as."""
    hide = f"import sys; sys.modules.update(dict.fromkeys({modules}))\n"
    done = subprocess.run([sys.executable, "-c", hide + code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_looking_for_separators_does_not_load_torch(tmp_path: Path) -> None:
    code = "from pathlib import Path; from logdrum_engine.separation.catalogue import available\n"
    code += f"available(Path({str(tmp_path)!r})); print('torch' in sys.modules)"

    assert without(code) == "False"


def test_without_torch_there_is_none_and_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert available() == ()
    with pytest.raises(SeparationError, match="needs PyTorch"):
        load(Options())


def test_demucs_is_there_where_its_weights_are(tmp_path: Path) -> None:
    assert "htdemucs" not in available(tmp_path)

    write_checkpoint(tmp_path / "955717e8.th", tiny_demucs_net())

    assert "htdemucs" in available(tmp_path)
    assert "htdemucs_ft" not in available(tmp_path)


def test_the_files_looked_for_are_those_that_are_loaded() -> None:
    assert catalogue.SHIPPED == (spleeter.FILE, four_stems.FILE)


def test_who_wants_the_voice_alone_gets_it_without_the_other_net() -> None:
    assert isinstance(load(Options(stems=("vocals",))), Vocals)


def test_demucs_is_loaded_as_it_is_asked_for(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "955717e8.th", tiny_demucs_net())

    separator = load(Options(model="htdemucs", models=tmp_path, stems=("vocals",), overlap=0.5, device="cpu"))

    assert separator.name == "htdemucs"
    assert separator.stems == ("vocals", "drums", "bass", "other")
    assert separator.block_samples == 11_025


@pytest.mark.parametrize("options", [Options(model="nothing"), Options(model="htdemucs", models=Path("nowhere"))])
def test_what_cannot_be_had_is_refused(options: Options) -> None:
    with pytest.raises(SeparationError):
        load(options)


def test_a_bag_without_drums_has_no_log_drum_to_take() -> None:
    from logdrum_engine.separation.demucs import Demucs, Member

    voice = Demucs("htdemucs_ft", [Member(tiny_demucs_net(), (0.0, 0.0, 0.0, 1.0))])

    with pytest.raises(SeparationError, match="lacks some"):
        Five(voice, LogDrumHead(tiny_net()))
    assert Five(tiny_demucs(), LogDrumHead(tiny_net())).name == "htdemucs"
