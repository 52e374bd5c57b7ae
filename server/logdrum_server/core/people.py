"""Who is in the room: joining, resuming, leaving, presence, chat and live notes (H, P)."""

from typing import Final

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import Hello, PlayNote, SendChat, SetPresence
from logdrum_protocol.hub_messages import Chat, MemberJoined, MemberLeft, NoteLive, Presence, Snapshot, Welcome
from logdrum_protocol.records import Member
from logdrum_server.core.effects import Effect, Tell, TellAll
from logdrum_server.core.history import History
from logdrum_server.core.ledger import record
from logdrum_server.core.state import RESUME_GRACE_US, Outcome, RoomState, Session

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


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about a joiner at the door: random, secret or signed, so it comes from outside."""

    session: b.SessionId
    """Fresh, or the one that is resumed, where its key was right."""
    key: b.SessionKey
    role: b.Role | None = None
    """What a token says; None where the room is open."""
    name: b.MemberName | None = None
    recovered: bool = False
    """Whether every event that the joiner missed will be replayed (H2)."""
    snapshot: tuple[b.Seq, Snapshot] | None = None
    """One that is at hand, of this moment or one before: whoever gives it replays the events since."""


def is_full(state: RoomState, session: b.SessionId) -> bool:
    """Whether the room has no place for this joiner (H3)."""
    return session not in state.sessions and len(state.sessions) >= state.limits.max_members


def join(state: RoomState, hello: Hello, door: Door, now_us: int) -> tuple[RoomState, list[Effect]]:
    """Let someone in, or back in; the effects begin with their `welcome` (H2, H4)."""
    earlier = state.sessions.get(door.session)
    session = _newcomer(state, hello, door) if earlier is None else _returned(earlier, door)
    state = state.with_session(session)
    effects: list[Effect] = [Tell(door.session, _welcome(state, session, door, now_us))]
    if earlier is None or earlier.member != session.member:
        effects.append(TellAll(MemberJoined(member=session.member), skip=door.session))
    return state, effects


def _newcomer(state: RoomState, hello: Hello, door: Door) -> Session:
    color = _COLORS[len(state.sessions) % len(_COLORS)] if hello.color is UNSET else hello.color
    role: b.Role = door.role or ("editor" if state.sessions else "owner")
    return Session(member=Member(session=door.session, name=door.name or hello.name, color=color, role=role))


def _returned(session: Session, door: Door) -> Session:
    member = replace(session.member, role=door.role or session.member.role)
    return replace(session, member=member, lost_at_us=None)


def _welcome(state: RoomState, session: Session, door: Door, now_us: int) -> Welcome:
    known = state.settled
    seq, kept = door.snapshot or (known.seq, None if door.recovered else snapshot(known))
    return Welcome(
        session=session.member.session,
        key=door.key,
        room=state.room,
        role=session.member.role,
        epoch=state.epoch,
        seq=seq,
        now_us=now_us,
        recovered=door.recovered,
        transport=state.transport,
        members=tuple(other.member for other in state.sessions.values()),
        jobs=tuple(job.view for job in state.jobs.values()),
        streams=tuple(job.stream_open(stem) for job in state.jobs.values() for stem in job.stems),
        limits=state.limits,
        snapshot=kept,
    )


def snapshot(history: History) -> Snapshot:
    """Everything that a newcomer must know of a room's history (H2)."""
    return Snapshot(
        entities=history.document.listed(),
        assets=tuple(history.assets.values()),
        versions=tuple(history.versions.values()),
        chat=history.chat,
        settings=history.settings,
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
    for session, stay in list(state.sessions.items()):
        if stay.lost_at_us is not None and now_us - stay.lost_at_us > RESUME_GRACE_US:
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


def say(state: RoomState, by: b.SessionId, message: SendChat, now_us: int) -> Outcome:
    """Put a line of chat into the room's history (P3)."""
    line = Chat(
        seq=state.history.seq + 1,
        session=by,
        name=state.sessions[by].member.name,
        text=message.text,
        at_us=now_us,
        op_id=None if message.op_id is UNSET else message.op_id,
    )
    return record(state, line)


def put_out(state: RoomState, session: b.SessionId) -> Outcome:
    """Have a session leave for good: its key opens nothing any more."""
    state, effects = leave(state, session, "closed")
    return replace(state, put_out=state.put_out | {session}), effects
