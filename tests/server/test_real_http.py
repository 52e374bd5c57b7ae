"""HTTP on the hub's one port (A4, A5, E2)."""

import hashlib
import io
import resource
import wave
from pathlib import Path

import aiohttp
import pytest

from logdrum_protocol.hub_messages import Asset
from tests.harness import RunningHub, joined, running_hub


def wav(seconds: float = 0.5, rate: int = 44_100) -> bytes:
    """A quiet mono WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(bytes(2 * round(seconds * rate)))
    return file.getvalue()


async def upload(
    hub: RunningHub, body: bytes, room: str = "sunset", name: str = "kick.wav", **headers: str
) -> tuple[int, dict[str, object]]:
    """Upload to a room that someone has joined."""
    async with joined(hub, room), aiohttp.ClientSession() as http:
        url = f"{hub.url}/v1/rooms/{room}/assets"
        async with http.post(url, data=body, params={"name": name}, headers=headers) as answer:
            return answer.status, await answer.json()


async def test_a5_an_uploaded_sound_is_checked_stored_and_told(hub: RunningHub) -> None:
    body = wav()
    async with joined(hub) as (caller, _):
        status, answer = await upload(hub, body)
        assert status == 201
        assert answer == {
            "asset": hashlib.sha256(body).hexdigest(),
            "samples": 22_050,
            "sample_rate": 44_100,
            "channels": 1,
        }
        told = await caller.until(Asset)
        assert (told.asset, told.name, told.samples) == (answer["asset"], "kick.wav", 22_050)


async def test_a5_a_sound_comes_back_whole_or_in_ranges_and_only_in_its_room(hub: RunningHub) -> None:
    body = wav()
    _, answer = await upload(hub, body)
    url = f"{hub.url}/v1/rooms/sunset/assets/{answer['asset']}"
    async with aiohttp.ClientSession() as http:
        async with http.get(url) as whole:
            assert (await whole.read(), whole.headers["content-type"]) == (body, "audio/wav")
        async with http.get(url, headers={"range": "bytes=4-7"}) as part:
            assert (part.status, await part.read()) == (206, body[4:8])
        async with http.get(url.replace("sunset", "sunrise")) as elsewhere:
            assert (elsewhere.status, (await elsewhere.json())["code"]) == (404, "not_found")


@pytest.mark.parametrize("body", [b"", b"this is no sound", wav()[:40]], ids=["nothing", "text", "a header alone"])
async def test_a5_what_holds_no_sound_is_refused_and_not_kept(hub: RunningHub, body: bytes) -> None:
    status, answer = await upload(hub, body)
    assert (status, answer["code"]) == (415, "unsupported_media")
    assert not list((hub.data / "assets").iterdir())


async def test_a5_an_upload_is_by_the_session_whose_key_came_with_it(hub: RunningHub) -> None:
    async with joined(hub) as (caller, welcome):
        right = {"x-logdrum-session": welcome.session, "x-logdrum-key": welcome.key}
        await upload(hub, wav(0.1), **right)
        assert (await caller.until(Asset)).by == welcome.session
        await upload(hub, wav(0.2), **{**right, "x-logdrum-key": "wrong"})
        assert (await caller.until(Asset)).by is None


async def test_c1_an_upload_makes_no_room(bare_hub: RunningHub) -> None:
    url = f"{bare_hub.url}/v1/rooms/never-joined/assets"
    async with aiohttp.ClientSession() as http, http.post(url, data=wav()) as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "not_found")
    assert "never-joined" not in bare_hub.log


async def test_a5_too_large_a_sound_is_refused_before_it_is_sent(hub: RunningHub) -> None:
    headers = {"content-length": str(10**10)}
    url = f"{hub.url}/v1/rooms/sunset/assets"
    async with joined(hub), aiohttp.ClientSession() as http, http.post(url, data=_never(), headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (413, "too_large")


async def _never():  # type: ignore[no-untyped-def]  # an async generator that sends one byte of what it promised
    yield b"x"


async def test_a5_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    def full_at_a_megabyte() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    with running_hub(tmp_path, "--engine", "none", preexec=full_at_a_megabyte) as hub:
        status, answer = await upload(hub, wav(30))
        assert (status, answer["code"]) == (507, "no_space")
        assert not list((hub.data / "assets").iterdir())
        assert "Traceback" not in hub.log


async def test_a5_without_an_engine_sounds_cannot_be_checked(bare_hub: RunningHub) -> None:
    status, answer = await upload(bare_hub, wav())
    assert (status, answer["code"]) == (503, "no_engine")


@pytest.mark.parametrize("asset", ["0" * 64, "..%2f..%2fetc%2fpasswd", "x"])
async def test_e2_an_unknown_sound_is_404(bare_hub: RunningHub, asset: str) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{bare_hub.url}/v1/rooms/a/assets/{asset}") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "not_found")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/healthz", 405)])
async def test_e2_every_http_error_is_json(bare_hub: RunningHub, method: str, path: str, status: int) -> None:
    async with aiohttp.ClientSession() as http, http.request(method, bare_hub.url + path) as answer:
        body = await answer.json()
        assert answer.status == status
        assert set(body) == {"code", "message"}


async def test_health_readiness_and_metrics(hub: RunningHub) -> None:
    await upload(hub, wav())  # waits for the engine
    async with joined(hub), aiohttp.ClientSession() as http:
        async with http.get(f"{hub.url}/healthz") as answer:
            assert answer.status == 200
        async with http.get(f"{hub.url}/readyz") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ready"})
        async with http.get(f"{hub.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
            assert "logdrum_connections 1.0" in lines
            assert "logdrum_engine_ready 1.0" in lines


async def test_the_page_may_run_its_own_scripts_and_no_others(bare_hub: RunningHub) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{bare_hub.url}/r/sunset") as answer:
        policy = answer.headers["content-security-policy"].split("; ")
        assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy)
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/metrics", "/v1/rooms/a/streams/b"])
async def test_what_is_no_page_may_run_nothing(bare_hub: RunningHub, path: str) -> None:
    async with aiohttp.ClientSession() as http, http.get(bare_hub.url + path) as answer:
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
