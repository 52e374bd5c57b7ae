"""Who is in the room: joining, resuming, leaving, presence, chat and live notes (H, P)."""

import hmac
from typing import Final

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import Hello, PlayNote, SendChat, SetPresence
from logdrum_protocol.hub_messages import Chat, MemberJoined, MemberLeft, NoteLive, Presence, Snapshot, Welcome
from logdrum_protocol.records import Member, ResumePoint
from logdrum_server.core.effects import Effect, Tell, TellAll
from logdrum_server.core.state import MAX_CHAT, RESUME_GRACE_US, Outcome, RoomState, Session

# Far apart in hue, so that ten people can be told from one another at a glance.
_COLORS: Final = (
    "#2fbf9b",
    "#f2a81d",
    "#8b7cf6",
    "#4aa8ff",
    "#ff7ab6",
    "#9ccc3c",
    "#ff8a4c",
    "#35c9d9",
    "#d88cf0",
    "#d8c84a",
)


class Door(msgspec.Struct, frozen=True):
    """What a joiner would get if the session is new; random, so it comes from outside."""

    session: b.SessionId
    key: b.SessionKey


def is_full(state: RoomState, hello: Hello) -> bool:
    """Whether the room has no place for this joiner (H3)."""
    return len(state.sessions) >= state.limits.max_members and _resumed(state, hello.resume) is None


def join(state: RoomState, hello: Hello, door: Door, now_us: int) -> tuple[RoomState, b.SessionId, list[Effect]]:
    """Let someone in, or back in; the effects begin with their `welcome` (H2, H4)."""
    earlier = _resumed(state, hello.resume)
    if earlier is None:
        session = _newcomer(state, hello, door)
        news: list[Effect] = [TellAll(MemberJoined(member=session.member), skip=session.member.session)]
    else:
        session, news = replace(earlier, lost_at_us=None), []
    state = state.with_session(session)
    missed = _missed(state, hello.resume) if earlier is not None else None
    welcome = Tell(session.member.session, _welcome(state, session, missed, now_us))
    replay = [Tell(session.member.session, event, "events") for event in missed or ()]
    return state, session.member.session, [welcome, *replay, *news]


def _resumed(state: RoomState, resume: ResumePoint | msgspec.UnsetType) -> Session | None:
    if resume is UNSET:
        return None
    session = state.sessions.get(resume.session)
    if session is None or not hmac.compare_digest(session.key.encode(), resume.key.encode()):
        return None
    return session


def _newcomer(state: RoomState, hello: Hello, door: Door) -> Session:
    color = _COLORS[len(state.sessions) % len(_COLORS)] if hello.color is UNSET else hello.color
    role: b.Role = "editor" if state.sessions else "owner"
    return Session(member=Member(session=door.session, name=hello.name, color=color, role=role), key=door.key)


def _missed(state: RoomState, resume: ResumePoint | msgspec.UnsetType) -> tuple[Chat, ...] | None:
    """Every event since the resume point, or None where the backlog cannot prove that it holds them all (H2)."""
    if resume is UNSET or resume.epoch != state.epoch or resume.seq > state.seq:
        return None
    missed = tuple(event for event in state.chat if event.seq > resume.seq)
    return missed if len(missed) == state.seq - resume.seq else None


def _welcome(state: RoomState, session: Session, missed: tuple[Chat, ...] | None, now_us: int) -> Welcome:
    return Welcome(
        session=session.member.session,
        key=session.key,
        room=state.room,
        role=session.member.role,
        epoch=state.epoch,
        seq=state.seq,
        now_us=now_us,
        recovered=missed is not None,
        transport=state.transport,
        members=tuple(other.member for other in state.sessions.values()),
        jobs=tuple(job.view for job in state.jobs.values()),
        streams=tuple(job.stream_open(stem) for job in state.jobs.values() for stem in job.stems),
        limits=state.limits,
        snapshot=None if missed is not None else Snapshot(chat=state.chat),
    )


def lose(state: RoomState, session: b.SessionId, now_us: int) -> Outcome:
    """Keep the session of a connection that broke, for a while (H4)."""
    if session not in state.sessions:
        return state, []
    return state.with_session(replace(state.sessions[session], lost_at_us=now_us)), []


def leave(state: RoomState, session: b.SessionId, reason: str) -> Outcome:
    """Forget a session and tell the others (P2)."""
    if session not in state.sessions:
        return state, []
    others = {other: record for other, record in state.sessions.items() if other != session}
    return replace(state, sessions=others), [TellAll(MemberLeft(session=session, reason=reason))]


def expire(state: RoomState, now_us: int) -> Outcome:
    """Forget the sessions that were lost too long ago (H4)."""
    effects: list[Effect] = []
    for session, record in list(state.sessions.items()):
        if record.lost_at_us is not None and now_us - record.lost_at_us > RESUME_GRACE_US:
            state, left = leave(state, session, "lost")
            effects += left
    return state, effects


def show_presence(state: RoomState, session: b.SessionId, message: SetPresence) -> Outcome:
    """Pass on where someone is looking (P1)."""
    return state, [TellAll(Presence(session=session, state=message.state), "presence", skip=session)]


def play_note(state: RoomState, session: b.SessionId, message: PlayNote) -> Outcome:
    """Pass on a live note at once (P4)."""
    note = NoteLive(
        session=session,
        track=message.track,
        pitch=message.pitch,
        velocity=message.velocity,
        at_us=message.at_us,
    )
    return state, [TellAll(note, skip=session)]


def say(state: RoomState, session: b.SessionId, message: SendChat, now_us: int) -> Outcome:
    """Put a line of chat into the room's history (P3)."""
    seq = state.seq + 1
    name = state.sessions[session].member.name
    line = Chat(seq=seq, session=session, name=name, text=message.text, at_us=now_us)
    return replace(state, seq=seq, chat=(*state.chat, line)[-MAX_CHAT:]), [TellAll(line, "events")]
