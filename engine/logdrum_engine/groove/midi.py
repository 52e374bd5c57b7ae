"""A chart as a Standard MIDI File: type 1, 960 ticks a quarter, so that every tick is itself.

A glide is two notes of the log drum or the bass that overlap by a 40th of a quarter: legato, as a synthesiser in its
mono mode with portamento plays it. Their tracks say so in a text.
"""

from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

import mido  # type: ignore[import-untyped]  # it ships no types

from logdrum_engine.generator import TICKS_PER_QUARTER
from logdrum_protocol.instruments import Instrument, instrument_of
from logdrum_protocol.records import PlayedNote

from .chart import Chart, Mark
from .touch import LEGATO

CHARSET: Final = "utf-8"
DRUMS_CHANNEL: Final = 9
_MICROS_PER_MINUTE: Final = 60_000_000
_GLIDES: Final = "Notes that overlap glide: play them with one voice, legato, with a portamento of about 50 ms."


def write_midi(chart: Chart, path: Path) -> None:
    """Write the file; raises OSError."""
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, charset=CHARSET)
    file.tracks.append(_conductor(chart))
    melodic = (channel for channel in count() if channel != DRUMS_CHANNEL)
    for number, part in enumerate(chart.notation.parts):
        found = instrument_of(part.instrument)
        if found is not None:
            instrument, _ = found
            channel = DRUMS_CHANNEL if instrument.program is None else next(melodic)
            notes = [note for note in chart.notation.notes if note.part == number]
            file.tracks.append(_track(instrument, channel, notes, chart.length_ticks))
    file.save(path)


def _conductor(chart: Chart) -> mido.MidiTrack:
    """The first track: tempo, metre, key and the sections."""
    meta = mido.MetaMessage
    head = [
        meta("track_name", name=chart.title or "groove"),
        meta("set_tempo", tempo=round(_MICROS_PER_MINUTE / chart.bpm)),
        meta("time_signature", numerator=chart.numerator, denominator=chart.denominator),
        meta("key_signature", key=key_signature(chart.key)),
    ]
    return _ended(head, ((mark.tick, _marker(mark)) for mark in chart.sections), chart.length_ticks)


def key_signature(key: str) -> str:
    """Spell a key such as `F minor` as MIDI knows it."""
    return key.removesuffix(" major").replace(" minor", "m")


def _marker(mark: Mark) -> mido.MetaMessage:
    return mido.MetaMessage("marker", text=mark.text)


def _track(instrument: Instrument, channel: int, notes: Iterable[PlayedNote], end: int) -> mido.MidiTrack:
    head = [mido.MetaMessage("track_name", name=instrument.label)]
    if instrument.name in LEGATO:
        head.append(mido.MetaMessage("text", text=_GLIDES))
    if instrument.program is not None:
        head.append(mido.Message("program_change", channel=channel, program=instrument.program))
    return _ended(head, _events(notes, channel), end)


def _events(notes: Iterable[PlayedNote], channel: int) -> list[tuple[int, mido.Message]]:
    """Note ons and offs by time; at one tick the offs go first, so that a note that follows is not cut off by it."""
    events = []
    for note in _apart(notes):
        on = mido.Message("note_on", channel=channel, note=note.pitch, velocity=max(1, note.velocity))
        off = mido.Message("note_off", channel=channel, note=note.pitch)
        events += [(note.tick, 1, on), (note.tick + note.length_ticks, 0, off)]
    return [(tick, message) for tick, _, message in sorted(events, key=lambda event: event[:2])]


def _apart(notes: Iterable[PlayedNote]) -> list[PlayedNote]:
    """End a note where its key is struck again, for MIDI could not say which of two it ends; of two at once, one."""
    kept: list[PlayedNote] = []
    following: dict[int, int] = {}
    for note in sorted(notes, key=lambda note: (-note.tick, -note.velocity)):
        room = following.get(note.pitch, note.tick + note.length_ticks) - note.tick
        if room > 0:
            length = min(note.length_ticks, room)
            kept.append(PlayedNote(note.part, note.tick, length, note.pitch, note.velocity))
            following[note.pitch] = note.tick
    return kept


def _ended(head: Iterable[mido.Message], events: Iterable[tuple[int, mido.Message]], end: int) -> mido.MidiTrack:
    """Make a track that lasts as long as the piece."""
    return mido.MidiTrack((*head, *_timed([*events, (end, mido.MetaMessage("end_of_track"))])))


def _timed(events: Iterable[tuple[int, mido.Message]]) -> Iterator[mido.Message]:
    """Give each message its distance from the one before."""
    now = 0
    for tick, message in events:
        yield message.copy(time=tick - now)
        now = tick
