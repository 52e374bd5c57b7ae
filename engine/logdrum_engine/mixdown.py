"""Sounds and notes on a timeline, summed to stems and a mix, a second at a time: an hour takes no more memory (Q8)."""

import logging
import math
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, TypeAlias, assert_never

import numpy as np
import numpy.typing as npt
import soundfile
import soxr  # type: ignore[import-untyped]  # it ships no types

from logdrum_engine.assets import SoundStream, open_sound
from logdrum_engine.errors import EngineError, UnsoundFileError
from logdrum_engine.exchange import Closed, Exchange
from logdrum_engine.generator import SAMPLE_RATE, TICKS_PER_QUARTER, Spec
from logdrum_engine.groove.generator import Groove
from logdrum_engine.niceness import yield_to_others
from logdrum_protocol.engine_messages import MixClip, MixRendered, MixTrack, RenderMix, StopMix
from logdrum_protocol.instruments import RINGS_S
from logdrum_protocol.records import Notation

log = logging.getLogger(__name__)

MixExchange = Exchange[RenderMix | StopMix, MixRendered]
Frames: TypeAlias = npt.NDArray[np.float64]
"""Audio as `[samples, channels]`, full scale at 1.0; of two channels wherever sounds are summed."""

_BLOCK: Final = SAMPLE_RATE
_MAX_VOICES: Final = 256
"""Clips that sound at once, over all tracks: each holds a file open."""

_NICENESS: Final = 10
"""Below the model thread's: music that is heard now goes before a file."""

_SILENT_DB: Final = -90.0
_SHOT_BYTES: Final = 32 * 1024 * 1024
_STEPS: Final = 2.0**23
_TOP: Final = 1.0 - 1.0 / _STEPS
_LOUDEST: Final = 2.0**20
"""What a float file may claim, 120 dB over full scale; beyond it sums would no longer be numbers."""

_HALF: Final = math.sqrt(0.5)
_SPEAKERS: Final = {
    1: [[1, 1]],
    2: [[1, 0], [0, 1]],
    4: [[0.5, 0], [0, 0.5], [0.5, 0], [0, 0.5]],
    6: [[1, 0], [0, 1], [_HALF, _HALF], [0, 0], [_HALF, 0], [0, _HALF]],
}
"""What each channel adds to left and right, as browsers mix down; of any other number the first two are heard."""


class MixError(EngineError):
    """A mix that cannot be rendered; the message goes to the hub."""


