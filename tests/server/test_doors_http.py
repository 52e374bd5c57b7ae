"""The doors on real connections: origins, addresses, tokens and roles (C8, H3 to H6, D8)."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from msgspec.structs import replace

from logdrum_protocol import SUBPROTOCOL
from logdrum_protocol.client_messages import Hello
from logdrum_protocol.hub_messages import Error, MemberLeft
from logdrum_protocol.records import ResumePoint
from logdrum_server.doors import Pass
from logdrum_server.doors.keys import KeyRing
from logdrum_server.doors.tokens import issue
from tests.harness import call, joined
from tests.server.inner_hub import InnerHub, farewell, inner_hub
from tests.server.test_tokens import signed, with_claims

ROOM = "sunset"


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[InnerHub]:
    """A hub whose rooms are open."""
    async with inner_hub(tmp_path) as hub:
        yield hub


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[InnerHub]:
    """A hub whose rooms ask for tokens."""
    async with inner_hub(tmp_path, rooms="tokens") as hub:
        yield hub


def token_of(hub: InnerHub, role: Any = "editor", name: str | None = None, room: str = ROOM, lasts_s: int = 60) -> str:
    return issue(hub.hub.doors.keys.read_or_make(), Pass(role, name, room), int(time.time()) + lasts_s)


async def knock(hub: InnerHub, **headers: str) -> tuple[int, str]:
    """Try to open a WebSocket; return the status and the code of the refusal."""
    upgrade = {
        "upgrade": "websocket",
        "connection": "upgrade",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-protocol": SUBPROTOCOL,
    }
    url = f"{hub.url}/v1/rooms/{ROOM}/ws"
    async with aiohttp.ClientSession() as http, http.get(url, headers={**upgrade, **headers}) as answer:
        return answer.status, "" if answer.status == 101 else (await answer.json())["code"]


async def refusal(hub: InnerHub, **hello: Any) -> tuple[str, int | None]:
    """Say hello; return the error's code and the close code."""
    async with call(hub, ROOM) as caller:
        await caller.send(Hello(name="Eve", **hello))
        error = await caller.until(Error)
        return error.code, await farewell(caller)


async def test_c8_a_page_of_the_hub_connects_and_so_does_what_is_no_page(opened: InnerHub) -> None:
    assert await knock(opened, origin=opened.url) == (101, "")
    assert await knock(opened) == (101, "")


async def test_c8_a_page_from_elsewhere_does_not(opened: InnerHub) -> None:
    assert await knock(opened, origin="https://evil.example") == (403, "bad_origin")
    assert opened.hub.counts.turned_away["origin"] == 1


async def test_c8_a_page_that_was_rebound_does_not(opened: InnerHub) -> None:
    assert await knock(opened, origin="http://evil.example", host="evil.example") == (403, "bad_origin")
    status, answer = await opened.ask("GET", f"/v1/rooms/{ROOM}/streams/x", headers={"host": "evil.example:8765"})
    assert (status, answer["code"]) == (403, "bad_origin")


async def test_c8_where_tokens_are_asked_for_the_hub_may_have_any_name(closed: InnerHub) -> None:
    assert await knock(closed, origin="https://jam.example", host="jam.example") == (101, "")
    assert await knock(closed, origin="https://evil.example", host="jam.example") == (403, "bad_origin")


async def test_c8_an_upload_from_a_page_elsewhere_is_refused(opened: InnerHub) -> None:
    headers = {"origin": "https://evil.example"}
    status, answer = await opened.ask("POST", f"/v1/rooms/{ROOM}/assets", data=b"x", headers=headers)
    assert (status, answer["code"]) == (403, "bad_origin")


async def test_c8_a_page_that_the_hub_was_told_of_connects_and_reads(tmp_path: Path) -> None:
    page = {"origin": "https://jam.example"}
    async with inner_hub(tmp_path, origins=("https://jam.example",)) as hub, aiohttp.ClientSession() as http:
        assert await knock(hub, **page) == (101, "")
        for method, status in (("OPTIONS", 204), ("GET", 404)):
            async with http.request(method, f"{hub.url}/v1/rooms/{ROOM}/assets/x", headers=page) as answer:
                assert answer.status == status
                assert answer.headers["access-control-allow-origin"] == "https://jam.example"
        async with http.options(f"{hub.url}/v1/rooms/a/assets", headers={"origin": "https://evil.example"}) as answer:
            assert "access-control-allow-origin" not in answer.headers


