"""What a stored file really holds: decoded to its end, block by block, because headers lie (Q6)."""

import logging
import stat
import threading
from pathlib import Path
from typing import Final

import soundfile

from logdrum_engine.errors import UnsoundFileError
from logdrum_engine.exchange import Closed, Exchange
from logdrum_protocol.engine_messages import AssetChecked, CheckAsset

log = logging.getLogger(__name__)

MAX_SECONDS: Final = 30 * 60
MAX_CHANNELS: Final = 8
MAX_SAMPLE_RATE: Final = 192_000
# Half an hour of eight channels at 48 kHz: silence compresses a thousandfold, so the file's size says nothing.
MAX_VALUES: Final = MAX_SECONDS * 48_000 * 8
_BLOCK_FRAMES: Final = 16_384
_FORMATS: Final = {"WAV", "WAVEX", "RF64", "FLAC", "MP3", "OGG", "MPEG"}

AssetExchange = Exchange[CheckAsset, AssetChecked]


class SoundStream(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """Read front to back: soundfile seeks after each read otherwise, and fails where a header names no length."""

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
        file = SoundStream(path)
    except soundfile.SoundFileError as fault:
        raise UnsoundFileError("This is no WAV, FLAC, MP3 or Ogg file that can be opened.") from fault
    try:
        _check_header(file)
    except UnsoundFileError:
        file.close()
        raise
    return file


def _check_is_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as fault:
        raise UnsoundFileError("The file is not there.") from fault
    if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
        raise UnsoundFileError("This is no regular file.")


def _check_header(file: soundfile.SoundFile) -> None:
    if file.format not in _FORMATS:
        raise UnsoundFileError("Only WAV, FLAC, MP3 and Ogg files are taken.")
    if file.channels > MAX_CHANNELS:
        raise UnsoundFileError(f"A file may have {MAX_CHANNELS} channels, this has {file.channels}.")
    if not 0 < file.samplerate <= MAX_SAMPLE_RATE:
        raise UnsoundFileError(
            f"A file may have a sample rate of up to {MAX_SAMPLE_RATE} Hz, this has {file.samplerate}."
        )


def _count_frames(file: soundfile.SoundFile) -> int:
    most = min(MAX_SECONDS * file.samplerate, MAX_VALUES // file.channels)
    frames = 0
    while read := _read_block(file):
        frames += read
        if frames > most:
            raise UnsoundFileError(f"A file may last {most // file.samplerate // 60} minutes, this is longer.")
    if frames == 0:
        raise UnsoundFileError("The file holds no sound.")
    return frames


def _read_block(file: soundfile.SoundFile) -> int:
    try:
        return len(file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True))
    except soundfile.SoundFileError:  # broken off or damaged from here on: what came before counts
        return 0
