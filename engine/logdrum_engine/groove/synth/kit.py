"""The drum kit: every sound in a few colours, short enough to be made once at start."""

import numpy as np

from logdrum_engine.generator import Pcm

from .voice import Voice
from .waves import Signal, axis, band, close, fall, in_room, mono, noise, rise, samples_of, sine, stereo, turns

COLOURS = 4
"""Colours of each sound; a piece picks one of each."""


def kick(voice: Voice) -> Pcm:
    """Short and deep: a fall from the low mids into 45 to 54 Hz, and a felt-beater click."""
    t = axis(samples_of(0.36))
    floor = (47.0, 50.0, 53.0, 45.0)[voice.colour]
    drop, tau = ((3.2, 0.022), (4.0, 0.016), (2.4, 0.030), (5.0, 0.014))[voice.colour]
    cycles = turns(t.size, floor) + floor * drop * tau * (1.0 - np.exp(-t.astype(np.float64) / tau))
    body = sine(cycles) * fall(t, 0.11) * rise(t, 0.0012)
    click = noise(t.size, 21 + voice.colour, band(1200.0, 5200.0)) * fall(t, 0.0028) * np.float32(0.10)
    shot = np.tanh(body * np.float32(1.7)) * np.float32(0.95) + click * rise(t, 0.0004)
    close(shot, 0.12)
    return mono(shot)


def shaker(voice: Voice) -> Pcm:
    """A handful of seeds: colours 0 to 3, each with four strokes so that no two neighbours are the same."""
    colour, stroke = divmod(voice.colour, 4)
    t = axis(samples_of(0.12))
    back = stroke % 2
    low, high = ((5200.0, 11500.0), (6200.0, 14000.0), (4200.0, 9500.0), (5600.0, 12500.0))[colour]
    swell = rise(t, 0.014 if back else 0.007) * fall(t, 0.024 if back else 0.032)
    grains = swell + np.float32(0.35) * _late(t, 0.019, 0.016)
    shape = band(low * (1.12 if back else 1.0), high, 4.0)
    sides = [noise(t.size, 100 + voice.colour * 7 + ear, shape) for ear in range(3)]
    shot = stereo(sides[0] * 0.8 + sides[1] * 0.85, sides[0] * 0.8 + sides[2] * 0.85) * grains
    close(shot, 0.02)
    return np.asarray(shot * np.float32(0.5), dtype=np.float32)


def cabasa(voice: Voice) -> Pcm:
    """A longer, brighter scrape above the shaker."""
    t = axis(samples_of(0.16))
    swell = rise(t, 0.022) * fall(t, 0.038)
    sides = [noise(t.size, 170 + voice.colour * 3 + ear, band(7500.0, 15500.0, 4.0)) for ear in range(2)]
    shot = stereo(*(side * swell for side in sides)) * np.float32(0.5)
    close(shot, 0.03)
    return shot


def hat(voice: Voice) -> Pcm:
    """An open hat, damped before it is in the way."""
    t = axis(samples_of(0.24))
    tau = (0.055, 0.075, 0.045, 0.065)[voice.colour]
    air = noise(t.size, 31 + voice.colour, band(7000.0, 15000.0, 4.0)) * np.float32(0.5)
    shot = (air + _metal(t, 1.0 + 0.07 * voice.colour)) * fall(t, tau) * rise(t, 0.001)
    close(shot, 0.06)
    return in_room(shot * np.float32(0.55), 0.25, 0.12)


def closed_hat(voice: Voice) -> Pcm:
    """A tick."""
    t = axis(samples_of(0.06))
    air = noise(t.size, 41 + voice.colour, band(8000.0, 15500.0, 4.0)) * np.float32(0.5)
    shot = (air + _metal(t, 1.1)) * fall(t, 0.011) * rise(t, 0.0008)
    close(shot, 0.02)
    return mono(shot * np.float32(0.55))


def clap(voice: Voice) -> Pcm:
    """Four hands a few milliseconds apart, in a room."""
    t = axis(samples_of(0.22))
    low, high = ((900.0, 3400.0), (1100.0, 4200.0), (800.0, 2800.0), (1300.0, 5000.0))[voice.colour]
    hands = noise(t.size, 51 + voice.colour, band(low, high, 2.0))
    envelope = sum((_late(t, start, 0.005) for start in (0.0, 0.009, 0.019)), _late(t, 0.028, 0.045))
    shot = hands * envelope * np.float32(0.38)
    close(shot, 0.05)
    return in_room(shot, 0.55, 0.42)


