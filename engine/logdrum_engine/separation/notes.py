"""From what is heard frame by frame to the log drum's notes, and to whether there is a log drum at all."""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .interface import SAMPLE_RATE, LogDrumNote
from .masker import NoteFrames, Shape
from .spectrum import HOP, WINDOW

_HOP_S: Final = HOP / SAMPLE_RATE
_BIN_HZ: Final = SAMPLE_RATE / WINDOW
_CLASSES: Final = 24
"""In an octave."""

_STRUCK: Final = 0.45  # an onset between two frames gives each a half
_RINGS: Final = 0.4
_SILENT_FRAMES: Final = 2
_SHORTEST_S: Final = 0.03
_LONGEST_S: Final = 4.0
_DROP_S: Final = 0.05
"""So long after the onset the pitch still falls."""
_GLIDES: Final = 2.0
"""A pitch that moves by so many classes glides."""
_GLIDE_FRAMES: Final = 6
_TRUSTED: Final = 1.0
"""How many classes the phase's turning may be off what the net says."""
_TURN_BINS: Final = 2
"""How far from the pitch its own turning is looked for."""


class _Frame(NamedTuple):
    """What is heard in one."""

    at_s: float
    onset: float
    offset: float
    active: float
    velocity: float
    pitch: NDArray[np.float32]
    """How likely each class is, as logarithms."""
    turn: NDArray[np.complex64]
    """How each bin's phase turned since the frame before, as large as its power."""
    power: float


_SILENCE: Final = _Frame(0.0, 0.0, 0.0, 0.0, 0.0, np.zeros(0, np.float32), np.zeros(0, np.complex64), 0.0)


class Presence(NamedTuple):
    """A mean over all frames, each counting as it says."""

    total: float = 0.0
    weight: float = 0.0
    largest: float = -math.inf


class Listening(NamedTuple):
    """What is known of one sound so far."""

    frames: int = 0
    """How many were heard; below 0 before the sound's first."""
    recent: tuple[_Frame, _Frame] = (_SILENCE, _SILENCE)
    """The last frame, of which it is open whether a note begins in it, after the one before."""
    note: tuple[_Frame, ...] = ()
    """The frames of the note that sounds."""
    presence: Presence = Presence()
    before: Tensor | None = None
    """The log drum's last spectrum."""


def hear(
    state: Listening, heard: NoteFrames, drum: Tensor, shape: Shape, *, last: bool = False
) -> tuple[tuple[LogDrumNote, ...], Listening]:
    """Go on by some frames: the net's words `[t]`, and the log drum's single bins in the middle, complex `[t, bin]`."""
    notes: list[LogDrumNote] = []
    note, recent = state.note, state.recent
    for frame in _frames(state, heard, drum):
        note, settled = _after(note, recent, frame, shape)
        notes += settled
        recent = recent[1], frame
    if last:
        note, settled = _after(note, recent, _SILENCE, shape)
        notes += (*settled, *_settled(note, shape))
        note = ()
    after = Listening(
        frames=state.frames + len(drum),
        recent=recent,
        note=note,
        presence=_counted(state.presence, heard),
        before=drum[-1] if len(drum) else state.before,
    )
    return tuple(notes), after


def probability(presence: Presence) -> float:
    """How likely there was a log drum in what was heard; 0 where nothing was."""
    return 1.0 / (1.0 + math.exp(-presence.total / presence.weight)) if presence.weight else 0.0


def _frames(state: Listening, heard: NoteFrames, drum: Tensor) -> Iterator[_Frame]:
    first = torch.zeros_like(drum[:1]) if state.before is None else state.before[None]
    turns = (drum * torch.cat((first, drum))[:-1].conj()).resolve_conj().cpu().numpy()
    pitches = heard.pitch.log_softmax(-1).cpu().numpy()
    columns = (torch.sigmoid(heard.onset), heard.offset, torch.sigmoid(heard.active), heard.velocity)
    onset, offset, active, velocity = (column.tolist() for column in columns)
    power = drum.abs().square().sum(-1).tolist()
    for i in range(len(drum)):
        at_s = ((state.frames + i + 1) * HOP - WINDOW / 2) / SAMPLE_RATE
        yield _Frame(at_s, onset[i], offset[i], active[i], velocity[i], pitches[i], turns[i], power[i])


