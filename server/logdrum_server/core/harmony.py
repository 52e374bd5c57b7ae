"""Whose chords a piece plays: those of the oldest one on the timeline, so that the pieces of a room fit (J7)."""

from msgspec import UNSET

from logdrum_protocol.records import JobParams
from logdrum_server.core.state import JobRecord, RoomState


def leader_of(state: RoomState, params: JobParams) -> JobRecord | None:
    """Return the piece whose chords a new one plays; None where it may choose its own."""
    if (params.key is not UNSET and params.key) or params.clip is not UNSET:
        return None
    return next((job for job in state.jobs.values() if _has_chords(job)), None)


def _has_chords(job: JobRecord) -> bool:
    is_music = job.view.kind == "generate" and not job.plays_notes
    return is_music and job.view.state in ("queued", "running", "done")


def following(state: RoomState, leader: JobRecord) -> list[JobRecord]:
    """Return the pieces that play a leader's chords and have not heard of its new ones."""
    followers = (job for job in state.jobs.values() if job.leader == leader.job)
    return [job for job in followers if job.harmony != leader.harmony and job.view.state in ("queued", "running")]
