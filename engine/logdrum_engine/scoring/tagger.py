"""A tagger of music in numpy: musicnn as trained on MagnaTagATune, from the checkpoint its authors publish (ISC).

The tags it was trained on are MagnaTagATune's, whose annotations may not be used commercially (the audio is
CC BY-NC-SA); whether that binds what was learned from them is for whoever uses the weights to judge.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

import msgspec
import numpy as np

from .errors import ScoreError
from .tf_checkpoint import Tensor, read_tensors

RATE: Final = 16_000
EMBEDDING: Final = 200
PATCH_FRAMES: Final = 187
_WINDOW: Final = 512
_HOP: Final = 256
_BANDS: Final = 96
SHORTEST: Final = (PATCH_FRAMES - 1) * _HOP
"""Samples that one patch takes: three seconds, near enough."""
_EPSILON: Final = 1e-3

TAGS: Final = (
    "guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast", "piano", "ambient",
    "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male", "singing", "vocals", "no vocals",
    "harpsichord", "loud", "quiet", "flute", "woman", "male vocal", "no vocal", "pop", "soft", "sitar", "solo", "man",
    "classic", "choir", "voice", "new age", "dance", "male voice", "female vocal", "beats", "harp", "cello", "no voice",
    "weird", "country", "metal", "female voice", "choral",
)  # fmt: skip

_TIMBRAL: Final = {"conv2d": (7, 38, 204), "conv2d_1": (7, 67, 204)}
_TEMPORAL: Final = {"conv2d_2": (128, 51), "conv2d_3": (64, 51), "conv2d_4": (32, 51)}
_MIDDLE: Final = {"conv2d_5": (7, 561, 64), "conv2d_6": (7, 64, 64), "conv2d_7": (7, 64, 64)}
_FEATURES: Final = 561 + 3 * 64
_DENSE: Final = {"dense": (2 * _FEATURES, EMBEDDING), "dense_1": (EMBEDDING, len(TAGS))}
_NORMS: Final = (1, 204, 204, 51, 51, 51, 64, 64, 64, 2 * _FEATURES, EMBEDDING)

_SYNONYMS: Final = {
    "electronic": ("electronic", "synth"),
    "beat": ("beat", "beats", "drums"),
    "dance": ("dance", "techno"),
    "piano": ("piano",),
}
_WEIGHTS: Final = {"electronic": 0.35, "beat": 0.35, "dance": 0.15, "piano": 0.15}
_FLOOR: Final = 0.1


class Heard(msgspec.Struct, frozen=True):
    """What the tagger makes of a sound: means over its patches."""

    tags: dict[str, float]
    embedding: Tensor
    """The last layer before the tags, `[200]`."""


class Tagger:
    """Fifty tags and an embedding of any three seconds or more of music."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._weights = weights
        self._norms = [_norm(weights, number) for number in range(len(_NORMS))]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load `musicnn/MTT_musicnn` of the unpacked wheel musicnn 0.1.0; raises `CheckpointError`."""
        stored = read_tensors(folder, stored_shapes())
        return cls({name: stored[name].reshape(shape) for name, shape in shapes().items()})

    def tags(self, mono_16k: Tensor) -> dict[str, float]:
        """Probabilities of the fifty tags; raises `ScoreError` for a sound too short or not finite."""
        return self.hear(mono_16k).tags

    def embedding(self, mono_16k: Tensor) -> Tensor:
        """Embed a sound as `[200]`; raises as `tags` does."""
        return self.hear(mono_16k).embedding

    def hear(self, mono_16k: Tensor) -> Heard:
        """Tag and embed at once, which costs what either does."""
        embeddings, tags = zip(*(self._forward(patch) for patch in patches(log_mel(mono_16k))), strict=True)
        means = np.mean(tags, axis=0)
        return Heard(
            tags={name: float(mean) for name, mean in zip(TAGS, means, strict=True)},
            embedding=np.asarray(np.mean(embeddings, axis=0), dtype=np.float32),
        )

    def _forward(self, patch: Tensor) -> tuple[Tensor, Tensor]:
        front = self._front(self._normed(patch[:, :, None], 0)[:, :, 0])  # [T, 561]
        features = np.concatenate([front, *self._middle(front)], axis=1)  # [T, 753]
        # The maximum and the mean of each feature lie side by side.
        pooled = np.stack([features.max(axis=0), features.mean(axis=0)], axis=1).ravel()  # [1506]
        hidden = self._normed(_relu(self._dense("dense", self._normed(pooled, 9))), 10)  # [200]
        return hidden, _sigmoid(self._dense("dense_1", hidden))

    def _front(self, patch: Tensor) -> Tensor:
        """Timbre over 7 frames and many bands, rhythm over 32 to 128 frames of each band; the strongest band counts."""
        parts = []
        for number, name in enumerate((*_TIMBRAL, *_TEMPORAL), start=1):
            kernel = self._weights[f"{name}/kernel"]
            height, width = kernel.shape[0], 1 if name in _TEMPORAL else kernel.shape[1]
            windows = np.lib.stride_tricks.sliding_window_view(_padded(patch, height), (height, width))
            # One product, not one a frame: BLAS threads that meet at each of 187 wait more than they work.
            flat = windows.reshape(-1, height * width) @ kernel.reshape(height * width, -1)
            heard = _relu(flat + self._weights[f"{name}/bias"]).reshape(*windows.shape[:2], -1)  # [T, bands, channels]
            parts.append(self._normed(heard, number).max(axis=1))
        return np.concatenate(parts, axis=1)

    def _middle(self, front: Tensor) -> Iterator[Tensor]:
        """Three layers over 7 frames, each from the second on added to the one before  # 3 of [T, 64]."""
        before = front
        for number, name in enumerate(_MIDDLE, start=6):
            windows = np.lib.stride_tricks.sliding_window_view(_padded(before, 7), 7, axis=0)  # [T, C, 7]
            kernel = self._weights[f"{name}/kernel"].transpose(1, 0, 2)  # [C, 7, 64]
            flat = windows.reshape(len(before), -1) @ kernel.reshape(-1, kernel.shape[2])
            layer = self._normed(_relu(flat + self._weights[f"{name}/bias"]), number)
            before = layer if before is front else layer + before
            yield before

    def _dense(self, name: str, features: Tensor) -> Tensor:
        return np.asarray(features @ self._weights[f"{name}/kernel"] + self._weights[f"{name}/bias"])

    def _normed(self, features: Tensor, number: int) -> Tensor:
        scale, offset = self._norms[number]
        return np.asarray(features * scale + offset)