def _counted(presence: Presence, heard: NoteFrames) -> Presence:
    total, weight, largest = presence
    for said, counts in zip(heard.presence.tolist(), heard.weight.tolist(), strict=True):
        most = max(largest, counts)
        fades, now = math.exp(largest - most), math.exp(counts - most)
        total, weight, largest = total * fades + said * now, weight * fades + now, most
    return Presence(total, weight, largest)


def _after(
    note: tuple[_Frame, ...], recent: tuple[_Frame, _Frame], coming: _Frame, shape: Shape
) -> tuple[tuple[_Frame, ...], tuple[LogDrumNote, ...]]:
    """Settle a frame between two others: it begins a note, goes on with the one that sounds, or ends it."""
    before, frame = recent
    if frame.onset >= _STRUCK and before.onset < frame.onset >= coming.onset:
        return (frame,), _settled(note, shape)
    if not note:
        return (), ()
    if _rings_on(note, frame):
        return (*note, frame), ()
    return (), _settled(note, shape)


def _rings_on(note: tuple[_Frame, ...], frame: _Frame) -> bool:
    if frame.at_s - note[0].at_s > _LONGEST_S:
        return False
    return any(x.active >= _RINGS for x in (*note, frame)[-_SILENT_FRAMES:])


def _settled(note: tuple[_Frame, ...], shape: Shape) -> tuple[LogDrumNote, ...]:
    """Say what a note was, from all its frames; nothing where it never rang."""
    ringing = [frame for frame in note if frame.active >= _RINGS]
    if not ringing:
        return ()
    onset_s = max(0.0, note[0].at_s + note[0].offset * _HOP_S)
    f0_hz, glide_hz = _pitches(ringing, onset_s, shape)
    sounded = ringing[:3]
    return (
        LogDrumNote(
            onset_s=onset_s,
            length_s=max(_SHORTEST_S, ringing[-1].at_s + _HOP_S / 2 - onset_s),
            f0_hz=f0_hz,
            glide_hz=glide_hz,
            velocity=float(np.mean([frame.velocity for frame in sounded])),
            probability=min(1.0, note[0].onset + 0.5) * float(np.mean([frame.active for frame in sounded])),
        ),
    )


def _pitches(frames: Sequence[_Frame], onset_s: float, shape: Shape) -> tuple[float, float]:
    """Return the pitch a note settles on and the one it ends on; the same where it does not glide."""
    fallen = [frame for frame in frames if frame.at_s >= onset_s + _DROP_S] or frames
    whole = _pitch_hz(fallen, shape)
    if len(fallen) < _GLIDE_FRAMES:
        return whole, whole
    third = len(fallen) // 3
    first, last = _pitch_hz(frames[:third], shape), _pitch_hz(fallen[-third:], shape)
    return (first, last) if abs(_CLASSES * math.log2(last / first)) >= _GLIDES else (whole, whole)


def _pitch_hz(frames: Sequence[_Frame], shape: Shape) -> float:
    """Return the pitch that several frames agree on."""
    weights = np.array([frame.active * math.sqrt(frame.power) for frame in frames]) + 1e-9
    agreed = np.average([frame.pitch for frame in frames], axis=0, weights=weights)
    classes = np.arange(agreed.size)
    best = int(agreed.argmax())
    near = np.exp(agreed - agreed[best]) * (np.abs(classes - best) <= 2)
    hz = shape.lowest_hz * 2 ** (float(np.average(classes, weights=near)) / _CLASSES)
    turned_hz = _turning_hz(np.sum([frame.turn for frame in frames], axis=0), hz)
    return turned_hz if abs(_CLASSES * math.log2(turned_hz / hz)) <= _TRUSTED else hz


def _turning_hz(turn: NDArray[np.complex64], near_hz: float) -> float:
    """Return how fast the phase turns in the bins about a pitch: far finer than they are wide."""
    centre = round(near_hz / _BIN_HZ)
    bins = turn[max(0, centre - _TURN_BINS) : centre + _TURN_BINS + 1]
    turned = bins.sum() * np.exp(-2j * np.pi * centre * HOP / WINDOW)
    return max(1.0, centre * _BIN_HZ + float(np.angle(turned)) / (2 * np.pi * _HOP_S))
