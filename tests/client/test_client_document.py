"""A room's document from Python, beside a hub that the test plays by hand."""

import asyncio
from typing import TypeVar

import pytest

from logdrum_client import Disconnected, RequestRefused, Room, delete, new_id, put, set_
from logdrum_protocol.bounds import MAX_OPS
from logdrum_protocol.client_messages import (
    ClientMessage,
    Edit,
    Redo,
    Undo,
    VersionDelete,
    VersionList,
    VersionRestore,
    VersionSave,
)
from logdrum_protocol.document import Op
from logdrum_protocol.hub_messages import Applied, Error, Rejected, Snapshot, Version, VersionDeleted, Versions
from tests.client.fake_hub import FakeHub, Peer, welcome
from tests.client.test_client_room import Band, outcome

M = TypeVar("M", bound=ClientMessage)

DRUMS = "track-drums"
MADE = put("track", DRUMS, name="Drums")


async def received(peer: Peer, kind: type[M]) -> M:
    message = await peer.receive()
    assert isinstance(message, kind)
    return message


async def apply(peer: Peer, seq: int) -> Edit:
    """Take an edit, and apply it."""
    edit = await received(peer, Edit)
    await peer.send(Applied(seq=seq, op_id=edit.op_id, by="s1", ops=edit.ops))
    return edit


def others(seq: int, *ops: Op) -> Applied:
    return Applied(seq=seq, op_id="theirs", by="s2", ops=ops)


def name_of(room: Room, *, confirmed: bool = False) -> object:
    track = (room.confirmed if confirmed else room.document).get("track", DRUMS)
    return track and track.props.name


