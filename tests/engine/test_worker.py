import asyncio
import threading
from collections.abc import AsyncIterator, Mapping

import pytest

from logdrum_engine.exchange import Closed, Exchange
from logdrum_engine.models import Model
from logdrum_engine.worker import ModelExchange, Worker
from logdrum_protocol.engine_messages import EngineReady, FromEngine, JobAudio, JobStarted, StopJob
from tests.engine.tone import BLOCK, Tone, audio, credit, start, tone_models


class Rig:
    """A worker on its thread, with results bounded to a few."""

    def __init__(self, results: int = 8) -> None:
        self.exchange: ModelExchange = Exchange(asyncio.get_running_loop(), results=results)
        self.worker = Worker(self.exchange, tone_models, "1.2.3")

    async def receive(self, count: int) -> list[FromEngine]:
        async with asyncio.timeout(5):
            return [await self.exchange.receive() for _ in range(count)]

    async def receive_rest(self) -> list[FromEngine]:
        rest: list[FromEngine] = []
        try:
            while True:
                rest += await self.receive(1)
        except Closed:
            return rest


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    made.worker.start()
    yield made
    made.exchange.close()
    made.worker.join(5)


async def test_q1_engine_ready_is_the_first_word(rig: Rig) -> None:
    (ready,) = await rig.receive(1)
    assert isinstance(ready, EngineReady)
    assert (ready.version, ready.generators) == ("1.2.3", ("groove",))


async def test_q2_a_job_started_on_the_thread_gives_its_audio(rig: Rig) -> None:
    await rig.exchange.send(start(credit=BLOCK))
    ready, started, _, low, high = await rig.receive(5)
    assert isinstance(ready, EngineReady)
    assert isinstance(started, JobStarted)
    assert [m.stem for m in audio([low, high])] == ["low", "high"]


async def test_q5_a_stop_is_heard_while_results_are_full(rig: Rig) -> None:
    await rig.exchange.send(start("endless", credit=10**9))
    await rig.receive(4)  # it renders, until nobody takes what it gives
    await rig.exchange.send(StopJob(job="endless"))
    await rig.exchange.send(start("next", credit=BLOCK))
    seen = []
    while not (seen and isinstance(seen[-1], JobAudio) and seen[-1].job == "next"):
        seen += await rig.receive(1)
    begun = next(i for i, m in enumerate(seen) if isinstance(m, JobStarted))
    assert {m.job for m in audio(seen[begun:])} == {"next"}


async def test_full_results_keep_the_thread_from_rendering(rig: Rig) -> None:
    await rig.exchange.send(start(credit=10**9))
    await rig.receive(2)
    rig.exchange.close()
    assert len(audio(await rig.receive_rest())) <= 8 + 2


async def test_the_thread_ends_with_the_exchange() -> None:
    made = Rig()
    made.worker.start()
    await made.receive(1)
    made.exchange.close()
    made.worker.join(5)
    assert "model" not in {thread.name for thread in threading.enumerate() if not thread.daemon}


async def test_models_that_cannot_be_loaded_close_the_exchange() -> None:
    def load() -> Mapping[str, Model]:
        raise RuntimeError("no weights")

    exchange: ModelExchange = Exchange(asyncio.get_running_loop())
    Worker(exchange, load, "1").start()
    with pytest.raises(Closed):
        async with asyncio.timeout(5):
            await exchange.receive()


async def test_full_commands_make_the_sender_wait() -> None:
    exchange: Exchange[int, int] = Exchange(asyncio.get_running_loop(), commands=1)
    await exchange.send(1)
    async with asyncio.TaskGroup() as tasks:
        second = tasks.create_task(exchange.send(2))
        await asyncio.wait({second}, timeout=0)
        assert not second.done()
        assert await asyncio.to_thread(exchange.take, wants_room=False) == (1,)
    assert exchange.take(wants_room=False) == (2,)


async def test_q1_a_step_in_progress_is_told_by_its_length() -> None:
    entered, leave = threading.Event(), threading.Event()

    class Slow(Tone):
        def begin(self, spec: object, start_sample: int) -> object:  # type: ignore[override]
            entered.set()
            leave.wait(5)
            return super().begin(spec, start_sample)  # type: ignore[arg-type]

    def load() -> Mapping[str, Model]:
        tone = tone_models()["groove"]
        return {"groove": Model(generator=Slow(), lane=tone.lane, refusal=tone.refusal)}

    exchange: ModelExchange = Exchange(asyncio.get_running_loop())
    worker = Worker(exchange, load, "1")
    worker.start()
    await exchange.send(start(credit=0))
    await asyncio.to_thread(entered.wait, 5)
    during = worker.step_us
    leave.set()
    await exchange.receive()
    await exchange.receive()
    await exchange.send(credit("nobody", 0))
    exchange.close()
    worker.join(5)
    assert during > 0
    assert worker.step_us == 0
