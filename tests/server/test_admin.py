"""The admin API: behind its own key, it sees every room and may end any stay."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from logdrum_protocol import client_messages as c
from logdrum_protocol.document import Op, Props
from logdrum_protocol.hub_messages import Applied, MemberLeft, Welcome
from logdrum_protocol.records import ResumePoint
from tests.harness import Caller, joined
from tests.server.inner_hub import InnerHub, farewell, inner_hub

ROOM = "sunset"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[InnerHub]:
    async with inner_hub(tmp_path) as hub:
        yield hub


async def edit(caller: Caller) -> None:
    """Make a track, and hear that it is kept."""
    op = Op(op="put", kind="track", id="track_01", props=Props(name="log drum"))
    await caller.send(c.Edit(op_id="e", ops=(op,)))
    await caller.until(Applied)


def resume_of(welcome: Welcome) -> ResumePoint:
    return ResumePoint(session=welcome.session, key=welcome.key, epoch=welcome.epoch, seq=welcome.seq)


ROUTES = [
    ("GET", "rooms"),
    ("GET", f"rooms/{ROOM}"),
    ("DELETE", f"rooms/{ROOM}"),
    ("POST", f"rooms/{ROOM}/kick"),
    ("POST", f"rooms/{ROOM}/close"),
    ("POST", "drain"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nothing_is_told_or_done_without_the_key(hub: InnerHub, method: str, path: str) -> None:
    key = (hub.hub.config.data / "admin.key").read_text()
    async with joined(hub, ROOM) as (caller, _):
        for headers in ({}, *({"authorization": wrong} for wrong in (key, f"Bearer {key}x", f"Basic {key}", "Bearer"))):
            status, answer = await hub.ask(method, f"/v1/admin/{path}", params={"token": key}, headers=headers)
            assert (status, answer["code"]) == (401, "bad_token")
        await edit(caller)
    assert not hub.hub.draining


async def test_a_room_is_shown_with_what_is_in_it(hub: InnerHub) -> None:
    async with joined(hub, ROOM) as (caller, welcome):
        await edit(caller)
        status, answer = await hub.admin("GET", "rooms")
        assert (status, answer["engine"], answer["draining"], answer["events"]) == (200, "none", False, 1)
        (room,) = answer["rooms"]
        assert (room["room"], room["in_memory"], room["epoch"], room["seq"]) == (ROOM, True, welcome.epoch, 1)
        assert (room["members"], room["connections"]) == (1, 1)
        assert room["entities"] == {"track": 1, "clip": 0, "note": 0, "marker": 0}
        assert (room["received"], room["blocked"]) == (1, 0)
        assert room["stored_bytes"] > 0
        assert answer["commits"]["commits"] == 1


async def test_members_are_shown_with_where_they_are_and_how_they_keep_up(hub: InnerHub) -> None:
    async with joined(hub, ROOM, name="Thandi") as (_, welcome), joined(hub, ROOM, name="Sipho") as (caller, _):
        caller.vanish()
        while sum(room["connections"] for room in (await hub.admin("GET", "rooms"))[1]["rooms"]) > 1:
            pass  # each question gives the hub a turn to notice
        _, details = await hub.admin("GET", f"rooms/{ROOM}")
        here, away = sorted(details["members"], key=lambda member: not member["connected"])
        assert (here["session"], here["name"], here["role"]) == (welcome.session, "Thandi", "owner")
        assert (here["address"], here["lag_bytes"], here["gap_samples"]) == ("127.0.0.1", 0, 0)
        assert welcome.now_us - 5_000_000 < here["since_us"] <= welcome.now_us
        assert (away["name"], away["connected"], away["address"]) == ("Sipho", False, None)


async def test_a_room_that_is_only_stored_is_shown_too(hub: InnerHub) -> None:
    async with joined(hub, ROOM) as (caller, _):
        await edit(caller)
    assert (await hub.admin("POST", f"rooms/{ROOM}/close"))[0] == 200
    (room,) = (await hub.admin("GET", "rooms"))[1]["rooms"]
    assert (room["room"], room["in_memory"], room["seq"]) == (ROOM, False, 1)
    _, details = await hub.admin("GET", f"rooms/{ROOM}")
    assert (details["room"]["seq"], details["members"]) == (1, [])
    assert ROOM not in hub.hub.rooms  # looking at it does not open it


@pytest.mark.parametrize(("method", "path"), ROUTES[1:5])
async def test_a_room_that_never_was_is_said_not_to_be(hub: InnerHub, method: str, path: str) -> None:
    status, answer = await hub.admin(method, path, json={"session": "nobody"})
    assert (status, answer["code"]) == (404, "not_found")
    assert not hub.hub.rooms


async def test_a_bad_room_name_is_refused(hub: InnerHub) -> None:
    assert (await hub.admin("GET", "rooms/Sunset"))[1]["code"] == "bad_room"


async def test_c7_who_is_put_out_is_closed_with_4410_and_comes_back_as_someone_else(hub: InnerHub) -> None:
    async with joined(hub, ROOM) as (witness, _), joined(hub, ROOM, name="Eve") as (eve, welcome):
        assert (await hub.admin("POST", f"rooms/{ROOM}/kick", json={"session": welcome.session}))[0] == 200
        assert await farewell(eve) == 4410
        assert (await witness.until(MemberLeft)).session == welcome.session
        async with joined(hub, ROOM, name="Eve", resume=resume_of(welcome)) as (_, back):
            assert back.session != welcome.session
    assert hub.hub.counts.resumes["refused"] == 1


async def test_h4_who_was_put_out_stays_out_after_a_restart_of_the_hub(tmp_path: Path) -> None:
    async with inner_hub(tmp_path) as hub, joined(hub, ROOM) as (caller, _), joined(hub, ROOM, name="Eve") as (_, eve):
        await edit(caller)  # so that the room is kept
        await hub.admin("POST", f"rooms/{ROOM}/kick", json={"session": eve.session})
    async with inner_hub(tmp_path) as hub, joined(hub, ROOM, resume=resume_of(eve)) as (_, back):
        assert back.epoch == eve.epoch
        assert back.session != eve.session


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"session": 5}', b"\xff", b'{"session": ""}'])
async def test_putting_out_asks_for_a_session(hub: InnerHub, body: bytes) -> None:
    async with joined(hub, ROOM):
        status, answer = await hub.admin("POST", f"rooms/{ROOM}/kick", data=body)
        assert (status, answer["code"]) in ((400, "bad_message"), (404, "not_found"))
        assert len(hub.hub.rooms[ROOM].state.sessions) == 1


async def test_a_closed_room_sends_everybody_home_and_keeps_what_was_made(hub: InnerHub) -> None:
    async with joined(hub, ROOM) as (caller, _), joined(hub, ROOM) as (other, _):
        await edit(caller)
        assert (await hub.admin("POST", f"rooms/{ROOM}/close"))[0] == 200
        assert [await farewell(each) for each in (caller, other)] == [4410, 4410]
    assert not hub.hub.rooms
    async with joined(hub, ROOM) as (_, welcome):
        assert [entity.id for entity in snapshot_of(welcome).entities] == ["track_01"]


async def test_a_forgotten_room_is_gone_for_good(hub: InnerHub) -> None:
    async with joined(hub, ROOM) as (caller, before):
        await edit(caller)
        assert (await hub.admin("DELETE", f"rooms/{ROOM}"))[0] == 200
        assert await farewell(caller) == 4410
    assert (await hub.admin("GET", "rooms"))[1]["rooms"] == []
    async with joined(hub, ROOM, resume=resume_of(before)) as (_, after):
        assert after.epoch != before.epoch
        assert after.session != before.session  # a key of the room that was
        assert not snapshot_of(after).entities


def snapshot_of(welcome: Welcome) -> Any:
    assert welcome.snapshot is not None
    return welcome.snapshot


async def test_h3_draining_sends_everybody_away_for_a_moment(hub: InnerHub) -> None:
    async with joined(hub, ROOM) as (caller, _):
        assert await hub.admin("POST", "drain") == (200, {"status": "drained"})
        assert await farewell(caller) == 1012
    assert (await hub.ask("GET", "/readyz"))[0] == 503
    assert (await hub.admin("GET", "rooms"))[1]["draining"] is True
