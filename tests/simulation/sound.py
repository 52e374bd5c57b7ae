"""What pretended audio sounds like: every sample says of which stem and epoch it is, so that a wrong one is heard.

A sample is one byte here, not four, in the hub and in the client (`run.py` sees to that).
"""

import random
import zlib
from typing import Final

from logdrum_protocol import bounds as b

_TURN: Final = 65_521
_NOISE: Final = random.Random(5).randbytes(_TURN) * 4
LONGEST: Final = 3 * _TURN


def sound(job: b.JobId, stem: b.Stem, epoch: b.Epoch, start: b.Sample, samples: b.Samples) -> bytes:
    """Some samples of a stem, as they were rendered in an epoch."""
    at = (start + zlib.crc32(f"{job} {stem} {epoch}".encode())) % _TURN
    if samples <= LONGEST:
        return _NOISE[at : at + samples]
    whole = _NOISE * (samples // len(_NOISE) + 2)
    return whole[at : at + samples]


class Turns:
    """Which epoch of a job's audio is the one that counts, sample by sample (A3)."""

    def __init__(self) -> None:
        self._turns: dict[b.JobId, list[tuple[b.Sample, b.Epoch]]] = {}

    def begin(self, job: b.JobId, epoch: b.Epoch, sample: b.Sample) -> None:
        """From `sample` on, a job's audio is of `epoch`."""
        known = self._turns.get(job, [])
        self._turns[job] = [turn for turn in known if turn[0] < sample] + [(sample, epoch)]

    def sound(self, job: b.JobId, stem: b.Stem, start: b.Sample, samples: b.Samples) -> bytes:
        """What the samples of a stem must be now."""
        parts, end = [], start + samples
        turns = self._turns[job]
        nexts = [at for at, _ in turns[1:]] + [end]
        for (at, epoch), until in zip(turns, nexts, strict=True):
            first, last = max(at, start), min(until, end)
            if first < last:
                parts.append(sound(job, stem, epoch, first, last - first))
        return b"".join(parts)
