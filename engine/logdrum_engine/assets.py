"""What a stored file really holds: decoded to its end, block by block, because headers lie (Q6)."""

import logging
import stat
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Protocol, Self, overload

import numpy as np
import numpy.typing as npt
import soundfile

from logdrum_engine.errors import UnsoundFileError
from logdrum_engine.exchange import Closed, Exchange
from logdrum_protocol.engine_messages import AssetChecked, CheckAsset

log = logging.getLogger(__name__)

MAX_SECONDS: Final = 30 * 60
MAX_CHANNELS: Final = 8
MIN_SAMPLE_RATE: Final = 1_000
"""Below it a few bytes would be hours, and resampling them a flood."""
MAX_SAMPLE_RATE: Final = 192_000
# Half an hour of eight channels at 48 kHz: silence compresses a thousandfold, so the file's size says nothing.
MAX_VALUES: Final = MAX_SECONDS * 48_000 * 8
BLOCK_FRAMES: Final = 16_384
"""What is read at once; a damaged file ends with the last block that is whole."""

_FORMATS: Final = {"WAV", "WAVEX", "RF64", "FLAC", "MP3", "OGG", "MPEG", "AV"}
_HEAD_BYTES: Final = 8

AssetExchange = Exchange[CheckAsset, AssetChecked]


class SoundStream(Protocol):
    """A sound file that is read front to back; the names are soundfile's."""

    format: str
    samplerate: int
    channels: int
    frames: int
    """What its header claims, which may be anything."""

    @overload
    def read(self, frames: int, *, dtype: Literal["float32"], always_2d: Literal[True]) -> npt.NDArray[np.float32]: ...
    @overload
    def read(self, frames: int, *, dtype: Literal["float64"], always_2d: Literal[True]) -> npt.NDArray[np.float64]: ...
    def seek(self, frame: int) -> int:
        """Go to a frame and return where that is."""

    def close(self) -> None:
        """Let go of the file."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class _FrontToBack(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """Does not seek after each read, as soundfile does, which fails where a header names no length."""

    def seekable(self) -> bool:
        """Say no to soundfile; `seek` itself still works where the format does."""
        return False


class AssetChecker:
    """A daemon thread of its own, so that a long file holds up neither the music nor the heartbeat."""

    def __init__(self, exchange: AssetExchange) -> None:
        self._exchange = exchange
        self._thread = threading.Thread(target=self._run, name="assets", daemon=True)

    def start(self) -> None:
        """Start the thread; it ends with the exchange."""
        self._thread.start()

    def _run(self) -> None:
        try:
            while True:
                for check in self._exchange.take(wants_room=False):
                    self._exchange.give([answer(check)])
        except Closed:
            return
        finally:
            self._exchange.close()


def answer(check: CheckAsset) -> AssetChecked:
    """Check one file; whatever is wrong with it is said in the answer."""
    try:
        return inspect(check.asset, Path(check.path))
    except UnsoundFileError as fault:
        return AssetChecked(asset=check.asset, error=str(fault))
    except Exception:
        log.exception("asset check failed", extra={"asset": check.asset})
        return AssetChecked(asset=check.asset, error="The file could not be checked.")


def inspect(asset: str, path: Path) -> AssetChecked:
    """Return what the file holds, counting only frames that decode; no sound is an `UnsoundFileError`."""
    with open_sound(path) as file:
        frames = _count_frames(file)
        return AssetChecked(asset=asset, samples=frames, sample_rate=file.samplerate, channels=file.channels)


def open_sound(path: Path) -> SoundStream:
    """Open a file of a format that is taken, at its first frame; raises `UnsoundFileError`."""
    _check_is_file(path)
    try:
        file: SoundStream = _FrontToBack(path)
    except soundfile.SoundFileError:
        file = _open_otherwise(path)
    try:
        _check_header(file)
    except UnsoundFileError:
        file.close()
        raise
    return file


def _open_otherwise(path: Path) -> SoundStream:
    """Open what libsndfile does not, where PyAV is installed."""
    container = _container_of(path)
    if container is None:
        raise UnsoundFileError("This is no WAV, FLAC, MP3, Ogg or M4A file that can be opened.")
    try:
        from .av_sound import AvSound  # an extra, and heavy
    except ImportError as fault:
        raise UnsoundFileError("For M4A and AAC the engine needs PyAV: pip install 'logdrum[models]'.") from fault
    return AvSound(path, container)


def _container_of(path: Path) -> str | None:
    """Tell from its first bytes what FFmpeg calls a file's format, for those that are taken."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as fault:
        raise UnsoundFileError("The file cannot be read.") from fault
    if head[4:] == b"ftyp":
        return "mp4"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "matroska"
    is_adts = len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0
    return "aac" if is_adts else None


def _check_is_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as fault:
        raise UnsoundFileError("The file is not there.") from fault
    if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
        raise UnsoundFileError("This is no regular file.")


def _check_header(file: SoundStream) -> None:
    if file.format not in _FORMATS:
        raise UnsoundFileError("Only WAV, FLAC, MP3, Ogg and M4A files are taken.")
    if file.channels > MAX_CHANNELS:
        raise UnsoundFileError(f"A file may have {MAX_CHANNELS} channels, this has {file.channels}.")
    if not MIN_SAMPLE_RATE <= file.samplerate <= MAX_SAMPLE_RATE:
        raise UnsoundFileError(
            f"A file may have a sample rate of {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz, this has {file.samplerate}."
        )


def _count_frames(file: SoundStream) -> int:
    most = min(MAX_SECONDS * file.samplerate, MAX_VALUES // file.channels)
    frames = 0
    while read := len(read_block(file)):
        frames += read
        if frames > most:
            raise UnsoundFileError(f"A file may last {most // file.samplerate // 60} minutes, this is longer.")
    if frames == 0:
        raise UnsoundFileError("The file holds no sound.")
    return frames


def read_block(file: SoundStream) -> npt.NDArray[np.float32]:
    """Return the next frames  # [frames, channels]  none at the end of what decodes."""
    try:
        return file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)
    except soundfile.SoundFileError:  # broken off or damaged from here on: what came before counts
        return np.zeros((0, file.channels), np.float32)
