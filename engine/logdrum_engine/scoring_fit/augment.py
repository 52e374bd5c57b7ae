"""What happens to music on its way to a file: loudness, equalisers, distortion, lossy codecs, one channel."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import soundfile

from logdrum_engine.generator import SAMPLE_RATE, Pcm
from logdrum_engine.groove.dice import Dice


def worn(pcm: Pcm, dice: Dice) -> Pcm:
    """Wear a take down, two times in three, by one to three of these."""
    for wear in dice.deal(_WEARS, dice.below(4)) if dice.chance(0.67) else ():
        pcm = wear(pcm, dice)
    return pcm


def _louder(pcm: Pcm, dice: Dice) -> Pcm:
    """Push it into a soft ceiling."""
    return np.asarray(np.tanh(pcm * np.float32(dice.between(1.5, 6.0))), dtype=np.float32)


def _quieter(pcm: Pcm, dice: Dice) -> Pcm:
    return np.asarray(pcm * np.float32(dice.between(0.03, 0.5)), dtype=np.float32)


def _equalised(pcm: Pcm, dice: Dice) -> Pcm:
    """Tilt the spectrum by up to 3 dB an octave, and raise or lower one octave by up to 6."""
    hz = np.maximum(np.fft.rfftfreq(pcm.shape[1], 1 / SAMPLE_RATE), 20.0)
    octaves = np.log2(hz / 700.0)
    bump = dice.between(-6.0, 6.0) * np.exp(-((octaves - dice.between(-4.0, 4.0)) ** 2))
    gain_db = np.clip(dice.between(-1.5, 1.5) * octaves, -9.0, 9.0) + bump
    return np.asarray(np.fft.irfft(np.fft.rfft(pcm) * 10 ** (gain_db / 20), pcm.shape[1]), dtype=np.float32)


def _coded(pcm: Pcm, dice: Dice) -> Pcm:
    """Through Ogg Vorbis or MP3 at a low rate and back, which loses the top."""
    kind, subtype = dice.pick((("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")))
    through = BytesIO()
    quiet = pcm.T / max(1.0, float(np.max(np.abs(pcm))))
    soundfile.write(
        through, quiet, SAMPLE_RATE, format=kind, subtype=subtype, compression_level=dice.between(0.4, 0.95)
    )
    through.seek(0)
    back, _ = soundfile.read(through, dtype="float32", always_2d=True)
    return np.ascontiguousarray(back.T)


def _one_channel(pcm: Pcm, dice: Dice) -> Pcm:
    return pcm[dice.below(len(pcm)) :][:1]


_WEARS: tuple[Callable[[Pcm, Dice], Pcm], ...] = (_louder, _quieter, _equalised, _coded, _one_channel)
