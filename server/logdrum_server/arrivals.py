"""What is found out about a joiner before the room decides: whose session this is, and what it has missed (H2, H4)."""

import secrets
from typing import TypeGuard

from msgspec import UNSET, UnsetType

from logdrum_protocol.client_messages import Hello
from logdrum_protocol.records import ResumePoint
from logdrum_server.core.people import Door
from logdrum_server.core.state import RoomState
from logdrum_server.counts import Resumed
from logdrum_server.doors import Doors, Pass
from logdrum_server.past import Past


def may_resume(resume: ResumePoint | UnsetType, state: RoomState, doors: Doors) -> TypeGuard[ResumePoint]:
    """Whether this is a right key, of a session that was not put out."""
    if resume is UNSET or resume.session in state.put_out:
        return False
    return doors.check_resume(state.room, resume.session, state.epoch, resume.key)


def recovers(resume: ResumePoint | UnsetType, state: RoomState, doors: Doors, past: Past) -> TypeGuard[ResumePoint]:
    """Whether a joiner can be told every event that it missed, and nothing else (H2)."""
    if not may_resume(resume, state, doors):
        return False
    return resume.epoch == state.epoch and past.backlog.covers(resume.seq)


def find_door(state: RoomState, hello: Hello, admitted: Pass, doors: Doors, past: Past) -> Door:
    """Return what is to be known of a joiner: a right key brings its session back, whatever became of it (H4)."""
    resume = hello.resume
    session = resume.session if may_resume(resume, state, doors) else secrets.token_urlsafe(9)
    recovered = recovers(resume, state, doors, past)
    return Door(
        session=session,
        key=doors.resume_key(state.room, session, state.epoch),
        role=admitted.role,
        name=admitted.name,
        recovered=recovered,
        snapshot=None if recovered else past.snapshot(),
    )


def outcome(door: Door, resume: ResumePoint) -> Resumed:
    """What became of a resume, to be counted."""
    if door.session != resume.session:
        return "refused"
    return "recovered" if door.recovered else "snapshot"