class Mixer:
    """A daemon thread of its own, so that a long render holds up neither the music nor the heartbeat."""

    def __init__(self, exchange: MixExchange) -> None:
        self._exchange = exchange
        self._mixes: dict[str, Mixdown] = {}
        self._thread = threading.Thread(target=self._run, name="mixes", daemon=True)

    def start(self) -> None:
        """Start the thread; it ends with the exchange."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        yield_to_others(_NICENESS)
        try:
            while True:
                self._turn()
        except Closed:
            return
        finally:
            for mix in self._mixes.values():
                mix.close()
            self._exchange.close()

    def _turn(self) -> None:
        for command in self._exchange.take(wants_room=bool(self._mixes)):
            match command:
                case RenderMix():
                    self._mixes[command.mix] = Mixdown(command)
                case StopMix():
                    self._forget(command.mix)
                case _:
                    assert_never(command)
        if self._mixes:
            self._step(next(iter(self._mixes.values())))

    def _step(self, mix: "Mixdown") -> None:
        answer = step(mix)
        if answer is not None:
            self._forget(answer.mix)
            self._exchange.give([answer])

    def _forget(self, mix: str) -> None:
        known = self._mixes.pop(mix, None)
        if known is not None:
            known.close()


def step(mix: "Mixdown") -> MixRendered | None:
    """Render a mix a little further; the answer where that was the end of it, one way or the other (Q7)."""
    try:
        return mix.step()
    except (MixError, UnsoundFileError) as fault:
        return MixRendered(mix=mix.order.mix, error=str(fault))
    except (OSError, soundfile.SoundFileError):
        log.exception("mix was not written", extra={"mix": mix.order.mix})
        return MixRendered(mix=mix.order.mix, error="The mix could not be written: the disk may be full.")
    except Exception:
        log.exception("mix failed", extra={"mix": mix.order.mix})
        return MixRendered(mix=mix.order.mix, error="The mix failed; the engine's log says why.")


def render(order: RenderMix) -> MixRendered:
    """Render a mix to its end."""
    mix = Mixdown(order)
    try:
        while (answer := step(mix)) is None:
            pass
        return answer
    finally:
        mix.close()


class Mixdown:
    """One mix under way; rendered a second time, turned down, where the first was too loud for a file."""

    def __init__(self, order: RenderMix) -> None:
        self.order = order
        self._gain_db = 0.0
        self._take: _Take | None = None

    def step(self) -> MixRendered | None:
        """Render a second more; the answer at the end. Raises what goes wrong."""
        if self._take is None:
            self._take = _Take(self.order, amplitude(self._gain_db))
        if not self._take.ended:
            self._take.step()
            return None
        peak = self._take.peak
        self.close()
        if peak <= 1.0:
            return MixRendered(mix=self.order.mix, gain_db=self._gain_db)
        # A thousandth of a dB, so that what the answer says is exactly what was done.
        self._gain_db += math.floor(-20_000 * math.log10(peak)) / 1000
        return None

    def close(self) -> None:
        """Let go of every file."""
        if self._take is not None:
            self._take.close()
            self._take = None


class _Take:
    """One pass over the timeline."""

    def __init__(self, order: RenderMix, gain: float) -> None:
        self.peak = 0.0
        self._at = 0
        self._end = order.samples
        self._gain = gain
        if voices_at_once(order.tracks) > _MAX_VOICES:
            raise MixError(f"More than {_MAX_VOICES} clips sound at once; a mix cannot be made of that.")
        band = Band(order.bpm)
        self._lanes = [Lane(track, Path(order.sounds), band) for track in order.tracks]
        self._stems = [_writer(track.file, order.format) for track in order.tracks]
        self._mix = _writer(order.file, order.format)

    @property
    def ended(self) -> bool:
        """Whether everything is written."""
        return self._at >= self._end

    def step(self) -> None:
        """Render and write one block."""
        samples = min(_BLOCK, self._end - self._at)
        total = np.zeros((samples, 2))
        for lane, stem in zip(self._lanes, self._stems, strict=True):
            sound = lane.read(self._at, samples)
            if sound is not None:
                sound *= self._gain
                total += sound
            self._put(stem, np.zeros((samples, 2)) if sound is None else sound)
        self._put(self._mix, total)
        self._at += samples

    def _put(self, file: soundfile.SoundFile | None, sound: Frames) -> None:
        self.peak = max(self.peak, float(sound.max()) / _TOP, -float(sound.min()))
        if file is not None:
            file.write(quantized(sound))

    def close(self) -> None:
        """Let go of every file."""
        for lane in self._lanes:
            lane.close()
        for file in (*self._stems, self._mix):
            if file is not None:
                file.close()


class Band:
    """Who plays the notes of all tracks, made when there are any."""

    def __init__(self, bpm: float) -> None:
        self.bpm = bpm
        self._groove: Groove | None = None

    def play(self, notation: Notation, at: int, samples: int) -> Frames:
        """Return a span of what a notation sounds like."""
        if self._groove is None:
            self._groove = Groove(_SHOT_BYTES)
        stems = self._groove.render(Spec(notation=notation, bpm=self.bpm), at, at + samples)
        total: Frames = np.sum(list(stems.values()), axis=0, dtype=np.float64)
        return total.T


class Player:
    """A track's notes, played front to back; where none of them rings nothing is played, and so costs nothing."""

    def __init__(self, notation: Notation, band: Band) -> None:
        self._notation = notation
        self._band = band
        self._coming = deque(ringing(notation, band.bpm))

    def read(self, at: int, samples: int) -> Frames | None:
        """Return the next block; it must follow the one before. None is silence."""
        while self._coming and self._coming[0][1] <= at:
            self._coming.popleft()
        if not self._coming or self._coming[0][0] >= at + samples:
            return None
        return self._band.play(self._notation, at, samples)


def ringing(notation: Notation, bpm: float) -> Iterator[tuple[int, int]]:
    """Name the spans in which any of the notes can be heard, in order and apart."""
    samples_a_tick = SAMPLE_RATE * 60 / (bpm * TICKS_PER_QUARTER)
    first = end = 0
    for note in sorted(notation.notes, key=lambda note: note.tick):
        start = math.floor(note.tick * samples_a_tick)
        if start > end:
            yield first, end
            first = start
        end = max(end, math.ceil((note.tick + note.length_ticks) * samples_a_tick) + RINGS_S * SAMPLE_RATE)
    yield first, end


