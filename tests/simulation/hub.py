"""The real room and the real core on a simulated disk and network; time and chance come from the story."""

import asyncio
import random
from collections import deque
from typing import cast

import msgspec
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import ClientMessage, Hello, SettingsSet, VersionRestore
from logdrum_protocol.codec import decode_client_message, decode_to_engine, encode
from logdrum_protocol.engine_messages import EngineReady, FeedJob, FromEngine, RenderFrom, StartJob, ToEngine
from logdrum_protocol.errors import CloseCode
from logdrum_protocol.framing import MAX_FRAME_BYTES
from logdrum_protocol.hub_messages import Asset, Event, Transport
from logdrum_protocol.records import Limits
from logdrum_server.assets import AssetStore
from logdrum_server.committer import Committer
from logdrum_server.core.checkpoint import decode_entities, encode_history, replayed
from logdrum_server.core.effects import CloseTape
from logdrum_server.core.engine_events import engine_ready
from logdrum_server.core.floods import Rates, judge, refusal
from logdrum_server.core.history import History
from logdrum_server.core.jobs import Ticket
from logdrum_server.core.ledger import record
from logdrum_server.core.sources import length_of
from logdrum_server.core.state import RoomState, new_room, reopened
from logdrum_server.counts import Counts
from logdrum_server.doors import Pass
from logdrum_server.doors.doors import Doors
from logdrum_server.feeding import CONTEXT_SAMPLES
from logdrum_server.finishing import Finisher
from logdrum_server.lanes import ws_frame
from logdrum_server.live_room import LiveRoom
from logdrum_server.recorder import Recorder
from logdrum_server.services import Services
from logdrum_server.stem_folders import StemFolders
from logdrum_server.tape import Tape
from tests.simulation.disk import Disk, run_now
from tests.simulation.engine import READY, SimulatedEngine
from tests.simulation.link import Link
from tests.simulation.sound import Turns
from tests.simulation.stores import END, SimulatedAssets, SimulatedFolders, SimulatedRecorder

ROOM = "sunset"
LIMITS = Limits(max_tracks=9, max_clips=16, max_notes=30, max_markers=4, max_versions=4, max_jobs=10)

_STEPS_AT_ONCE = 12

_events: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)


def decode_event(body: bytes) -> Event:
    return _events.decode(body)


class SimulatedDoors:
    """Knows a key when it sees one, and who was put out."""

    def __init__(self) -> None:
        self.put_out: set[str] = set()

    def resume_key(self, room: str, session: str, epoch: int) -> str:
        return f"key of {session} in {epoch}"

    def check_resume(self, room: str, session: str, epoch: int, key: str) -> bool:
        return session not in self.put_out and key == self.resume_key(room, session, epoch)