def rim(voice: Voice) -> Pcm:
    """A stick across the rim: two short woody modes and a click."""
    t = axis(samples_of(0.11))
    low, high = ((430.0, 1680.0), (505.0, 1910.0), (380.0, 1520.0), (560.0, 2250.0))[voice.colour]
    wood = sine(turns(t.size, low)) * fall(t, 0.016) * np.float32(0.6) + sine(turns(t.size, high)) * fall(t, 0.010)
    click = noise(t.size, 61, band(2500.0, 7500.0)) * fall(t, 0.0018) * np.float32(0.35)
    shot = np.tanh((wood + click) * rise(t, 0.0003) * np.float32(1.4)) * np.float32(0.7)
    close(shot, 0.03)
    return in_room(shot, 0.45, 0.30, 900.0)


def snare(voice: Voice) -> Pcm:
    """A small, tight snare for rolls and fills."""
    t = axis(samples_of(0.20))
    head = sine(turns(t.size, 190.0 + 14 * voice.colour)) * fall(t, 0.035) * np.float32(0.7)
    wires = noise(t.size, 71 + voice.colour, band(1600.0, 8500.0, 2.0)) * fall(t, 0.050) * np.float32(0.28)
    shot = (head + wires) * rise(t, 0.0006)
    close(shot, 0.05)
    return in_room(shot, 0.4, 0.26)


def conga(voice: Voice) -> Pcm:
    """Hand drums; a colour is a drum times 3 (open, mute, slap) plus the stroke."""
    drum, stroke = divmod(voice.colour, 3)
    t = axis(samples_of(0.34))
    hz = (208.0, 262.0, 175.0, 311.0)[drum]
    tau = (0.085, 0.030, 0.040)[stroke]
    bend = turns(t.size, hz) + hz * 0.18 * 0.012 * (1.0 - np.exp(-t.astype(np.float64) / 0.012))
    skin = (sine(bend) + np.float32(0.4) * sine(bend * 1.59) * fall(t, tau * 0.6)) * fall(t, tau)
    slap = noise(t.size, 81 + stroke, band(900.0, 5200.0, 2.0)) * fall(t, 0.007 if stroke < 2 else 0.016)
    shot = (skin * np.float32(0.62) + slap * np.float32((0.08, 0.14, 0.30)[stroke])) * rise(t, 0.0012)
    close(shot, 0.08)
    return in_room(shot, 0.4, 0.30)


def tom(voice: Voice) -> Pcm:
    """A round tom for fills, tuned by its colour."""
    t = axis(samples_of(0.42))
    hz = (92.0, 116.0, 147.0, 184.0)[voice.colour]
    cycles = turns(t.size, hz) + hz * 0.8 * 0.03 * (1.0 - np.exp(-t.astype(np.float64) / 0.03))
    shot = np.tanh(sine(cycles) * fall(t, 0.11) * rise(t, 0.001) * np.float32(1.5)) * np.float32(0.7)
    close(shot, 0.1)
    return in_room(shot, 0.4, 0.16)


def crash(voice: Voice) -> Pcm:
    """A wash that opens a section."""
    t = axis(samples_of(2.0))
    sides = [noise(t.size, 91 + voice.colour * 2 + ear, band(3800.0, 13000.0, 2.0)) for ear in range(2)]
    envelope = rise(t, 0.002) * (fall(t, 0.42) + np.float32(0.25) * fall(t, 0.05))
    shot = stereo(*(side * envelope for side in sides)) * np.float32(0.32)
    close(shot, 0.7)
    return shot


def sweep(voice: Voice) -> Pcm:
    """Air that rises through the bands and stops at the end of its two seconds."""
    t = axis(samples_of(SWEEP_S))
    place = t / np.float32(SWEEP_S)
    ears = [np.zeros_like(t), np.zeros_like(t)]
    for step in range(6):
        window = np.exp(-(((place - np.float32(0.18 + 0.16 * step)) / np.float32(0.16)) ** 2))
        low = 400.0 * 1.75**step
        for ear in (0, 1):
            ears[ear] += noise(t.size, 300 + step * 2 + ear + 20 * voice.colour, band(low, low * 1.9, 3.0)) * window
    shot = stereo(*ears) * (place**2) * np.float32(0.28)
    close(shot, 0.03)
    return shot


SWEEP_S = 2.0


def _late(t: Signal, start_s: float, tau_s: float) -> Signal:
    """A burst that begins later."""
    since = np.maximum(t - np.float32(start_s), np.float32(0.0))
    return np.asarray(fall(since, tau_s) * rise(since, 0.0012) * (t >= start_s), dtype=np.float32)


def _metal(t: Signal, scale: float) -> Signal:
    """Inharmonic high partials, low enough that nothing folds back."""
    partials = [sine(turns(t.size, hz * scale)) for hz in (5230.0, 6110.0, 7450.0, 8320.0, 9870.0)]
    return np.asarray(sum(partials, np.zeros_like(t)) * np.float32(0.12), dtype=np.float32)
