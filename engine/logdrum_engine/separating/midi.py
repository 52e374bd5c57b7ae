"""Log-drum notes as a Standard MIDI File: one voice, in time with the sound at 120 beats a minute, glides as bends."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import mido  # type: ignore[import-untyped]  # it ships no types
from msgspec.structs import replace

from logdrum_engine.separation.interface import LogDrumNote
from logdrum_protocol.instruments import instrument_of

_TICKS_A_QUARTER: Final = 960
_TICKS_A_SECOND: Final = 1920
_MICROS_A_QUARTER: Final = 500_000
_BEND_KEYS: Final = 24
"""How far the wheel bends, each way."""

_BEND_TOP: Final = 8191
_BENDS_A_SECOND: Final = 100
_GLIDES_FROM: Final = 0.5
"""Keys; less is how a note settles, not a glide."""

_SHORTEST_S: Final = 0.02


def write_notes(notes: Sequence[LogDrumNote], path: Path) -> None:
    """Write the notes; raises OSError."""
    file = mido.MidiFile(type=1, ticks_per_beat=_TICKS_A_QUARTER, charset="utf-8")
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=_MICROS_A_QUARTER)]))
    file.tracks.append(mido.MidiTrack(_timed([*_head(), *_events(one_voice(notes))])))
    file.save(path)


def one_voice(notes: Iterable[LogDrumNote]) -> Iterator[LogDrumNote]:
    """End each note where the next begins; of two at once the surer one is played."""
    heard = sorted(notes, key=lambda note: (note.onset_s, note.probability))
    ends = [*(following.onset_s for following in heard[1:]), math.inf]
    for note, end_s in zip(heard, ends, strict=False):  # where nothing was heard, there is an end too many
        room = end_s - note.onset_s
        if room >= _SHORTEST_S:
            yield replace(note, length_s=min(max(note.length_s, _SHORTEST_S), room))


def key_of(f0_hz: float) -> float:
    """Return a pitch in MIDI's keys, with what lies between them."""
    return 69 + 12 * math.log2(f0_hz / 440)


def _head() -> Iterator[tuple[int, mido.Message | mido.MetaMessage]]:
    """Name and instrument, and how far the wheel bends (RPN 0)."""
    yield 0, mido.MetaMessage("track_name", name="Log drum")
    known = instrument_of("log_drum")
    if known is not None and known[0].program is not None:
        yield 0, mido.Message("program_change", program=known[0].program)
    for control, value in ((101, 0), (100, 0), (6, _BEND_KEYS), (38, 0)):
        yield 0, mido.Message("control_change", control=control, value=value)


def _events(notes: Iterable[LogDrumNote]) -> Iterator[tuple[int, mido.Message]]:
    is_bent = False
    for note in notes:
        start, end = _tick(note.onset_s), _tick(note.onset_s + note.length_s)
        key = min(127, max(0, round(key_of(note.f0_hz))))
        if is_bent:
            yield start, mido.Message("pitchwheel", pitch=0)
        yield start, mido.Message("note_on", note=key, velocity=min(127, max(1, round(note.velocity * 127))))
        bends = list(_bends(note))
        yield from bends
        is_bent = bool(bends)
        yield end, mido.Message("note_off", note=key)


def _bends(note: LogDrumNote) -> Iterator[tuple[int, mido.Message]]:
    """Glide over the second half of a note, evenly in pitch; none where it stays."""
    keys = key_of(note.glide_hz) - key_of(note.f0_hz)
    if abs(keys) < _GLIDES_FROM:
        return
    half_s = note.length_s / 2
    steps = max(1, int(half_s * _BENDS_A_SECOND))
    for step in range(1, steps + 1):
        share = step / steps
        pitch = round(max(-1.0, min(1.0, keys * share / _BEND_KEYS)) * _BEND_TOP)
        yield _tick(note.onset_s + half_s * (1 + share)), mido.Message("pitchwheel", pitch=pitch)


def _tick(time_s: float) -> int:
    return max(0, round(time_s * _TICKS_A_SECOND))


def _timed(events: Iterable[tuple[int, mido.Message | mido.MetaMessage]]) -> Iterator[mido.Message | mido.MetaMessage]:
    """Give each message its distance from the one before."""
    now = 0
    for tick, message in events:
        yield message.copy(time=tick - now)
        now = tick