async def test_c8_an_address_that_holds_too_many_is_turned_away_until_one_leaves(tmp_path: Path) -> None:
    async with inner_hub(tmp_path, max_connections_per_address=2) as hub, joined(hub, ROOM) as (witness, _):
        async with joined(hub, ROOM):
            assert await knock(hub) == (429, "rate_limited")
        await witness.until(MemberLeft)
        async with joined(hub, ROOM):
            assert await knock(hub) == (429, "rate_limited")
        assert hub.hub.counts.turned_away["address"] == 2


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-websocket-protocol": "chat"}])
async def test_c8_who_is_refused_holds_no_connection(tmp_path: Path, headers: dict[str, str]) -> None:
    async with inner_hub(tmp_path, max_connections_per_address=1) as hub:
        for _ in range(3):
            assert (await knock(hub, **headers))[0] in (400, 403)
        async with joined(hub, ROOM):
            pass


async def test_h5_a_token_says_who_comes_in_and_as_what(closed: InnerHub) -> None:
    token = token_of(closed, "listener", "Thandi")
    async with joined(closed, ROOM, name="Somebody else", token=token) as (_, welcome):
        assert welcome.role == "listener"
        assert [member.name for member in welcome.members] == ["Thandi"]


async def test_h5_without_a_name_in_the_token_hellos_stands(closed: InnerHub) -> None:
    async with joined(closed, ROOM, name="Sipho", token=token_of(closed, "editor")) as (_, welcome):
        assert (welcome.role, welcome.members[0].name) == ("editor", "Sipho")  # not owner, though the first


def attacks(hub: InnerHub) -> dict[str, str]:
    """What is no token for the room, by what is wrong with it."""
    ring = hub.hub.doors.keys.read_or_make()
    key, kid, soon = ring.keys[ring.current], ring.current, int(time.time()) + 60
    claims = {"aud": "logdrum", "room": ROOM, "role": "editor", "exp": soon}
    good = signed(claims, key, kid)
    head, body, signature = good.split(".")
    return {
        "empty": "",
        "another room": signed({**claims, "room": "sunrise"}, key, kid),
        "expired": signed({**claims, "exp": soon - 3600}, key, kid),
        "not yet": signed({**claims, "nbf": soon}, key, kid),
        "another audience": signed({**claims, "aud": "else"}, key, kid),
        "wrong key": signed(claims, b"x" * 32, kid),
        "a kid that is a path": signed(claims, key, "../keys.json"),
        "a kid that is a query": signed(claims, key, f"{kid}' OR '1'='1"),
        "alg none": jwt.encode(claims, "", "none", {"kid": kid}),
        "a role lifted by hand": with_claims(signed({**claims, "role": "listener"}, key, kid), role="owner"),
        "no signature": f"{head}.{body}.",
        "half a signature": f"{head}.{body}.{signature[:20]}",
        "as long as may be": "a" * 4096,
        "no text of ours": "\0\u202e\U0001f941",
    }


async def test_h3_what_is_no_token_for_the_room_opens_nothing_anywhere(closed: InnerHub) -> None:
    path = f"/v1/rooms/{ROOM}/assets"
    for what, token in attacks(closed).items():
        assert await refusal(closed, token=token) == ("bad_token", 4403), what
        for request in ({"params": {"token": token}}, {"headers": {"authorization": f"Bearer {token.strip(chr(0))}"}}):
            if "headers" in request and not token.isascii():
                continue
            status, answer = await closed.ask("POST", path, data=b"x", **request)
            assert (status, answer["code"]) == (401, "bad_token"), what
    assert await refusal(closed) == ("bad_token", 4403)
    assert not closed.hub.rooms
    assert await closed.hub.storage.sizes() == ()