class Lane:
    """One track: its clips and notes, turned up and panned as the page does."""

    def __init__(self, track: MixTrack, folder: Path, band: Band) -> None:
        self._folder = folder
        self._player = None if track.notation is None else Player(track.notation, band)
        self._coming = sorted(track.clips, key=lambda clip: clip.start_sample, reverse=True)
        self._sounding: list[tuple[MixClip, Voice]] = []
        self._gains = amplitude(track.gain_db) * balance(track.pan)

    def read(self, at: int, samples: int) -> Frames | None:
        """Return the next block; it must follow the one before. None is silence."""
        block = None if self._player is None else self._player.read(at, samples)
        sounding, self._sounding = self._sounding, []
        for clip, voice in chain(sounding, self._beginning(at + samples)):
            block = np.zeros((samples, 2)) if block is None else block
            first, end = max(clip.start_sample - at, 0), clip.start_sample + clip.samples - at
            sound = voice.read(min(end, samples) - first)
            block[first : first + len(sound)] += sound * amplitude(clip.gain_db)
            if end > samples:
                self._sounding.append((clip, voice))
            else:
                voice.close()
        return None if block is None else block * self._gains

    def _beginning(self, before: int) -> Iterator[tuple[MixClip, "Voice"]]:
        while self._coming and self._coming[-1].start_sample < before:
            clip = self._coming.pop()
            yield clip, Voice(self._folder / clip.asset, clip.offset_samples)

    def close(self) -> None:
        """Let go of every file."""
        for _, voice in self._sounding:
            voice.close()


def voices_at_once(tracks: Sequence[MixTrack]) -> int:
    """Return how many clips sound together at most."""
    changes = [change for track in tracks for clip in track.clips for change in _changes(clip)]
    now = most = 0
    for _, change in sorted(changes):  # an end before a beginning at the same sample
        now += change
        most = max(most, now)
    return most


def _changes(clip: MixClip) -> tuple[tuple[int, int], tuple[int, int]]:
    return (clip.start_sample, 1), (clip.start_sample + clip.samples, -1)


class Voice:
    """A stored sound from one of its samples on, front to back, as stereo at 48 kHz."""

    def __init__(self, path: Path, offset_samples: int) -> None:
        self._file, found = _open_at(path, offset_samples)
        rate: int = self._file.samplerate
        self._resampler = (
            None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, 2, dtype="float64", quality="VHQ")
        )
        self._block = max(1, _BLOCK * rate // SAMPLE_RATE)
        self._speakers = np.array(_SPEAKERS.get(self._file.channels, _SPEAKERS[2]), np.float64)
        self._rest: Frames = np.zeros((0, 2))
        self._ended = not found

    def read(self, samples: int) -> Frames:
        """Return the next samples, fewer where the sound ends."""
        parts, length = [self._rest], len(self._rest)
        while length < samples and not self._ended:
            parts.append(self._next())
            length += len(parts[-1])
        whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
        self._rest = whole[samples:]
        return whole[:samples]

    def _next(self) -> Frames:
        frames = _read(self._file, self._block)
        self._ended = len(frames) == 0
        heard = min(frames.shape[1], len(self._speakers))
        stereo = frames[:, :heard] @ self._speakers
        if self._resampler is None:
            return stereo
        resampled: Frames = self._resampler.resample_chunk(stereo, last=self._ended)
        return resampled

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _open_at(path: Path, sample: int) -> tuple[SoundStream, bool]:
    """Open a sound at one of its samples; False where it is shorter."""
    file = open_sound(path)
    if sample == 0:
        return file, True
    try:
        return file, file.seek(sample) == sample
    except soundfile.SoundFileError:  # its header names no length, or a wrong one: read up to there
        file.close()
    file = open_sound(path)
    while sample > 0 and (read := len(_read(file, min(sample, _BLOCK)))):
        sample -= read
    return file, sample == 0


def _read(file: SoundStream, frames: int) -> Frames:
    try:
        sound: Frames = file.read(frames, dtype="float64", always_2d=True)
    except soundfile.SoundFileError:  # broken off or damaged from here on: what came before counts (Q6)
        return np.zeros((0, file.channels))
    return np.clip(np.nan_to_num(sound), -_LOUDEST, _LOUDEST)


def amplitude(db: float) -> float:
    """What a gain multiplies by; the lowest fader is silence, as on the page."""
    return 0.0 if db <= _SILENT_DB else float(10 ** (db / 20))


def balance(pan: float) -> npt.NDArray[np.float64]:
    """What a pan multiplies left and right by: the far side is turned down, the near one stays, as on the page."""
    return np.array([min(1.0, 1.0 - pan), min(1.0, 1.0 + pan)])


def quantized(sound: Frames) -> npt.NDArray[np.int32]:
    """Return a sound rounded to 24 bits, in the upper part of 32; what a 16-bit file held comes out bit for bit."""
    steps = np.clip(np.rint(sound * _STEPS), -_STEPS, _STEPS - 1).astype(np.int32)
    return steps << 8


def _writer(file: str | None, kind: str) -> soundfile.SoundFile | None:
    if file is None:
        return None
    return soundfile.SoundFile(file, "w", SAMPLE_RATE, 2, "PCM_24", format=kind.upper())
