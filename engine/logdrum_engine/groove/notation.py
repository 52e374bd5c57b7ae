"""Between notes and a notation: what the players were told, as parts, ticks, pitches and velocities (J8, J9).

Swing and the players' lateness are in the ticks, loudness in the velocity, the sound in the part's instrument, a drum
and its stroke in the key, a glide in two notes of the log drum or the bass that overlap. What notes cannot say: the
sweep of air before a section, timing beyond a tick, a pan of its own for a single note, a slide from where no note
was. A pad's pitches of one moment and one length become one chord again, as loud as the loudest of them. The player's
touch is not written: touch.py adds it to what is read.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from logdrum_protocol.instruments import DRUM_KEYS, INSTRUMENTS, Instrument, instrument_of
from logdrum_protocol.records import Notation, Part, PlayedNote

from .composer import compose
from .metre import Feel
from .patches import (
    CONGA_HIGH,
    CONGA_LOW,
    CONGA_MUTED,
    CONGA_SLAP,
    KITS,
    SHAKER_BACK,
    SHAKER_FORTH,
    Patches,
    drum_colour,
    drum_place,
)
from .piece import Piece
from .score import Note
from .touch import LEGATO, LOUD, glides, legato, rounded, velocity_of

_OVERLAP_TICKS = 24
"""How far a note reaches into the one that glides from it."""

_DRUMS, _FALLBACK = "drums", next(one for one in INSTRUMENTS if one.name == "piano")

_Keys: TypeAlias = Mapping[tuple[str, int | None], int]
"""Key of the kit by drum and colour."""

# Instrument and stroke of each name in DRUM_KEYS.
_STRIKES: Mapping[str, tuple[str, int]] = {
    "kick": ("kick", 0),
    "rim": ("rim", 0),
    "snare": ("snare", 0),
    "clap": ("clap", 0),
    "low tom": ("tom", 0),
    "tom": ("tom", 1),
    "high tom": ("tom", 2),
    "top tom": ("tom", 3),
    "closed hat": ("closed_hat", 0),
    "open hat": ("hat", 0),
    "crash": ("crash", 0),
    "low conga": ("conga", CONGA_LOW),
    "high conga": ("conga", CONGA_HIGH),
    "muted high conga": ("conga", CONGA_MUTED),
    "conga slap": ("conga", CONGA_SLAP),
    "cabasa": ("cabasa", 0),
    "shaker": ("shaker", SHAKER_FORTH),
    "shaker, back": ("shaker", SHAKER_BACK),
}
_STRIKE_OF_KEY = {key: _STRIKES[name] for key, name in DRUM_KEYS.items()}


def written(piece: Piece, first_bar: int, bars: int) -> Notation:
    """Write down composed bars; ticks count from the first of them."""
    return notation_of((compose(piece, first_bar + bar) for bar in range(bars)), piece.feel, piece.patches)


def notation_of(bars: Iterable[Iterable[Note]], feel: Feel, patches: Patches) -> Notation:
    """Write down the notes of successive bars: a part for each instrument that plays, in the order of INSTRUMENTS."""
    step_ticks, keys = feel.bar_ticks / feel.steps, _keys_of_kit(patches.kit)
    lines: dict[str, list[Note]] = {}
    for note in legato(_placed(bars, feel.steps, step_ticks), step_ticks):
        if _pitches(note, keys):
            lines.setdefault(note.instrument if note.pitches else _DRUMS, []).append(note)
    playing = [one for one in INSTRUMENTS if one.name in lines]
    notes = [each for at, one in enumerate(playing) for each in _line(at, lines[one.name], step_ticks, keys)]
    notes.sort(key=lambda note: (note.tick, note.part, note.pitch))
    return Notation(parts=tuple(_part(one, patches) for one in playing), notes=tuple(notes))


def _placed(bars: Iterable[Iterable[Note]], steps: float, step_ticks: float) -> Iterator[Note]:
    """Round every note as it will be heard, and count its steps from the first bar."""
    for number, notes in enumerate(bars):
        for note in notes:
            heard = rounded(note, step_ticks)
            yield replace(heard, step=heard.step + number * steps)


def _part(instrument: Instrument, patches: Patches) -> Part:
    patch = {"drums": patches.kit, "log_drum": patches.log_drum, "pad": patches.pad}.get(instrument.name, 0)
    return Part(instrument=f"{instrument.name}:{patch}" if patch else instrument.name)


def _line(part: int, line: list[Note], step_ticks: float, keys: _Keys) -> Iterator[PlayedNote]:
    """Write one player's notes; what is reached by a glide begins before the note it comes from has ended."""
    line.sort(key=lambda note: (note.step, note.pitches))
    for note, following in zip(line, [*line[1:], None], strict=True):
        length = max(1, round(note.length * step_ticks))
        if following is not None and glides(note, following):
            length += max(1, min(_OVERLAP_TICKS, round(following.length * step_ticks)))
        for pitch in _pitches(note, keys):
            yield PlayedNote(part, round(note.step * step_ticks), length, pitch, velocity_of(note))


def _pitches(note: Note, keys: _Keys) -> Iterable[int]:
    """MIDI numbers of a note; none for what no key of the kit strikes."""
    if note.pitches:
        return note.pitches
    plain = note.colour // 4 * 4 + note.colour % 2 if note.instrument == "shaker" else note.colour
    key = keys.get((note.instrument, plain), keys.get((note.instrument, None)))
    return () if key is None else (key,)


