"""Our net: masks that share out the mix, in pieces as in one go, and a file that is what it was."""

import random
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from logdrum_engine.separation import weights
from logdrum_engine.separation.errors import SeparationError
from logdrum_engine.separation.four_stems import FourStems, Hearing, net_of
from logdrum_engine.separation.interface import Audio, LogDrumNote, Stems, Turn
from logdrum_engine.separation.masker import STEMS, Masker, Past, Shape, row_edges
from logdrum_engine.separation.spectrum import BINS, HOP
from logdrum_engine.separation_fit.ship import narrowed
from tests.engine.separation.nets import TINY, music, tiny_net

SAMPLES = 150_000


@pytest.fixture(scope="module")
def four_stems() -> FourStems:
    return FourStems(tiny_net())


def pulled(separator: FourStems, audio: Audio, cuts: list[int]) -> tuple[Stems, tuple[LogDrumNote, ...], float]:
    state, stems, notes = separator.begin(), [], []
    for piece in np.split(audio, np.cumsum(cuts), axis=1):
        [(separated, state)] = separator.step([Turn(state=state, audio=piece, last=False)])
        stems.append(separated.stems)
        notes.extend(separated.notes)
    [(separated, state)] = separator.step([Turn(state=state, audio=audio[:, :0], last=True)])
    return np.concatenate((*stems, separated.stems), axis=2), (*notes, *separated.notes), separator.presence(state)


def off_db(one: Stems, other: Stems) -> float:
    return float(10 * np.log10(np.square(one - other).sum() / np.square(other).sum() + 1e-30))


def test_masks_share_out_every_row_and_corrections_cancel_out() -> None:
    net = tiny_net()
    spectra = torch.randn(2, 2, 30, BINS, dtype=torch.complex64)
    with torch.no_grad():
        masks, _ = net(spectra[:, 0, :, : TINY.single_bins], net.powers(spectra).transpose(1, 2), Past())
    assert masks.shares.shape == (2, 30, len(STEMS), 2, TINY.rows)
    torch.testing.assert_close(masks.shares.sum(2), torch.ones(2, 30, 2, TINY.rows))
    assert masks.correction.abs().max() > 0.01
    assert masks.correction.sum(2).abs().max() < 1e-5


def test_a_frame_hears_nothing_of_later_ones() -> None:
    net = tiny_net()
    spectra = torch.randn(1, 2, 40, BINS, dtype=torch.complex64)
    changed = spectra.clone()
    changed[:, :, 25:] *= 3
    with torch.no_grad():
        (one, _), (other, _) = (
            net(x[:, 0, :, : TINY.single_bins], net.powers(x).transpose(1, 2), Past()) for x in (spectra, changed)
        )
    differ = (one.shares - other.shares).abs().amax((0, 2, 3, 4)) > 0
    assert differ.nonzero()[0].item() == 25


@pytest.mark.parametrize("seed", range(4))
def test_how_a_sound_is_cut_makes_no_difference(four_stems: FourStems, seed: int) -> None:
    audio, rng = music(SAMPLES), random.Random(seed)
    cuts = [rng.choice((0, 1, rng.randrange(HOP), rng.randrange(20_000))) for _ in range(12)]
    whole, notes, presence = pulled(four_stems, audio, [])
    parts, notes_of_parts, presence_of_parts = pulled(four_stems, audio, cuts)
    assert off_db(parts, whole) < -80
    assert [note.onset_s for note in notes_of_parts] == pytest.approx([note.onset_s for note in notes], abs=1e-3)
    assert presence_of_parts == pytest.approx(presence, abs=1e-4)


