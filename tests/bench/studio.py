"""The room that is edited: 20 tracks of 100 clips, and what its writers set in it; the same for every subject.

A writer edits the clips of one track, one after the other, and nobody else does. So what anybody sends can be made
before anything is measured, and what the document must come to is known.
"""

from collections.abc import Mapping
from typing import Final

TRACKS: Final = 20
CLIPS_A_TRACK: Final = 100
CLIPS: Final = TRACKS * CLIPS_A_TRACK
LENGTH_TICKS: Final = 3840

Ticks = Mapping[str, int]
"""The `start_tick` of each clip, by its id."""


def track_id(track: int) -> str:
    """Return the id of a track."""
    return f"track_{track:03}"


def clip_id(track: int, place: int) -> str:
    """Return the id of a clip, given its track and its place in that."""
    return f"clip_{track:02}_{place:03}"


def clip_edited(writer: int, number: int) -> str:
    """Return the clip that a writer's edit `number` sets."""
    return clip_id(writer, number % CLIPS_A_TRACK)


def tick_set(number: int) -> int:
    """Return the `start_tick` that edit `number` sets: odd, and so never what the clip had at first."""
    return 2 * number + 1


def ticks_at_first() -> Ticks:
    """Return the document before any edit."""
    return {clip_id(track, place): place * LENGTH_TICKS for track in range(TRACKS) for place in range(CLIPS_A_TRACK)}


def ticks_after(writers: int, edits: int) -> Ticks:
    """Return the document after so many edits of each writer."""
    last = range(max(0, edits - CLIPS_A_TRACK), edits)
    set_since = {clip_edited(writer, number): tick_set(number) for writer in range(writers) for number in last}
    return {**ticks_at_first(), **set_since}


def percent_kept(found: Ticks, writers: int, edits: int) -> float:
    """Return of how many of the clips that were edited the last edit is there."""
    wanted = ticks_after(writers, edits)
    edited = [clip for clip, tick in ticks_at_first().items() if wanted[clip] != tick]
    return 100 * sum(found.get(clip) == wanted[clip] for clip in edited) / len(edited)
