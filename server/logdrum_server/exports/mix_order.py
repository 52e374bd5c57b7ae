"""What the engine is asked to render for a mix: sounds in samples and notes in ticks, at one tempo (X6, Q8)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from logdrum_protocol import bounds as b
from logdrum_protocol.engine_messages import MixClip, MixTrack, RenderMix
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.instruments import RINGS_S
from logdrum_protocol.records import Notation, Part, PlayedNote
from logdrum_protocol.timeline import sample_of
from logdrum_server.errors import RequestError
from logdrum_server.exports.arrangement import Arrangement, Clip, Track
from logdrum_server.exports.names import file_name

MAX_MIX_S: Final = 2 * 60 * 60
MAX_STEMS_S: Final = 24 * 60 * 60
"""Of all stems together: a day of them is 25 GB."""

_BYTES_PER_SAMPLE: Final = 6
Format = Literal["wav", "flac"]


class MixPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What will be heard, and what will not."""

    arrangement: Arrangement
    tracks: tuple[Track, ...]
    """Those that are heard, and have sound or notes."""
    samples: b.Samples
    """From tick 0 to where the last sound ends."""
    silenced: tuple[Track, ...]
    """With sound or notes, but muted, or another is solo."""

    @property
    def mix_bytes(self) -> int:
        """What the mix, or any stem, takes on disk at most."""
        return self.samples * _BYTES_PER_SAMPLE


def plan_mix(arrangement: Arrangement) -> MixPlan:
    """Return what a mix of an arrangement holds; raises `RequestError` where it is nothing, or too long."""
    sounding = tuple(track for track in arrangement.tracks if track.has_audio or track.has_notes)
    heard = tuple(track for track in sounding if arrangement.is_audible(track))
    for track in heard:
        _check_notes(track)
    samples = max((_rung_out(clip, arrangement.bpm) for track in heard for clip in track.clips), default=0)
    if samples == 0:
        raise RequestError(404, ErrorCode.NOT_FOUND, _nothing(arrangement, bool(sounding)))
    if samples > MAX_MIX_S * b.SAMPLE_RATE:
        text = f"The last sound ends after {_hours(samples)} hours; a mix may have {MAX_MIX_S // 3600}."
        raise RequestError(413, ErrorCode.TOO_LARGE, text)
    return MixPlan(
        arrangement=arrangement,
        tracks=heard,
        samples=samples,
        silenced=tuple(track for track in sounding if not arrangement.is_audible(track)),
    )


def _check_notes(track: Track) -> None:
    written = [clip for clip in track.clips if clip.notes]
    notes, gains = sum(len(clip.notes) for clip in written), len({clip.gain_db for clip in written})
    if notes > b.MAX_PLAYED_NOTES or gains > b.MAX_PARTS:
        text = (
            f"The track '{track.name[:80]}' has {notes:,} notes at {gains} different gains; a mix plays"
            f" {b.MAX_PLAYED_NOTES:,} at {b.MAX_PARTS} of a track."
        )
        raise RequestError(413, ErrorCode.TOO_LARGE, text)


def check_stems(plan: MixPlan) -> None:
    """Refuse what would fill the disk; raises `RequestError`."""
    total = plan.samples * len(plan.tracks)
    if total > MAX_STEMS_S * b.SAMPLE_RATE:
        text = f"The stems would last {_hours(total)} hours together; they may have {MAX_STEMS_S // 3600}."
        raise RequestError(413, ErrorCode.TOO_LARGE, text)


def _nothing(arrangement: Arrangement, has_sound: bool) -> str:
    if has_sound:
        return "Every track with sound is muted, or silenced by another's solo: there is nothing to mix."
    return "The room has no sounds and no notes to mix."


def _hours(samples: int) -> str:
    return f"{samples / b.SAMPLE_RATE / 3600:,.1f}"


def _sample(tick: int, bpm: float) -> int:
    """Rounded once, from the grid: lengths are differences of these, so that neighbours join."""
    return round(sample_of(tick, 0, bpm))


def _end(clip: Clip, bpm: float) -> int:
    return 0 if clip.asset is None else min(_sample(clip.end_tick, bpm), _sample(clip.start_tick, bpm) + _left(clip))


def _rung_out(clip: Clip, bpm: float) -> int:
    """Where a clip falls silent: its last note rings on."""
    notes = _sample(clip.end_tick, bpm) + RINGS_S * b.SAMPLE_RATE if clip.notes else 0
    return max(_end(clip, bpm), notes)


def _left(clip: Clip) -> int:
    """Samples at 48 kHz from the clip's offset to the sound's end, rounded up."""
    assert clip.asset is not None
    own = max(0, clip.asset.samples - clip.offset_samples)
    return -(-own * b.SAMPLE_RATE // clip.asset.sample_rate)


def order_mix(plan: MixPlan, mix: str, sounds: Path, file: Path, kind: Format) -> RenderMix:
    """Return the order for a mix alone."""
    return _order(plan, mix, sounds, kind, [None] * len(plan.tracks), str(file))


def order_stems(plan: MixPlan, mix: str, sounds: Path, files: Iterable[Path], kind: Format) -> RenderMix:
    """Return the order for a stem of each track."""
    return _order(plan, mix, sounds, kind, [str(file) for file in files], None)


def _order(plan: MixPlan, mix: str, sounds: Path, kind: Format, stems: list[str | None], file: str | None) -> RenderMix:
    bpm = plan.arrangement.bpm
    tracks = (
        MixTrack(
            clips=tuple(_clips(track, bpm)), notation=_notation(track), gain_db=track.gain_db, pan=track.pan, file=stem
        )
        for track, stem in zip(plan.tracks, stems, strict=True)
    )
    return RenderMix(
        mix=mix, sounds=str(sounds), tracks=tuple(tracks), samples=plan.samples, format=kind, bpm=bpm, file=file
    )


def _notation(track: Track) -> Notation | None:
    """What is written on a track, its clips' gains in the parts; its own gain and pan are those of all its sound."""
    parts: dict[float, int] = {}
    notes = [
        PlayedNote(
            parts.setdefault(clip.gain_db, len(parts)),
            clip.start_tick + note.tick,
            note.length_ticks,
            note.pitch,
            note.velocity,
        )
        for clip in track.clips
        for note in clip.notes
    ]
    if not notes:
        return None
    notes.sort(key=lambda note: (note.tick, note.part, note.pitch))
    return Notation(parts=tuple(Part(instrument=track.instrument, gain_db=db) for db in parts), notes=tuple(notes))


def _clips(track: Track, bpm: float) -> Iterable[MixClip]:
    for clip in track.clips:
        start, end = _sample(clip.start_tick, bpm), _end(clip, bpm)
        if clip.asset is not None and end > start:
            yield MixClip(
                asset=clip.asset.asset,
                start_sample=start,
                samples=end - start,
                offset_samples=clip.offset_samples,
                gain_db=clip.gain_db,
            )


def stem_names(tracks: Iterable[Track], kind: Format) -> list[str]:
    """Return a file name for each track's stem: its number, and what of its name any disk can hold."""
    return [f"{number:02} {file_name(track.name) or 'track'}.{kind}" for number, track in enumerate(tracks, 1)]