class SimulatedHub:
    """One life of a hub with one room: it begins with what is on disk, and ends when the power does."""

    def __init__(self, disk: Disk, doors: SimulatedDoors, rng: random.Random, now_us: int) -> None:
        self._disk = disk
        self._doors = doors
        self._rng = rng
        self._loads: deque[tuple[LiveRoom, str, VersionRestore]] = deque()
        self._tickets = 0
        self.life = rng.randrange(2**31)
        self.engine: SimulatedEngine | None = None
        self._ready: EngineReady | None = None
        self._is_let_go = False
        self.unsent_bytes = 0
        """What the engine has not read yet, as far as the hub knows."""
        self.turns = Turns()
        self.folders = SimulatedFolders()
        self.recorder = SimulatedRecorder(self.turns)
        self.fed: dict[tuple[b.JobId, b.Epoch, b.Stem], list[FeedJob]] = {}
        """What each separation was fed."""
        self._starts: dict[b.JobId, b.Sample] = {}
        self._ends = 0
        recorder = cast("Recorder", self.recorder)
        self._finisher = Finisher(recorder, cast("AssetStore", SimulatedAssets()), cast("StemFolders", self.folders))
        self._loop = asyncio.new_event_loop()
        self._finishing = self._loop.create_task(self._finisher.run())
        self._services = Services(
            recorder=recorder,
            committer=cast("Committer", disk),
            doors=cast("Doors", doors),
            counts=Counts(),
            draw=self._draw,
            command=self._command,
            unsent=lambda: self.unsent_bytes,
            finish=self._finish,
            forget_files=self._forget_files,
            load_version=lambda *load: self._loads.append(load),
            read_again=self._let_go,
        )
        self.room = self._open(now_us)

    @property
    def state(self) -> RoomState:
        return self.room.state

    def _draw(self) -> Ticket:
        self._tickets += 1
        return Ticket(f"v{self.life}-{self._tickets}", 0)

    def _let_go(self, room: LiveRoom) -> None:
        """As `Hub` does with a room whose disk is in doubt."""
        for peer in list(room.peers.values()):
            peer.end(CloseCode.DRAINING, "")
        if room is self.room and not self._is_let_go:
            room.stop_jobs()
            room.clear()
        self._is_let_go = True

    def _open(self, now_us: int) -> LiveRoom:
        stored = self._disk.read_room(ROOM)
        epoch = self.life if stored is None else stored.epoch
        state = new_room(ROOM, epoch=epoch, now_us=now_us, limits=LIMITS, has_engine=True)
        if self._ready is not None:
            state, _ = engine_ready(state, self._ready, now_us)
        if stored is None:
            return LiveRoom(state, self._services)
        history = replayed(stored.checkpoint, stored.events)
        transport = None if stored.transport is None else msgspec.msgpack.decode(stored.transport, type=Transport)
        room = LiveRoom(reopened(state, history, transport, now_us), self._services)
        room.reopen(stored.checkpoint_seq, stored.events)
        return room

    def take(self, link: Link, now_us: int, *, listens: bool) -> None:
        """Carry out the next message of a connection, as `Connection` does."""
        message = decode_client_message(link.up.popleft())
        if isinstance(message, Hello):
            admitted = Pass("listener" if listens else None, None, ROOM)
            self._open_again(now_us)
            link.lanes.buffer_samples = message.buffer_ms * b.SAMPLE_RATE // 1000
            link.session = self.room.join(link, message, admitted, now_us)
            assert link.session not in self._doors.put_out, f"{link.session} was put out, and is back"
            return
        assert link.session is not None
        rates = self.room.rates.setdefault(link.session, Rates())
        verdict = judge(link.allowance, rates, message, now_us)
        if verdict == "pass":
            self._receive(link.session, message, now_us)
        elif (refused := refusal(message, verdict)) is not None:
            link.lanes.control(ws_frame(encode(refused)))

    def _receive(self, session: str, message: ClientMessage, now_us: int) -> None:
        stay, before = self.state.sessions.get(session), self.state.history.settings
        self.room.receive(session, message, now_us)
        if isinstance(message, SettingsSet) and (stay is None or stay.member.role != "owner"):
            assert self.state.history.settings == before, f"{session} is not the owner, and sets {message.threshold}"

    def _command(self, message: ToEngine) -> None:
        """As `Hub._command`, and what the engine cannot read ends the story as it would end the engine."""
        if isinstance(message, StartJob) and message.kind == "separate":
            message = replace(message, files=self.folders.make(message.job))
        if isinstance(message, StartJob | RenderFrom):
            self.turns.begin(message.job, message.epoch, message.start_sample)
            self._starts[message.job] = message.start_sample
        if isinstance(message, FeedJob):
            self._check_feed(message)
        read = decode_to_engine(encode(message), MAX_FRAME_BYTES)
        if self.engine is not None:
            self.engine.take(read)

    def _check_feed(self, piece: FeedJob) -> None:
        """What a separation is fed is its source as it is now, all of it that is in memory (Q10)."""
        job = self.state.jobs[piece.job]
        source, key = str(job.view.params.job), (piece.job, piece.epoch, piece.stem)
        name, start = f"{piece.job} in {piece.epoch}, fed {piece.stem}", piece.start_sample
        rendered = self.turns.sound(source, piece.stem, start, piece.samples)
        assert piece.data == rendered, f"{name}: other samples than are played at {start}"
        assert piece.epoch == job.epoch, f"{name}, and is in {job.epoch}"
        before = self.fed.setdefault(key, [])
        context = max(0, self._starts[piece.job] - CONTEXT_SAMPLES)
        wanted = before[-1].start_sample + before[-1].samples if before else context
        tape = self.room.find_tape(f"{source}.{piece.stem}")
        left_out = (
            []
            if tape is None
            else [at for at, held in tape.pieces.items() if wanted < held.end and max(at, wanted) < start]
        )
        assert not left_out, f"{name}: from {start}, without {left_out}, which is there, behind {wanted}"
        assert start >= wanted, f"{name}: from {start} once more"
        before.append(piece)

    def _finish(self, room: LiveRoom, tape: Tape, closing: CloseTape) -> None:
        self._finisher.close(room, tape, closing)
        self._note_end()

    def _forget_files(self, job: b.JobId) -> None:
        self._finisher.forget(job)
        self._note_end()

    def _note_end(self) -> None:
        self._ends += 1
        self._finisher.forget(END)

    @property
    def is_storing(self) -> bool:
        """Whether finished streams wait to become sounds."""
        return self.folders.ends < self._ends

    def store(self) -> None:
        """Let the finisher go on, as far as the disk lets it."""
        for _ in range(_STEPS_AT_ONCE if self.is_storing else 0):
            self._loop.call_soon(self._loop.stop)
            self._loop.run_forever()
        if self._finishing.done():
            self._finishing.result()

    def save(self) -> None:
        """As `Hub._keep_saving`."""
        if not self._is_let_go:
            run_now(self.recorder.save(self.room.tapes.values()))

    def close(self) -> None:
        """The end of this life."""
        self._finishing.cancel()
        for _ in range(2):
            self._loop.call_soon(self._loop.stop)
            self._loop.run_forever()
        self._loop.close()

    def _length_of(self, asset: str) -> b.Samples:
        """How long the engine finds a sound, which may be a little less than its note says."""
        return max(0, length_of(self.state.history.assets[asset]) - int(asset[-1], 16) % 2)

    def start_engine(self, now_us: int) -> None:
        """Another engine comes, and says that it is ready."""
        self.engine, self._ready = SimulatedEngine(self._rng, self._length_of), READY
        self.engine.separations.written = self.folders.written
        if not self._is_let_go:
            self.room.hear_engine(READY, now_us)

    def lose_engine(self) -> None:
        """As `Hub._lose_engine`."""
        self.engine = self._ready = None
        if not self._is_let_go:
            self.room.lose_engine()

    def hear_engine(self, message: FromEngine, now_us: int) -> None:
        """As `Hub._hear_engine`: what is of no room's job goes nowhere."""
        if not self._is_let_go and getattr(message, "job", None) in self.state.jobs:
            self.room.hear_engine(message, now_us)

    def tick(self, now_us: int) -> None:
        """As `Hub` does many times a second."""
        if not self._is_let_go:
            self.room.tick(now_us)

    def _open_again(self, now_us: int) -> None:
        if self._is_let_go:
            self.room, self._is_let_go = self._open(now_us), False

    def put_out(self, session: str) -> None:
        """As the admin's route does."""
        self._doors.put_out.add(session)
        self.room.put_out(session, "")

    def prepare(self) -> None:
        """Have a snapshot at hand, as for a joiner who will come in a moment."""
        run_now(self.room.past.prepare(self.state.settled))

    def store_sound(self, asset: b.AssetId, now_us: int) -> None:
        """Put a sound into the room's history, as `LiveRoom.record_asset` does."""
        self._open_again(now_us)
        sound = Asset(
            seq=self.state.history.seq + 1,
            asset=asset,
            name=self._rng.choice(("", "song.mp3", "..", "a/b")),
            samples=self._rng.choice((1, 2, 1_000, self._rng.randint(3, 400_000))),
            sample_rate=self._rng.choice((48_000, 44_100, 8_000)),
            channels=2,
            by=None,
        )
        self.room.apply(record(self.state, sound))

    def load_version(self, now_us: int) -> None:
        """Go on with a restore that waits for the disk."""
        if self._loads:
            room, session, message = self._loads.popleft()
            body = self._disk.read_version(ROOM, message.version)
            if room is not self.room or self._is_let_go:
                return  # the room was read again meanwhile: who asked asks the one that is there now
            room.restore(session, message, None if body is None else decode_entities(body), now_us)

    @property
    def is_loading(self) -> bool:
        return bool(self._loads)

    def checkpoint(self) -> None:
        """Keep a checkpoint of what is settled."""
        settled = self.state.settled
        if settled.seq:
            self._disk.keep_checkpoint(ROOM, settled.seq, lambda: encode_history(settled))


def stored_history(disk: Disk) -> History:
    """What a restart would begin with."""
    stored = disk.read_room(ROOM)
    return History() if stored is None else replayed(stored.checkpoint, stored.events)
