"""Demucs for sounds that go on: the answers of Demucs' own `apply_model`, and weights that are opened safely."""

import json
import pickle
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from demucs.apply import BagOfModels, apply_model
from demucs.htdemucs import HTDemucs
from demucs.states import get_state
from safetensors.torch import save_file

from logdrum_engine.separation import demucs as ours
from logdrum_engine.separation.demucs import Demucs, Member
from logdrum_engine.separation.demucs_files import are_here
from logdrum_engine.separation.demucs_weights import load_bag
from logdrum_engine.separation.errors import SeparationError
from logdrum_engine.separation.interface import Audio, Stems
from tests.engine.separation.nets import music
from tests.engine.separation.separators import SIX, SOURCES, off_db, pulled, tiny_demucs_net

SAMPLES = 50_001
APART_DB = -50.0
ONES = (1.0, 1.0, 1.0, 1.0)


def theirs(model: Any, audio: Audio, **options: Any) -> dict[str, Stems]:
    with torch.inference_mode():
        [answer] = apply_model(model, torch.from_numpy(audio)[None], **options)
    return dict(zip(model.sources, answer.numpy(), strict=True))


@pytest.mark.parametrize(("samples", "overlap"), [(SAMPLES, 0.25), (SAMPLES, 0.5), (9_000, 0.25), (22_050, 0.0)])
def test_answers_are_those_of_apply_model(samples: int, overlap: float) -> None:
    net, audio = tiny_demucs_net(), music(samples)

    found = pulled(Demucs("htdemucs", [Member(net, ONES)], overlap=overlap), audio, [samples // 3])

    expected = theirs(net, audio, shifts=0, overlap=overlap)
    for stem, sound in zip(("vocals", "drums", "bass"), found.stems, strict=False):
        assert off_db(sound, expected[stem]) < APART_DB


def test_answers_of_a_bag_with_weights_and_shifts_are_those_of_apply_model(monkeypatch: pytest.MonkeyPatch) -> None:
    nets, audio = [tiny_demucs_net(0), tiny_demucs_net(1)], music(SAMPLES)
    weights = [[1.0, 0.0, 1.0, 0.5], [3.0, 1.0, 0.0, 0.5]]
    members = [Member(net, tuple(row)) for net, row in zip(nets, weights, strict=True)]

    found = pulled(Demucs("htdemucs_ft", members, shifts=2), audio)

    monkeypatch.setattr("demucs.apply.random", random.Random(ours.SEED))  # where it takes its shifts from
    expected = theirs(BagOfModels(nets, weights), audio, shifts=2, overlap=0.25)
    for stem, sound in zip(("vocals", "drums", "bass"), found.stems, strict=False):
        assert off_db(sound, expected[stem]) < APART_DB


def test_norming_the_whole_track_first_makes_no_difference() -> None:
    net, audio = tiny_demucs_net(), music(SAMPLES)
    audio -= audio.mean()
    loudness = audio.mean(0).std()

    found = pulled(Demucs("htdemucs", [Member(net, ONES)]), audio)

    normed = theirs(net, audio / loudness, shifts=0)
    for stem, sound in zip(("vocals", "drums", "bass"), found.stems, strict=False):
        assert off_db(sound, normed[stem] * loudness) < APART_DB


def test_guitar_and_piano_are_in_other() -> None:
    net, audio = tiny_demucs_net(sources=SIX), music(SAMPLES)

    found = pulled(Demucs("htdemucs_6s", [Member(net, (1.0,) * 6)]), audio)

    expected = theirs(net, audio, shifts=0)
    rest = audio - expected["vocals"] - expected["drums"] - expected["bass"]
    assert off_db(found.stems[-1], rest) < APART_DB


def test_a_net_that_knows_one_stem_alone_gives_that_and_the_rest() -> None:
    separator = Demucs("htdemucs_ft", [Member(tiny_demucs_net(), (0.0, 0.0, 0.0, 1.0))])

    assert separator.stems == ("vocals", "other")


@pytest.mark.parametrize("overlap", [1.0, -0.1, 7.0])
def test_segments_that_never_go_on_are_refused(overlap: float) -> None:
    with pytest.raises(SeparationError):
        Demucs("htdemucs", [Member(tiny_demucs_net(), ONES)], overlap=overlap)


def write_checkpoint(path: Path, net: Any, klass: Any = HTDemucs) -> None:
    """As Demucs' own are."""
    args, kwargs = net._init_args_kwargs
    torch.save({"klass": klass, "args": args, "kwargs": kwargs | {"gone": 1}, "state": get_state(net, None)}, path)


def write_safetensors(path: Path, net: Any, klass: str = "demucs.htdemucs.HTDemucs") -> None:
    """As those of the hub are."""
    args, kwargs = net._init_args_kwargs
    segment = {"_type": "fraction", "numerator": net.segment.numerator, "denominator": net.segment.denominator}
    about = {"klass": klass, "args": json.dumps(args), "kwargs": json.dumps(kwargs | {"segment": segment})}
    save_file(get_state(net, None), path, about)


def weights_in(members: Sequence[Member]) -> list[np.ndarray]:
    return [member.net.state_dict()["encoder.0.conv.weight"].numpy() for member in members]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bag of a net in each form."""
    (tmp_path / "htdemucs_ft.yaml").write_text("models: ['one', 'two']\nweights: [[1, 0, 0, 0], [0, 1, 1, 1]]\n")
    write_checkpoint(tmp_path / "one.th", tiny_demucs_net(0))
    write_safetensors(tmp_path / "two.safetensors", tiny_demucs_net(1))
    return tmp_path


def test_a_bag_is_loaded_from_a_folder(folder: Path) -> None:
    members = load_bag("htdemucs_ft", folder)

    expected = [net.state_dict()["encoder.0.conv.weight"] for net in (tiny_demucs_net(0), tiny_demucs_net(1))]
    np.testing.assert_array_equal(weights_in(members), np.stack(expected))
    assert [member.weights for member in members] == [(1, 0, 0, 0), (0, 1, 1, 1)]
    assert are_here("htdemucs_ft", folder)


def test_some_nets_of_a_bag_can_be_loaded_alone(folder: Path) -> None:
    [member] = load_bag("htdemucs_ft", folder, members=[1])

    assert member.weights == (0, 1, 1, 1)
    with pytest.raises(SeparationError, match="2 nets"):
        load_bag("htdemucs_ft", folder, members=[2])


def test_a_folder_without_a_list_is_read_by_demucs_own(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "955717e8.th", tiny_demucs_net())

    assert [member.weights for member in load_bag("htdemucs", tmp_path)] == [ONES]


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(SeparationError, match=r"955717e8\.safetensors or 955717e8-….th"):
        load_bag("htdemucs", tmp_path)
    with pytest.raises(SeparationError, match="not there"):
        load_bag("htdemucs", tmp_path / "nowhere")
    assert not are_here("htdemucs", tmp_path)


def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "955717e8-8726e21a.th", tiny_demucs_net())

    with pytest.raises(SeparationError, match="damaged"):
        load_bag("htdemucs", tmp_path)


class Trap:
    """Does something when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def test_what_is_in_a_file_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "run"
    torch.save({"klass": HTDemucs, "args": Trap(mark), "kwargs": {}, "state": {}}, tmp_path / "955717e8.th")

    with pytest.raises(SeparationError, match="no weights of a net"):
        load_bag("htdemucs", tmp_path)
    assert not mark.exists()


def write_other_class(folder: Path) -> None:
    write_safetensors(folder / "955717e8.safetensors", tiny_demucs_net(), klass="subprocess.Popen")


def write_other_pickle(folder: Path) -> None:
    (folder / "955717e8.th").write_bytes(pickle.dumps({"klass": 1}, protocol=2))


def write_other_sizes(folder: Path) -> None:
    net = tiny_demucs_net()
    net._init_args_kwargs = ([list(SOURCES)], {"channels": 8, "segment": net.segment})
    write_safetensors(folder / "955717e8.safetensors", net)


def write_text(folder: Path) -> None:
    (folder / "955717e8.th").write_text("no weights")


@pytest.mark.parametrize("write", [write_other_class, write_other_pickle, write_other_sizes, write_text])
def test_files_that_hold_something_else_are_refused(tmp_path: Path, write: Any) -> None:
    write(tmp_path)

    with pytest.raises(SeparationError, match="no weights of a net"):
        load_bag("htdemucs", tmp_path)


def test_a_list_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "htdemucs.yaml").write_text("models: 5")

    with pytest.raises(SeparationError, match="no list"):
        load_bag("htdemucs", tmp_path)
