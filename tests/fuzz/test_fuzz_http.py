"""The HTTP side of a real hub against requests of chance: JSON or a clean close, and no traceback (E2)."""

import asyncio
import io
import random
import wave
from pathlib import Path

import pytest

from tests.fuzz.requests import BODIES, Request, ask, check, request
from tests.fuzz.siege import faults_in, rss_bytes
from tests.harness import RunningHub, joined, running_hub

_REQUESTS = 500
_AT_ONCE = 8
_GROWTH_BYTES = 64 * 2**20
"""Uploads and exports go through in blocks; what stays is the interpreter's own, and prometheus's text."""


async def _ask_many(hub: RunningHub, seed: int, count: int) -> set[int]:
    """Ask from several sides at once; which statuses there were."""
    dice, statuses = random.Random(seed), set[int]()
    waiting = [request(dice) for _ in range(count)]

    async def ask_on() -> None:
        while waiting:
            asked = waiting.pop()
            answer = await ask(hub, asked)
            statuses.add(answer.status)
            check(asked, answer)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_AT_ONCE):
            tasks.create_task(ask_on())
    return statuses


@pytest.mark.parametrize("seed", [1])
async def test_e2_requests_of_chance_are_answered_in_json(tmp_path: Path, seed: int) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("the page")
    with running_hub(tmp_path, "--engine", "none", "--page", str(tmp_path / "page")) as hub:
        async with joined(hub, "siege") as (_, _):
            before = rss_bytes(hub)
            statuses = await _ask_many(hub, seed, _REQUESTS)
            assert {200, 400, 401, 404, 405, 503} <= statuses, f"seed {seed} asked for too little: {statuses}"
            assert rss_bytes(hub) - before < _GROWTH_BYTES
        assert not faults_in(hub.log), f"seed {seed}: {faults_in(hub.log)[0]}"
        assert not list((hub.data / "assets").iterdir())


def _wav(claimed: int, held: int) -> bytes:
    """A WAV file that says that it has so many samples, and has others."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(48_000)
        out.writeframes(bytes(4 * claimed))
    return file.getvalue()[: 44 + 4 * held]


async def test_a5_broken_sounds_are_refused_by_the_engine_and_it_stays(tmp_path: Path) -> None:
    dice = random.Random(5)
    whole = _wav(2000, 2000)
    broken = [*BODIES, whole[:43], whole[:20], *(_bent(dice, whole) for _ in range(25))]
    with running_hub(tmp_path) as hub:
        async with joined(hub, "siege") as (_, _):
            for body in broken:
                assert (await _upload(hub, body)) in (201, 415)
            assert await _upload(hub, whole) == 201
        assert hub.log.count("engine ready") == 1, "a sound has brought the engine down"
        assert not faults_in(hub.log)


def _bent(dice: random.Random, sound: bytes) -> bytes:
    bent = bytearray(sound)
    for _ in range(dice.randint(1, 8)):
        bent[dice.randrange(44)] = dice.randrange(256)
    return bytes(bent)


async def _upload(hub: RunningHub, body: bytes) -> int:
    head = f"POST /v1/rooms/siege/assets?name=text.wav HTTP/1.1\r\nHost: {{host}}\r\nContent-Length: {len(body)}\r\n"
    asked = Request(f"{head}Connection: close\r\n\r\n".encode() + body)
    answer = await ask(hub, asked)
    check(asked, answer)
    return answer.status
