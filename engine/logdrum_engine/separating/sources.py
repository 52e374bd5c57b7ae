"""Sounds as separators are fed with them: front to back, in pieces, finite, of any format that is taken."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import soundfile

from logdrum_engine.assets import BLOCK_FRAMES, SoundStream, open_sound, read_block
from logdrum_engine.errors import UnsoundFileError

from .fifo import Fifo, Sound
from .resampling import Resampler

CANONICAL_RATE: Final = 48_000

_LOUDEST: Final = 2.0**20
"""What a float file may claim, 120 dB over full scale; beyond it sums would no longer be numbers."""

_LONGEST_CLAIM_S: Final = 7 * 24 * 3600
_SETTLING: Final = 1024
"""Samples, at the lower of two rates, after which a resampler has forgotten that it began in the middle."""

_BLOCK_FRAMES: Final = 65_536
_HALF: Final = math.sqrt(0.5)
_SPEAKERS: Final = {
    1: [[1, 1]],
    2: [[1, 0], [0, 1]],
    3: [[1, 0], [0, 1], [_HALF, _HALF]],
    4: [[0.5, 0], [0, 0.5], [0.5, 0], [0, 0.5]],
    5: [[1, 0], [0, 1], [_HALF, _HALF], [_HALF, 0], [0, _HALF]],
    6: [[1, 0], [0, 1], [_HALF, _HALF], [0, 0], [_HALF, 0], [0, _HALF]],
    7: [[1, 0], [0, 1], [_HALF, _HALF], [0, 0], [0.5, 0.5], [_HALF, 0], [0, _HALF]],
    8: [[1, 0], [0, 1], [_HALF, _HALF], [0, 0], [_HALF, 0], [0, _HALF], [_HALF, 0], [0, _HALF]],
}
"""What each channel, in a WAV file's order, adds to left and right; of one, two, four and six as browsers mix down."""


class Source:
    """A sound file from front to back; what is no number is read as silence, and the first damage ends it."""

    def __init__(self, path: Path) -> None:
        """Open the file; raises `UnsoundFileError`."""
        self._path = path
        self._begin(open_sound(path))
        self.sample_rate = self._file.samplerate
        self.channels = self._file.channels
        self.frames = None if self._file.format == "AV" else _checked_frames(path)
        """How long it is, where the header says so and the file's end bears it out."""

    def _begin(self, file: SoundStream) -> None:
        self._file = file
        self._waiting = Fifo(file.channels)
        self._ended = False
        self._at = 0

    def read(self, frames: int) -> Sound:
        """Return the next frames  # [channels, n]  fewer at the end, then none."""
        while self._waiting.samples < frames and not self._ended:
            block = read_block(self._file)
            self._ended = len(block) == 0
            self._waiting.put(_finite(block.T))
        sound = self._waiting.pull(frames)
        self._at += sound.shape[1]
        return sound

    def skip(self, frames: int) -> None:
        """Leave out what comes next; up to the end, where that is nearer."""
        target = self._at + frames
        if frames > self._waiting.samples:
            # To where a block begins when read from the start: damage ends the sound with the block before it.
            self._seek(target - target % BLOCK_FRAMES)
        while self._at < target and self.read(min(target - self._at, BLOCK_FRAMES)).shape[1]:
            pass

    def _seek(self, frame: int) -> None:
        """Go to a frame, or back to the start where the file does not bear out that it has it."""
        try:
            if self._file.seek(frame) == frame:
                self._waiting, self._ended, self._at = Fifo(self.channels), False, frame
                return
        except soundfile.SoundFileError:  # its header names no length, or a wrong one
            pass
        self.close()
        self._begin(open_sound(self._path))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_source(path: Path) -> Source:
    """Open a WAV, FLAC, MP3, Ogg or, where PyAV is installed, M4A file; raises `UnsoundFileError`."""
    return Source(path)


