"""The tagger: inference as its authors define it, and what its tags say of how near a sound is."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdrum_engine.errors import EngineError
from logdrum_engine.scoring.errors import ScoreError
from logdrum_engine.scoring.tagger import (
    PATCH_FRAMES,
    RATE,
    SHORTEST,
    TAGS,
    Tagger,
    affinity,
    log_mel,
    patches,
    stored_shapes,
)
from logdrum_engine.scoring.tf_checkpoint import CheckpointError, Tensor
from tests.engine.tf_checkpoint_writer import write


def random_weights(seed: int) -> dict[str, Tensor]:
    """Weights that keep a signal's size, with scales of both signs: a maximum taken too early shows."""
    dice = np.random.default_rng(seed)
    tensors = {}
    for name, shape in stored_shapes().items():
        values = dice.normal(size=shape)
        if name.endswith("kernel"):
            values *= 1.5 / math.sqrt(np.prod(shape[:-1]))
        tensors[name] = (np.abs(values) + 0.3 if name.endswith("variance") else values).astype(np.float32)
    return tensors


def sound(seconds: float, seed: int = 1) -> Tensor:
    dice = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * 220 * time) * np.exp(-(time % 0.5) * 6)
    return (0.3 * tone + 0.05 * dice.normal(size=time.size)).astype(np.float32)


@pytest.fixture(scope="module")
def stored() -> dict[str, Tensor]:
    return random_weights(5)


