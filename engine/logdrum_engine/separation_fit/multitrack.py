"""The one real recording with its stems that can be had: a file of the stem format, or the package that carries one."""

import io
import zipfile
from pathlib import Path
from typing import Any, Final, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from logdrum_engine.separation.interface import Separator

from .baselines import rule_share
from .examples import SAMPLE_RATE
from .figures import MIXTURE, OURS, Song
from .hearing import hear, seconds
from .measures import energy, ratio_db, residual_db, sdr

Sound = NDArray[np.float32]

_SUFFIX: Final = ".stem.mp4"
_STEMS: Final = ("drums", "bass", "other", "vocals")
"""What the streams hold after the first, which is somebody's master of them."""


class Multitrack(NamedTuple):
    """A recording as its stems; the mix is their sum, for the file's own mix is not."""

    title: str
    stems: dict[str, Sound]

    @property
    def mix(self) -> Sound:
        """All stems together."""
        return np.asarray(sum(self.stems.values()), dtype=np.float32)


def read_multitrack(path: Path) -> Multitrack:
    """Read a `.stem.mp4`, or the first one in a wheel."""
    if not zipfile.is_zipfile(path):
        return Multitrack(path.name.removesuffix(_SUFFIX), _decoded(path.read_bytes()))
    with zipfile.ZipFile(path) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(_SUFFIX))
        return Multitrack(Path(name).name.removesuffix(_SUFFIX), _decoded(wheel.read(name)))


def _decoded(file: bytes) -> dict[str, Sound]:
    sounds = [_stream(file, index) for index in range(1, len(_STEMS) + 1)]
    shortest = min(sound.shape[-1] for sound in sounds)
    return {stem: sound[:, :shortest] for stem, sound in zip(_STEMS, sounds, strict=True)}


def _stream(file: bytes, index: int) -> Sound:
    with av.open(io.BytesIO(file), "r") as container:
        resampler = av.AudioResampler("fltp", "stereo", SAMPLE_RATE)
        frames = [made for frame in container.decode(audio=index) for made in resampler.resample(frame)]
        frames += resampler.resample(None)
        return np.concatenate([frame.to_ndarray() for frame in frames], axis=1).astype(np.float32)


def try_song(separator: Separator[Any], track: Multitrack) -> Song:
    """Pull the recording apart; what falls to the log drum is wrong, for there is none."""
    mix = track.mix
    heard = hear(separator, mix)
    ours = dict(zip(separator.stems, heard.stems, strict=True))
    truth = {**track.stems, "accompaniment": mix - track.stems["vocals"]}
    ours["accompaniment"] = mix - ours["vocals"]
    return Song(
        title=track.title,
        seconds=seconds(mix),
        sdr={
            OURS: {stem: sdr(sound, ours[stem]) for stem, sound in truth.items()},
            MIXTURE: {stem: sdr(sound, mix) for stem, sound in truth.items()},
        },
        log_drum_leak_db=ratio_db(energy(ours["log_drum"]), energy(mix)),
        certainty=heard.certainty,
        rule_share=rule_share(mix),
        notes=len(heard.notes),
        residual_db=residual_db(heard.stems, mix),
    )
