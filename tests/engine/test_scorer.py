"""The thread that scores stored sounds, beside the one that plays (J10)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from logdrum_engine import scoring
from logdrum_engine.errors import EngineError
from logdrum_engine.exchange import Exchange
from logdrum_engine.scorer import Scored, ScoreExchange, Scorer
from logdrum_protocol.engine_messages import JobDone, JobFailed, JobProgress, JobStarted, StartJob, StopJob
from logdrum_protocol.records import Conformance, JobParams

SCORE = Conformance(value=0.6, low=0.4, high=0.7, version="1", genre="amapiano", fitted_on="renders")


def order(job: str = "s1", sound: str | None = "song.wav") -> StartJob:
    return StartJob(
        job=job,
        kind="score",
        params=JobParams(asset="a" * 64),
        seed=0,
        bpm=112.0,
        numerator=4,
        denominator=4,
        anchor_tick=0,
        epoch=0,
        start_sample=0,
        credit_sample=0,
        sounds=() if sound is None else (sound,),
    )


@pytest.fixture
async def exchange() -> AsyncIterator[ScoreExchange]:
    made: ScoreExchange = Exchange(asyncio.get_running_loop())
    Scorer(made).start()
    yield made
    made.close()


def answering(monkeypatch: pytest.MonkeyPatch, answer: Callable[[Path], Conformance]) -> None:
    def score_file(path: Path, *, genre: str, on_progress: Callable[[float], None]) -> Conformance:
        on_progress(0.5)
        return answer(path)

    monkeypatch.setattr(scoring, "score_file", score_file)


async def receive(exchange: ScoreExchange, count: int) -> list[Scored]:
    async with asyncio.timeout(20):
        return [await exchange.receive() for _ in range(count)]


async def test_j10_a_score_begins_goes_on_and_ends(exchange: ScoreExchange, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, lambda _: SCORE)
    await exchange.send(order())
    assert await receive(exchange, 3) == [
        JobStarted(job="s1", stems=(), samples=None),
        JobProgress(job="s1", progress=0.5),
        JobDone(job="s1", conformance=SCORE),
    ]


async def test_q7_a_sound_that_cannot_be_scored_fails_alone(
    exchange: ScoreExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(path: Path) -> Conformance:
        if path.name == "silence.wav":
            raise EngineError("There is nothing to hear in this sound.")
        return SCORE

    answering(monkeypatch, answer)
    await exchange.send(order("s1", "silence.wav"))
    await exchange.send(order("s2"))
    messages = await receive(exchange, 6)
    failed = [message for message in messages if isinstance(message, JobFailed)]
    assert [(each.job, each.message) for each in failed] == [("s1", "There is nothing to hear in this sound.")]
    assert [message.job for message in messages if isinstance(message, JobDone)] == ["s2"]


async def test_e1_a_fault_of_ours_says_nothing_of_the_inside(
    exchange: ScoreExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_: Path) -> Conformance:
        raise RuntimeError("a path: /secret")

    answering(monkeypatch, answer)
    await exchange.send(order())
    failed = (await receive(exchange, 3))[-1]
    assert isinstance(failed, JobFailed)
    assert (failed.code, "secret" in failed.message) == ("engine_error", False)


async def test_j5_a_score_that_is_cancelled_while_it_waits_is_never_begun(
    exchange: ScoreExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, may_go_on = asyncio.get_running_loop(), asyncio.Event()

    def answer(_: Path) -> Conformance:
        asyncio.run_coroutine_threadsafe(may_go_on.wait(), loop).result(20)
        return SCORE

    answering(monkeypatch, answer)
    await exchange.send(order("s1"))
    await receive(exchange, 2)  # it has begun
    await exchange.send(order("s2"))
    await exchange.send(StopJob(job="s2"))
    may_go_on.set()
    messages = await receive(exchange, 2)
    assert [message.job for message in messages if isinstance(message, JobDone)] == ["s1"]
    exchange.close()