def affinity(tags: Mapping[str, float]) -> float:
    """How near the tags are to electronic dance music with drums and piano, from 0 to 1.

    A weak proxy for amapiano, which none of MagnaTagATune's tags names: house and break beats come as near. Synonyms
    are merged, since its listeners used them for one thing ("techno" for any club music); what is below a floor counts
    as nothing; and nothing counts against a sound, since a tag nobody gave is not one that does not fit. Never refuse
    anything by it.
    """
    return sum(weight * _above_floor(_merged(tags, _SYNONYMS[name])) for name, weight in _WEIGHTS.items())


def _merged(tags: Mapping[str, float], names: tuple[str, ...]) -> float:
    """Probability that any of the names was meant."""
    return 1.0 - float(np.prod([1.0 - tags[name] for name in names]))


def _above_floor(probability: float) -> float:
    return max(0.0, probability - _FLOOR) / (1.0 - _FLOOR)


def shapes() -> dict[str, tuple[int, ...]]:
    """Every tensor the tagger needs, by its name in the checkpoint, without dimensions of one."""
    layers = {**_TIMBRAL, **_TEMPORAL, **_MIDDLE, **_DENSE}
    named: dict[str, tuple[int, ...]] = {f"{name}/kernel": shape for name, shape in layers.items()}
    named |= {f"{name}/bias": shape[-1:] for name, shape in layers.items()}
    for number, size in enumerate(_NORMS):
        named |= {
            f"{_norm_name(number)}/{part}": (size,) for part in ("gamma", "beta", "moving_mean", "moving_variance")
        }
    return named


