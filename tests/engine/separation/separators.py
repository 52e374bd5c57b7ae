"""Small separators of every kind, with weights that mean nothing, and ways to ask them."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import torch
from demucs.htdemucs import HTDemucs

from logdrum_engine.separation.builtin import Builtin
from logdrum_engine.separation.demucs import Demucs, Member
from logdrum_engine.separation.five import Five, LogDrumHead
from logdrum_engine.separation.four_stems import FourStems
from logdrum_engine.separation.interface import Audio, LogDrumNote, Separator, Stems, Turn
from logdrum_engine.separation.spleeter import VocalNet, Vocals
from tests.engine.separation.nets import tiny_net

SOURCES = ("drums", "bass", "other", "vocals")
SIX = (*SOURCES, "guitar", "piano")


class Pulled(NamedTuple):
    stems: Stems
    notes: tuple[LogDrumNote, ...]


def tiny_vocal_net(seed: int = 0) -> VocalNet:
    torch.manual_seed(seed)
    net = VocalNet((2, 3, 4, 4, 5, 6))
    for name, parameter in net.named_parameters():
        if name.endswith("gain"):
            torch.nn.init.uniform_(parameter, 0.5, 2.0)
        elif name.endswith("shift"):
            torch.nn.init.normal_(parameter)
    return net


def tiny_demucs_net(seed: int = 0, sources: Sequence[str] = SOURCES) -> Any:
    """It sees half a second; its answers are as loud as what it hears."""
    torch.manual_seed(seed)
    sizes = {"channels": 4, "dconv_mode": 0, "t_layers": 1, "t_heads": 2, "segment": Fraction(1, 2)}
    return HTDemucs(list(sources), **sizes).eval()


def tiny_demucs(members: int = 1, sources: Sequence[str] = SOURCES, **options: Any) -> Demucs:
    bag = [Member(tiny_demucs_net(seed, sources), (1.0,) * len(sources)) for seed in range(members)]
    return Demucs("htdemucs", bag, **options)


def tiny_builtin() -> Builtin:
    return Builtin(Vocals(tiny_vocal_net()), FourStems(tiny_net()))


def tiny_five(**options: Any) -> Five:
    return Five(tiny_demucs(**options), LogDrumHead(tiny_net()))


def pulled(separator: Separator[Any], audio: Audio, cuts: Sequence[int] = ()) -> Pulled:
    """Pull a sound apart in turns that end at the cuts; the last of them may bring nothing."""
    state, answers = separator.begin(), []
    pieces = np.split(audio, cuts, axis=1)
    for number, piece in enumerate(pieces, 1):
        [(answer, state)] = separator.step([Turn(state=state, audio=piece, last=number == len(pieces))])
        answers.append(answer)
    stems = np.concatenate([answer.stems for answer in answers], axis=2)
    return Pulled(stems, tuple(note for answer in answers for note in answer.notes))


def off_db(one: Stems, other: Stems) -> float:
    """How far two sounds are apart, against the second."""
    return float(10 * np.log10((np.square(one - other).sum() + 1e-30) / (np.square(other).sum() + 1e-12)))
