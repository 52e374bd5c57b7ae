"""What the groove tests share."""

import random
from collections.abc import Mapping

import numpy as np

from logdrum_engine.generator import Block, Pcm, Spec
from logdrum_engine.groove import Groove

STEMS = ("drums", "log_drum", "bass", "other")
PROMPTS = (
    "",
    "private school, jazzy",
    "hard sgija",
    "dark sparse quantum",
    "busy bacardi",
    "soulful organ",
    "no drums",
    "no log drum",
)
KEYS = ("F minor", "C#m", "Ab major", "A minor", "Bb", "g minor")


def random_spec(dice: random.Random, **fixed: object) -> Spec:
    chosen: dict[str, object] = {
        "seed": dice.randrange(2**63),
        "prompt": dice.choice(PROMPTS),
        "key": dice.choice(KEYS),
    }
    return Spec(**{**chosen, **fixed})  # type: ignore[arg-type]


def play(groove: Groove, spec: Spec, start: int = 0, most: int = 10_000) -> list[Block]:
    return go_on(groove, groove.begin(spec, start), most)


def go_on(groove: Groove, state: object, most: int = 10_000) -> list[Block]:
    blocks: list[Block] = []
    while len(blocks) < most:
        ((block, state),) = groove.step([state])  # type: ignore[list-item]
        if block is None:
            break
        blocks.append(block)
    return blocks


def joined(blocks: list[Block], stem: str) -> Pcm:
    return np.concatenate([block.stems[stem] for block in blocks], axis=1)


def total(stems: Mapping[str, Pcm]) -> Pcm:
    return np.asarray(np.sum(list(stems.values()), axis=0))
