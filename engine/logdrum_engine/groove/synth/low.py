"""The log drum and the bass beneath it."""

import numpy as np

from logdrum_engine.generator import Pcm

from .voice import Voice
from .waves import Signal, axis, close, fall, hz_of, in_room, mono, rise, sine, turns

LOG_RELEASE_S = 0.05
LOG_ROOM_S = 0.28
BASS_RELEASE_S = 0.09

LOG_SOFT, LOG_HARD = (0, 2, 4), (1, 3, 5)
# Height of the knock over the note, its time constant, ratio and index of the wood, decay of the tone, drive.
_WOOD = (
    (5.0, 0.0060, 2.00, 2.2, 0.26, 1.7),
    (6.5, 0.0045, 3.01, 1.6, 0.22, 2.0),
    (4.0, 0.0080, 1.41, 2.4, 0.32, 1.5),
    (7.5, 0.0038, 2.76, 1.9, 0.19, 2.4),
    (5.5, 0.0055, 4.00, 1.2, 0.28, 1.8),
    (3.5, 0.0075, 3.50, 1.5, 0.36, 2.1),
)


def log_drum(voice: Voice) -> Pcm:
    """Two modulators on one carrier, after the DX-style presets the genre was made with: a knock, then a pure tone."""
    height, tau, ratio, index, decay, drive = _WOOD[voice.colour]
    t = axis(voice.span(LOG_RELEASE_S))
    hz = hz_of(voice.pitch)
    cycles = (
        turns(t.size, hz) + _knock_turns(t, hz, height * (0.7 + 0.15 * voice.strength), tau) + _glide_turns(voice, t)
    )
    wood = sine(cycles * ratio) * fall(t, 0.018) * np.float32(index * (0.5 + 0.2 * voice.strength))
    growl = sine(cycles) * (fall(t, 0.09) * np.float32(0.75) + np.float32(0.28))
    tone = sine(cycles, wood + growl) + _slit(t, hz, voice)
    ring = fall(t, decay) * np.float32(0.72) + fall(t, 0.022) * np.float32(0.28)
    shot = np.tanh(tone * np.float32(drive)) * ring * rise(t, 0.0012)
    close(shot, LOG_RELEASE_S)
    return in_room(shot, LOG_ROOM_S, 0.16, 240.0)


def bass(voice: Voice) -> Pcm:
    """A round sub with just enough second and third harmonic to be heard on small speakers."""
    t = axis(voice.span(BASS_RELEASE_S))
    cycles = turns(t.size, hz_of(voice.pitch)) + _glide_turns(voice, t)
    tone = (
        sine(cycles)
        + np.float32(0.30) * sine(cycles * 2) * fall(t, 0.5)
        + np.float32(0.14) * sine(cycles * 3) * fall(t, 0.25)
    )
    shot = tone * rise(t, 0.018) * (fall(t, 1.1) * np.float32(0.7) + np.float32(0.3))
    close(shot, BASS_RELEASE_S)
    return mono(np.asarray(shot, dtype=np.float32))


def _knock_turns(t: Signal, hz: float, height: float, tau: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Extra turns of a pitch that starts `height` times too high and falls into place within about four `tau`."""
    return hz * height * tau * (1.0 - np.exp(-t.astype(np.float64) / tau))


def _glide_turns(voice: Voice, t: Signal) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Extra turns of a slide from the note before."""
    hz = hz_of(voice.pitch)
    start = hz if voice.glide_from is None else hz_of(voice.glide_from)
    return (start - hz) * 0.045 * (1.0 - np.exp(-t.astype(np.float64) / 0.045))


def _slit(t: Signal, hz: float, voice: Voice) -> Signal:
    """The slit drum's own wood, somewhere in 150 to 600 Hz whatever the note."""
    mode = hz * 4.0
    while mode > 420.0:
        mode /= 1.5
    return sine(turns(t.size, mode)) * fall(t, 0.014) * np.float32(0.22 + 0.09 * voice.strength)
