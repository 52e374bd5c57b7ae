"""From notes to stems: events at addresses, summed, ducked and saturated without any memory of what came before."""

from collections.abc import Callable, Iterable, Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from logdrum_engine.generator import SAMPLE_RATE, Pcm

from .metre import Feel
from .score import STEMS, Note
from .synth.rack import RACK, Instrument, sounding
from .synth.voice import Voice
from .synth.waves import Signal, axis, rise, samples_of, soft

Stems = npt.NDArray[np.float32]
"""`[stems, 2, samples]`, in the order of STEMS."""

CEILINGS: Mapping[str, float] = {"drums": 0.8, "log_drum": 0.75, "bass": 0.34, "other": 0.6}
"""Loudest sample of each stem before the limiter: every stem is saturated gently, as on a desk of its own."""

_CEILINGS = np.array([CEILINGS[stem] for stem in STEMS], dtype=np.float32)[:, np.newaxis, np.newaxis]
_PLACES = {stem: place for place, stem in enumerate(STEMS)}
_LENGTH_STEP = 480


class Event(msgspec.Struct, frozen=True):
    """A one-shot at an address."""

    place: float
    """The address before it is rounded."""
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


def gain_of(gain_db: float) -> float:
    """Read decibels as a factor."""
    return float(10.0 ** (gain_db / 20))


def perform(notes: Iterable[Note], feel: Feel, bar: int, gain: float = 1.0) -> tuple[Event, ...]:
    """Give every note of a bar its address, its voice and its gains."""
    return tuple(_event(note, feel, bar, gain) for note in notes)


def _event(note: Note, feel: Feel, bar: int, gain: float) -> Event:
    row = RACK[note.instrument]
    place = (bar + note.step / feel.steps) * feel.bar_samples
    voice = _voice(note, row, round(note.length * feel.step_samples))
    level = gain * row.gain * note.velocity * note.gain
    left, right = level * min(1.0, 1.0 - note.pan), level * min(1.0, 1.0 + note.pan)
    return Event(place, round(place), round(place) + sounding(voice), row.stem, left, right, voice)


def _voice(note: Note, row: Instrument, length: int) -> Voice:
    """Name the sound; what nobody could tell apart has one name, so that it is made once."""
    return Voice(
        instrument=note.instrument,
        pitches=note.pitches,
        length=-(-length // _LENGTH_STEP) * _LENGTH_STEP if row.held else 0,
        strength=min(3, int(note.velocity * 4)) if row.toned else 2,
        glide_from=note.glide_from,
        colour=note.colour,
    )


def mix(events: Iterable[Event], first: int, last: int, shot_of: Callable[[Voice], Pcm]) -> Stems:
    """Render samples `first` to `last` of every stem; the events must come in an order that no span changes."""
    stems = np.zeros((len(STEMS), 2, last - first), dtype=np.float32)
    ducking: list[Event] = []
    for event in events:
        if event.start < last and event.end > first:
            _add(stems[_PLACES[event.stem]], event, first, shot_of(event.voice))
            if event.voice.instrument in _DUCKING:
                ducking.append(event)
    for event in ducking:
        for stem, curve in _DUCKING[event.voice.instrument]:
            _push_down(stems[stem], event.start - first, curve)
    return soft(stems, _CEILINGS)


def _add(pcm: Pcm, event: Event, first: int, shot: Pcm) -> None:
    """Add the part of a one-shot that falls within the span."""
    begin = max(event.start - first, 0)
    end = min(event.start - first + shot.shape[1], pcm.shape[1])
    if end > begin:
        gains = np.array(((event.gain_left,), (event.gain_right,)), dtype=np.float32)
        pcm[:, begin:end] += shot[:, begin + first - event.start : end + first - event.start] * gains


def _push_down(pcm: Pcm, start: int, curve: Signal) -> None:
    begin, end = max(start, 0), min(start + curve.size, pcm.shape[1])
    if end > begin:
        pcm[:, begin:end] *= curve[begin - start : end - start]


def _curve(duck: Duck) -> Signal:
    """Down in four milliseconds and back by the end; rounded at both ends so that it is not heard as a click."""
    t = axis(samples_of(duck.lasts_s))
    dip = rise(t, 0.004) * (1 - rise(np.maximum(t - 0.01, 0), duck.lasts_s - 0.01 - 1 / SAMPLE_RATE))
    return np.asarray(1 - duck.depth * dip, dtype=np.float32)


_DUCKING = {
    by: [(_PLACES[stem], _curve(duck)) for stem, ducks in _DUCKS.items() for duck in ducks if duck.by == by]
    for by in ("kick", "log_drum")
}
"""Which stems an instrument pushes down, and how."""
