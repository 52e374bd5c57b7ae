"""Electric piano, pads, and the small lead instruments."""

from functools import lru_cache

import numpy as np

from logdrum_engine.generator import SAMPLE_RATE, Pcm

from .voice import Voice
from .waves import Signal, axis, close, driven, fall, hz_of, in_room, rise, samples_of, sine, stereo, turns

PIANO_RELEASE_S = 0.16
_CHORUS, _CHORUS_HZ = 0.028, 0.8
"""Turns by which each ear leaves the middle, so few that the two never cancel; and how often it comes back."""
PAD_RELEASE_S = 0.9
BLOOM_S = 2.0
LEAD_RELEASE_S = 0.10
LEAD_ROOM_S = 0.9
_LOOP = 1 << 16
_PARTIALS = 9
_WIDE_HZ = 220.0
"""Below it a pad is the same in both ears, so that nothing is lost when they are added."""
_CLEAR_HZ = 280.0
"""Below it a pad makes room for the bass."""
_APART = 0.45
"""How far above it the ears' phases are apart, in turns: wide, but still one pad when they are added."""


def piano(voice: Voice) -> Pcm:
    """A tine piano: one-to-one FM for the body, a high ratio for the tine, and ears that drift a little apart."""
    t = axis(voice.span(PIANO_RELEASE_S))
    hz = hz_of(voice.pitch)
    bark = fall(t, 0.34) * np.float32((0.85 + 0.48 * voice.strength) * (262.0 / hz) ** 0.35) + np.float32(0.16)
    struck = rise(t, 0.002) * (
        fall(t, 1.15 * (262.0 / hz) ** 0.4) * np.float32(0.85) + fall(t, 0.06) * np.float32(0.15)
    )
    close(struck, PIANO_RELEASE_S)
    tine = _tine(t, hz, voice)
    cycles, chorus = turns(t.size, hz), _CHORUS * (1.0 + np.sin(t * (2 * np.pi * _CHORUS_HZ)).astype(np.float64))
    ears = (cycles + chorus, cycles - chorus)
    sway = np.float32(0.16) * sine(turns(t.size, 4.6))
    left, right = (driven(sine(ear, bark * sine(ear) + tine) * np.float32(1.1)) * struck for ear in ears)
    return stereo(left * (1 + sway), right * (1 - sway))


def _tine(t: Signal, hz: float, voice: Voice) -> Signal:
    """The metal in the stroke, left out where it would be too high to be clean."""
    if hz * 15 > 14_000:
        return np.zeros_like(t)
    return np.asarray(sine(turns(t.size, hz * 14.0)) * fall(t, 0.05) * np.float32(0.15 + 0.10 * voice.strength))


def pad(voice: Voice) -> Pcm:
    """A choir of detuned partials over the whole chord, slow in and slow out."""
    t = axis(voice.span(PAD_RELEASE_S))
    shot = _looped(voice, t.size) * rise(t, min(0.35, voice.length_s))
    close(shot, PAD_RELEASE_S)
    return np.asarray(shot, dtype=np.float32)


def bloom(voice: Voice) -> Pcm:
    """The hall behind a chord.

    A long reverb turns a chord into narrow bands of decaying noise, which is what the pad is made of: so it is the pad,
    struck.
    """
    t = axis(samples_of(BLOOM_S))
    shot = _looped(voice, t.size) * rise(t, 0.05) * fall(t, 0.5)
    close(shot, 0.6)
    return np.asarray(shot, dtype=np.float32)


def kalimba(voice: Voice) -> Pcm:
    """A plucked tongue: a pure tone and two quick inharmonic ones."""
    t, cycles = _lead_axis(voice)
    tone = sine(cycles) * fall(t, 0.32) + np.float32(0.25) * sine(cycles * 2.0) * fall(t, 0.12)
    tongue = np.float32(0.22) * sine(cycles * 5.42) * fall(t, 0.03)
    return _lead(voice, (tone + tongue) * rise(t, 0.0015))