async def test_d3_an_edit_is_seen_at_once_and_confirmed_when_the_hub_has_it(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        answer = room.edit(MADE)
        assert (name_of(room), name_of(room, confirmed=True)) == ("Drums", None)
        await apply(peer, 1)
        assert (await answer).seq == 1
        assert name_of(room, confirmed=True) == "Drums"
        assert room.document is room.confirmed


async def test_d3_an_edit_that_is_refused_vanishes_and_says_why(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        answer = room.edit(MADE)
        edit = await received(peer, Edit)
        await peer.send(Rejected(op_id=edit.op_id, code="too_many", message="Enough tracks."))
        with pytest.raises(RequestRefused, match="Enough") as refused:
            await answer
        assert refused.value.code == "too_many"
        assert name_of(room) is None


async def test_a_refusal_that_nobody_waits_for_harms_nobody(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        _ = room.edit(MADE)
        edit = await received(peer, Edit)
        await peer.send(Rejected(op_id=edit.op_id, code="too_many", message="Enough tracks."))
        answer = room.edit(MADE)
        await apply(peer, 1)
        assert (await answer).seq == 1


async def test_an_edit_whose_caller_was_cancelled_is_made_all_the_same(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        waiting = asyncio.ensure_future(room.edit(MADE))
        waiting.cancel()
        await apply(peer, 1)
        await room._session.until(lambda view: view.seq == 1)
        assert name_of(room, confirmed=True) == "Drums"


async def test_our_edit_stays_on_top_of_what_others_write_meanwhile(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        await peer.send(others(1, MADE))
        await room._session.until(lambda view: view.seq == 1)
        answer = room.edit(set_("track", DRUMS, name="Ours"))
        await peer.send(others(2, set_("track", DRUMS, name="Theirs", pan=0.5)))
        await room._session.until(lambda view: view.seq == 2)
        assert (name_of(room), name_of(room, confirmed=True)) == ("Ours", "Theirs")
        await apply(peer, 3)
        await answer
        assert name_of(room, confirmed=True) == "Ours"


async def test_d4_edits_without_an_answer_are_sent_again_in_order(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        answers = [room.edit(MADE), room.edit(set_("track", DRUMS, name="Bass"))]
        first = [await received(peer, Edit), await received(peer, Edit)]
        peer.cut()
        again = await hub.accept(welcome(recovered=True))
        assert [await apply(again, 1), await apply(again, 2)] == first
        assert [(await answer).seq for answer in answers] == [1, 2]


async def test_d4_an_edit_that_the_snapshot_holds_is_confirmed_and_not_made_twice(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        answer = room.edit(MADE)
        await received(peer, Edit)
        peer.cut()
        again = await hub.accept(welcome(seq=5, snapshot=Snapshot()))
        await apply(again, 2)
        assert (await answer).seq == 2
        assert name_of(room) is None, "somebody has deleted the track before we were back"


async def test_h4_a_new_session_sends_what_waits_as_its_own(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        answer = room.edit(MADE)
        await received(peer, Edit)
        peer.cut()
        again = await hub.accept(welcome(session="s9", epoch=2))
        edit = await received(again, Edit)
        await again.send(Applied(seq=1, op_id=edit.op_id, by="s9", ops=edit.ops))
        assert (await answer).by == "s9"


async def test_d10_what_came_too_fast_is_sent_again(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        answer = room.edit(MADE)
        edit = await received(peer, Edit)
        await peer.send(Rejected(op_id=edit.op_id, code="rate_limited", message="Slower."))
        assert await apply(peer, 1) == edit
        assert (await answer).seq == 1


async def test_what_waits_when_the_stay_ends_is_told_so(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer):
        answer = room.edit(MADE)
        await peer.close(4410, "Put out.")
        with pytest.raises(Disconnected, match="Put out"):
            await answer
        with pytest.raises(Disconnected):
            room.edit(MADE)


@pytest.mark.parametrize(
    "ops",
    [
        (),
        (MADE,) * (MAX_OPS + 1),
        (put("track", "short"),),
        (put("track", DRUMS, gain_db=99.0),),
        (put("marker", "marker-one", tick=0, text="x" * 2001),),
        tuple(put("marker", new_id(), tick=0, text="x" * 2000) for _ in range(200)),
    ],
)
async def test_c2_what_no_hub_could_read_is_refused_before_it_is_seen_or_sent(
    hub: FakeHub, ops: tuple[Op, ...]
) -> None:
    async with Band(hub) as (room, _):
        with pytest.raises(RequestRefused):
            room.edit(*ops)
        assert room.document is room.confirmed


def test_d1_a_property_that_does_not_exist_is_a_mistake_in_the_call() -> None:
    with pytest.raises(TypeError):
        put("track", DRUMS, colour="#112233")


async def test_d6_undo_and_redo_return_what_came_of_them(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        undoing = tasks.create_task(room.undo())
        undo = await received(peer, Undo)
        await peer.send(Applied(seq=1, op_id=str(undo.op_id), by="s1", ops=(delete("track", DRUMS),), via="undo"))
        assert (await undoing).via == "undo"
        redoing = tasks.create_task(room.redo())
        redo = await received(peer, Redo)
        await peer.send(Applied(seq=2, op_id=str(redo.op_id), by="s1", ops=(MADE,), via="redo"))
        assert (await redoing).via == "redo"
    assert name_of(room) == "Drums"


async def test_d6_nothing_to_undo_is_refused(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        undoing = tasks.create_task(outcome(room.undo()))
        undo = await received(peer, Undo)
        await peer.send(Error(code="nothing_to_undo", message="Nothing.", op_id=str(undo.op_id)))
        refusal = await undoing
    assert isinstance(refusal, RequestRefused)
    assert refusal.code == "nothing_to_undo"


def version(seq: int, op_id: str | None = None) -> Version:
    return Version(seq=seq, version="v1", name="First take", by="s1", author="Thandi", at_us=0, op_id=op_id)


async def test_v1_a_version_is_saved_behind_the_edits_that_were_made_before(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        _ = room.edit(MADE)
        saving = tasks.create_task(room.save_version("First take"))
        await apply(peer, 1)
        saved = version(2, (await received(peer, VersionSave)).op_id)
        await peer.send(saved)
        assert await saving == saved
    assert room.view.versions == {"v1": saved}


async def test_v2_versions_are_listed(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        listing = tasks.create_task(room.versions())
        request = await received(peer, VersionList)
        await peer.send(Versions(op_id=request.op_id, versions=(version(1),)))
        assert await listing == (version(1),)


async def test_v3_restoring_returns_the_edit(hub: FakeHub) -> None:
    async with Band(hub) as (room, peer), asyncio.TaskGroup() as tasks:
        restoring = tasks.create_task(room.restore("v1"))
        request = await received(peer, VersionRestore)
        restored = Applied(seq=1, op_id=request.op_id, by="s1", ops=(MADE,), via="restore", version="v1")
        await peer.send(restored)
        assert await restoring == restored
    assert name_of(room) == "Drums"


async def test_v4_deleting_waits_for_the_hub(hub: FakeHub) -> None:
    async with Band(hub, welcome(snapshot=Snapshot(versions=(version(0),)))) as (room, peer):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(room.delete_version("v1"))
            request = await received(peer, VersionDelete)
            await peer.send(VersionDeleted(seq=1, version="v1", by="s1", op_id=request.op_id))
        assert room.view.versions == {}
