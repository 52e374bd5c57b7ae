"""The contract of a storage, to which every one there is is held (D7, H2)."""

import asyncio
import threading
from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdrum_server.storage.contract import (
    KEPT_EVENTS,
    AppendEvent,
    DropRoom,
    DropVersion,
    KeepCheckpoint,
    KeepTransport,
    KeepVersion,
    MakeRoom,
    RoomSize,
    Storage,
    StorageError,
    StoredRoom,
    Write,
)
from tests.server.storages import KINDS, ROOM, Kind, body_of, checkpoint, events, make, opened, version

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
durable_kinds = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.durable], ids=lambda kind: kind.name)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    async with opened(request.param, tmp_path) as storage:
        yield storage


async def read(storage: Storage, room: str = ROOM) -> StoredRoom:
    stored = await storage.read_room(room)
    assert stored is not None
    return stored


async def test_a_room_that_was_never_made_is_not_there(storage: Storage) -> None:
    assert await storage.read_room(ROOM) is None
    assert await storage.read_version(ROOM, "v1") is None
    assert await storage.sizes() == ()


async def test_a_new_room_has_its_epoch_and_nothing_else(storage: Storage) -> None:
    await storage.write([make(epoch=42)])
    assert await read(storage) == StoredRoom(
        epoch=42, seq=0, transport=None, checkpoint=None, checkpoint_seq=0, events=()
    )


async def test_events_read_back_in_their_order(storage: Storage) -> None:
    await storage.write([make(), *events(1, 3)])
    await storage.write(events(4, 12))
    stored = await read(storage)
    assert (stored.seq, stored.events) == (12, tuple(body_of(seq) for seq in range(1, 13)))


async def test_one_batch_may_write_to_many_rooms(storage: Storage) -> None:
    await storage.write([make("a"), make("b", epoch=8), *events(1, 2, "a"), *events(1, 3, "b")])
    assert [(size.room, size.epoch, size.seq) for size in await storage.sizes()] == [("a", 7, 2), ("b", 8, 3)]


async def test_the_newest_transport_rules(storage: Storage) -> None:
    await storage.write([make(), KeepTransport(ROOM, b"stopped")])
    await storage.write([KeepTransport(ROOM, b"playing")])
    assert (await read(storage)).transport == b"playing"


REFUSED: dict[str, Write] = {
    "an event out of turn": AppendEvent(ROOM, 9, b"gap"),
    "an event that is there": AppendEvent(ROOM, 3, b"again"),
    "a room that is there": make(),
    "an event of no room": AppendEvent("nowhere", 1, b""),
    "a transport of no room": KeepTransport("nowhere", b""),
    "a checkpoint of no room": checkpoint(0, "nowhere"),
    "a checkpoint of what is to come": checkpoint(9),
    "a version of no room": version("v1", room="nowhere"),
    "the end of a version of no room": DropVersion("nowhere", "v1"),
}


@pytest.mark.parametrize("bad", REFUSED.values(), ids=REFUSED.keys())
async def test_a_batch_is_done_whole_or_not_at_all(storage: Storage, bad: Write) -> None:
    await storage.write([make(), *events(1, 3), version("v1")])
    before, sizes = await read(storage), await storage.sizes()
    with pytest.raises(StorageError):
        await storage.write([*events(4, 5), make("another"), DropVersion(ROOM, "v1"), KeepTransport(ROOM, b"new"), bad])
    assert (await read(storage), await storage.sizes()) == (before, sizes)
    assert await storage.read_version(ROOM, "v1") == b"document"
    await storage.write(events(4, 5))


def fails() -> bytes:
    raise ValueError("cannot be written down")


