"""How long after `job.submit` the first audio is at a client: the real hub, the real engine, the transport playing."""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from logdrum_protocol import SUBPROTOCOL, HubMessage, decode_hub_message, encode
from logdrum_protocol.client_messages import Hello, JobCancel, JobSubmit, TransportSet
from logdrum_protocol.hub_messages import Chunk, Error, Job, StreamOpen, Transport
from logdrum_protocol.records import JobParams

from .machine import ALL_CORES, LOAD_CORE, BenchError, running
from .rows import percentile
from .subjects import hub, python, room_url
from .suite import Bench, Measurement, Numbers, Settings
from .talk import finish

_WARM_UP: Final = 3
_SUBMISSION_S: Final = 20.0
_PAUSE_S: Final = (0.1, 1.2)
"""Between submissions, at random, so that they fall anywhere in a bar."""
_LEAD_S: Final = 0.5


class Submitter:
    """A client that asks for grooves, one after the other."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def play(self) -> None:
        """Join the room and start its transport."""
        await self._send(Hello(name="bench"))
        await self._send(TransportSet(op_id="play", playing=True))
        while not isinstance(message := await self._hear(), Transport) or not message.playing:
            pass
        await asyncio.sleep(_LEAD_S)

    async def first_chunk_s(self, number: int) -> float:
        """Submit a job, and return how long its first chunk took; the job is cancelled after it."""
        op_id = f"job-{number}"
        params = JobParams(prompt="amapiano", seed=number, start="bar")
        began = time.monotonic()
        await self._send(JobSubmit(op_id=op_id, kind="generate", params=params))
        job, came = await self._first_chunk(op_id)
        await self._cancel(job)
        return came - began

    async def _first_chunk(self, op_id: str) -> tuple[str, float]:
        job = None
        streams: set[str] = set()
        while True:
            message = await self._hear()
            came = time.monotonic()
            match message:
                case Job(op_id=answered) if answered == op_id:
                    job = _unless_failed(message)
                case StreamOpen() if message.job == job:
                    streams.add(message.stream)
                case Chunk() if job is not None and message.stream in streams:
                    return job, came
                case Error():
                    raise BenchError(f"the hub refused: {message.code}: {message.message}")
                case _:
                    pass  # what is left of the job before, and other people's business

    async def _cancel(self, job: str) -> None:
        await self._send(JobCancel(job=job))
        while not isinstance(message := await self._hear(), Job) or (message.job, message.state) != (job, "cancelled"):
            pass

    async def _send(self, message: Hello | TransportSet | JobSubmit | JobCancel) -> None:
        await self._connection.send(encode(message))

    async def _hear(self) -> HubMessage:
        frame = await self._connection.recv(decode=False)
        assert isinstance(frame, bytes)
        return decode_hub_message(frame)


def _unless_failed(job: Job) -> str:
    if job.state == "failed":
        raise BenchError(f"the job failed: {job.error}")
    return job.job


async def submit_many(url: str, submissions: int, seed: int) -> list[float]:
    """Return how long the first chunk of each submission took, in seconds; a few before them warm the engine."""
    pauses = random.Random(seed)
    taken: list[float] = []
    async with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None) as connection:
        submitter = Submitter(connection)
        await submitter.play()
        for number in range(_WARM_UP + submissions):
            async with asyncio.timeout(_SUBMISSION_S):
                taken.append(await submitter.first_chunk_s(number))
            await asyncio.sleep(pauses.uniform(*_PAUSE_S))
    return taken[_WARM_UP:]


async def _take(submissions: int, run: int) -> Numbers:
    with tempfile.TemporaryDirectory(prefix="logdrum-bench-") as name:
        async with hub(engine="local", folder=Path(name), cores=ALL_CORES) as (_, address):
            command = python("tests.bench.first_chunk", room_url(address), str(submissions), str(run))
            async with running("submitter", command, LOAD_CORE) as worker:
                answer = await worker.hear("taken ", (_WARM_UP + submissions) * _SUBMISSION_S)
    taken_ms = sorted(1e3 * seconds for seconds in msgspec.json.decode(answer, type=list[float]))
    return {
        "p50": (percentile(taken_ms, 50), "ms"),
        "p95": (percentile(taken_ms, 95), "ms"),
        "worst": (taken_ms[-1], "ms"),
    }


def _round(settings: Settings, run: int) -> Iterator[Measurement]:
    yield Measurement(
        bench="first-chunk",
        subject="logdrum",
        n=settings.submissions,
        take=lambda: _take(settings.submissions, run),
    )


FIRST_CHUNK: Final = Bench(
    name="first-chunk",
    title="First chunk: from job.submit to the first audio at a client, n submissions a run",
    note=(
        "The built-in engine, warm, one job at a time, the transport playing, start at the next bar. "
        "Hub and engine may use every core; the client has one."
    ),
    round=_round,
)


def main() -> None:
    """Submit to the room as often as the arguments say, and print what each took."""
    url, submissions, seed = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        taken = runner.run(submit_many(url, int(submissions), int(seed)))
    finish("taken " + msgspec.json.encode(taken).decode())


if __name__ == "__main__":
    main()
