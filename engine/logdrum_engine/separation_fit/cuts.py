"""Does it matter how a sound is cut into turns, and does a longer file take more memory?"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from logdrum_engine.separation.interface import Audio, Separator

from .examples import SAMPLE_RATE
from .figures import Memory, Streaming
from .hearing import Heard, blocks, hear, random_cuts, seconds
from .measures import energy, ratio_db

_NOISE: Final = 0.01
_SAME_S: Final = 1e-3

# A process begins with the most that the one which started it has held: a small one goes between.
_WEIGH: Final = """\
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def cut_up(separator: Separator[Any], sound: Audio, seed: int) -> Streaming:
    """Compare one pass over a sound with the turns that files make, and with turns of random lengths."""
    cuts = random_cuts(np.random.default_rng(seed), sound.shape[-1])
    whole = hear(separator, sound, [sound.shape[-1]])
    in_blocks = hear(separator, sound, blocks(sound.shape[-1], separator.block_samples))
    in_cuts = hear(separator, sound, cuts)
    return Streaming(
        seconds=seconds(sound),
        blocks_db=difference_db(whole, in_blocks),
        cuts_db=difference_db(whole, in_cuts),
        cuts=len(cuts),
        same_notes=_same_notes(whole, in_blocks) and _same_notes(whole, in_cuts),
    )


def difference_db(whole: Heard, cut: Heard) -> float:
    """The largest difference of any stem, under the sum of the stems."""
    level = energy(whole.stems.sum(axis=0))
    return max(ratio_db(energy(one - other), level) for one, other in zip(whole.stems, cut.stems, strict=True))


def _same_notes(whole: Heard, cut: Heard) -> bool:
    return len(whole.notes) == len(cut.notes) and all(
        abs(one.onset_s - other.onset_s) < _SAME_S for one, other in zip(whole.notes, cut.notes, strict=True)
    )


def memory_over(minutes: float, model: str, sound: Audio) -> Memory:
    """Pull a file of so many minutes apart by the command, in a process of its own: a sound over and over, in noise."""
    with tempfile.TemporaryDirectory(prefix="separate-") as name:
        folder = Path(name)
        _write(folder / "long.wav", minutes * 60.0, sound)
        began = time.perf_counter()
        command = [sys.executable, "-m", "logdrum_engine", "separate", str(folder / "long.wav"), "--model", model]
        peak = peak_mib([*command, "--out", str(folder / "stems")])
        return Memory(minutes=minutes, peak_mib=peak, wall_s=time.perf_counter() - began)


def _write(path: Path, length_s: float, sound: Audio) -> None:
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, "PCM_16") as file:
        for piece in _noisy(length_s, sound):
            file.write(piece.T)


def _noisy(length_s: float, sound: Audio) -> Iterator[Audio]:
    rng, left = np.random.default_rng(0), round(length_s * SAMPLE_RATE)
    while left > 0:
        piece = sound[:, :left] + np.float32(_NOISE) * rng.standard_normal(sound[:, :left].shape, np.float32)
        yield np.clip(piece, -1.0, 1.0)
        left -= piece.shape[-1]


def peak_mib(command: Sequence[str]) -> float:
    """Run a command and return the most memory that it held, as the kernel counted it."""
    weighed = subprocess.run([sys.executable, "-c", _WEIGH, *command], stdout=subprocess.PIPE, check=True)  # noqa: S603
    return int(weighed.stdout) / 1024