@pytest.mark.parametrize(
    "bad", [KeepCheckpoint(ROOM, 4, fails), KeepVersion(ROOM, "v1", fails)], ids=["room", "version"]
)
async def test_a_body_that_cannot_be_encoded_refuses_its_batch(storage: Storage, bad: Write) -> None:
    await storage.write([make(), *events(1, 3)])
    with pytest.raises(StorageError, match="sunset could not be encoded"):
        await storage.write([*events(4, 4), bad])
    assert (await read(storage)).seq == 3
    await storage.write(events(4, 4))


async def test_an_empty_batch_changes_nothing(storage: Storage) -> None:
    await storage.write([])
    assert await storage.sizes() == ()


async def test_a_batch_is_what_it_was_when_it_was_handed_over(storage: Storage) -> None:
    batch = [make(), *events(1, 3)]
    writing = asyncio.ensure_future(storage.write(batch))
    await asyncio.sleep(0)
    batch.clear()
    await writing
    assert (await read(storage)).seq == 3


async def test_batches_handed_over_together_are_done_in_their_order(storage: Storage) -> None:
    await storage.write([make()])
    await asyncio.gather(*(storage.write(events(seq, seq)) for seq in range(1, 51)))
    assert (await read(storage)).events == tuple(body_of(seq) for seq in range(1, 51))


async def test_h2_a_checkpoint_keeps_the_events_around_it(storage: Storage) -> None:
    await storage.write([make(), *events(1, KEPT_EVENTS + 30)])
    await storage.write([checkpoint(KEPT_EVENTS + 10)])
    await storage.write(events(KEPT_EVENTS + 31, KEPT_EVENTS + 35))
    stored = await read(storage)
    assert (stored.checkpoint, stored.checkpoint_seq) == (b"checkpoint 1010", KEPT_EVENTS + 10)
    assert stored.events == tuple(body_of(seq) for seq in range(11, KEPT_EVENTS + 36))


async def test_a_checkpoint_and_its_event_may_share_a_batch(storage: Storage) -> None:
    await storage.write([make(), *events(1, 2), checkpoint(2), *events(3, 3)])
    stored = await read(storage)
    assert (stored.checkpoint_seq, stored.seq, len(stored.events)) == (2, 3, 3)


async def test_a_checkpoint_of_what_a_later_one_holds_changes_nothing(storage: Storage) -> None:
    await storage.write([make(), *events(1, 5), checkpoint(4)])
    before = await read(storage)
    await storage.write([checkpoint(3)])
    assert await read(storage) == before


async def test_versions_are_kept_replaced_and_dropped(storage: Storage) -> None:
    await storage.write([make(), version("v1", b"first"), version("v2", b"second")])
    await storage.write([version("v1", b"anew"), DropVersion(ROOM, "v2"), DropVersion(ROOM, "v3")])
    assert await storage.read_version(ROOM, "v1") == b"anew"
    assert await storage.read_version(ROOM, "v2") is None
    assert await storage.read_version("another", "v1") is None


async def test_a_dropped_room_leaves_nothing_and_its_name_may_begin_anew(storage: Storage) -> None:
    await storage.write([make(), *events(1, 3), checkpoint(2), version("v1"), KeepTransport(ROOM, b"playing")])
    await storage.write([DropRoom(ROOM), DropRoom("nowhere")])
    assert (await storage.read_room(ROOM), await storage.sizes()) == (None, ())
    await storage.write([make(epoch=8), *events(1, 1)])
    assert await read(storage) == StoredRoom(
        epoch=8, seq=1, transport=None, checkpoint=None, checkpoint_seq=0, events=(body_of(1),)
    )
    assert await storage.read_version(ROOM, "v1") is None


async def test_a_room_may_be_dropped_and_made_in_one_batch(storage: Storage) -> None:
    await storage.write([make("other"), make(), *events(1, 3)])
    await storage.write([*events(4, 4), DropRoom(ROOM), make(epoch=8), *events(1, 1)])
    assert ((await read(storage)).epoch, (await read(storage)).events) == (8, (body_of(1),))


