"""The rooms file: killed writers, torn and damaged files, full disks, formats, and two hubs on one folder (D7)."""

import asyncio
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from stat import S_IMODE

import pytest

from logdrum_server.storage.connection import connect
from logdrum_server.storage.contract import (
    AppendEvent,
    DropRoom,
    KeepCheckpoint,
    StorageError,
    StorageFull,
    StoredRoom,
)
from logdrum_server.storage.migrations import APPLICATION_ID, STEPS, migrate
from logdrum_server.storage.sqlite import SqliteStorage
from tests.server.storages import ROOM, body_of, checkpoint, events, make, version

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024


def run_apart(act: Callable[[Path], None], folder: Path) -> None:
    """Run a check in a process of its own; its failure is ours."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(act, folder).result(60)


async def read(path: Path, room: str = ROOM) -> StoredRoom | None:
    storage = SqliteStorage(path)
    try:
        return await storage.read_room(room)
    finally:
        await storage.close()


async def filled(path: Path) -> None:
    """A file with a room in it, closed."""
    storage = SqliteStorage(path)
    await storage.write([make(), *events(1, 200), checkpoint(150), version("v1", bytes(50_000))])
    await storage.close()


WRITER = """
import asyncio, sys
from pathlib import Path
from logdrum_server.storage.sqlite import SqliteStorage
from tests.server.storages import events, make

async def main() -> None:
    storage = SqliteStorage(Path(sys.argv[1]))
    await storage.write([make()])
    for seq in range(1, 1_000_000, 3):
        await storage.write(events(seq, seq + 2))
        print(seq + 2, flush=True)

asyncio.run(main())
"""


def kill_a_writer(path: Path, batches: int) -> int:
    """Run a writer of three events a batch, kill it after so many, and return the last event it acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(batches)]
        writer.send_signal(signal.SIGKILL)
        lines += [line for line in writer.stdout if line.endswith("\n")]
        return int(lines[-1])


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """What a killed writer left behind, and the last event that it had been told is kept."""
    path = tmp_path_factory.mktemp("killed") / "rooms.db"
    return path, kill_a_writer(path, 60)


def copy_of(path: Path, folder: Path) -> Path:
    for part in path.parent.iterdir():
        shutil.copy(part, folder)
    return folder / path.name


async def test_d7_what_was_acknowledged_survives_kill_9(killed: tuple[Path, int], tmp_path: Path) -> None:
    path, acknowledged = killed
    stored = await read(copy_of(path, tmp_path))
    assert stored is not None
    assert stored.seq >= acknowledged
    assert stored.seq % 3 == 0, "a batch is there whole or not at all"
    assert stored.events == tuple(body_of(seq) for seq in range(1, stored.seq + 1))


@pytest.mark.parametrize("seed", range(12))
async def test_a_torn_wal_is_a_shorter_history_and_no_damage(
    killed: tuple[Path, int], tmp_path: Path, seed: int
) -> None:
    """Cut anywhere, at a frame's edge or within one, or overwritten from there on: a prefix, in whole batches."""
    dice = random.Random(seed)
    path = copy_of(killed[0], tmp_path)
    wal = path.with_name("rooms.db-wal")
    size = wal.stat().st_size
    cut = dice.randrange(100_000, size)
    os.truncate(wal, cut)
    if dice.random() < 0.5:
        with wal.open("ab") as file:
            file.write(dice.randbytes(size - cut))
    stored = await read(path)
    assert stored is not None
    assert 0 < stored.seq <= killed[1] + 3
    assert stored.seq % 3 == 0
    assert stored.events == tuple(body_of(seq) for seq in range(1, stored.seq + 1))
    again = SqliteStorage(path)
    await again.write(events(stored.seq + 1, stored.seq + 3))
    await again.close()


async def test_a_second_hub_on_one_folder_is_refused(tmp_path: Path) -> None:
    first = SqliteStorage(tmp_path / "rooms.db")
    with pytest.raises(StorageError, match=rf"{tmp_path} is in use by another hub \(process {os.getpid()}\)"):
        SqliteStorage(tmp_path / "rooms.db")
    await first.write([make()])
    await first.close()
    await SqliteStorage(tmp_path / "rooms.db").close()


def test_the_file_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    """It holds the keys of sessions."""
    asyncio.run(filled(path := tmp_path / "rooms.db"))
    assert {S_IMODE(part.stat().st_mode) for part in tmp_path.iterdir()} == {0o600}
    assert path.exists()


