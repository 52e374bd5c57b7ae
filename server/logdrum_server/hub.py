"""The hub: its rooms, its engine, its ticker, and an end that is bounded."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from logdrum_protocol import bounds as b
from logdrum_protocol.engine_messages import AssetChecked, EngineReady, FromEngine
from logdrum_protocol.errors import CloseCode, ErrorCode
from logdrum_protocol.hub_messages import Asset
from logdrum_protocol.records import Limits
from logdrum_server.assets import AssetStore
from logdrum_server.clock import HubClock
from logdrum_server.config import Config
from logdrum_server.core.effects import TellAll
from logdrum_server.core.engine_events import engine_ready
from logdrum_server.core.state import new_room
from logdrum_server.engine_link import EngineLink
from logdrum_server.errors import RequestError, ServerError
from logdrum_server.live_room import LiveRoom
from logdrum_server.recorder import Recorder
from logdrum_server.tape import Tape

log = logging.getLogger(__name__)

_TICK_S: Final = 0.1
_SAVE_S: Final = 1.0
_SWEEP_S: Final = 1.0
_EMPTY_ROOM_US: Final = 600_000_000


class Hub:
    """All rooms of one process."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = HubClock()
        self.rooms: dict[b.RoomId, LiveRoom] = {}
        self.assets = AssetStore(config.data, config.max_asset_bytes)
        self.recorder = Recorder(config.data / "tapes")
        self.engine = EngineLink(config.engine, hear=self._hear_engine, lost=self._lose_engine)
        self.ready: EngineReady | None = None
        self.draining = False
        self._emptied_us: dict[b.RoomId, int] = {}
        self._finished: asyncio.Queue[tuple[LiveRoom, Tape]] = asyncio.Queue()

    async def run(self) -> None:
        """Keep the engine alive, pace the rooms and save their audio; ends only by cancellation."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.engine.run())
            tasks.create_task(self._keep_ticking())
            tasks.create_task(self._keep_sweeping())
            tasks.create_task(self._keep_saving())
            tasks.create_task(self._keep_finishing())

    def room(self, name: b.RoomId) -> LiveRoom:
        """Return a room, new if need be."""
        room = self.rooms.get(name)
        if room is None:
            room = self.rooms[name] = self._new_room(name)
            log.info("room opened", extra={"room": name})
        self._emptied_us.pop(name, None)
        return room

    def _new_room(self, name: b.RoomId) -> LiveRoom:
        limits = Limits(max_message_bytes=self.config.max_message_bytes, max_asset_bytes=self.config.max_asset_bytes)
        now_us = self.clock.now_us()
        has_engine = self.config.engine is not None
        epoch = secrets.randbits(31)
        state = new_room(name, epoch=epoch, now_us=now_us, limits=limits, has_engine=has_engine)
        if self.ready is not None:
            state, _ = engine_ready(state, self.ready, now_us)
        return LiveRoom(state, self.recorder, command=self.engine.send, finish=self._finish)

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
        room.forget_lost(now_us)
        if room.state.sessions:
            self._emptied_us.pop(room.name, None)
        elif now_us - self._emptied_us.setdefault(room.name, now_us) > _EMPTY_ROOM_US:
            self._close_room(room)

    def _close_room(self, room: LiveRoom) -> None:
        room.stop_jobs()
        room.clear()
        del self.rooms[room.name], self._emptied_us[room.name]
        log.info("room closed", extra={"room": room.name})

    async def _keep_saving(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_S)
            await self.recorder.save([tape for room in self.rooms.values() for tape in room.tapes.values()])

    def _finish(self, room: LiveRoom, tape: Tape) -> None:
        self._finished.put_nowait((room, tape))

    async def _keep_finishing(self) -> None:
        while True:
            room, tape = await self._finished.get()
            room.announce_close(tape, await self._store(room, tape))

    async def _store(self, room: LiveRoom, tape: Tape) -> b.AssetId | None:
        """Make a finished stream an asset of its room; None where no whole was kept (A4)."""
        if tape.first > 0 or not tape.head:
            return None
        try:
            asset = await self.recorder.to_wav(tape, tape.head, self.assets.folder)
            stored = AssetChecked(asset=asset, samples=tape.head, sample_rate=b.SAMPLE_RATE, channels=b.CHANNELS)
            self._note(room.name, f"{tape.stream}.wav", stored)
        except OSError:
            log.error("stream was not stored as an asset", extra={"room": room.name, "stream": tape.stream})
            return None
        return asset

    def _note(self, room: b.RoomId, name: str, held: AssetChecked) -> Asset:
        """Write down that a room holds a sound; raises OSError."""
        note = Asset(
            asset=held.asset,
            name=name,
            samples=held.samples,
            sample_rate=held.sample_rate,
            channels=held.channels,
            by=None,
        )
        self.assets.note(room, note)
        return note

    async def add_asset(self, room_name: b.RoomId, asset: b.AssetId, name: str) -> Asset:
        """Check an uploaded sound in the engine and tell the room of it; raises `ServerError` (A5)."""
        path = self.assets.path(asset)
        try:
            checked = await self.engine.check_asset(asset, path)
            if checked.error is not None:
                raise RequestError(415, ErrorCode.UNSUPPORTED_MEDIA, checked.error)
        except ServerError:
            self.assets.discard(asset)
            raise
        note = self._note(room_name, name, checked)
        if room_name in self.rooms:
            self.rooms[room_name].apply((self.rooms[room_name].state, [TellAll(note)]))
        return note

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

    def clear(self) -> None:
        """Remove what only lives as long as the process."""
        for room in self.rooms.values():
            room.clear()


def open_data_folder(data: Path) -> None:
    """Make the folders the hub writes to, and empty what an earlier run left half done; raises OSError."""
    for name in ("assets", "rooms", "tapes"):
        (data / name).mkdir(parents=True, exist_ok=True)
    for leftover in (*(data / "tapes").glob("*.pcm"), *(data / "assets").glob("*.part")):
        leftover.unlink()
    probe = data / ".writable"
    probe.write_bytes(b"")
    probe.unlink()
