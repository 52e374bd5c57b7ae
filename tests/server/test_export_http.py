"""Exports and imports over HTTP, with a hub and where it is needed its engine (X1 to X6)."""

import asyncio
import io
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import aiohttp
import mido  # type: ignore[import-untyped]  # it ships no types
import numpy as np
import pytest
import soundfile
from msgspec.structs import replace

from logdrum_protocol.engine_messages import RenderMix, StopMix, ToEngine
from logdrum_protocol.hub_messages import Event, Job, StreamClose
from logdrum_protocol.records import JobParams
from logdrum_server.config import LocalEngine
from logdrum_server.core.state import JobRecord
from logdrum_server.doors.tokens import Pass, issue
from logdrum_server.exports import routes
from logdrum_server.exports.routes import WORK_FOLDER
from logdrum_server.hub import Hub
from logdrum_server.storage.contract import StorageFull, Write
from logdrum_server.tape import Tape
from tests.server.export_cases import (
    BAR,
    KICK,
    SONG,
    SOUND,
    asset_of,
    clip,
    keep,
    note,
    puts,
    says,
    track,
    wav,
)
from tests.server.exporter import Exporter, exporting


@pytest.fixture
async def exporter(tmp_path: Path) -> AsyncIterator[Exporter]:
    """Without an engine."""
    async with exporting(tmp_path / "data") as made:
        yield made


@pytest.fixture
async def player(tmp_path: Path) -> AsyncIterator[Exporter]:
    """With an engine."""
    async with exporting(tmp_path / "data", engine=LocalEngine()) as made:
        yield made


def same_but_for_its_name(one: dict[str, bytes], two: dict[str, bytes]) -> bool:
    heads = [json.loads(content["room.json"]) | {"room": "", "epoch": 0} for content in (one, two)]
    rest = [{name: body for name, body in content.items() if name != "room.json"} for content in (one, two)]
    return heads[0] == heads[1] and rest[0] == rest[1]


async def test_x2_out_and_in_and_out_again_is_the_same_room(exporter: Exporter) -> None:
    await exporter.keep()
    first = await exporter.room_file()
    status, told = await exporter.post((await exporter.get("sunset.logdrum"))[1])
    assert status == 201
    assert {name: told[name] for name in ("room", "seq", "tracks", "clips", "notes", "assets", "versions")} == {
        "room": "copy", "seq": 8, "tracks": 2, "clips": 3, "notes": 3, "assets": 1, "versions": 1,
    }  # fmt: skip
    assert same_but_for_its_name(first, await exporter.room_file("copy"))
    assert exporter.hub.assets.find("copy", KICK.asset).read_bytes() == SOUND


@pytest.mark.parametrize(("seq", "checkpoint"), [(999, None), (1_000, 1_000), (1_001, None), (3_456, 3_000)])
async def test_x2_so_is_one_with_a_long_history(exporter: Exporter, seq: int, checkpoint: int | None) -> None:
    await exporter.keep(*SONG, *(says(n) for n in range(9, seq + 1)), checkpoint=checkpoint)
    first = await exporter.room_file()
    assert (await exporter.post((await exporter.get("sunset.logdrum"))[1]))[0] == 201
    assert same_but_for_its_name(first, await exporter.room_file("copy"))


async def test_x3_an_imported_room_opens_and_goes_on(exporter: Exporter) -> None:
    await exporter.keep(*SONG, *(says(n) for n in range(9, 1_500)))
    before = await exporter.room_file()
    await exporter.post((await exporter.get("sunset.logdrum"))[1])
    room = await exporter.hub.open_room("copy")
    assert room.state.settled.seq == 1_499
    assert room.state.transport.bpm == 113.5
    assert room.state.settled.versions.keys() == {"first"}
    assert await exporter.hub.storage.read_version("copy", "first") is not None
    live = await exporter.room_file("copy")
    assert same_but_for_its_name(before, live), "a room in memory is exported as one on disk is"


