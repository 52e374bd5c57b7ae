"""From notes to stems: events at addresses, summed, ducked and limited without any memory of what came before."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import numpy as np

from logdrum_engine.generator import SAMPLE_RATE, Pcm

from .metre import Feel
from .score import STEMS, Note
from .synth.rack import RACK, sounding
from .synth.voice import Voice
from .synth.waves import Signal, axis, rise, samples_of, soft

CEILINGS: Mapping[str, float] = {"drums": 0.33, "log_drum": 0.30, "bass": 0.12, "other": 0.21}
"""Loudest sample of each stem; they add up to less than full scale, for listeners only add."""


class Event(msgspec.Struct, frozen=True):
    """A one-shot at an address."""

    start: int
    end: int
    stem: str
    gain_left: float
    gain_right: float
    voice: Voice


class Duck(msgspec.Struct, frozen=True):
    """How far one instrument pushes a stem down when it sounds."""

    by: str
    depth: float
    lasts_s: float


_DUCKS: Mapping[str, tuple[Duck, ...]] = {
    "drums": (),
    "log_drum": (Duck("kick", 0.25, 0.10),),
    "bass": (Duck("kick", 0.60, 0.18), Duck("log_drum", 0.65, 0.26)),
    "other": (Duck("kick", 0.22, 0.22),),
}


def perform(notes: Iterable[Note], feel: Feel, bar: int) -> tuple[Event, ...]:
    """Give every note of a bar its address, its voice and its gains."""
    return tuple(_event(note, feel, bar) for note in notes)


def _event(note: Note, feel: Feel, bar: int) -> Event:
    row = RACK[note.instrument]
    voice = Voice(
        instrument=note.instrument,
        pitches=note.pitches,
        length=round(note.length * feel.step_samples) if row.held else 0,
        strength=min(3, int(note.velocity * 4)) if row.held else 2,
        glide_from=note.glide_from,
        colour=note.colour,
    )
    start = feel.sample_of(bar, note.step)
    level = row.gain * note.velocity
    left, right = min(1.0, 1.0 - note.pan), min(1.0, 1.0 + note.pan)
    return Event(start, start + sounding(voice), row.stem, level * left, level * right, voice)


def mix(events: Sequence[Event], first: int, last: int, shot_of: Callable[[Voice], Pcm]) -> dict[str, Pcm]:
    """Render samples `first` to `last` of every stem; the events must come in an order that no block size changes."""
    heard = [event for event in events if event.start < last and event.end > first]
    stems = {name: np.zeros((2, last - first), dtype=np.float32) for name in STEMS}
    for event in heard:
        _add(stems[event.stem], event, first, shot_of(event.voice))
    for name, pcm in stems.items():
        for duck in _DUCKS[name]:
            _push_down(pcm, duck, heard, first)
    return {name: soft(pcm, CEILINGS[name]) for name, pcm in stems.items()}


def _add(pcm: Pcm, event: Event, first: int, shot: Pcm) -> None:
    """Add the part of a one-shot that falls within the block."""
    begin = max(event.start - first, 0)
    end = min(event.start - first + shot.shape[1], pcm.shape[1])
    if end > begin:
        part = shot[:, begin + first - event.start : end + first - event.start]
        pcm[0, begin:end] += part[0] * np.float32(event.gain_left)
        pcm[1, begin:end] += part[-1] * np.float32(event.gain_right)


def _push_down(pcm: Pcm, duck: Duck, heard: Iterable[Event], first: int) -> None:
    curve = _CURVES[duck]
    for event in heard:
        if event.voice.instrument == duck.by:
            begin = max(event.start - first, 0)
            end = min(event.start - first + curve.size, pcm.shape[1])
            if end > begin:
                pcm[:, begin:end] *= curve[begin + first - event.start : end + first - event.start]


def _curve(duck: Duck) -> Signal:
    """Down in four milliseconds and back by the end; rounded at both ends so that it is not heard as a click."""
    t = axis(samples_of(duck.lasts_s))
    dip = rise(t, 0.004) * (1 - rise(np.maximum(t - 0.01, 0), duck.lasts_s - 0.01 - 1 / SAMPLE_RATE))
    return np.asarray(1 - duck.depth * dip, dtype=np.float32)


_CURVES = {duck: _curve(duck) for ducks in _DUCKS.values() for duck in ducks}
