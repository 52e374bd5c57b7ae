"""How loud a piece will be, told from its notes before any of it is rendered, so that all leave at one loudness.

Energies of events add up well enough, for what sounds together is seldom in phase. Each sound's energy is measured
once, weighted as in ITU-R BS.1770, on a coarse grid of pitches.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from .mixer import Event
from .synth.rack import RACK, kit_voices
from .synth.voice import Voice
from .synth.waves import Signal, fft_size

TARGET_LUFS = -14.0
MOST_DB = 6.0
"""How far a piece is turned up or down at most: a lone shaker stays one."""
GIVEN_NOTES_DB = 0.7
"""For notes that somebody edits, about that of pieces: fixed, or each note put in would turn down all the others."""

_BARS_HEARD = 12
_BARS_OF_ENDLESS = 64
_STROLL = 27  # so that the bars looked at are not all in one place of their sections
_HOP = 480
_HELD = 100 * _HOP
_RELEASE_HOPS = 4
_GRID = 4
_CHORD = (50, 57, 60, 63, 67)
_PLAYED = {
    "log_drum": (26, 50, 6),
    "bass": (26, 46, 1),
    "piano": (50, 88, 1),
    "organ": (64, 88, 1),
    "kalimba": (64, 88, 1),
    "bell": (64, 88, 1),
    "flute": (64, 88, 1),
}
"""Lowest and highest pitch and colours of the players with a pitch."""
_OFFSET_LUFS = -0.691
_GATE_DB = 10.0
_LOST_DB = 0.7
"""What ducking, saturation and the limiter take from the sum of all energies; measured."""


def learn() -> None:
    """Measure every sound that pieces play, so that none of them has to wait for it."""
    for voice in kit_voices():
        _heard(voice)
    for instrument, (low, high, colours) in _PLAYED.items():
        for pitch in range(low, high + 1, _GRID):
            for colour in range(colours):
                risen_of(instrument, _nearest((pitch,)), colour)
    for colour in range(3):
        risen_of("pad", _CHORD, colour)
    risen_of("bloom", _CHORD, 1)


def bars_to_hear(end: float | None) -> Sequence[int]:
    """Choose so many bars from a whole piece, or from the first minutes of one without end, as tell how loud it is."""
    bars = _BARS_OF_ENDLESS if end is None else max(1, math.ceil(end))
    heard = min(bars, _BARS_HEARD)
    stride = bars // heard
    return [place * bars // heard + place * _STROLL % stride for place in range(heard)]


def makeup_db(bars: Sequence[Iterable[Event]], bar_samples: float) -> float:
    """Return by how much to turn up a piece of which these bars are heard."""
    powers = [sum(map(_energy, bar)) / bar_samples for bar in bars]
    loudness = _gated(powers)
    return 0.0 if loudness is None else max(-MOST_DB, min(MOST_DB, TARGET_LUFS + _LOST_DB - loudness))


def _gated(powers: Sequence[float]) -> float | None:
    """Loudness of the mean power of all but the quiet bars; None where there is nothing to hear."""
    heard = [power for power in powers if power > 1e-9]
    if not heard:
        return None
    gate = math.fsum(heard) / len(heard) * 10 ** (-_GATE_DB / 10)
    loud = [power for power in heard if power >= gate]
    return _OFFSET_LUFS + 10 * math.log10(math.fsum(loud) / len(loud))


def _energy(event: Event) -> float:
    """Energy of an event as it is heard, in squared samples."""
    left, right = _heard(event.voice)
    return event.gain_left**2 * left + event.gain_right**2 * right


def _heard(voice: Voice) -> tuple[float, float]:
    """Energy of each ear of a sound; one that goes on for longer than was measured goes on as it was at the end."""
    risen = risen_of(voice.instrument, _nearest(voice.pitches), voice.colour)
    last = risen.shape[1] - 1
    if not RACK[voice.instrument].held:
        return float(risen[0, last]), float(risen[1, last])
    hops = voice.length // _HOP + _RELEASE_HOPS
    more = max(0, hops - last)
    left, right = risen[:, min(hops, last)] + more * (risen[:, last] - risen[:, last - 1])
    return float(left), float(right)


def _nearest(pitches: tuple[int, ...]) -> tuple[int, ...]:
    """The pitches measured for these: every fourth semitone, and one chord for all chords, for they are levelled."""
    return tuple(pitch // _GRID * _GRID + _GRID // 2 for pitch in pitches) if len(pitches) < 2 else _CHORD


@lru_cache(maxsize=1024)
def risen_of(instrument: str, pitches: tuple[int, ...], colour: int) -> Signal:
    """Measure the energy that each ear has had of a sound after every hundredth of a second, while it is held."""
    row = RACK[instrument]
    shot = row.render(Voice(instrument=instrument, pitches=pitches, length=_HELD, colour=colour))
    held = shot[:, : _HELD if row.held else shot.shape[1]]
    hops = held.shape[1] // _HOP
    power = (held[:, : hops * _HOP] ** 2).reshape(-1, hops, _HOP).sum(axis=2) * _k_weight(shot[0])
    return np.broadcast_to(np.cumsum(power, axis=1), (2, hops))


def _k_weight(signal: Signal) -> np.float32:
    """Share of a signal's energy that is left once it is weighted as ears do."""
    size = fft_size(signal.size)
    spectrum = np.abs(np.fft.rfft(signal, size)) ** 2
    return np.float32(np.sum(spectrum * _k_curve(size)) / max(float(np.sum(spectrum)), 1e-12))


@lru_cache(maxsize=16)
def _k_curve(size: int) -> Signal:
    """Power response of the two filters at 48 kHz, as the recommendation prints them."""
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    highpass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(np.abs(shelf * highpass) ** 2, dtype=np.float32)
