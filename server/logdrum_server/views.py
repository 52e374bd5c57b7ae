"""What the admin API says of a hub, as `logdrum top` reads it."""

from collections.abc import Mapping

import msgspec

from logdrum_protocol import bounds as b


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """A member, and how well the connection keeps up."""

    session: b.SessionId
    name: str
    role: b.Role
    connected: bool
    """False while the session is kept for one whose connection broke (H4)."""
    address: str | None = None
    since_us: b.Micros | None = None
    lag_bytes: int = 0
    """What waits to be sent, here and in the socket's own buffer."""
    blocked: bool = False
    gap_samples: int = 0


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job on the timeline."""

    job: b.JobId
    kind: b.JobKind
    by: b.SessionId
    state: b.JobState
    progress: float
    prompt: str = ""


class RoomView(msgspec.Struct, frozen=True, kw_only=True):
    """A room in a line; of one that is only stored, what is stored of it."""

    room: b.RoomId
    in_memory: bool
    epoch: b.Epoch
    seq: b.Seq
    stored_bytes: int = 0
    members: int = 0
    connections: int = 0
    entities: Mapping[str, int] = {}
    jobs: Mapping[str, int] = {}
    lag_bytes: int = 0
    lag_bytes_max: int = 0
    blocked: int = 0
    gap_samples: int = 0
    received: int = 0
    published: int = 0


class RoomDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A room with everybody and everything in it."""

    room: RoomView
    members: tuple[MemberView, ...] = ()
    jobs: tuple[JobView, ...] = ()


class CommitView(msgspec.Struct, frozen=True, kw_only=True):
    """How the disk keeps up (D7)."""

    commits: int
    writes: int
    failures: int
    p50_s: float
    p99_s: float
    longest_s: float


class HubView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole hub."""

    version: str
    now_us: b.Micros
    draining: bool
    engine: str
    """`ready`, `absent`, or `none` where there is not to be one."""
    engine_restarts: int
    commits: CommitView
    events: int
    rejects: Mapping[str, int]
    resumes: Mapping[str, int]
    turned_away: Mapping[str, int]
    rooms: tuple[RoomView, ...]