def organ(voice: Voice) -> Pcm:
    """Short drawbars with a click of percussion, in a slow rotor."""
    t, cycles = _lead_axis(voice)
    rotor = np.float32(0.22) * sine(turns(t.size, 6.1))
    bars = (
        np.float32(0.4) * sine(cycles * 0.5, rotor * np.float32(0.5))
        + sine(cycles, rotor)
        + np.float32(0.55) * sine(cycles * 2, rotor * 2)
        + np.float32(0.32) * sine(cycles * 3, rotor * 3)
        + np.float32(0.2) * sine(cycles * 4, rotor * 4)
    )
    ping = np.float32(0.4) * sine(cycles * 3) * fall(t, 0.09)
    held = fall(t, 0.45) * np.float32(0.5) + np.float32(0.5)
    return _lead(voice, driven(bars * np.float32(0.5) + ping) * rise(t, 0.004) * held)


def bell(voice: Voice) -> Pcm:
    """A glassy FM bell."""
    t, cycles = _lead_axis(voice)
    glass = sine(cycles * 3.5) * fall(t, 0.16) * np.float32(0.7)
    return _lead(voice, sine(cycles, glass) * fall(t, 0.38) * rise(t, 0.002) * np.float32(0.9))


def flute(voice: Voice) -> Pcm:
    """A breathy whistle with a late vibrato."""
    t, cycles = _lead_axis(voice)
    wobble = np.float32(0.35) * sine(turns(t.size, 5.3)) * rise(t, 0.5)
    tone = (
        sine(cycles, wobble)
        + np.float32(0.16) * sine(cycles * 2, wobble * 2)
        + np.float32(0.06) * sine(cycles * 3, wobble * 3)
    )
    return _lead(voice, tone * rise(t, 0.035) * (fall(t, 0.8) * np.float32(0.4) + np.float32(0.5)))


def _lead_axis(voice: Voice) -> "tuple[Signal, np.ndarray[tuple[int], np.dtype[np.float64]]]":
    samples = voice.span(LEAD_RELEASE_S)
    return axis(samples), turns(samples, hz_of(voice.pitch))


def _lead(voice: Voice, dry: Signal) -> Pcm:
    shot = np.asarray(dry, dtype=np.float32)
    close(shot, LEAD_RELEASE_S)
    return in_room(shot, LEAD_ROOM_S, 0.42, 300.0)


def _looped(voice: Voice, samples: int) -> Pcm:
    loop = _chord_loop(voice.pitches, voice.colour)
    copies = -(-samples // loop.shape[1])
    return np.tile(loop, (1, copies))[:, :samples]


@lru_cache(maxsize=32)
def _chord_loop(pitches: tuple[int, ...], brightness: int) -> Pcm:
    """A seamless loop whose partials are bands of random phase, wider the higher they are; each ear has its own."""
    bins = np.zeros((2, _LOOP // 2 + 1), dtype=np.complex64)
    dice = np.random.Generator(np.random.PCG64([*pitches, brightness]))
    for pitch in pitches:
        for partial in range(1, _PARTIALS + 1):
            hz = hz_of(pitch) * partial
            level = partial ** -(2.1 - 0.4 * brightness) * min(1.0, hz / _CLEAR_HZ)
            _add_partial(bins, hz, level, dice)
    loop = np.fft.irfft(bins, _LOOP).astype(np.float32)
    return np.asarray(loop / np.sqrt(np.mean(loop**2)), dtype=np.float32)


def _add_partial(
    bins: "np.ndarray[tuple[int, int], np.dtype[np.complex64]]", hz: float, level: float, dice: np.random.Generator
) -> None:
    """Paint one partial's band into the spectrum of both ears, which differ only where no speaker is shared."""
    spread = hz * 0.007 * _LOOP / SAMPLE_RATE
    centre = hz * _LOOP / SAMPLE_RATE
    reach = np.arange(max(1, int(centre - 3 * spread)), int(centre + 3 * spread) + 2)
    shape = level * np.exp(-0.5 * ((reach - centre) / spread) ** 2) / np.sqrt(spread)
    phases = dice.random(reach.size) + _APART * (dice.random((2, reach.size)) - 0.5) * (hz > _WIDE_HZ)
    bins[:, reach] += shape * np.exp(2j * np.pi * phases)
