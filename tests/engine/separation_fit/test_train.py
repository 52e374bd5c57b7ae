"""Training: what a batch holds, what is made small, and that a training broken off goes on as if it had not been."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from logdrum_engine.separation import weights
from logdrum_engine.separation.four_stems import net_of
from logdrum_engine.separation.masker import STEMS, Masker, Masks
from logdrum_engine.separation.spectrum import HOP, analyse, begin_analysis
from logdrum_engine.separation_fit import checkpoints, train
from logdrum_engine.separation_fit.batches import Batch, batch_of
from logdrum_engine.separation_fit.command import fit_command
from logdrum_engine.separation_fit.course import Course
from logdrum_engine.separation_fit.examples import SAMPLE_RATE, Example, LogNote
from logdrum_engine.separation_fit.losses import errors_of, losses_of, snrs_of
from logdrum_engine.separation_fit.producing import Maker, stocked
from logdrum_engine.separation_fit.ship import ship
from logdrum_engine.separation_fit.train import BEST, LAST, Training, answered, metrics_of
from tests.engine.separation.nets import TINY, music
from tests.engine.separation_fit.sounds import SOUNDS

NOTE = LogNote(onset_s=0.31, f0_hz=55.0, glide_hz=82.4, glide_start_s=0.5, end_s=0.8, velocity=0.7)


def course(out: Path, **changes: object) -> Course:
    small = Course(
        sounds=SOUNDS,
        out=out,
        steps=4,
        batch=2,
        segment_s=0.6,
        check_s=0.0,
        validated=2,
        takes=0,
        producers=0,
        shape=TINY,
    )
    return msgspec.structs.replace(small, **changes)


def example() -> Example:
    return Example(np.stack([music(SAMPLE_RATE, seed) for seed in range(len(STEMS))]), (NOTE,))


def masks_of(batch: Batch, shares: torch.Tensor) -> Masks:
    return Masks(shares.expand_as(batch.own), torch.zeros_like(batch.low))


def test_how_far_masks_miss_is_what_spectra_would_say() -> None:
    one = example()
    batch = batch_of([one], TINY)
    torch.manual_seed(0)
    masks = Masks(torch.rand_like(batch.own), 0.3 * torch.randn_like(batch.low))
    missed, own, _ = errors_of(batch, masks)

    sides = torch.from_numpy(np.stack((one.stems[:, 0] + one.stems[:, 1], one.stems[:, 0] - one.stems[:, 1]), 1))
    stems, _ = analyse(begin_analysis(len(STEMS), 2), sides * 0.5**0.5)
    net = Masker(TINY)
    full = masks.shares[0].permute(1, 2, 0, 3)[..., net.row_of].to(torch.complex64)
    full[:, 0, :, : TINY.single_bins] += masks.correction[0].transpose(0, 1)
    off = (full * stems.sum(0) - stems).abs().square().sum((1, 2, 3))
    torch.testing.assert_close(missed[0], off, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(own[0], stems.abs().square().sum((1, 2, 3)), rtol=1e-3, atol=1e-3)


def test_masks_nearer_the_truth_lose_less() -> None:
    batch = batch_of([example()], TINY)
    ideal = batch.own.sqrt() / batch.own.sqrt().sum(2, keepdim=True).clamp_min(1e-9)
    alike = masks_of(batch, torch.tensor(0.25))
    notes = answered_notes(batch)
    for name in ("snr", "magnitude"):
        better, worse = (getattr(losses_of(batch, masks, notes), name) for masks in (masks_of(batch, ideal), alike))
        assert better < worse


def answered_notes(batch: Batch) -> train.NoteFrames:
    zeros = torch.zeros_like(batch.onset)
    return train.NoteFrames(*[zeros] * 6, zeros[..., None].expand(*zeros.shape, TINY.pitches))


def test_the_mix_itself_is_no_gain_over_the_mix() -> None:
    batch = batch_of([example()], TINY)
    told = snrs_of(batch, masks_of(batch, torch.tensor(1.0)))
    for stem in STEMS:
        assert told[f"{stem} gain"] == pytest.approx([0.0], abs=1e-3)


def test_frames_say_where_a_note_is_struck_and_how_high_it_is() -> None:
    one = example()
    loud = one._replace(stems=np.ones_like(one.stems))
    batch = batch_of([loud], TINY)
    struck = int(batch.onset[0].argmax())
    middle_s = (struck * HOP + HOP - 2048) / SAMPLE_RATE
    assert middle_s + float(batch.offset[0, struck]) * HOP / SAMPLE_RATE == pytest.approx(NOTE.onset_s, abs=1e-4)
    assert abs(float(batch.offset[0, struck])) <= 0.5
    lower, higher = (24 * np.log2(hz / TINY.lowest_hz) for hz in (NOTE.f0_hz, NOTE.glide_hz))
    known = batch.pitch[0][batch.pitch[0] >= 0]
    assert known[0] == pytest.approx(lower)
    assert known[-1] == pytest.approx(higher)
    rings_s = float(batch.active.sum()) * HOP / SAMPLE_RATE
    assert rings_s == pytest.approx(NOTE.end_s - NOTE.onset_s, abs=1.5 * HOP / SAMPLE_RATE)


def test_a_batch_is_all_that_is_needed_of_the_mix() -> None:
    batch = batch_of([example(), example()], TINY)
    frames = SAMPLE_RATE // HOP
    assert batch.powers.shape == (2, frames, 2, TINY.rows)
    assert batch.own.shape == (2, frames, len(STEMS), 2, TINY.rows)
    torch.testing.assert_close(batch.common.sum(2), batch.powers, rtol=1e-3, atol=1e-3)


def test_a_net_learns_what_it_hears_again_and_again(tmp_path: Path) -> None:
    batch = batch_of([example()], TINY)
    training = Training(course(tmp_path, steps=400, rate=0.02))
    before = losses_of(*answered(training.net, batch))
    for _ in range(60):
        training.learn(batch)
    after = losses_of(*answered(training.net, batch))
    assert after.snr < before.snr - 0.5
    assert after.onset + after.pitch < before.onset + before.pitch


def test_a_training_that_was_broken_off_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole, parts = course(tmp_path / "whole"), course(tmp_path / "parts")
    Training(whole).run()
    broken = Training(parts)
    maker = Maker(parts)
    broken.learn(maker.batch(0))
    broken.learn(maker.batch(1))
    broken.check(list(maker.validation()))
    Training(parts, resume=True).run()
    once, again = (checkpoints.load(each.out / LAST) for each in (whole, parts))
    assert again["standing"]["step"] == 4
    for name, tensor in once["net"].items():
        torch.testing.assert_close(again["net"][name], tensor, rtol=0, atol=0)
    for name, tensor in once["mean"].items():
        torch.testing.assert_close(again["mean"][name], tensor, rtol=0, atol=0)


def test_it_stops_early_once_nothing_gets_better(tmp_path: Path) -> None:
    training = Training(course(tmp_path, steps=50, patience=2, rate=0.0))
    training.run()
    assert training.standing.step < 50
    assert len([entry for entry in metrics_of(tmp_path) if "validated" in entry]) == training.standing.step


def test_what_it_writes_down_is_drawn(tmp_path: Path) -> None:
    Training(course(tmp_path, steps=1)).run()
    [entry] = metrics_of(tmp_path)
    assert set(STEMS) <= set(entry["validated"])
    assert {path.name for path in tmp_path.glob("*.png")} == {"losses.png", "ratios.png"}


def test_only_the_note_head_learns_where_that_is_asked_for(tmp_path: Path) -> None:
    Training(course(tmp_path / "all", steps=1)).run()
    notes = Training(course(tmp_path / "notes", steps=2, begin=tmp_path / "all" / BEST, only_notes=True))
    notes.run()
    before, after = (checkpoints.load(tmp_path / each / BEST)["net"] for each in ("all", "notes"))
    changed = {name.split(".")[0] for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert changed == {"notes"}


def test_batches_are_the_same_whoever_makes_them(tmp_path: Path) -> None:
    alone = course(tmp_path)
    maker = Maker(alone)
    with stocked(msgspec.structs.replace(alone, producers=1), maker) as stock:
        made = [stock.take(number) for number in range(3, 5)]
    for number, batch in enumerate(made, 3):
        for part, same in zip(batch, maker.batch(number), strict=True):
            torch.testing.assert_close(part, same, rtol=0, atol=0)


def test_no_two_batches_are_alike_nor_like_what_is_validated_on(tmp_path: Path) -> None:
    maker = Maker(course(tmp_path))
    batches = [maker.batch(0), maker.batch(1), *maker.validation()]
    assert len({float(batch.powers.sum()) for batch in batches}) == len(batches)


def test_a_checkpoint_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / LAST
    checkpoints.save(path, {"step": 1})

    def breaks_off(_: object, file: Path) -> None:
        file.write_bytes(b"half of it")
        raise OSError

    monkeypatch.setattr(torch, "save", breaks_off)
    with pytest.raises(OSError):  # noqa: PT011  # whichever
        checkpoints.save(path, {"step": 2})
    assert checkpoints.load(path) == {"step": 1}


def test_a_trained_net_is_shipped_and_found_again(tmp_path: Path) -> None:
    Training(course(tmp_path, steps=1)).run()
    out = tmp_path / "weights" / "net.safetensors"
    assert fit_command(["ship", str(tmp_path / BEST), "--out", str(out), "--made-by", "a test"]) == 0
    entry = weights.manifest(out.parent)[out.name]
    assert (entry.bytes, entry.made_by) == (out.stat().st_size, "a test")
    net = net_of(weights.load(out.name, out.parent))
    kept = checkpoints.load(tmp_path / BEST)["net"]
    for name, tensor in net.state_dict().items():
        torch.testing.assert_close(tensor.float(), kept[name].float(), rtol=1e-2, atol=1e-3)


def test_what_is_no_net_is_not_shipped(tmp_path: Path) -> None:
    path = tmp_path / BEST
    checkpoints.save(path, {"net": {}, "shape": '{"rows": "many"}'})
    with pytest.raises(msgspec.ValidationError):
        ship(path, tmp_path / "out.safetensors", made_by="a test")
