"""The log drum and the bass beneath it."""

import msgspec
import numpy as np

from logdrum_engine.generator import Pcm

from .voice import Voice
from .waves import Cycles, Signal, axis, close, driven, fall, hz_of, in_room, mono, rise, sine, turns

LOG_RELEASE_S = 0.05
LOG_ROOM_S = 0.28
BASS_RELEASE_S = 0.09
_GLIDE_S, _FASTEST_GLIDE_S = 0.045, 0.004

LOG_SOFT, LOG_HARD = (0, 2, 4), (1, 3, 5)


class Wood(msgspec.Struct, frozen=True):
    """A patch of the log drum."""

    height: float
    """How many times its pitch the stroke begins above it."""
    drop_s: float
    """Time constant of the way down; it is there after about four of them."""
    ratio: float
    index: float
    """Frequency of the wood's modulator over the pitch, and how deep it modulates at the stroke."""
    bark_s: float
    """How soon the wood is gone."""
    growl: float
    """How much of a second modulator, at the pitch itself, stays in the tone."""
    ring_s: float
    drive: float
    knock: float
    knock_s: float
    """Level and decay of the slit's own wood."""


_WOODS = (
    Wood(5.2, 0.0058, 2.00, 1.5, 0.020, 0.10, 0.21, 1.1, 0.40, 0.022),  # round
    Wood(6.5, 0.0045, 3.01, 2.2, 0.030, 0.22, 0.18, 2.1, 0.62, 0.020),  # hard
    Wood(3.2, 0.0068, 1.41, 2.6, 0.030, 0.18, 0.25, 1.3, 0.55, 0.030),  # hollow
    Wood(7.0, 0.0036, 5.19, 2.8, 0.022, 0.50, 0.13, 3.4, 0.85, 0.013),  # sharp
    Wood(5.0, 0.0055, 4.00, 1.2, 0.042, 0.05, 0.19, 1.6, 0.50, 0.026),  # bright
    Wood(3.0, 0.0066, 3.50, 1.9, 0.034, 0.50, 0.27, 2.6, 0.45, 0.024),  # dark, with a growl
)


def log_drum(voice: Voice) -> Pcm:
    """Two modulators on one carrier, after the DX-style presets the genre was made with: a knock, then a pure tone."""
    wood = _WOODS[voice.colour]
    t = axis(voice.span(LOG_RELEASE_S))
    hz = hz_of(voice.pitch)
    force = np.float32(0.55 + 0.15 * voice.strength)
    cycles = turns(t.size, hz) + _fall_turns(t, hz * wood.height * float(force), wood.drop_s) + _glide_turns(voice, t)
    bark = sine(cycles * wood.ratio) * fall(t, wood.bark_s) * (np.float32(wood.index) * force)
    growl = sine(cycles) * (fall(t, 0.09) * np.float32(0.6) + np.float32(wood.growl))
    tone = driven(sine(cycles, bark + growl) * np.float32(wood.drive))
    ring = fall(t, wood.ring_s) * np.float32(0.8) + fall(t, 0.022) * np.float32(0.2)
    shot = (tone * ring + _slit(t, hz, wood) * force) * rise(t, 0.0012)
    close(shot, LOG_RELEASE_S)
    return in_room(np.asarray(shot, dtype=np.float32), LOG_ROOM_S, 0.2, 240.0)


def bass(voice: Voice) -> Pcm:
    """A round sub with just enough second and third harmonic to be heard on small speakers."""
    t = axis(voice.span(BASS_RELEASE_S))
    cycles = turns(t.size, hz_of(voice.pitch)) + _glide_turns(voice, t)
    finger = fall(t, 0.12) * np.float32(0.25 + 0.15 * voice.strength) + np.float32(0.22)
    tone = sine(cycles, sine(cycles) * finger) + np.float32(0.16) * sine(cycles * 2) * fall(t, 0.5)
    shot = driven(tone * np.float32(1.3)) * rise(t, 0.014) * (fall(t, 1.1) * np.float32(0.7) + np.float32(0.3))
    close(shot, BASS_RELEASE_S)
    return mono(np.asarray(shot, dtype=np.float32))


def _fall_turns(t: Signal, hz: float, tau_s: float) -> Cycles:
    """Extra turns of a pitch that starts `hz` too high and falls into place within about four `tau_s`."""
    return hz * tau_s * (1.0 - np.exp(-t.astype(np.float64) / tau_s))


def _glide_turns(voice: Voice, t: Signal) -> Cycles:
    """Extra turns of a slide from the note before, quicker in a short note so that it arrives."""
    hz = hz_of(voice.pitch)
    start = hz if voice.glide_from is None else hz_of(voice.glide_from)
    return _fall_turns(t, start - hz, max(_FASTEST_GLIDE_S, min(_GLIDE_S, voice.length_s / 3)))


def _slit(t: Signal, hz: float, wood: Wood) -> Signal:
    """The slit drum's own wood, two modes in 150 to 600 Hz whatever the note."""
    mode = hz * 4.0
    while mode > 300.0:
        mode /= 1.5
    low, high = sine(turns(t.size, mode)), sine(turns(t.size, mode * 1.87))
    modes = low * fall(t, wood.knock_s) + np.float32(0.5) * high * fall(t, wood.knock_s * 0.6)
    return np.asarray(modes * np.float32(wood.knock), dtype=np.float32)
