"""The hub: its rooms, its engine, its ticker, and an end that is bounded."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import Hello, VersionRestore
from logdrum_protocol.codec import decode_hub_message
from logdrum_protocol.engine_messages import EngineReady, FromEngine, StartJob, ToEngine
from logdrum_protocol.errors import CloseCode, ErrorCode, ProtocolError
from logdrum_protocol.hub_messages import Asset, Transport
from logdrum_protocol.records import Limits
from logdrum_server.assets import AssetStore
from logdrum_server.clock import HubClock
from logdrum_server.committer import Committer
from logdrum_server.config import Config
from logdrum_server.core.checkpoint import DamagedBody, decode_entities, replayed
from logdrum_server.core.engine_events import engine_ready
from logdrum_server.core.jobs import Ticket
from logdrum_server.core.state import RoomState, new_room, reopened
from logdrum_server.counts import Counts
from logdrum_server.doors.doors import open_doors
from logdrum_server.engine_link import EngineLink
from logdrum_server.errors import RequestError, ServerError, StartError
from logdrum_server.finishing import Finisher
from logdrum_server.live_room import LiveRoom
from logdrum_server.recorder import Recorder
from logdrum_server.services import Services
from logdrum_server.stem_folders import StemFolders
from logdrum_server.storage.contract import DropRoom, StorageError, StoredRoom
from logdrum_server.storage.sqlite import SqliteStorage

log = logging.getLogger(__name__)

_TICK_S: Final = 0.1
_SAVE_S: Final = 1.0
_SWEEP_S: Final = 1.0
_EMPTY_ROOM_US: Final = 600_000_000
MAX_ROOMS: Final = 10_000
"""Open at a time; those that nobody is in close by themselves."""

ROOMS_FILE: Final = "rooms.sqlite3"


T = TypeVar("T")


class Hub:
    """All rooms of one process."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = HubClock()
        self.counts = Counts()
        self.doors = open_doors(config)
        self.storage = _open_storage(config.data / ROOMS_FILE)
        _empty_leftovers(config.data)  # now that no other hub has this folder
        self.committer = Committer(self.storage)
        self.rooms: dict[b.RoomId, LiveRoom] = {}
        self.assets = AssetStore(config.data, config.max_asset_bytes)
        self.recorder = Recorder(config.data / "tapes")
        self._stems = StemFolders(config.data / "separations")
        self._finisher = Finisher(self.recorder, self.assets, self._stems)
        self.engine = EngineLink(config.engine, hear=self._hear_engine, lost=self._lose_engine)
        self.ready: EngineReady | None = None
        self.draining = False
        self._emptied_us: dict[b.RoomId, int] = {}
        self._restores: asyncio.Queue[tuple[LiveRoom, b.SessionId, VersionRestore]] = asyncio.Queue()
        self.opening = asyncio.Lock()
        """Held while a room that is not in memory is read, made or forgotten."""
        self._services = Services(
            recorder=self.recorder,
            committer=self.committer,
            doors=self.doors,
            counts=self.counts,
            draw=lambda: Ticket(secrets.token_urlsafe(6), secrets.randbits(32)),
            command=self._command,
            unsent=self.engine.unsent_bytes,
            finish=self._finisher.close,
            forget_files=self._finisher.forget,
            load_version=lambda *restore: self._restores.put_nowait(restore),
            read_again=self._read_again,
        )

    async def run(self) -> None:
        """Keep the engine alive, pace the rooms, save their audio and history; ends only by cancellation."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.committer.run())
                tasks.create_task(self.engine.run())
                tasks.create_task(self._keep_ticking())
                tasks.create_task(self._keep_sweeping())
                tasks.create_task(self._keep_saving())
                tasks.create_task(self._finisher.run())
                tasks.create_task(self._keep_restoring())
        finally:
            await self.storage.close()

    async def open_room(self, name: b.RoomId) -> LiveRoom:
        """Return a room: in memory, else as it was kept, else new; raises `RequestError` where it cannot be read."""
        room = await self._find(name, make=True)
        assert room is not None
        return room

    async def find_room(self, name: b.RoomId) -> LiveRoom | None:
        """Return a room that is in memory or kept, and make none; raises `RequestError`."""
        return await self._find(name, make=False)

    async def room_to_join(self, name: b.RoomId, hello: Hello) -> LiveRoom:
        """Return a room that can welcome someone at once; raises `RequestError` where it cannot be read."""
        while True:
            room = await self.open_room(name)
            await room.prepare_to_welcome(hello)
            if self.rooms.get(name) is room:  # it may have been let go meanwhile
                return room

    async def _find(self, name: b.RoomId, *, make: bool) -> LiveRoom | None:
        room = self.rooms.get(name)
        if room is None:
            async with self.opening:
                room = self.rooms.get(name) or await self._open(name, make=make)
        self._emptied_us.pop(name, None)
        return room

    async def _open(self, name: b.RoomId, *, make: bool) -> LiveRoom | None:
        stored = await self.read(self.storage.read_room(name), name)
        if stored is None and not make:
            return None
        if len(self.rooms) >= MAX_ROOMS:
            raise RequestError(503, ErrorCode.TOO_MANY, "This hub has as many rooms open as it can hold.")
        if stored is None:
            room = LiveRoom(self._new_state(name, secrets.randbits(31)), self._services)
        else:
            room = await self.read(self._reopen(name, stored), name)
        self.rooms[name] = room
        log.info("room opened", extra={"room": name, "seq": room.state.settled.seq})
        return room

    async def read(self, reading: Awaitable[T], name: b.RoomId) -> T:
        """Wait for something of a room to be read; raises `RequestError`, and the log says why."""
        try:
            return await reading
        except (StorageError, DamagedBody) as fault:
            log.error("room cannot be read", extra={"room": name, "reason": str(fault)})
            message = "This room cannot be read from the hub's disk; its log says why."
            raise RequestError(503, ErrorCode.INTERNAL, message) from fault

    async def _reopen(self, name: b.RoomId, stored: StoredRoom) -> LiveRoom:
        history = await asyncio.to_thread(replayed, stored.checkpoint, stored.events)
        transport = None if stored.transport is None else decode_transport(stored.transport)
        state = reopened(self._new_state(name, stored.epoch), history, transport, self.clock.now_us())
        room = LiveRoom(state, self._services)
        room.reopen(stored.checkpoint_seq, stored.events)
        return room

    def _new_state(self, name: b.RoomId, epoch: b.Epoch) -> RoomState:
        config, now_us = self.config, self.clock.now_us()
        limits = Limits(
            max_message_bytes=config.max_message_bytes,
            max_asset_bytes=config.max_asset_bytes,
            max_members=config.max_members,
        )
        state = new_room(name, epoch=epoch, now_us=now_us, limits=limits, has_engine=config.engine is not None)
        return state if self.ready is None else engine_ready(state, self.ready, now_us)[0]

    def _command(self, message: ToEngine) -> None:
        """Send the engine a room's command, with the files that it is about."""
        self.engine.send(self._with_files(message) if isinstance(message, StartJob) else message)

    def _with_files(self, message: StartJob) -> StartJob:
        sounds = tuple(str(self.assets.path(asset)) for asset in message.sounds)
        folder = self._stems.make(message.job) if message.kind == "separate" else None
        return replace(message, sounds=sounds, files=None if folder is None else str(folder))

    def _hear_engine(self, message: FromEngine) -> None:
        now_us = self.clock.now_us()
        if isinstance(message, EngineReady):
            self.ready = message
            for room in self.rooms.values():
                room.hear_engine(message, now_us)
            return
        job = getattr(message, "job", None)
        for room in self.rooms.values():
            if job in room.state.jobs:
                room.hear_engine(message, now_us)
                return

    def _lose_engine(self) -> None:
        self.ready = None
        for room in self.rooms.values():
            room.lose_engine()

    async def _keep_ticking(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self._in_each_room(LiveRoom.tick)

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            self._in_each_room(self._sweep)

    def _in_each_room(self, act: Callable[[LiveRoom, int], None]) -> None:
        now_us = self.clock.now_us()
        for room in list(self.rooms.values()):
            try:
                act(room, now_us)
            except Exception:  # one room's fault stays in that room
                log.exception("room failed", extra={"room": room.name})

    def _sweep(self, room: LiveRoom, now_us: int) -> None:
        """Forget who did not come back, and in time the room that they have left empty."""
        room.sweep(now_us)
        room.keep_transport()
        if room.state.sessions or room.state.unsettled:
            self._emptied_us.pop(room.name, None)
        elif now_us - self._emptied_us.setdefault(room.name, now_us) > _EMPTY_ROOM_US or room.is_untouched:
            self._close_room(room)

    def _close_room(self, room: LiveRoom) -> None:
        room.stop_jobs()
        room.clear()
        self.counts.messages += room.received
        self.counts.chunks += room.published
        del self.rooms[room.name]
        self._emptied_us.pop(room.name, None)
        log.info("room closed", extra={"room": room.name})

    def _read_again(self, room: LiveRoom) -> None:
        """Let a room go whose disk is in doubt: who comes back finds what is really there."""
        for peer in list(room.peers.values()):
            peer.end(CloseCode.DRAINING, "The hub reads this room again; come back in a moment.")
        if self.rooms.get(room.name) is room:
            self._close_room(room)

    def kick(self, name: b.RoomId, session: b.SessionId) -> bool:
        """Put a member out for good; False where there is no such member."""
        room = self.rooms.get(name)
        return room is not None and room.put_out(session, "You were put out of this room.")

    async def close_room(self, name: b.RoomId) -> bool:
        """Send everybody home and let the room go from memory; what is kept of it stays."""
        room = self.rooms.get(name)
        if room is None:
            return False
        for peer in list(room.peers.values()):
            peer.end(CloseCode.PUT_OUT, "This room was closed.")
        await self.committer.settled()
        if self.rooms.get(name) is room:
            self._close_room(room)
        return True

    async def forget_room(self, name: b.RoomId) -> bool:
        """Close a room, and forget all that is kept of it; raises `StorageError`."""
        was_open = await self.close_room(name)
        async with self.opening:  # nobody opens it again in between
            was_kept = await self.storage.read_room(name) is not None
            if was_kept:
                await self.storage.write([DropRoom(name)])
            await asyncio.to_thread(self.assets.forget_room, name)
        return was_open or was_kept

    async def settled(self) -> None:
        """Wait until every room's events, and its transport, are on disk or refused."""
        for room in self.rooms.values():
            room.keep_transport()
        await self.committer.settled()

    async def _keep_restoring(self) -> None:
        while True:
            room, session, message = await self._restores.get()
            try:
                body = await self.storage.read_version(room.name, message.version)
                entities = None if body is None else decode_entities(body)
            except (StorageError, DamagedBody) as fault:
                log.error("version cannot be read", extra={"room": room.name, "reason": str(fault)})
                entities = None
            if self.rooms.get(room.name) is room:  # it may have been let go meanwhile
                room.restore(session, message, entities, self.clock.now_us())

    async def _keep_saving(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_S)
            await self.recorder.save([tape for room in self.rooms.values() for tape in room.tapes.values()])

    async def add_asset(self, name: b.RoomId, asset: b.AssetId, title: str, by: b.SessionId | None = None) -> Asset:
        """Check an uploaded sound in the engine and tell the room of it; raises `ServerError` (A5)."""
        try:
            checked = await self.engine.check_asset(asset, self.assets.path(asset))
            if checked.error is not None:
                raise RequestError(415, ErrorCode.UNSUPPORTED_MEDIA, checked.error)
            return await self._finisher.keep(await self.open_room(name), checked, title, by)
        except ServerError:
            self.assets.discard(asset)
            raise

    async def drain(self) -> None:
        """Ask every connection to come back later, and wait for them to go, for a bounded time (H3)."""
        self.draining = True
        for room in self.rooms.values():
            for peer in list(room.peers.values()):
                peer.end(CloseCode.DRAINING, "The hub is going down; come back in a moment.")
        try:
            async with asyncio.timeout(self.config.drain_s):
                while any(room.peers for room in self.rooms.values()):  # noqa: ASYNC110  # once, at the end
                    await asyncio.sleep(0.01)
        except TimeoutError:
            log.warning("some connections did not close in time")
        await self.settled()

    def clear(self) -> None:
        """Remove what only lives as long as the process."""
        for room in self.rooms.values():
            room.clear()
        self._stems.clear()


def _open_storage(path: Path) -> SqliteStorage:
    try:
        return SqliteStorage(path)
    except StorageError as fault:
        raise StartError(str(fault)) from fault


def decode_transport(body: bytes) -> Transport | None:
    """Return a kept transport, None where it is none: a room is worth more than its tempo."""
    try:
        message = decode_hub_message(body)
    except ProtocolError:
        return None
    return message if isinstance(message, Transport) else None


def open_data_folder(data: Path) -> None:
    """Make the folders the hub writes to; raises OSError."""
    for name in ("assets", "rooms", "tapes"):
        (data / name).mkdir(parents=True, exist_ok=True)
    probe = data / ".writable"
    probe.write_bytes(b"")
    probe.unlink()


def _empty_leftovers(data: Path) -> None:
    """Remove what an earlier run left half done."""
    for leftover in (*(data / "tapes").glob("*.pcm"), *(data / "assets").glob("*.part")):
        leftover.unlink()
