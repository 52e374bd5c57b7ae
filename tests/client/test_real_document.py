"""The client's documents beside the real hub: what is edited together, and what outlives a hub that is killed."""

import asyncio
import subprocess
import sys
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from logdrum_client import AudioGone, JoinRefused, RequestRefused, Room, delete, join, new_id, put, set_
from logdrum_protocol.hub_messages import Welcome
from tests.harness import RunningHub, running_hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    with running_hub(tmp_path_factory.mktemp("hub"), "--engine", "local") as made:
        yield made


@pytest.fixture
def room_name(request: pytest.FixtureRequest) -> str:
    return str(request.node.name).replace("_", "-")[:60].lower()


@pytest.fixture
async def room(hub: RunningHub, room_name: str) -> AsyncIterator[Room]:
    async with asyncio.timeout(60), join(hub.url, room_name, "Thandi") as joined:
        yield joined


async def caught_up(room: Room, seq: int) -> None:
    await room._session.until(lambda view: view.seq >= seq)


def name_of(room: Room, track: str) -> object:
    found = room.document.get("track", track)
    return found and found.props.name


async def test_d3_two_members_have_one_document(room: Room, hub: RunningHub, room_name: str) -> None:
    async with join(hub.url, room_name, "Kofi") as other:
        drums, bass = new_id(), new_id()
        made, also = room.edit(put("track", drums, name="Drums")), other.edit(put("track", bass, name="Bass"))
        last = max((await made).seq, (await also).seq)
        await asyncio.gather(caught_up(room, last), caught_up(other, last))
        assert room.document.listed() == other.document.listed()
        assert (name_of(room, bass), name_of(other, drums)) == ("Bass", "Drums")


async def test_d5_an_edit_in_a_deleted_track_is_refused_and_vanishes(room: Room) -> None:
    drums, clip = new_id(), new_id()
    await room.edit(put("track", drums))
    gone = room.edit(delete("track", drums))
    late = room.edit(put("clip", clip, track=drums, start_tick=0, length_ticks=960))
    await gone
    with pytest.raises(RequestRefused) as refused:
        await late
    assert refused.value.code == "bad_reference"
    assert room.document is room.confirmed
    assert not room.document.entities


async def test_d6_undo_takes_back_an_edit_that_has_no_answer_yet(room: Room) -> None:
    drums = new_id()
    _ = room.edit(put("track", drums, name="Drums"))
    await room.undo()
    assert name_of(room, drums) is None
    await room.redo()
    assert name_of(room, drums) == "Drums"


async def test_v_a_version_brings_a_document_back(room: Room) -> None:
    drums = new_id()
    _ = room.edit(put("track", drums, name="Drums"))
    version = await room.save_version("First take")
    await room.edit(delete("track", drums))
    assert await room.versions() == (version,)
    await room.restore(version.version)
    assert name_of(room, drums) == "Drums"
    await room.delete_version(version.version)
    assert await room.versions() == ()
    with pytest.raises(RequestRefused):
        await room.restore(version.version)


async def test_c6_more_edits_than_the_hub_takes_at_once_all_happen_and_in_order(room: Room) -> None:
    drums = new_id()
    answers = [room.edit(put("track", drums))]
    answers += [room.edit(set_("track", drums, name=f"Drums {number}")) for number in range(400)]
    seqs = [(await answer).seq for answer in answers]
    assert seqs == sorted(seqs)
    assert name_of(room, drums) == "Drums 399"


async def test_p3_a_line_comes_back_to_who_said_it(room: Room) -> None:
    line = await room.chat("Yebo")
    assert room.view.chat == (line,)


@pytest.fixture
def kick(tmp_path: Path) -> Path:
    path = tmp_path / "kick.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(b"\1\2" * 2 * 4800)
    return path


async def test_a5_a_sound_can_be_uploaded_and_laid_on_a_track(room: Room, kick: Path) -> None:
    sound = await room.upload(kick)
    assert (sound.name, sound.samples, sound.by) == ("kick.wav", 4800, room.session)
    assert room.assets[sound.asset] == sound
    drums, clip = new_id(), new_id()
    made = put("clip", clip, track=drums, start_tick=0, length_ticks=960, asset=sound.asset)
    await room.edit(put("track", drums), made)
    found = room.confirmed.get("clip", clip)
    assert found is not None
    assert found.props.asset == sound.asset


async def test_a5_what_is_no_sound_is_refused(room: Room, tmp_path: Path) -> None:
    text = tmp_path / "kick.wav"
    text.write_text("no sound")
    with pytest.raises(RequestRefused) as refused:
        await room.upload(text)
    assert refused.value.code == "unsupported_media"


async def test_d7_edits_go_on_over_a_hub_that_is_killed(tmp_path: Path) -> None:
    drums, bass = new_id(), new_id()
    with running_hub(tmp_path, "--engine", "none") as hub:
        port = int(hub.url.rsplit(":", 1)[1])
        async with asyncio.timeout(60), join(hub.url, "sunset", "Thandi") as room:
            session = room.session
            await room.edit(put("track", drums, name="Drums"))
            with room.listen(Welcome) as welcomes:
                hub.process.kill()
                hub.process.wait()
                answer = room.edit(put("track", bass, name="Bass"))
                with running_hub(tmp_path, "--engine", "none", port=port):
                    again = await anext(welcomes)
                    await answer
                    await room.undo()
                    await room.undo()
                    assert (again.session, again.epoch) == (session, room.view.welcome.epoch)
                    assert again.recovered
                    assert not room.document.entities


def token_for(hub: RunningHub, room: str) -> str:
    command = [sys.executable, "-m", "logdrum_server", "token", room, "--data", str(hub.data)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


async def test_h6_a_token_opens_the_room_and_what_is_behind_its_addresses(tmp_path: Path, kick: Path) -> None:
    with running_hub(tmp_path, "--engine", "none", "--tokens") as hub:
        token = token_for(hub, "sunset")
        with pytest.raises(JoinRefused):
            await join(hub.url, "sunset", "Thandi").__aenter__()
        async with asyncio.timeout(30), join(hub.url, "sunset", "Thandi", token=token) as room:
            await room.edit(put("track", new_id()))
            with pytest.raises(RequestRefused) as refused:
                await room.upload(kick)
            assert refused.value.code == "no_engine", "the token was good, only there is no engine to look at the sound"
            with pytest.raises(AudioGone):
                await room._files.span("j1.drums", 0, 10)
