"""Draws a hub: pure, from one look at it and the one before."""

from collections.abc import Iterable, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from logdrum_server.top.source import Look
from logdrum_server.views import HubView, MemberView, RoomDetails, RoomView


def frame(look: Look, before: Look | None) -> RenderableType:
    """Return one screen; rates are since `before`."""
    parts: list[RenderableType] = [_head(look.hub, before), _rooms(look, before)]
    parts += [_members(room, look.hub.now_us) for room in look.rooms if room.members]
    parts += [_jobs(room) for room in look.rooms if room.jobs]
    return Group(*parts)


def _head(hub: HubView, before: Look | None) -> Text:
    commits, live = hub.commits, [room for room in hub.rooms if room.in_memory]
    lines = (
        f"Logdrum {hub.version}   engine {hub.engine} ({hub.engine_restarts} restarts)"
        + ("   DRAINING" if hub.draining else ""),
        f"rooms {len(live)} in memory, {len(hub.rooms)} in all   connections {sum(room.connections for room in live)}"
        f"   events {hub.events}{_rate(hub, before)}",
        f"commits {commits.commits} ({commits.writes / max(1, commits.commits):.1f} writes each)"
        f"   p50 {_ms(commits.p50_s)}   p99 {_ms(commits.p99_s)}   longest {_ms(commits.longest_s)}"
        f"   failed {commits.failures}",
        *_tally("rejected", hub.rejects),
        *_tally("resumed", hub.resumes),
        *_tally("turned away", hub.turned_away),
    )
    return Text("\n".join((*lines, "")))


def _tally(name: str, counts: Mapping[str, int]) -> Iterable[str]:
    if counts:
        yield f"{name}: " + ", ".join(f"{what} {count}" for what, count in sorted(counts.items()))


def _rate(hub: HubView, before: Look | None) -> str:
    passed_s = _passed_s(hub, before)
    return "" if before is None or not passed_s else f" ({(hub.events - before.hub.events) / passed_s:.0f}/s)"


def _passed_s(hub: HubView, before: Look | None) -> float:
    """Seconds between two looks at one hub; 0 where it was another."""
    if before is None or hub.now_us <= before.hub.now_us or hub.events < before.hub.events:
        return 0.0
    return (hub.now_us - before.hub.now_us) / 1_000_000


def _rooms(look: Look, before: Look | None) -> Table:
    table = _table(
        "Rooms", "room", "members", "seq", "entities", "jobs", "in/s", "chunks/s", "lag", "blocked", "gaps", "stored"
    )
    earlier = {} if before is None else {room.room: room for room in before.hub.rooms}
    passed_s = _passed_s(look.hub, before)
    for room in sorted(look.hub.rooms, key=lambda room: (-room.connections, not room.in_memory, room.room)):
        table.add_row(*_room_row(room, earlier.get(room.room), passed_s), style="" if room.in_memory else "dim")
    return table


def _room_row(room: RoomView, earlier: RoomView | None, passed_s: float) -> Iterable[str]:
    received, published = "", ""
    if earlier is not None and passed_s > 0:
        received = f"{(room.received - earlier.received) / passed_s:.0f}"
        published = f"{(room.published - earlier.published) / passed_s:.0f}"
    return (
        room.room,
        f"{room.connections}/{room.members}",
        str(room.seq),
        str(sum(room.entities.values())),
        " ".join(f"{count} {state}" for state, count in room.jobs.items()),
        received,
        published,
        _size(room.lag_bytes_max),
        str(room.blocked),
        _gap(room.gap_samples),
        _size(room.stored_bytes),
    )


def _members(details: RoomDetails, now_us: int) -> Table:
    table = _table(f"In {details.room.room}", "member", "role", "session", "address", "here for", "lag", "gaps", "")
    for member in sorted(details.members, key=lambda member: (-member.lag_bytes, member.name)):
        table.add_row(*_member_row(member, now_us))
    return table


def _member_row(member: MemberView, now_us: int) -> Iterable[str | Text]:
    state = "" if member.connected else "away"
    return (
        _plain(member.name),
        member.role,
        _plain(member.session),
        member.address or "",
        "" if member.since_us is None else _span((now_us - member.since_us) // 1_000_000),
        _size(member.lag_bytes),
        _gap(member.gap_samples),
        "blocked" if member.blocked else state,
    )


def _jobs(details: RoomDetails) -> Table:
    table = _table(f"Jobs in {details.room.room}", "job", "kind", "state", "done", "prompt")
    for job in details.jobs:
        table.add_row(job.job, job.kind, job.state, f"{job.progress:.0%}", _plain(job.prompt[:60]))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0)
    return table


def _plain(text: str) -> Text:
    """What a member wrote: neither markup nor an escape that the terminal would obey."""
    return Text("".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text))


def _span(seconds: int) -> str:
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02}"
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.0f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MiB"


def _gap(samples: int) -> str:
    return f"{samples / 48_000:.1f} s"
