"""A room's history as a pure fold over its events: the same while it happens and when it is read back (H2, D)."""

from collections.abc import Iterable, Mapping
from typing import Final, assert_never

import msgspec
from immutables import Map
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.document import Entity, given
from logdrum_protocol.fold import Created, Document, Removed, Step, Wrote, parent_of, step
from logdrum_protocol.hub_messages import Applied, Asset, Chat, Event, RoomSettings, Version, VersionDeleted
from logdrum_server.core.undo import FILLED, MADE, Past, Trace, Writing, Writings, take_back

MAX_CHAT: Final = 500
MAX_OPS: Final = 128
_RECENT_OPS: Final = 16
MAX_UNDO: Final = 100
MAX_UNDO_STEPS: Final = 8_192
_TIDY_EVERY: Final = 1_000
_KEPT_AUTHORS: Final = 64
_KEPT_GRAVES: Final = 10_000
"""In events: how long the id of something deleted is refused. A late edit is late by a reconnect, not by a day."""


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a session's own events."""

    undo: tuple[Trace, ...] = ()
    redo: tuple[Trace, ...] = ()
    ops: Mapping[b.OpId, b.Seq] = {}
    """Where each operation went, newest last (D4)."""
    recent: Mapping[b.OpId, b.Seq] = {}
    """The newest of them, kept apart, so that each edit copies these few and not all."""
    last_seq: b.Seq = 0

    def seq_of(self, op_id: b.OpId) -> b.Seq | None:
        """Which event an operation became; None where it is not known."""
        return self.recent.get(op_id) or self.ops.get(op_id)

    def remembering(self, op_id: b.OpId, seq: b.Seq) -> "Author":
        """The author with one more operation."""
        recent = {**self.recent, op_id: seq}
        if len(recent) < _RECENT_OPS:
            return replace(self, recent=recent)
        return replace(self, ops=dict([*self.ops.items(), *recent.items()][-MAX_OPS:]), recent={})


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Everything durable about a room after event `seq`."""

    seq: b.Seq = 0
    document: Document = Document()
    assets: Mapping[b.AssetId, Asset] = {}
    versions: Mapping[b.VersionId, Version] = {}
    chat: tuple[Chat, ...] = ()
    settings: RoomSettings | None = None
    authors: Map[b.SessionId, Author] = Map()
    writings: Writings = Map()
    """The last writing of each property, as far back as anyone could undo (D6)."""
    graves: Map[b.EntityId, b.Seq] = Map()
    """What was deleted, and when (D5)."""

    def author(self, session: b.SessionId) -> Author:
        """What is remembered of a session."""
        return self.authors.get(session, _STRANGER)

    def past(self, session: b.SessionId) -> Past:
        """What decides what a session can take back."""
        return Past(self.document, self.writings, self.graves, session)


_STRANGER: Final = Author()


def fold(history: History, event: Event) -> History:
    """Return the history with its next event."""
    assert event.seq == history.seq + 1, "events come in order and without a gap"
    match event:
        case Applied():
            history = _apply(history, event)
        case Chat():
            lines = (*history.chat, event)[-MAX_CHAT:]
            history = _remember(replace(history, chat=lines), event.session, event.op_id, event.seq)
        case Asset():
            history = replace(history, assets={**history.assets, event.asset: event})
        case Version():
            saved = replace(history, versions={**history.versions, event.version: event})
            history = _remember(saved, event.by, event.op_id, event.seq)
        case VersionDeleted():
            left = {version: kept for version, kept in history.versions.items() if version != event.version}
            history = _remember(replace(history, versions=left), event.by, event.op_id, event.seq)
        case RoomSettings():
            history = _remember(replace(history, settings=event), event.by, event.op_id, event.seq)
        case _:
            assert_never(event)
    history = replace(history, seq=event.seq)
    return history if event.seq % _TIDY_EVERY else _tidy(history)


def _apply(history: History, event: Applied) -> History:
    document, steps = history.document, list[Step]()
    for op in event.ops:
        document, changed = step(document, op)
        steps += changed
    author = _next_author(history, event, Trace(event.seq, tuple(steps)))
    history = _note(replace(history, document=document), steps, event)
    history = replace(history, authors=history.authors.set(event.by, author))
    return _remember(history, event.by, event.op_id, event.seq)


def _next_author(history: History, event: Applied, trace: Trace) -> Author:
    author = history.author(event.by)
    match event.via:
        case "edit" | "restore" | "notes":
            return replace(author, undo=_newest((*author.undo, trace)), redo=())
        case "undo":
            left = take_back(history.past(event.by), author.undo)[1]
            return replace(author, undo=left, redo=_newest((*author.redo, trace)))
        case "redo":
            left = take_back(history.past(event.by), author.redo)[1]
            return replace(author, undo=_newest((*author.undo, trace)), redo=left)
        case _:
            assert_never(event.via)


def _newest(traces: tuple[Trace, ...]) -> tuple[Trace, ...]:
    """What is remembered of one's own: the newest always, others as long as they are few and small."""
    kept, steps = list[Trace](), 0
    for trace in reversed(traces[-MAX_UNDO:]):
        steps += len(trace.steps)
        if kept and steps > MAX_UNDO_STEPS:
            break
        kept.append(trace)
    return tuple(reversed([trace for trace in kept if trace.steps]))