async def test_x2_a_room_that_nobody_has_worked_in_is_exported_all_the_same(exporter: Exporter) -> None:
    await exporter.hub.open_room("sunset")
    body = (await exporter.get("sunset.logdrum"))[1]
    assert (await exporter.post(body))[0] == 201
    assert (await exporter.hub.open_room("copy")).state.settled.seq == 0


async def test_x3_a_name_that_is_taken_is_refused(exporter: Exporter) -> None:
    await exporter.keep()
    body = (await exporter.get("sunset.logdrum"))[1]
    status, told = await exporter.post(body, "sunset")
    assert (status, told["message"]) == (409, "There is a room of this name already; choose another.")
    lobby = await exporter.hub.open_room("lobby")
    tempo = replace(lobby.state.transport, rev=1)  # someone has set it, else the room is let go within a second
    lobby.state = replace(lobby.state, transports=(tempo,))
    assert (await exporter.post(body, "lobby"))[0] == 409, "one that is only in memory counts too"


@pytest.mark.parametrize("body", [b"", b"words", SOUND])
async def test_x3_a_refused_file_leaves_nothing_behind(exporter: Exporter, body: bytes) -> None:
    status, told = await exporter.post(body)
    assert (status, told["code"]) == (415, "unsupported_media")
    assert await exporter.hub.storage.read_room("copy") is None
    assert not list(exporter.hub.assets.folder.iterdir())
    assert not exporter.leftovers


async def _with_other_sound(exporter: Exporter, body: bytes, **fields: Any) -> bytes:
    """The room file of a song whose sound is another, with another note of it."""
    asset = asset_of(body, **fields)
    events: tuple[Event, ...] = (asset, puts(2, track(), clip(asset=asset.asset)))
    await keep(exporter.hub.storage, events, "other")
    exporter.hub.assets.path(asset.asset).write_bytes(body)
    made = (await exporter.get("other.logdrum", "other"))[1]
    exporter.hub.assets.path(asset.asset).unlink()
    return made


async def test_x3_the_engine_hears_every_sound_before_a_room_is_made(player: Exporter) -> None:
    status, told = await player.post(await _with_other_sound(player, b"RIFF but no sound", name="kick.wav"))
    assert (status, told["code"]) == (415, "unsupported_media")
    assert told["message"].startswith("The sound 'kick.wav' cannot be read: ")
    assert await player.hub.storage.read_room("copy") is None
    assert not list(player.hub.assets.folder.iterdir())


@pytest.mark.parametrize("fields", [{"rate": 44_100}, {"seconds": 20}])
async def test_x3_a_sound_is_what_the_file_says_of_it(player: Exporter, fields: dict[str, Any]) -> None:
    status, told = await player.post(await _with_other_sound(player, wav(0.25), **fields))
    assert status == 415
    assert "not of the kind" in told["message"]


async def test_x3_with_an_engine_a_song_comes_in_whole(player: Exporter) -> None:
    await player.keep()
    assert (await player.post((await player.get("sunset.logdrum"))[1]))[0] == 201


async def test_x3_where_the_disk_refuses_the_room_its_sounds_go_too(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_: object) -> None:
        raise StorageFull("The disk takes nothing more.")

    body = await _with_other_sound(exporter, SOUND)
    monkeypatch.setattr(exporter.hub.storage, "write", full)
    status, told = await exporter.post(body)
    assert (status, told["code"]) == (507, "no_space")
    assert not list(exporter.hub.assets.folder.iterdir())
    assert not exporter.leftovers


async def test_x1_a_file_comes_with_its_name_and_leaves_nothing_behind(exporter: Exporter) -> None:
    await exporter.keep()
    for file, kind in {
        "sunset.logdrum": "application/vnd.logdrum.room+zip",
        "sunset.mid": "audio/midi",
        "sunset.dawproject": "application/zip",
    }.items():
        status, body, headers = await exporter.get(file)
        assert (status, headers["content-type"], int(headers["content-length"])) == (200, kind, len(body))
        assert headers["content-disposition"].startswith(f'attachment; filename="{file}"')
    assert not exporter.leftovers