def spoil(path: Path, at: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(random.Random(1).randbytes(length))


def change(path: Path, statement: str) -> None:
    """Do to a file what the storage never would."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement)
    connection.close()


DAMAGE: dict[str, Callable[[Path], None]] = {
    "its beginning": lambda path: spoil(path, 0, 100),
    "its middle": lambda path: spoil(path, 4096, path.stat().st_size - 4096),
    "its end": lambda path: os.truncate(path, 3 * 4096),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
async def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    await filled(path := tmp_path / "rooms.db")
    damage(path)
    with pytest.raises(StorageError, match=rf"{path} is damaged: .*put back a copy .*move it away"):
        await read(path)


@pytest.mark.parametrize("part", ["events WHERE seq = 100", "events WHERE seq = 200", "checkpoints"])
async def test_h2_a_history_with_a_hole_is_not_handed_out(tmp_path: Path, part: str) -> None:
    await filled(path := tmp_path / "rooms.db")
    change(path, f"DELETE FROM {part}")
    with pytest.raises(StorageError, match="is damaged"):
        await read(path)


async def test_one_damaged_room_does_not_stop_another(tmp_path: Path) -> None:
    await filled(path := tmp_path / "rooms.db")
    change(path, "DELETE FROM events WHERE seq = 170")
    storage = SqliteStorage(path)
    await storage.write([make("other"), *events(1, 2, "other")])
    with pytest.raises(StorageError):
        await storage.read_room(ROOM)
    assert await storage.read_room("other") is not None
    await storage.close()


def test_opening_a_file_writes_nothing_to_it(tmp_path: Path) -> None:
    asyncio.run(filled(path := tmp_path / "rooms.db"))
    before = path.read_bytes()
    asyncio.run(read(path))
    assert path.read_bytes() == before


def test_a_file_of_a_newer_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    asyncio.run(filled(path := tmp_path / "rooms.db"))
    change(path, f"PRAGMA user_version = {len(STEPS) + 1}")
    before = path.read_bytes()
    with pytest.raises(StorageError, match=rf"{path} is of format {len(STEPS) + 1}.*: .* update, or choose"):
        SqliteStorage(path)
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rooms.db"
    change(path, "CREATE TABLE recipes (name)")
    with pytest.raises(StorageError, match="another program"):
        SqliteStorage(path)


def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "rooms.db").mkdir()
    with pytest.raises(StorageError, match=rf"{tmp_path}/rooms.db cannot be used: Is a directory"):
        SqliteStorage(tmp_path / "rooms.db")
    with pytest.raises(StorageError, match="cannot be used: No such file or directory"):
        SqliteStorage(tmp_path / "nowhere" / "rooms.db")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(tmp_path / "rooms.db")
    yield connection
    connection.close()


PUT_IN: tuple[str, ...] = (
    "INSERT INTO rooms VALUES (1, 'sunset', 7, 2, 1, 7, x'01'); INSERT INTO events VALUES (1, 1, x'02'), (1, 2, x'03');"
    "INSERT INTO checkpoints VALUES (1, x'04'); INSERT INTO versions VALUES (1, 'v1', x'05')",
)
"""What a file of format `n + 1` holds, as those who wrote it left it; a new step adds a new line."""


@pytest.mark.parametrize("version", range(len(STEPS) + 1))
async def test_a_file_of_every_earlier_format_is_brought_up(tmp_path: Path, version: int) -> None:
    assert len(PUT_IN) == len(STEPS)
    path = tmp_path / "rooms.db"
    connection = connect(path)
    migrate(connection, path, STEPS[:version])
    if version:
        connection.executescript(PUT_IN[version - 1])
    connection.close()
    storage = SqliteStorage(path)
    stored = await storage.read_room(ROOM)
    assert (stored is not None) == (version > 0)
    if stored is not None:
        assert stored.events == (b"\x02", b"\x03")
        assert (stored.transport, stored.checkpoint, stored.seq) == (b"\x01", b"\x04", 2)
        assert await storage.read_version(ROOM, "v1") == b"\x05"
    await storage.close()


def test_a_step_that_fails_leaves_the_format_before_it(tmp_path: Path, file: sqlite3.Connection) -> None:
    path = tmp_path / "rooms.db"
    migrate(file, path)
    with pytest.raises(sqlite3.OperationalError):
        migrate(file, path, (*STEPS, ("CREATE TABLE more (x)", "CREATE TABLE more (x)")))
    assert file.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    assert file.execute("SELECT count(*) FROM sqlite_master WHERE name = 'more'").fetchone() == (0,)
    migrate(file, path, (*STEPS, ("CREATE TABLE more (x)",)))
    assert file.execute("PRAGMA user_version").fetchone() == (len(STEPS) + 1,)
    assert file.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


async def test_the_file_grows_no_further_where_rooms_are_compacted(tmp_path: Path) -> None:
    """Ten times as many events as are kept, and the disk holds no more than twice what is kept."""
    storage = SqliteStorage(path := tmp_path / "rooms.db")
    await storage.write([make()])
    for start in range(0, 11_000, 500):
        await storage.write([AppendEvent(ROOM, start + 1 + more, bytes(300)) for more in range(500)])
        await storage.write([KeepCheckpoint(ROOM, start + 500, lambda: bytes(100_000))])
    (size,) = await storage.sizes()
    await storage.close()
    assert size.stored_bytes == 1_000 * 300 + 100_000
    assert path.stat().st_size < 2 * size.stored_bytes


async def test_what_a_dropped_room_held_goes_back_to_the_disk_bit_by_bit(tmp_path: Path) -> None:
    storage = SqliteStorage(path := tmp_path / "rooms.db")
    await storage.write([make(), make("other"), *(AppendEvent(ROOM, seq, bytes(100_000)) for seq in range(1, 101))])
    await storage.write([DropRoom(ROOM)])
    for seq in range(1, 101):
        await storage.write(events(seq, seq, "other"))
    await storage.close()
    assert path.stat().st_size < 2 * MIB


async def room_at(storage: SqliteStorage) -> int:
    stored = await storage.read_room(ROOM)
    assert stored is not None
    return stored.seq


async def fill_up(storage: SqliteStorage, seq: int) -> int:
    """Append batches of two until the disk takes no more; return the last event that is kept."""
    while True:
        try:
            await storage.write([AppendEvent(ROOM, seq + 1, bytes(3_000)), AppendEvent(ROOM, seq + 2, bytes(3_000))])
        except StorageFull:
            return seq
        seq += 2


async def check_full(path: Path, make_room: Callable[[], None]) -> None:
    """D7: nothing of a refused batch is kept, reading goes on, and so does writing when there is room again."""
    storage = SqliteStorage(path)
    await storage.write([make(), version("v1")])
    for _ in range(2):
        seq = await fill_up(storage, await room_at(storage))
        assert await room_at(storage) == seq
        assert await storage.read_version(ROOM, "v1") == b"document"
        assert (await storage.sizes())[0].stored_bytes == seq * 3_000 + len(b"document")
    make_room()
    await storage.write(events(seq + 1, seq + 4))
    await storage.close()
    stored = await read(path)
    assert stored is not None
    assert (stored.seq, len(stored.events)) == (seq + 4, seq + 4)


def write_under_a_limit(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, resource.RLIM_INFINITY))
    free = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    asyncio.run(check_full(folder / "rooms.db", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, free)))


def test_d7_a_file_that_may_not_grow_refuses_edits_and_is_read(tmp_path: Path) -> None:
    """EFBIG, as a quota of the system gives it."""
    run_apart(write_under_a_limit, tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("NOT TESTED: a disk that is full for real needs root on Linux, to mount one")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"NOT TESTED: a disk that is full for real; {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


async def test_d7_a_full_disk_refuses_edits_and_is_read(small_disk: Path) -> None:
    """ENOSPC: what is at fault is another file, and when it is gone edits are taken again."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(MIB))
    await check_full(small_disk / "rooms.db", ballast.unlink)


@pytest.mark.parametrize("begun", [False, True], ids=["at first", "again"])
async def test_a_disk_too_full_to_open_on_is_said_to_be_full(small_disk: Path, begun: bool) -> None:
    if begun:
        await filled(small_disk / "rooms.db")
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space"):
        ballast.write_bytes(bytes(3 * MIB))
    with pytest.raises(StorageFull, match=r"rooms\.db cannot grow: make room"):
        SqliteStorage(small_disk / "rooms.db")
    ballast.unlink()
    await SqliteStorage(small_disk / "rooms.db").close()