def _note(history: History, steps: list[Step], event: Applied) -> History:
    """Note who wrote what, and what has gone or come back."""
    writings, graves, writing = history.writings, history.graves, Writing(event.seq, event.by)
    for change in steps:
        match change:
            case Created(entity) if event.via in ("undo", "redo"):
                # It comes back as it was: that is no one's writing, except of what it lies in.
                graves = _without(graves, entity.id)
                writings = _filled(writings, entity, steps, writing)
            case Created(entity):
                was_here = entity.id in graves  # a restored version brings it back, with values of its own
                writings = _written(writings, entity.id, (MADE, *(given(entity.props) if was_here else ())), writing)
                graves = _without(graves, entity.id)
            case Wrote(_, id, _, after):
                writings = _written(writings, id, given(after), writing)
            case Removed(entity):
                graves = graves.set(entity.id, writing.seq)
            case _:
                assert_never(change)
    return replace(history, writings=writings, graves=graves)


def _without(graves: Map[b.EntityId, b.Seq], id: b.EntityId) -> Map[b.EntityId, b.Seq]:
    return graves.delete(id) if id in graves else graves


def _filled(writings: Writings, entity: Entity, steps: list[Step], writing: Writing) -> Writings:
    parent = parent_of(entity)
    came_along = any(isinstance(other, Created) and other.entity.id == parent for other in steps)
    return writings if parent is None or came_along else _written(writings, parent, (FILLED,), writing)


def _written(writings: Writings, id: b.EntityId, names: Iterable[str], by: Writing) -> Writings:
    return writings.set(id, writings.get(id, Map()).update(dict.fromkeys(names, by)))


def _remember(history: History, session: b.SessionId, op_id: b.OpId | None, seq: b.Seq) -> History:
    author = replace(history.author(session), last_seq=seq)
    if op_id is not None:
        author = author.remembering(op_id, seq)
    return replace(history, authors=history.authors.set(session, author))


def _tidy(history: History) -> History:
    """Forget what nobody can ask for any more, so that memory follows the document and not its past."""
    newest = sorted(history.authors.items(), key=lambda item: item[1].last_seq)[-_KEPT_AUTHORS:]
    traces = [trace for _, author in newest for trace in (*author.undo[:1], *author.redo[:1])]
    oldest = min((trace.seq for trace in traces), default=history.seq)
    writings = {id: _since(names, oldest) for id, names in history.writings.items()}
    graves = {id: seq for id, seq in history.graves.items() if seq > history.seq - _KEPT_GRAVES}
    return replace(
        history,
        authors=Map(newest),
        writings=Map({id: names for id, names in writings.items() if names}),
        graves=Map(graves),
    )


def _since(names: Map[str, Writing], seq: b.Seq) -> Map[str, Writing]:
    return Map({name: writing for name, writing in names.items() if writing.seq > seq})
