"""Small nets of our kind whose weights mean nothing, and sounds for them."""

import numpy as np
import torch
from torch import nn

from logdrum_engine.separation.interface import Audio
from logdrum_engine.separation.masker import Masker, Shape

TINY = Shape(rows=48, single_bins=24, channels=8, hidden=16, near=2, dilations=(1, 3), note_hidden=8)


def tiny_net(seed: int = 0) -> Masker:
    """Every weight is drawn, so that no part is idle."""
    torch.manual_seed(seed)
    net = Masker(TINY).eval()
    nn.init.normal_(net.correct.weight, std=0.02)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2.0)
    return net


def music(samples: int, seed: int = 0) -> Audio:
    """Noise and a few tones that come and go."""
    rng = np.random.default_rng(seed)
    time = np.arange(samples) / 44_100
    sound = 0.05 * rng.standard_normal((2, samples))
    for hz in (55, 110.3, 440, 3_000):
        sound += (
            0.1 * np.sin(2 * np.pi * hz * time) * (np.sin(time * rng.uniform(3, 9)) > 0) * rng.uniform(0, 1, (2, 1))
        )
    return np.asarray(sound, dtype=np.float32)