async def test_x4_the_midi_file_is_the_rooms(exporter: Exporter) -> None:
    await exporter.keep()
    midi = mido.MidiFile(file=io.BytesIO((await exporter.get("sunset.mid"))[1]))
    assert len(midi.tracks) == 3


async def test_x5_the_dawproject_has_the_rooms_sounds(exporter: Exporter) -> None:
    await exporter.keep()
    with ZipFile(io.BytesIO((await exporter.get("sunset.dawproject"))[1])) as archive:
        assert SOUND in [archive.read(name) for name in archive.namelist()]


@pytest.mark.parametrize("file", ["sunset.txt", "other.mid", "..%2fkeys.json", "mix.mp3"])
async def test_x1_there_are_no_other_files(exporter: Exporter, file: str) -> None:
    await exporter.keep()
    status, body, _ = await exporter.get(file)
    assert (status, json.loads(body)["code"]) == (404, "not_found")


@pytest.mark.parametrize("file", ["nowhere.logdrum", "nowhere.mid", "nowhere.dawproject", "mix.wav", "stems.zip"])
async def test_x1_a_room_that_is_not_there_is_not_made_by_asking(exporter: Exporter, file: str) -> None:
    status, body, _ = await exporter.get(file, "nowhere")
    assert (status, json.loads(body)["message"]) == (404, "There is no such room.")
    assert not exporter.hub.rooms


async def test_x1_a_sound_that_is_lost_is_said(exporter: Exporter) -> None:
    await exporter.keep()
    exporter.hub.assets.path(KICK.asset).unlink()
    for file in ("sunset.logdrum", "sunset.dawproject"):
        status, body, _ = await exporter.get(file)
        assert (status, json.loads(body)["message"]) == (500, "A sound of this room is missing on the hub's disk.")
    assert not exporter.leftovers


async def test_x1_what_a_killed_hub_left_half_made_goes(tmp_path: Path) -> None:
    left = tmp_path / "data" / WORK_FOLDER / "tmp123"
    left.mkdir(parents=True)
    (left / "mix").write_bytes(b"x")
    async with exporting(tmp_path / "data") as exporter:
        assert not exporter.leftovers


async def test_x6_without_an_engine_there_is_no_mix(exporter: Exporter) -> None:
    await exporter.keep()
    status, body, _ = await exporter.get("mix.wav")
    assert (status, json.loads(body)["code"]) == (503, "no_engine")


async def test_x6_stems_sum_to_the_mix(player: Exporter) -> None:
    await player.keep(
        KICK,
        puts(2, track(name="Kick", gain_db=-2, pan=0.5), clip(asset=KICK.asset, offset_samples=5)),
        puts(3, track("track-02", name="Low"), clip("clip-0002", "track-02", start=333, asset=KICK.asset)),
        puts(4, track("track-03", name="Notes"), clip("clip-0003", "track-03"), note("note-001", "clip-0003")),
        puts(5, track("track-04", name="Off", mute=True), clip("clip-0004", "track-04", asset=KICK.asset)),
    )  # fmt: skip
    status, body, headers = await player.get("mix.wav")
    assert (status, headers["content-type"]) == (200, "audio/wav")
    account = json.loads(headers["x-logdrum-mix"])
    assert (account["gain_db"], account["tracks"], account["silenced"]) == (0, 3, 1)
    mix, rate = soundfile.read(io.BytesIO(body))
    assert rate == 48_000
    assert len(mix) == round(BAR * 48_000 * 60 / (113.5 * 960)) + 4 * 48_000  # the notes' clip, and its tail
    with ZipFile(io.BytesIO((await player.get("stems.zip"))[1])) as archive:
        assert archive.namelist() == ["stems.json", "01 Kick.wav", "02 Low.wav", "03 Notes.wav"]
        told = json.loads(archive.read("stems.json"))
        stems = [soundfile.read(io.BytesIO(archive.read(name)))[0] for name in archive.namelist()[1:]]
    assert (told["silenced"], told["bpm"]) == (["Off"], 113.5)
    assert np.abs(mix - sum(stems)).max() <= 2 * 2.0**-23
    assert np.abs(stems[2]).max() > 0.01
    assert np.abs(mix).max() > 0.1
    assert not player.leftovers


