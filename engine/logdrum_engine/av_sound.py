"""What libsndfile does not read, such as M4A, through PyAV; only this module knows of it.

Which container it is is told from the first bytes and never left to FFmpeg: a playlist would have it open other files.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, overload

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from logdrum_engine.errors import UnsoundFileError

_CODECS: Final = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp3", "opus", "vorbis"})
_MOST_ALAC_FRAMES: Final = 65_536
"""In one packet: a header may claim millions, and they would all be decoded at once."""

_ALAC_FRAMES: Final = slice(12, 16)
"""Where the codec's header says it."""

_UNKNOWN_LENGTH: Final = 2**62
_SKIPPED_AT_ONCE: Final = 65_536

_Frames = npt.NDArray[np.float32]


class AvSound:
    """A sound file with as much of soundfile's ways as is used here; what does not decode ends it."""

    format = "AV"

    def __init__(self, path: Path, container: str) -> None:
        """Open a file of an FFmpeg format at its first frame; raises `UnsoundFileError`."""
        self._path = path
        self._container = container
        self._begin()

    def _begin(self) -> None:
        self._files = ExitStack()
        try:
            self._open()
        except (av.FFmpegError, ValueError) as fault:
            self.close()
            raise UnsoundFileError("This is no file that can be opened.") from fault
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        """Learn from the first frame what a header may not know, such as the true rate of HE-AAC."""
        file = self._files.enter_context(self._path.open("rb"))
        container = self._files.enter_context(av.open(file, "r", format=self._container, metadata_errors="ignore"))
        stream = _audio_of(container)
        self._decoded = _decode(container, stream)
        first = next(self._decoded, None)
        if first is None:
            raise UnsoundFileError("The file holds no sound.")
        self.samplerate, self._rest = first
        self.channels = self._rest.shape[1]
        self.frames = _claimed_frames(stream, self.samplerate)
        self._at = 0

    @overload
    def read(self, frames: int, *, dtype: Literal["float32"], always_2d: Literal[True]) -> _Frames: ...
    @overload
    def read(self, frames: int, *, dtype: Literal["float64"], always_2d: Literal[True]) -> npt.NDArray[np.float64]: ...
    def read(self, frames: int, *, dtype: str, always_2d: Literal[True]) -> _Frames | npt.NDArray[np.float64]:
        """Return the next frames  # [frames, channels]  or what there is of them."""
        parts, missing = [self._pull(frames)], frames
        while (missing := missing - len(parts[-1])) and self._fill():
            parts.append(self._pull(missing))
        whole = np.concatenate(parts).astype(dtype, copy=False)
        self._at += len(whole)
        return whole

    def seek(self, frame: int) -> int:
        """Go to a frame, by decoding up to it; returns where that is, which is earlier where the sound ends first."""
        if frame < self._at:
            self.close()
            self._begin()
        while self._at < frame and len(
            self.read(min(frame - self._at, _SKIPPED_AT_ONCE), dtype="float32", always_2d=True)
        ):
            pass
        return self._at

    def _pull(self, frames: int) -> _Frames:
        pulled, self._rest = self._rest[:frames], self._rest[frames:]
        return pulled

    def _fill(self) -> bool:
        """Decode a block more; no where there is none."""
        _, self._rest = next(self._decoded, (0, self._rest))
        return len(self._rest) > 0

    def close(self) -> None:
        """Let go of the file."""
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _audio_of(container: InputContainer) -> AudioStream:
    """Return the first sound of a container, if its codec is one that cannot be made to fill the memory."""
    stream = next(iter(container.streams.audio), None)
    if stream is None:
        raise UnsoundFileError("The file holds no sound.")
    codec = stream.codec.canonical_name
    header = stream.codec_context.extradata or b""
    if not (codec in _CODECS or codec.startswith("pcm_")):
        raise UnsoundFileError(f"The file holds {codec}, which is not taken.")
    if codec == "alac" and int.from_bytes(header[_ALAC_FRAMES]) > _MOST_ALAC_FRAMES:
        raise UnsoundFileError("The file's packets are too long.")
    return stream


def _claimed_frames(stream: AudioStream, rate: int) -> int:
    if stream.duration is None or stream.time_base is None:
        return _UNKNOWN_LENGTH
    return round(stream.duration * stream.time_base * rate)


def _decode(container: InputContainer, stream: AudioStream) -> Iterator[tuple[int, _Frames]]:
    """Give out rates and frames, none empty, as far as they decode and are as the first ones were."""
    first: tuple[int, int] | None = None
    try:
        for frame in container.decode(stream):
            block = _floats(frame)
            first = first or (frame.sample_rate, block.shape[1])
            if (frame.sample_rate, block.shape[1]) != first:
                return
            if len(block):
                yield frame.sample_rate, block
    except (av.FFmpegError, ValueError):  # broken off or damaged from here on: what came before counts
        return


def _floats(frame: AudioFrame) -> _Frames:
    """Return a frame's samples  # [frames, channels]  with full scale at 1.0."""
    raw = frame.to_ndarray()
    samples = raw.T if frame.format.is_planar else raw.reshape(-1, frame.layout.nb_channels)
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    half = 2.0 ** (8 * samples.dtype.itemsize - 1)
    middle = half if samples.dtype.kind == "u" else 0.0
    return ((samples.astype(np.float64) - middle) / half).astype(np.float32)