async def test_sizes_count_every_body(storage: Storage) -> None:
    await storage.write([make(), *events(1, KEPT_EVENTS + 9), KeepTransport(ROOM, b"12345"), version("v1", b"1234567")])
    await storage.write([checkpoint(KEPT_EVENTS), KeepTransport(ROOM, b"123"), version("v1", b"1234")])
    await storage.write([checkpoint(KEPT_EVENTS + 9)])
    kept = sum(len(body_of(seq)) for seq in range(10, KEPT_EVENTS + 10)) + len(b"checkpoint 1009") + 3 + 4
    assert await storage.sizes() == (RoomSize(room=ROOM, epoch=7, seq=KEPT_EVENTS + 9, stored_bytes=kept),)


async def test_bodies_are_bytes_of_any_kind_and_size(storage: Storage) -> None:
    bodies = [b"", b"\x00\xff" * 3, bytes(300_000)]
    await storage.write([make(), *(AppendEvent(ROOM, seq, body) for seq, body in enumerate(bodies, 1))])
    assert (await read(storage)).events == tuple(bodies)


async def test_a_closed_storage_says_so(storage: Storage) -> None:
    await storage.close()
    await storage.close()
    with pytest.raises(StorageError, match="closed"):
        await storage.write([make()])
    with pytest.raises(StorageError, match="closed"):
        await storage.sizes()


@durable_kinds
async def test_close_finishes_what_is_under_way(kind: Kind, tmp_path: Path) -> None:
    storage = kind.open(tmp_path)
    writing = [asyncio.ensure_future(storage.write([make(name), *events(1, 9, name)])) for name in "abc"]
    await asyncio.sleep(0)
    await storage.close()
    await asyncio.gather(*writing)
    async with opened(kind, tmp_path) as again:
        assert [size.seq for size in await again.sizes()] == [9, 9, 9]