async def test_x6_a_mix_can_be_flac_and_stems_too(player: Exporter) -> None:
    await player.keep()
    status, body, headers = await player.get("mix.flac")
    assert (status, headers["content-type"], body[:4]) == (200, "audio/flac", b"fLaC")
    status, body, _ = await player.get("stems.zip?format=flac")
    with ZipFile(io.BytesIO(body)) as archive:
        assert archive.namelist() == ["stems.json", "01 Log drum.flac"]
    assert (await player.get("stems.zip?format=mp3"))[0] == 400


class Overheard:
    """What is sent to the engine, as events to wait for."""

    def __init__(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: asyncio.Queue[ToEngine] = asyncio.Queue()
        self._send = hub.engine.send
        monkeypatch.setattr(hub.engine, "send", self._overhear)

    def _overhear(self, message: ToEngine) -> None:
        self._send(message)
        self.sent.put_nowait(message)

    async def until(self, kind: type[ToEngine]) -> ToEngine:
        async with asyncio.timeout(20):
            while not isinstance(message := await self.sent.get(), kind):
                pass
        return message


async def _keep_an_hour(player: Exporter) -> None:
    """A room whose mix takes the engine a while."""
    await player.keep(KICK, puts(2, track(), clip(start=round(113.5 * 60) * 960, asset=KICK.asset)))


async def test_q8_a_mix_that_nobody_waits_for_any_more_is_given_up(
    player: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _keep_an_hour(player)
    overheard = Overheard(player.hub, monkeypatch)
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(player.get("mix.wav"))
        order = await overheard.until(RenderMix)
        asking.cancel()
        stopped = await overheard.until(StopMix)
    assert isinstance(order, RenderMix)
    assert stopped == StopMix(mix=order.mix)
    await player.keep(KICK, puts(2, track(), clip(asset=KICK.asset)), room="short")
    assert (await player.get("mix.wav", "short"))[0] == 200, "the engine is free for another"
    assert not player.leftovers


async def test_q8_an_engine_that_dies_over_a_mix_is_said(player: Exporter, monkeypatch: pytest.MonkeyPatch) -> None:
    await _keep_an_hour(player)
    overheard = Overheard(player.hub, monkeypatch)
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(player.get("mix.wav"))
        await overheard.until(RenderMix)
        assert player.hub.ready is not None
        os.kill(player.hub.ready.pid, signal.SIGKILL)
    status, body, _ = asking.result()
    told = json.loads(body)
    assert (status, told["code"], told["message"]) == (
        503, "no_engine", "The engine stopped before the mix was done; try again.",
    )  # fmt: skip
    assert not player.leftovers


async def test_x3_an_import_that_is_broken_off_leaves_nothing_behind(exporter: Exporter) -> None:
    await exporter.keep()
    body = (await exporter.get("sunset.logdrum"))[1]
    sent = asyncio.Event()

    async def half() -> AsyncIterator[bytes]:
        yield body[: len(body) // 2]
        sent.set()
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(exporter.post(half()))
        await sent.wait()
        asking.cancel()
    assert (await exporter.get("nowhere.mid", "nowhere"))[0] == 404, "the hub goes on"
    assert await exporter.hub.storage.read_room("copy") is None
    await exporter.server.close()  # every request has ended by now
    assert not exporter.leftovers


async def test_x3_a_room_that_is_being_stored_is_stored_whole_though_nobody_waits(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await exporter.keep()
    body, write = (await exporter.get("sunset.logdrum"))[1], exporter.hub.storage.write
    began, may_go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(batch: Sequence[Write]) -> None:
        began.set()
        await may_go_on.wait()
        await write(batch)
        done.set()

    monkeypatch.setattr(exporter.hub.storage, "write", slow)
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(exporter.post(body))
        await began.wait()
        asking.cancel()
        assert (await exporter.get("nowhere.mid", "nowhere"))[0] == 404, "by now the hub has heard of it"
        may_go_on.set()
        await done.wait()
    assert (await exporter.hub.open_room("copy")).state.settled.seq == 8
    assert exporter.hub.assets.find("copy", KICK.asset).read_bytes() == SOUND


async def test_a4_a_finished_stream_is_exported_as_a_track_of_its_own(player: Exporter) -> None:
    await player.keep()
    room = await player.hub.open_room("sunset")
    params = JobParams(prompt="private school")
    view = Job(job="j1", kind="generate", by="thandi", state="done", progress=1.0, params=params)
    place = {"anchor_tick": 2 * BAR, "bpm": 113.5, "numerator": 4, "denominator": 4}
    job = JobRecord(view=view, seed=1, stems=("bass", "drums"), **place)  # type: ignore[arg-type]  # one of each
    room.state = room.state.with_job(job)
    for stem, asset in (("bass", KICK.asset), ("drums", None)):
        tape = Tape(job.stream_open(stem), endless=False, path=player.hub.config.data / stem)
        tape.close(StreamClose(stream=tape.stream, samples=KICK.samples, asset=asset))
        room.tapes[tape.stream] = tape
    with ZipFile(io.BytesIO((await player.get("stems.zip"))[1])) as archive:
        assert archive.namelist() == ["stems.json", "01 Log drum.wav", "02 private school bass.wav"]
        bass, _ = soundfile.read(io.BytesIO(archive.read("02 private school bass.wav")))
    start = round(2 * 4 * 48_000 * 60 / 113.5)
    assert not bass[:start].any()
    assert np.array_equal(bass[start : start + KICK.samples, 0], soundfile.read(io.BytesIO(SOUND))[0])


async def test_h6_where_rooms_ask_for_tokens_so_do_their_files(tmp_path: Path) -> None:
    async with exporting(tmp_path / "data", rooms="tokens") as exporter:
        await exporter.keep()
        assert (await exporter.get("sunset.logdrum"))[0] == 401
        admin = exporter.hub.doors.admin_secret.decode()
        member, owner = (_token(exporter.hub, room, role) for room, role in (("sunset", "listener"), ("copy", "owner")))
        status, body, _ = await exporter.get("sunset.logdrum", authorization=f"Bearer {member}")
        assert status == 200
        listener = _token(exporter.hub, "copy", "listener")
        assert (await exporter.post(body, "copy"))[0] == 401
        assert (await exporter.post(body, "copy", authorization=f"Bearer {listener}"))[0] == 403
        assert (await exporter.post(body, "copy", authorization=f"Bearer {owner}"))[0] == 201
        assert (await exporter.post(body, "copy-2", authorization=f"Bearer {owner}"))[0] == 401
        assert (await exporter.post(body, "copy-2", authorization=f"Bearer {admin}"))[0] == 201


def _token(hub: Hub, room: str, role: Any) -> str:
    ring = hub.doors.keys.ring()
    assert ring is not None
    return issue(ring, Pass(role, None, room), int(hub.doors.now_s()) + 100)


async def test_x3_a_sender_that_stops_is_not_waited_for_for_ever(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_PATIENCE_S", 0.05)

    async def stops() -> AsyncIterator[bytes]:
        yield b"PK"
        await asyncio.Event().wait()

    async with asyncio.timeout(20):
        with pytest.raises(aiohttp.ClientError):
            await exporter.post(stops())
    assert not exporter.leftovers