async def test_h1_a_token_beyond_its_bound_is_no_hello(closed: InnerHub) -> None:
    async with call(closed, ROOM) as caller:
        await caller.send(Hello(name="Eve", token="a" * 100_000))
        assert await farewell(caller) == 4401
    status, _ = await closed.ask("GET", f"/v1/rooms/{ROOM}/assets/x", params={"token": "a" * 5000})
    assert status == 401


async def test_h3_a_bad_token_is_bad_in_an_open_room_too_and_a_good_one_counts(opened: InnerHub) -> None:
    assert await refusal(opened, token="hello") == ("bad_token", 4403)
    async with joined(opened, ROOM, token=token_of(opened, "listener", "Thandi")) as (_, welcome):
        assert (welcome.role, welcome.members[0].name) == ("listener", "Thandi")


async def test_h5_a_session_that_stands_is_resumed_with_a_token_that_expired_and_is_let_in_by_no_other_door(
    closed: InnerHub,
) -> None:
    token = token_of(closed)
    async with joined(closed, ROOM, token=token) as (caller, welcome):
        caller.vanish()
    later = time.time() + 3600
    closed.hub.doors = replace(closed.hub.doors, now_s=lambda: later)
    right = ResumePoint(session=welcome.session, key=welcome.key, epoch=welcome.epoch, seq=welcome.seq)
    assert await refusal(closed, token=token) == ("bad_token", 4403)
    assert await refusal(closed, token=token, resume=replace(right, key="wrong")) == ("bad_token", 4403)
    assert await refusal(closed, resume=right) == ("bad_token", 4403)
    async with joined(closed, ROOM, token=token, resume=right) as (_, back):
        assert back.session == welcome.session


async def test_h5_an_expired_token_makes_no_more_of_a_session_than_it_was(closed: InnerHub) -> None:
    async with joined(closed, ROOM, name="Eve", token=token_of(closed, "listener")) as (caller, welcome):
        caller.vanish()
    resume = ResumePoint(session=welcome.session, key=welcome.key, epoch=welcome.epoch, seq=welcome.seq)
    once = token_of(closed, "owner", "The boss", lasts_s=-3600)
    async with joined(closed, ROOM, token=once, resume=resume) as (_, back):
        assert (back.session, back.role, back.members[0].name) == (welcome.session, "listener", "Eve")


async def test_h5_a_rotation_ends_nothing_and_a_retirement_ends_what_the_key_signed(closed: InnerHub) -> None:
    token, keys = token_of(closed), closed.hub.doors.keys
    old = keys.read().current
    keys.change(KeyRing.rotated)
    async with joined(closed, ROOM, token=token):
        pass
    keys.change(lambda ring: ring.without(old))
    assert await refusal(closed, token=token) == ("bad_token", 4403)
    async with joined(closed, ROOM, token=token_of(closed)):
        pass


@pytest.mark.parametrize("how", ["header", "query"])
async def test_h6_the_rooms_addresses_open_to_its_token(closed: InnerHub, how: str) -> None:
    token = token_of(closed, "listener")
    request = {"params": {"token": token}} if how == "query" else {"headers": {"authorization": f"bearer {token}"}}
    for path in ("streams/none", f"assets/{'0' * 64}"):
        assert (await closed.ask("GET", f"/v1/rooms/{ROOM}/{path}", **request))[0] == 404  # let in, and nothing there
        assert (await closed.ask("GET", f"/v1/rooms/sunrise/{path}", **request))[0] == 401


async def test_h6_a_listener_uploads_nothing(closed: InnerHub) -> None:
    headers = {"authorization": f"Bearer {token_of(closed, 'listener')}"}
    status, answer = await closed.ask("POST", f"/v1/rooms/{ROOM}/assets", data=b"x", headers=headers)
    assert (status, answer["code"]) == (403, "forbidden")


async def test_h6_a_refusal_says_how_to_come_in(closed: InnerHub) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{closed.url}/v1/rooms/{ROOM}/streams/x") as answer:
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_h6_the_page_itself_asks_for_none(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<!doctype html>")
    async with inner_hub(tmp_path / "data", rooms="tokens", page=page) as hub:
        assert (await hub.ask("GET", f"/r/{ROOM}"))[0] == 200