def count_frames(path: Path, longest_s: float = _LONGEST_CLAIM_S) -> int:
    """Return how long a sound is, decoding it to its end where the header cannot be trusted.

    Raises `UnsoundFileError` where it lasts longer than `longest_s`, or no time at all.
    """
    with open_source(path) as source:
        most = longest_s * source.sample_rate
        frames, counted = source.frames or 0, source.frames is not None
        while frames <= most and not counted:
            read = source.read(BLOCK_FRAMES).shape[1]
            frames, counted = frames + read, read == 0
    if frames > most:
        raise UnsoundFileError(f"A sound may last {longest_s / 3600:g} hours here, this is longer.")
    if frames == 0:
        raise UnsoundFileError("The file holds no sound.")
    return frames


def _checked_frames(path: Path) -> int | None:
    """Return the length that a header claims if the last frame is there and nothing behind it."""
    with open_sound(path) as file:
        if not 0 < file.frames <= _LONGEST_CLAIM_S * file.samplerate:
            return None
        try:
            is_there = file.seek(file.frames - 1) == file.frames - 1
            return file.frames if is_there and len(read_block(file)) == 1 else None
        except soundfile.SoundFileError:
            return None


def _finite(sound: npt.NDArray[np.float32]) -> Sound:
    heard = np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(heard, -_LOUDEST, _LOUDEST, out=heard)


class StereoSum:
    """One or several files, heard together as stereo at 48 kHz."""

    def __init__(self, paths: Sequence[Path], rate: int = CANONICAL_RATE) -> None:
        """Learn how long they are; raises `UnsoundFileError`."""
        self._paths = tuple(paths)
        self._rate = rate
        self.samples = max(_samples_of(path, rate) for path in self._paths)
        """How long the longest is."""

    def at(self, sample: int) -> "StereoReader":
        """Open them at one of their samples; from there on it sounds the same as from the start."""
        voices = [_Voice(path, self._rate, sample) for path in self._paths]
        return StereoReader(voices, self.samples - sample)


class StereoReader:
    """Reads on from where it was opened, to the end of the longest file."""

    def __init__(self, voices: "Sequence[_Voice]", samples: int) -> None:
        self._voices = voices
        self._left = samples

    def read(self, samples: int) -> Sound:
        """Return the next samples  # [2, n]  fewer at the end, then none."""
        due = max(0, min(samples, self._left))
        self._left -= due
        total = np.zeros((2, due), np.float32)
        for voice in self._voices:
            heard = voice.read(due)
            total[:, : heard.shape[1]] += heard
        return total

    def close(self) -> None:
        """Let go of the files."""
        for voice in self._voices:
            voice.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _samples_of(path: Path, rate: int) -> int:
    frames = count_frames(path)
    with open_source(path) as source:
        return round(frames * rate / source.sample_rate)


class _Voice:
    """One file as stereo of one rate, from a sample on."""

    def __init__(self, path: Path, rate: int, sample: int) -> None:
        self._source = open_source(path)
        frame, missed = _entry(self._source.sample_rate, rate, sample)
        self._source.skip(frame)
        self._speakers = np.array(_SPEAKERS[self._source.channels], np.float32).T  # [2, channels]
        self._resampler = Resampler(self._source.sample_rate, rate, 2)
        self._block = min(self._source.sample_rate, _BLOCK_FRAMES)
        self._waiting = Fifo(2)
        self._ended = False
        self.read(missed)

    def read(self, samples: int) -> Sound:
        while self._waiting.samples < samples and not self._ended:
            heard = self._source.read(self._block)
            self._ended = heard.shape[1] == 0
            self._waiting.put(self._resampler.push(self._speakers @ heard, last=self._ended))
        return self._waiting.pull(samples)

    def close(self) -> None:
        self._source.close()


def _entry(from_rate: int, to_rate: int, sample: int) -> tuple[int, int]:
    """Which frame to begin with so that `sample` is right, and how many samples come before it.

    Frames and samples coincide only now and then; a resampler that begins elsewhere would be off by a part of one.
    """
    if from_rate == to_rate:
        return sample, 0
    common = math.gcd(from_rate, to_rate)
    settling = math.ceil(_SETTLING * max(1.0, to_rate / from_rate))
    meeting = max(0, sample - settling) // (to_rate // common)
    return meeting * (from_rate // common), sample - meeting * (to_rate // common)