@pytest.mark.parametrize("samples", [0, 1, 700, HOP, 4096, 30_001])
def test_as_many_samples_come_out_as_go_in_and_stems_sum_to_them(four_stems: FourStems, samples: int) -> None:
    audio = music(samples)
    stems, _, _ = pulled(four_stems, audio, [samples // 3])
    assert stems.shape == (len(STEMS), 2, samples)
    np.testing.assert_allclose(stems.sum(0), audio, atol=1e-6)


def test_a_turn_of_any_length_is_heard_a_block_at_a_time(four_stems: FourStems) -> None:
    audio = music(5 * four_stems.block_samples + 17)
    blocks, _, _ = pulled(four_stems, audio, [four_stems.block_samples] * 5)
    whole, _, _ = pulled(four_stems, audio, [])
    assert off_db(blocks, whole) < -80


def test_jobs_side_by_side_get_what_each_alone_gets(four_stems: FourStems) -> None:
    sounds = [music(60_000, seed) for seed in range(3)]
    states: list[Hearing] = [four_stems.begin() for _ in sounds]
    got: list[list[Stems]] = [[] for _ in sounds]
    # At different places and of different lengths; the second joins late, the third ends early.
    turns = [[(0, 0, 9_000), (2, 0, 60_000)], [(0, 9_000, 60_000), (1, 0, 30_000)], [(1, 30_000, 60_000)]]
    for together in turns:
        asked = [
            Turn(state=states[job], audio=sounds[job][:, first:end], last=end == 60_000) for job, first, end in together
        ]
        for (job, _, _), (separated, state) in zip(together, four_stems.step(asked), strict=True):
            states[job] = state
            got[job].append(separated.stems)
    for sound, parts in zip(sounds, got, strict=True):
        assert off_db(np.concatenate(parts, axis=2), pulled(four_stems, sound, [])[0]) < -80


def test_one_batch_gives_what_turns_one_by_one_give() -> None:
    net = tiny_net()
    spectra = torch.randn(3, 2, 20, BINS, dtype=torch.complex64)
    with torch.no_grad():
        singly = [net(x[None, 0, :, : TINY.single_bins], net.powers(x[None]).transpose(1, 2), Past()) for x in spectra]
        masks, _ = net(spectra[:, 0, :, : TINY.single_bins], net.powers(spectra).transpose(1, 2), Past())
    torch.testing.assert_close(masks.shares, torch.cat([one.shares for one, _ in singly]), atol=1e-5, rtol=0)


def test_a_state_may_be_gone_on_from_twice(four_stems: FourStems) -> None:
    audio = music(80_000)
    [(_, state)] = four_stems.step([Turn(state=four_stems.begin(), audio=audio[:, :40_000], last=False)])
    turn = Turn(state=state, audio=audio[:, 40_000:], last=True)
    [(first, _)] = four_stems.step([turn])
    [(second, _)] = four_stems.step([turn])
    np.testing.assert_array_equal(first.stems, second.stems)


def test_how_loud_a_sound_is_makes_no_difference_to_how_it_is_shared_out(four_stems: FourStems) -> None:
    audio = music(SAMPLES)
    loud, _, _ = pulled(four_stems, audio, [])
    quiet, _, _ = pulled(four_stems, audio * np.float32(0.05), [])
    assert off_db(quiet * 20, loud) < -60


def test_silence_is_pulled_into_silence(four_stems: FourStems) -> None:
    stems, _, _ = pulled(four_stems, np.zeros((2, 20_000), np.float32), [])
    np.testing.assert_array_equal(stems, 0)


def test_rows_cover_every_bin_once_and_single_ones_come_first() -> None:
    edges = row_edges(Shape())
    assert edges[: Shape().single_bins + 1] == list(range(Shape().single_bins + 1))
    assert edges[-1] == BINS
    assert all(first < after for first, after in pairwise(edges))


def shipped(folder: Path, net: Masker) -> Path:
    path = folder / "net.safetensors"
    about = {"shape": msgspec.json.encode(net.shape).decode()}
    weights.write(path, weights.Weights(tensors=narrowed(net.state_dict()), about=about))
    weights.record(path, source="a test", licence="MIT", made_by="a test")
    return path


def test_a_net_is_read_back_at_the_sizes_it_was_written_with(tmp_path: Path) -> None:
    net = tiny_net()
    read = net_of(weights.load(shipped(tmp_path, net).name, tmp_path))
    assert read.shape == TINY
    for name, tensor in net.state_dict().items():
        torch.testing.assert_close(read.state_dict()[name], tensor, atol=1e-3, rtol=1e-2)


def test_bytes_keep_each_channel_to_a_part_in_two_hundred() -> None:
    tensor = torch.randn(20, 30) * torch.logspace(-4, 2, 20)[:, None]
    narrow = weights.narrowed({"big": tensor, "small": tensor[0]}, ["big"])
    assert narrow["big"].dtype == torch.int8
    assert narrow["small"].dtype == torch.float16
    off = (weights.widened(narrow)["big"] - tensor).abs().amax(1) / tensor.abs().amax(1)
    assert off.max() <= 1 / 200


def test_weights_that_are_not_the_recorded_ones_are_refused(tmp_path: Path) -> None:
    path = shipped(tmp_path, tiny_net())
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(SeparationError, match="not the recorded ones"):
        weights.load(path.name, tmp_path)


def test_weights_that_are_missing_or_unknown_are_told_apart(tmp_path: Path) -> None:
    path = shipped(tmp_path, tiny_net())
    path.unlink()
    with pytest.raises(SeparationError, match="missing"):
        weights.load(path.name, tmp_path)
    with pytest.raises(SeparationError, match="manifest does not name"):
        weights.load("other.safetensors", tmp_path)


def test_weights_of_another_net_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    weights.write(path, weights.Weights(tensors={"a": torch.zeros(3)}, about={}))
    weights.record(path, source="a test", licence="MIT", made_by="a test")
    with pytest.raises(SeparationError, match="not of our net"):
        net_of(weights.load(path.name, tmp_path))
