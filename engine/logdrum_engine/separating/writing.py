"""WAV files of 32-bit floats, written as the sound comes: any length, and equal sounds are equal files."""

import struct
from pathlib import Path
from typing import Final, Self

from .fifo import Sound

_BYTES: Final = 4
_RIFF_LIMIT: Final = 2**32 - 1
"""What a WAV file's header can count; what is longer is an RF64 file (EBU Tech 3306)."""

_IN_DS64: Final = 0xFFFFFFFF
_FLOAT: Final = 3
_EXTENSIBLE: Final = 0xFFFE
_FLOAT_GUID: Final = struct.pack("<IHH8s", _FLOAT, 0, 0x10, bytes.fromhex("800000aa00389b71"))


class FloatWave:
    """A file under way; it can be read once it is closed."""

    def __init__(self, path: Path, sample_rate: int, channels: int) -> None:
        """Begin the file; raises OSError."""
        self._format = _format_chunk(sample_rate, channels)
        self._channels = channels
        self._frames = 0
        self._file = path.open("wb")
        self._file.write(self._header())

    def write(self, sound: Sound) -> None:
        """Add sound  # [channels, n]."""
        self._file.write(sound.T.astype("<f4", order="C").tobytes())
        self._frames += sound.shape[1]

    def close(self) -> None:
        """Say at the file's start how long it is, and let go of it."""
        with self._file:
            self._file.seek(0)
            self._file.write(self._header())

    def _header(self) -> bytes:
        """The same length however long the sound is, so that it can be written again over itself."""
        sound_bytes = self._frames * self._channels * _BYTES
        riff_bytes = 4 + 36 + len(self._format) + 12 + 8 + sound_bytes
        is_long = riff_bytes > _RIFF_LIMIT
        sizes = struct.pack("<QQQI", riff_bytes, sound_bytes, self._frames, 0)
        return b"".join(
            (
                b"RF64" if is_long else b"RIFF",
                struct.pack("<I", _IN_DS64 if is_long else riff_bytes),
                b"WAVE",
                _chunk(b"ds64", sizes) if is_long else _chunk(b"JUNK", bytes(len(sizes))),
                self._format,
                _chunk(b"fact", struct.pack("<I", _IN_DS64 if is_long else self._frames)),
                b"data",
                struct.pack("<I", _IN_DS64 if is_long else sound_bytes),
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _format_chunk(sample_rate: int, channels: int) -> bytes:
    """Over two channels need the longer form; it leaves open where their loudspeakers stand, which is not known."""
    frame_bytes = channels * _BYTES
    is_plain = channels <= 2
    kind = _FLOAT if is_plain else _EXTENSIBLE
    head = struct.pack("<HHIIHH", kind, channels, sample_rate, sample_rate * frame_bytes, frame_bytes, 8 * _BYTES)
    more = b"" if is_plain else struct.pack("<HI", 8 * _BYTES, 0) + _FLOAT_GUID
    return _chunk(b"fmt ", head + struct.pack("<H", len(more)) + more)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content