@lru_cache(maxsize=KITS)
def _keys_of_kit(kit: int) -> _Keys:
    """The key of every sound of a kit; without a sound, one that strikes the drum at all."""
    plain = {(drum, None): key for key, (drum, _) in reversed(_STRIKE_OF_KEY.items())}
    return plain | {(drum, drum_colour(kit, drum, stroke)): key for key, (drum, stroke) in _STRIKE_OF_KEY.items()}


class _Player(msgspec.Struct, frozen=True):
    """A part's instrument, and where and how loud it stands."""

    instrument: Instrument
    patch: int = 0
    gain: float = 1.0
    pan: float = 0.0

    def note(self, played: PlayedNote, step: float, step_ticks: float, glide_from: int | None) -> Note:
        """Read a note as this player does."""
        is_drum = self.instrument.name == _DRUMS
        drum, stroke = _STRIKE_OF_KEY[_nearest_key(played.pitch)] if is_drum else (self.instrument.name, 0)
        return Note(
            instrument=drum,
            step=step,
            velocity=max(1, played.velocity) / LOUD,
            length=played.length_ticks / step_ticks,
            pitches=() if is_drum else (played.pitch,),
            glide_from=glide_from,
            colour=drum_colour(self.patch, drum, stroke) if is_drum else self.patch,
            pan=max(-1.0, min(1.0, self.pan + (drum_place(drum, stroke) if is_drum else 0.0))),
            gain=self.gain,
        )


class _Sounding(msgspec.Struct, frozen=True):
    """A note after its line was read: cut where the next one begins, and knowing what it glides from."""

    played: PlayedNote
    glide_from: int | None = None


class Sheet:
    """A notation ready to be played bar by bar; a part without an instrument we know is played on the piano."""

    def __init__(self, notation: Notation, feel: Feel) -> None:
        self._players = tuple(_player(part) for part in notation.parts)
        self._bar_ticks = feel.bar_ticks
        self._step_ticks = feel.bar_ticks / feel.steps
        self._bars: dict[int, list[_Sounding]] = {}
        one_voice = {at for at, player in enumerate(self._players) if player.instrument.name in LEGATO}
        for sounding in _read(notation.notes, one_voice):
            self._bars.setdefault(int(sounding.played.tick // feel.bar_ticks), []).append(sounding)

    def bar(self, index: int) -> list[Note]:
        """Return what the players are told to play in one composed bar."""
        sounding = sorted(
            self._bars.get(index, ()), key=lambda one: (one.played.part, one.played.tick, one.played.pitch)
        )
        notes = [self._note(one, index) for one in sounding]
        pads = [note for note in notes if note.instrument == "pad"]
        return [note for note in notes if note.instrument != "pad"] + _chords(pads)

    def _note(self, sounding: _Sounding, bar: int) -> Note:
        played = sounding.played
        player = self._players[played.part] if played.part < len(self._players) else _Player(_FALLBACK)
        step = (played.tick - bar * self._bar_ticks) / self._step_ticks
        return player.note(played, step, self._step_ticks, sounding.glide_from)


def _player(part: Part) -> _Player:
    instrument, patch = instrument_of(part.instrument) or (_FALLBACK, 0)
    return _Player(instrument, patch, 10.0 ** (part.gain_db / 20), part.pan)


def _read(notes: Iterable[PlayedNote], one_voice: Collection[int]) -> Iterator[_Sounding]:
    """Read the notes, those of the parts of one voice as lines."""
    lines: dict[int, list[PlayedNote]] = {}
    for note in notes:
        if note.part in one_voice:
            lines.setdefault(note.part, []).append(note)
        else:
            yield _Sounding(note)
    for line in lines.values():
        yield from _one_voice(sorted(line, key=lambda note: (note.tick, note.pitch)))


def _one_voice(line: list[PlayedNote]) -> Iterator[_Sounding]:
    glide_from = None
    for note, following in zip(line, [*line[1:], None], strict=True):
        gap = note.length_ticks if following is None else following.tick - note.tick
        is_held = following is not None and 0 < gap < note.length_ticks
        cut = PlayedNote(note.part, note.tick, gap, note.pitch, note.velocity) if is_held else note
        yield _Sounding(cut, None if glide_from == note.pitch else glide_from)
        glide_from = note.pitch if is_held else None


def _chords(pads: Iterable[Note]) -> list[Note]:
    """Put together what a pad begins and ends at once."""
    chords: dict[tuple[object, ...], list[Note]] = {}
    for note in pads:
        chords.setdefault((note.step, note.length, note.colour, note.gain, note.pan), []).append(note)
    return [_chord(notes) for notes in chords.values()]


def _chord(notes: list[Note]) -> Note:
    loudest = max(note.velocity for note in notes)
    return replace(notes[0], velocity=loudest, pitches=tuple(sorted({note.pitches[0] for note in notes})))


@lru_cache(maxsize=128)
def _nearest_key(pitch: int) -> int:
    """The key of the kit that is struck; there is none that says nothing."""
    return min(DRUM_KEYS, key=lambda key: (abs(key - pitch), key))