def stored_shapes() -> dict[str, tuple[int, ...]]:
    """The same tensors as the checkpoint has them: kernels are [time, bands, channels in, channels out]."""
    stored = shapes()
    for name, (height, width, channels) in {**_TIMBRAL, **_MIDDLE}.items():
        stored[f"{name}/kernel"] = (height, width, 1, channels)
    for name, (height, channels) in _TEMPORAL.items():
        stored[f"{name}/kernel"] = (height, 1, 1, channels)
    return stored


def patches(spectrogram: Tensor) -> Iterator[Tensor]:
    """Cut a spectrogram into whole patches, side by side; what is left over at its end goes unheard."""
    for start in range(0, len(spectrogram) - PATCH_FRAMES + 1, PATCH_FRAMES):
        yield spectrogram[start : start + PATCH_FRAMES]


def log_mel(mono_16k: Tensor) -> Tensor:
    """The spectrogram it was trained on  # [T, 96]."""
    assert mono_16k.ndim == 1
    if mono_16k.size < SHORTEST:
        raise ScoreError(f"The sound is too short to tag: it lasts {mono_16k.size / RATE:.1f} s, 3 are needed.")
    if not np.all(np.isfinite(mono_16k)):
        raise ScoreError("The sound holds values that are not numbers.")
    padded = np.pad(np.asarray(mono_16k, dtype=np.float32), _WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    return np.concatenate([_log_mel(frames[start : start + 4_096]) for start in range(0, len(frames), 4_096)])


def _log_mel(frames: Tensor) -> Tensor:
    """In float64 up to the logarithm, so that no level is too great."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    power = np.abs(np.fft.rfft(frames * hann, axis=1)) ** 2 @ _filters().T
    return np.asarray(np.log10(1.0 + 1e4 * power), dtype=np.float32)


@lru_cache(maxsize=1)
def _filters() -> Tensor:
    """Triangles of equal area on Slaney's mel scale, 0 to 8 kHz  # [96, 257]."""
    edges = _hz(np.linspace(0.0, _mel(RATE / 2), _BANDS + 2, dtype=np.float32))[:, None]
    bins = np.fft.rfftfreq(_WINDOW, 1 / RATE)[None, :]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(triangles * 2.0 / (edges[2:] - edges[:-2]), dtype=np.float32)


_LINEAR_HZ: Final = 200.0 / 3
_KNEE_HZ: Final = 1_000.0
_STEP: Final = float(np.log(6.4)) / 27


def _mel(hz: float) -> float:
    """Mels of a frequency above the knee, where the scale is logarithmic."""
    return _KNEE_HZ / _LINEAR_HZ + float(np.log(hz / _KNEE_HZ)) / _STEP


def _hz(mels: Tensor) -> Tensor:
    knee = _KNEE_HZ / _LINEAR_HZ
    return np.asarray(np.where(mels < knee, mels * _LINEAR_HZ, _KNEE_HZ * np.exp(_STEP * (mels - knee))))


def _padded(frames: Tensor, height: int) -> Tensor:
    """Zeros in time for an output as long as the input; an even kernel gets the odd one behind."""
    return np.pad(frames, (((height - 1) // 2, height // 2), (0, 0)))


def _norm(weights: Mapping[str, Tensor], number: int) -> tuple[Tensor, Tensor]:
    gamma, beta, mean, variance = (
        weights[f"{_norm_name(number)}/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + np.float32(_EPSILON))
    return scale, beta - mean * scale


def _norm_name(number: int) -> str:
    return f"batch_normalization_{number}" if number else "batch_normalization"


def _relu(features: Tensor) -> Tensor:
    return np.maximum(features, np.float32(0.0))


def _sigmoid(logits: Tensor) -> Tensor:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0))), dtype=np.float32)
