"""A room's notes as a Standard MIDI File: type 1, 960 ticks a quarter, so that every tick is itself (X4)."""

from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Final

import mido  # type: ignore[import-untyped]  # it ships no types

from logdrum_protocol.bounds import TICKS_PER_QUARTER
from logdrum_protocol.instruments import Instrument, instrument_of
from logdrum_server.exports.arrangement import Arrangement, Clip, Note, Track

CHARSET: Final = "utf-8"
_MICROS_PER_MINUTE: Final = 60_000_000
_LONGEST_DELTA: Final = 0x0FFFFFFF
_DRUMS: Final = 9
"""Channel 10, which General MIDI gives to drum kits."""

_MELODIC: Final = tuple(channel for channel in range(16) if channel != _DRUMS)


def write_midi(arrangement: Arrangement, path: Path) -> None:
    """Write the file; raises OSError."""
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, charset=CHARSET)
    file.tracks.append(_conductor(arrangement))
    melodic = cycle(_MELODIC)
    for track in arrangement.tracks:
        if track.has_notes:
            file.tracks.append(_notes(track, *_voice(track, melodic)))
    file.save(path)


def _voice(track: Track, melodic: Iterator[int]) -> tuple[int, int | None]:
    """Channel and program of a track; of an instrument we do not know we say nothing."""
    match instrument_of(track.instrument):
        case (Instrument(program=None), _):
            return _DRUMS, None
        case (Instrument(program=program), _):
            return next(melodic), program
        case None:
            return next(melodic), None


def _conductor(arrangement: Arrangement) -> mido.MidiTrack:
    """The first track: tempo, time signature and markers."""
    meta = mido.MetaMessage
    head = [
        meta("track_name", name=arrangement.room),
        meta("set_tempo", tempo=round(_MICROS_PER_MINUTE / arrangement.bpm)),
        meta("time_signature", numerator=arrangement.numerator, denominator=arrangement.denominator),
    ]
    markers = ((marker.tick, meta("marker", text=marker.text)) for marker in arrangement.markers)
    return mido.MidiTrack((*head, *_timed(markers)))


def _notes(track: Track, channel: int, program: int | None) -> mido.MidiTrack:
    head: list[mido.Message] = [mido.MetaMessage("track_name", name=track.name)]
    if track.mute:
        head.append(mido.MetaMessage("text", text="This track is muted in the room."))
    if program is not None:
        head.append(mido.Message("program_change", channel=channel, program=program))
    return mido.MidiTrack((*head, *_timed(_events(track, channel))))


def _events(track: Track, channel: int) -> list[tuple[int, mido.Message]]:
    """Note ons and offs by time; at one tick the offs go first, so that a note that follows is not cut off by it."""
    events = []
    for note in apart(note for clip in track.clips for note in _placed(clip)):
        # A velocity of 0 would be an end of the note.
        on = mido.Message("note_on", channel=channel, note=note.pitch, velocity=max(note.velocity, 1))
        off = mido.Message("note_off", channel=channel, note=note.pitch)
        events += [(note.tick, 1, on), (note.tick + note.length_ticks, 0, off)]
    return [(tick, message) for tick, _, message in sorted(events, key=lambda event: event[:2])]


def _placed(clip: Clip) -> Iterator[Note]:
    for note in clip.notes:
        yield Note(clip.start_tick + note.tick, note.length_ticks, note.pitch, note.velocity)


def apart(notes: Iterable[Note]) -> list[Note]:
    """Return notes of which no two of one pitch sound together, for MIDI could not say which of them ends.

    One that begins while another sounds ends that one, as a key that is struck again does; of those that begin
    together the longest stays, as loud as the loudest.
    """
    placed: list[Note] = []
    last: dict[int, int] = {}
    for note in sorted(notes, key=lambda note: (note.tick, note.length_ticks)):
        at = last.get(note.pitch)
        if at is not None:
            before = placed[at]
            if before.tick == note.tick:
                placed[at] = Note(note.tick, note.length_ticks, note.pitch, max(before.velocity, note.velocity))
                continue
            length_ticks = min(before.length_ticks, note.tick - before.tick)
            placed[at] = Note(before.tick, length_ticks, before.pitch, before.velocity)
        last[note.pitch] = len(placed)
        placed.append(note)
    return placed


def _timed(events: Iterable[tuple[int, mido.Message]]) -> Iterator[mido.Message]:
    """Give each message its distance from the one before; where that is too great to be written, in steps."""
    now = 0
    for tick, message in events:
        while tick - now > _LONGEST_DELTA:
            now += _LONGEST_DELTA
            yield mido.MetaMessage("text", text="", time=_LONGEST_DELTA)
        yield message.copy(time=tick - now)
        now = tick