@durable_kinds
async def test_h2_everything_is_there_when_it_is_opened_again(kind: Kind, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as storage:
        await storage.write([make(), *events(1, 5), checkpoint(3), version("v1"), KeepTransport(ROOM, b"playing")])
        before, sizes = await read(storage), await storage.sizes()
    async with opened(kind, tmp_path) as storage:
        assert (await read(storage), await storage.sizes()) == (before, sizes)
        assert await storage.read_version(ROOM, "v1") == b"document"
        await storage.write(events(6, 6))


@durable_kinds
async def test_an_edit_does_not_wait_for_a_checkpoint_that_is_being_encoded(kind: Kind, tmp_path: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    def encode() -> bytes:
        begun.set()
        assert go.wait(20)
        return b"slow"

    async with opened(kind, tmp_path) as storage:
        await storage.write([make(), *events(1, 5)])
        compacting = asyncio.ensure_future(storage.write([KeepCheckpoint(ROOM, 5, encode)]))
        await asyncio.to_thread(begun.wait, 20)
        await storage.write(events(6, 6))
        assert not compacting.done()
        go.set()
        await compacting
        assert ((await read(storage)).checkpoint_seq, (await read(storage)).seq) == (5, 6)


class Model:
    """A room's whole history in plain lists, and what must be left of it."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.events: list[bytes] = []
        self.transport: bytes | None = None
        self.checkpoint: tuple[int, bytes | None] = (0, None)
        self.versions: dict[str, bytes] = {}

    def stored(self) -> StoredRoom:
        seq, body = self.checkpoint
        return StoredRoom(
            epoch=self.epoch,
            seq=len(self.events),
            transport=self.transport,
            checkpoint=body,
            checkpoint_seq=seq,
            events=tuple(self.events[max(seq - KEPT_EVENTS, 0) :]),
        )

    def stored_bytes(self) -> int:
        room = self.stored()
        return sum(map(len, (room.transport or b"", room.checkpoint or b"", *room.events, *self.versions.values())))


def do(models: dict[str, Model], write: Write) -> None:
    """Do one write to the models; raises KeyError where it must be refused."""
    if isinstance(write, MakeRoom | DropRoom):
        if isinstance(write, MakeRoom) and write.room in models:
            raise KeyError(write.room)
        models.pop(write.room, None)
        if isinstance(write, MakeRoom):
            models[write.room] = Model(write.epoch)
        return
    model = models[write.room]
    match write:
        case AppendEvent():
            model.events.append(write.body)
        case KeepTransport():
            model.transport = write.body
        case KeepCheckpoint() if write.seq >= model.checkpoint[0]:
            model.checkpoint = write.seq, write.encode()
        case KeepVersion():
            model.versions[write.version] = write.encode()
        case DropVersion():
            model.versions.pop(write.version, None)


def writes_of(models: dict[str, Model], room: str, what: str, number: int) -> list[Write]:
    """What a drawn step asks for, given how far the room is."""
    seq = len(models[room].events) if room in models else 0
    body = bytes(number % 7)
    match what:
        case "make":
            return [MakeRoom(room, number)]
        case "drop":
            return [DropRoom(room)]
        case "append":
            return [AppendEvent(room, seq + 1 + more, body) for more in range(number)]
        case "transport":
            return [KeepTransport(room, body)]
        case "checkpoint":
            return [KeepCheckpoint(room, max(seq - number, 0), lambda: body)]
        case "version":
            return [KeepVersion(room, f"v{number % 3}", lambda: body)]
        case _:
            return [DropVersion(room, f"v{number % 3}")]


WHATS = ("make", "drop", "append", "append", "append", "transport", "checkpoint", "checkpoint", "version", "forget")
STEPS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(WHATS), st.sampled_from((0, 1, 2, 5, 600)), st.booleans()),
    max_size=30,
)


class Histories:
    """The models as they are for certain, and as they are with the batch that is being gathered."""

    def __init__(self) -> None:
        self.sure: dict[str, Model] = {}
        self.hoped: dict[str, Model] = {}
        self.batch: list[Write] = []

    def gather(self, writes: list[Write]) -> bool:
        """Add to the batch; False where that makes it one that must be refused."""
        self.batch += writes
        try:
            for write in writes:
                do(self.hoped, write)
        except KeyError:
            return False
        return True

    async def end(self, storage: Storage, *, refused: bool) -> None:
        if refused:
            with pytest.raises(StorageError):
                await storage.write(self.batch)
        else:
            await storage.write(self.batch)
            self.sure = self.hoped
        self.hoped, self.batch = deepcopy(self.sure), []
        await compare(storage, self.sure)


async def follow(kind: Kind, folder: Path, steps: list[tuple[str, str, int, bool]]) -> None:
    """Do drawn steps in batches, and read everything back after each of these, and again when all is over."""
    histories = Histories()
    async with opened(kind, folder) as storage:
        for room, what, number, ends in steps:
            good = histories.gather(writes_of(histories.hoped, room, what, number))
            if ends or not good:
                await histories.end(storage, refused=not good)
    if kind.durable:
        async with opened(kind, folder) as storage:
            await compare(storage, histories.sure)


async def compare(storage: Storage, models: dict[str, Model]) -> None:
    for room in "ab":
        model = models.get(room)
        assert await storage.read_room(room) == (model.stored() if model else None)
        for name in ("v0", "v1", "v2"):
            assert await storage.read_version(room, name) == (model.versions.get(name) if model else None)
    sizes = {size.room: (size.epoch, size.seq, size.stored_bytes) for size in await storage.sizes()}
    assert sizes == {name: (m.epoch, len(m.events), m.stored_bytes()) for name, m in models.items()}


@every_kind
@settings(max_examples=120, deadline=None)
@given(steps=STEPS)
def test_any_history_reads_back_as_a_plain_model_has_it(kind: Kind, steps: list[tuple[str, str, int, bool]]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(follow(kind, Path(folder), steps))
