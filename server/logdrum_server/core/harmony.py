"""Whose chords a piece plays: those of the oldest one on the timeline, so that the pieces of a room fit (J7)."""

from msgspec import UNSET
from msgspec.structs import replace

from logdrum_protocol.records import JobParams
from logdrum_server.core.state import LIVE, ON_TIMELINE, JobRecord, RoomState


def leader_of(state: RoomState, params: JobParams) -> JobRecord | None:
    """Return the piece whose chords a new one plays; None where it may choose its own."""
    if (params.key is not UNSET and params.key) or params.clip is not UNSET:
        return None
    return next((job for job in state.jobs.values() if _has_chords(job)), None)


def _has_chords(job: JobRecord) -> bool:
    is_music = job.view.kind == "generate" and not job.plays_notes
    return is_music and job.view.state in ON_TIMELINE


def following(state: RoomState, leader: JobRecord) -> list[JobRecord]:
    """Return the pieces that play a leader's chords and have not heard of its new ones."""
    followers = (job for job in state.jobs.values() if job.leader == leader.job and leader.harmony is not None)
    return [job for job in followers if job.given != leader.harmony and job.view.state in LIVE]


def inherited(state: RoomState, gone: JobRecord) -> RoomState:
    """Have the oldest of those that followed a piece lead the others, over the same chords, once that piece is gone."""
    heirs = [job for job in state.jobs.values() if job.leader == gone.job]
    for job in heirs:
        leader = None if job is heirs[0] else heirs[0].job
        state = state.with_job(replace(job, leader=leader))
    return state