@pytest.fixture(scope="module")
def folder(stored: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write(folder, stored)
    return folder


@pytest.fixture(scope="module")
def tagger(folder: Path) -> Tagger:
    return Tagger.load(folder)


def reference(weights: dict[str, Tensor], patch: Tensor) -> tuple[Tensor, Tensor]:
    """The network as TensorFlow builds it, one tap of a kernel after the other."""

    def norm(name: str, values: Tensor) -> Tensor:
        prefix = f"batch_normalization{name}/"
        scale = weights[prefix + "gamma"] / np.sqrt(weights[prefix + "moving_variance"] + 0.001)
        return (values - weights[prefix + "moving_mean"]) * scale + weights[prefix + "beta"]

    def convolved(name: str, padded: Tensor) -> Tensor:
        """Sum over the kernel's taps, each over the whole of what it meets."""
        kernel = weights[f"{name}/kernel"][:, :, 0, :]
        height, width, channels = kernel.shape
        times, bands = padded.shape[0] - height + 1, padded.shape[1] - width + 1
        out = np.zeros((times, bands, channels), dtype=np.float32) + weights[f"{name}/bias"]
        for row in range(height):
            for column in range(width):
                out += padded[row : row + times, column : column + bands, None] * kernel[row, column]
        return np.maximum(out, 0)

    def padded(values: Tensor, before: int, after: int) -> Tensor:
        return np.pad(values, ((before, after), (0, 0)))

    x = norm("", patch[:, :, None])[:, :, 0]
    front = [
        norm("_1", convolved("conv2d", padded(x, 3, 3))).max(axis=1),
        norm("_2", convolved("conv2d_1", padded(x, 3, 3))).max(axis=1),
        norm("_3", convolved("conv2d_2", padded(x, 63, 64))).max(axis=1),
        norm("_4", convolved("conv2d_3", padded(x, 31, 32))).max(axis=1),
        norm("_5", convolved("conv2d_4", padded(x, 15, 16))).max(axis=1),
    ]
    features = np.concatenate(front, axis=1)
    first = norm("_6", convolved("conv2d_5", padded(features, 3, 3))[:, 0])
    second = norm("_7", convolved("conv2d_6", padded(first, 3, 3))[:, 0]) + first
    third = norm("_8", convolved("conv2d_7", padded(second, 3, 3))[:, 0]) + second
    features = np.concatenate([features, first, second, third], axis=1)
    pooled = np.array([value for row in features.T for value in (row.max(), row.mean())])
    dense = norm("_9", pooled) @ weights["dense/kernel"] + weights["dense/bias"]
    embedding = norm("_10", np.maximum(dense, 0))
    logits = embedding @ weights["dense_1/kernel"] + weights["dense_1/bias"]
    return embedding, 1 / (1 + np.exp(-logits))


def test_inference_equals_the_slow_obvious_network(stored: dict[str, Tensor], tagger: Tagger) -> None:
    mono = sound(6.1)
    expected = [reference(stored, patch) for patch in patches(log_mel(mono))]
    assert len(expected) == 2
    embedding, tags = (np.mean(each, axis=0) for each in zip(*expected, strict=True))
    assert np.allclose(tagger.embedding(mono), embedding, atol=2e-3 * np.abs(embedding).max())
    assert np.allclose(list(tagger.tags(mono).values()), tags, atol=2e-3)
    assert np.ptp(tags) > 0.2  # the weights are no accident that hides everything


def test_tags_come_by_their_names_and_the_embedding_has_200_numbers(tagger: Tagger) -> None:
    heard = tagger.hear(sound(3.1))
    assert tuple(heard.tags) == TAGS
    assert len(set(TAGS)) == 50
    assert all(0 <= probability <= 1 for probability in heard.tags.values())
    assert heard.embedding.shape == (200,)
    assert heard.embedding.dtype == np.float32


def test_what_is_left_over_after_the_last_patch_goes_unheard(tagger: Tagger) -> None:
    mono = sound(3.5)
    changed = mono.copy()
    changed[-2_000:] = 0
    assert tagger.tags(mono) == tagger.tags(changed)


def test_the_shortest_sound_is_one_patch_and_a_shorter_one_is_refused(tagger: Tagger) -> None:
    assert len(log_mel(sound(4)[:SHORTEST])) == PATCH_FRAMES
    assert tagger.tags(sound(4)[:SHORTEST])
    for mono in (sound(4)[: SHORTEST - 1], np.zeros(0, dtype=np.float32)):
        with pytest.raises(ScoreError, match="too short to tag"):
            tagger.tags(mono)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sound_that_is_not_finite_is_refused(tagger: Tagger, value: float) -> None:
    mono = sound(4)
    mono[7] = value
    with pytest.raises(EngineError, match="not numbers"):
        tagger.embedding(mono)


@pytest.mark.parametrize("level", [0.0, 1e-30, 1e6, 1e37])
def test_silence_and_great_levels_give_numbers(tagger: Tagger, level: float) -> None:
    heard = tagger.hear(sound(3) * np.float32(level))
    assert np.all(np.isfinite(heard.embedding))
    assert np.all(np.isfinite(list(heard.tags.values())))


def test_the_spectrogram_is_that_of_the_definition() -> None:
    mono = sound(3, seed=9)
    padded = np.pad(mono.astype(np.float64), 256, mode="reflect")
    mels = np.linspace(0, 15 + 27 * math.log(8) / math.log(6.4), 98)
    edges = [mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27) for mel in mels]
    spectrogram = log_mel(mono)
    assert spectrogram.shape == (1 + mono.size // 256, 96)
    for frame in (0, 1, 100, 187):
        windowed = [
            padded[256 * frame + n] * math.sin(math.pi * n / 512) ** 2 for n in range(512)
        ]  # a periodic Hann window
        power = [
            abs(sum(value * complex(math.cos(w * n), -math.sin(w * n)) for n, value in enumerate(windowed))) ** 2
            for w in (2 * math.pi * k / 512 for k in range(257))
        ]
        for band in (0, 1, 20, 50, 95):
            low, centre, high = edges[band : band + 3]
            energy = 0.0
            for k, value in enumerate(power):
                hz = k * RATE / 512
                slope = (hz - low) / (centre - low) if hz <= centre else (high - hz) / (high - centre)
                energy += value * max(0.0, slope) * 2 / (high - low)
            assert spectrogram[frame, band] == pytest.approx(math.log10(1 + 10_000 * energy), abs=1e-3)


def test_weights_of_another_network_are_refused(stored: dict[str, Tensor], tmp_path: Path) -> None:
    write(tmp_path, {"conv2d/kernel": stored["conv2d/bias"]})
    with pytest.raises(CheckpointError, match="conv2d/kernel is"):
        Tagger.load(tmp_path)


# What the authors' own graph answers, run in TensorFlow 2.15, for `knocks` as two patches.
ANSWERS = {"guitar": 0.49450594, "drums": 0.318385, "beat": 0.24057911, "beats": 0.08634614, "fast": 0.07811105}
EMBEDDED = (0.15118843, -0.0328787, -0.05928628, -0.18605754)
WEIGHTS = Path(os.environ.get("LOGDRUM_MUSICNN", Path(__file__).parents[2] / ".weights" / "MTT_musicnn"))


def knocks() -> Tensor:
    """Six seconds of low knocks and bright ticks, the same on every machine."""
    count = np.arange(6 * RATE)
    time = count / RATE
    knock = np.sin(2 * np.pi * 55 * time) * np.exp(-(time % 0.5) * 8)
    tick = np.sin(0.7 * count.astype(np.float64) ** 2) * np.exp(-(time % 0.25) * 40)
    return (0.5 * knock + 0.1 * tick).astype(np.float32)


def test_the_real_weights_answer_as_in_tensorflow() -> None:
    if not WEIGHTS.is_dir():
        pytest.skip(f"no weights at {WEIGHTS}: run deploy/setup.sh weights, or name them by LOGDRUM_MUSICNN")
    heard = Tagger.load(WEIGHTS).hear(knocks())
    for name, answer in ANSWERS.items():
        assert heard.tags[name] == pytest.approx(answer, abs=1e-3)
    assert heard.embedding[:4] == pytest.approx(EMBEDDED, abs=1e-2)


# Affinity


def tags_of(**given: float) -> dict[str, float]:
    return dict.fromkeys(TAGS, 0.0) | given


def test_synonyms_are_one_thing() -> None:
    assert affinity(tags_of(beat=0.6)) == affinity(tags_of(beats=0.6)) == affinity(tags_of(drums=0.6)) > 0
    assert affinity(tags_of(beat=0.6, beats=0.6)) < 2 * affinity(tags_of(beat=0.6))


def test_what_is_below_the_floor_counts_as_nothing() -> None:
    assert affinity(tags_of(electronic=0.1, piano=0.1, dance=0.05)) == 0
    assert affinity(tags_of(electronic=0.2)) > 0


def test_affinity_is_whole_only_where_everything_is_there() -> None:
    assert affinity(tags_of(electronic=1, drums=1, dance=1, piano=1)) == pytest.approx(1)
    assert affinity(tags_of(electronic=1, drums=1)) < 1
    assert affinity(tags_of()) == 0


@given(st.lists(st.floats(0, 1), min_size=50, max_size=50), st.sampled_from(TAGS), st.floats(0, 1))
def test_no_tag_counts_against_a_sound(probabilities: list[float], name: str, raised: float) -> None:
    tags = dict(zip(TAGS, probabilities, strict=True))
    assert 0 <= affinity(tags) <= 1
    assert affinity(tags | {name: max(tags[name], raised)}) >= affinity(tags) - 1e-12
