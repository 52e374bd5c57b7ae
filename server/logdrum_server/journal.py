"""What a live room puts on disk: its events as they happen, its transport, and a checkpoint now and then (D7)."""

from typing import Final

from logdrum_protocol import bounds as b
from logdrum_protocol.codec import encode
from logdrum_protocol.hub_messages import Event, Transport, Version, VersionDeleted
from logdrum_server.committer import Committer, Ledger
from logdrum_server.core.checkpoint import encode_entities, encode_history
from logdrum_server.core.history import History
from logdrum_server.storage.contract import (
    AppendEvent,
    DropVersion,
    KeepCheckpoint,
    KeepTransport,
    KeepVersion,
    MakeRoom,
    Write,
)

_CHECKPOINT_EVERY: Final = 1_000
"""Events from one checkpoint to the next: a restart replays fewer than these, in a few milliseconds."""


class Journal:
    """One room's way to the disk."""

    def __init__(self, room: b.RoomId, epoch: b.Epoch, committer: Committer) -> None:
        self._room = room
        self._epoch = epoch
        self._committer = committer
        self._is_stored = False
        self._kept_rev = 0
        self._checkpoint_seq = 0

    def reopened(self, checkpoint_seq: b.Seq, rev: b.Rev) -> None:
        """The room has been read from disk."""
        self._is_stored = True
        self._checkpoint_seq = checkpoint_seq
        self._kept_rev = rev

    def record(self, ledger: Ledger, event: Event, after: History, *, is_first: bool) -> None:
        """Put an event on disk; `is_first` where none waits before it, so that a new room begins with it."""
        writes: list[Write] = [AppendEvent(self._room, event.seq, encode(event))]
        if is_first and not self._is_stored:
            writes.insert(0, MakeRoom(self._room, self._epoch))
        match event:
            case Version(version=version):
                writes.append(KeepVersion(self._room, version, lambda: encode_entities(after.document.listed())))
            case VersionDeleted(version=version):
                writes.append(DropVersion(self._room, version))
        self._committer.put(ledger, writes)

    def settled(self, history: History) -> None:
        """Events are on disk up to `history`; from time to time that is the moment for a checkpoint."""
        self._is_stored = True
        if history.seq - self._checkpoint_seq >= _CHECKPOINT_EVERY:
            self._checkpoint_seq = history.seq
            keep = KeepCheckpoint(self._room, history.seq, lambda: encode_history(history))
            self._committer.put_chore(keep)

    def keep_transport(self, transport: Transport) -> None:
        """Put the transport on disk where it has changed; a room that nobody has worked in is not kept."""
        if self._is_stored and transport.rev != self._kept_rev:
            self._kept_rev = transport.rev
            self._committer.put_chore(KeepTransport(self._room, encode(transport)))
