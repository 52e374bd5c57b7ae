"""Sounds and files of all kinds to separate."""

import struct
from pathlib import Path

import av
import numpy as np
import soundfile

from logdrum_engine.separating.fifo import Sound

BLOCK = 4_096


def noise(frames: int, channels: int = 2, seed: int = 1) -> Sound:
    """Of all frequencies, at a quarter of full scale  # [channels, frames]."""
    return np.random.default_rng(seed).uniform(-0.25, 0.25, (channels, frames)).astype(np.float32)


def song(frames: int, channels: int = 2, rate: int = 44_100) -> Sound:
    """A low tone, a high one and a little noise, different in every channel."""
    times = np.arange(frames) / rate
    tones = [
        0.3 * np.sin(2 * np.pi * (60 + 5 * channel) * times) + 0.1 * np.sin(2 * np.pi * 1_500 * times + channel)
        for channel in range(channels)
    ]
    return (np.array(tones).reshape(channels, frames) + 0.1 * noise(frames, channels)).astype(np.float32)


def write(path: Path, sound: Sound, rate: int = 44_100, subtype: str | None = None) -> Path:
    """Write by soundfile, in small pieces: some encoders break on long ones."""
    with soundfile.SoundFile(path, "w", rate, len(sound), subtype) as file:
        for start in range(0, sound.shape[1], BLOCK):
            file.write(sound[:, start : start + BLOCK].T)
    return path


def write_m4a(path: Path, sound: Sound, rate: int = 44_100, codec: str = "alac") -> Path:
    """Write by FFmpeg; ALAC keeps every sample."""
    return write_av(path, sound, rate, codec, "ipod")


def write_av(path: Path, sound: Sound, rate: int, codec: str, container_format: str) -> Path:
    layout = "mono" if len(sound) == 1 else "stereo"
    with av.open(path, "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout=layout)
        frame.sample_rate, frame.pts = rate, 0
        for piece in resampler.resample(frame):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def cut(path: Path, share: float = 0.5) -> Path:
    """Break a file off."""
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    return path


def write_sparse_wav(path: Path, seconds: float, rate: int = 44_100, channels: int = 1) -> Path:
    """Write a silent WAV of any length that takes no room on the disk."""
    size = int(seconds * rate) * channels * 2
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    head = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<I", 16) + form
    with path.open("wb") as file:
        file.write(head + b"data" + struct.pack("<I", size))
        file.truncate(44 + size)
    return path


def read(path: Path) -> tuple[Sound, int]:
    """Return what a file holds  # [channels, frames]  and its rate."""
    frames, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return frames.T, rate
