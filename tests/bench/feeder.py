"""An engine that only paces: it gives the hub one stem of stamped payloads at a steady rate, within its credit."""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Final

import uvloop
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from logdrum_protocol import CHANNELS, SAMPLE_RATE, SUBPROTOCOL, encode
from logdrum_protocol.client_messages import Hello, JobSubmit
from logdrum_protocol.codec import decode_to_engine
from logdrum_protocol.engine_messages import (
    EngineReady,
    FromEngine,
    GrantCredit,
    Heartbeat,
    JobAudio,
    JobStarted,
    StartJob,
)
from logdrum_protocol.framing import FrameSplitter, frame
from logdrum_protocol.records import JobParams

from .payload import PAYLOAD_BYTES, stamped
from .peers.pacing import stdin_lines
from .talk import say

_STEM: Final = "mix"
_BARS: Final = 1024
_SAMPLES: Final = PAYLOAD_BYTES // (2 * CHANNELS)
_HEARTBEAT_S: Final = 0.5
_START_S: Final = 10.0
_READ_BYTES: Final = 64 * 1024


class Feed:
    """One connection to the hub's local queue, and the one job that comes over it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._credit_sample = 0
        self._granted = asyncio.Event()
        self._started: asyncio.Future[StartJob] = asyncio.get_running_loop().create_future()

    async def ready(self) -> None:
        """Offer to take jobs."""
        await self._send(EngineReady(pid=os.getpid(), version="bench", generators=("groove",), separators=()))

    async def beat(self) -> None:
        """Say that we live, for ever."""
        while True:
            await self._send(Heartbeat(step_us=0, jobs=1))
            await asyncio.sleep(_HEARTBEAT_S)

    async def listen(self) -> None:
        """Take the job and its credit, until the hub goes."""
        splitter = FrameSplitter()
        while received := await self._reader.read(_READ_BYTES):
            for payload in splitter.feed(received):
                self._take(payload)

    async def job(self) -> StartJob:
        """Return the job once it has come."""
        async with asyncio.timeout(_START_S):
            job = await self._started
        await self._send(JobStarted(job=job.job, stems=(_STEM,), samples=_length(job)))
        return job

    async def play(self, job: StartJob, rate_hz: int) -> None:
        """Send payloads at a steady rate, none past the credit."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        number = 0
        while True:
            start_sample = job.start_sample + number * _SAMPLES
            await self._credit(start_sample + _SAMPLES)
            await self._send(
                JobAudio(
                    job=job.job,
                    stem=_STEM,
                    epoch=job.epoch,
                    start_sample=start_sample,
                    samples=_SAMPLES,
                    data=stamped(number),
                )
            )
            number += 1
            await asyncio.sleep(began + number / rate_hz - loop.time())

    def _take(self, payload: bytes) -> None:
        match decode_to_engine(payload):
            case StartJob() as job:
                self._grant(job.credit_sample)
                self._started.set_result(job)
            case GrantCredit(credit_sample=credit_sample):
                self._grant(credit_sample)
            case _:
                pass  # nothing else is asked of this engine

    def _grant(self, credit_sample: int) -> None:
        self._credit_sample = credit_sample
        self._granted.set()

    async def _credit(self, end_sample: int) -> None:
        while end_sample > self._credit_sample:
            self._granted.clear()
            await self._granted.wait()

    async def _send(self, message: FromEngine) -> None:
        self._writer.write(frame(encode(message)))
        await self._writer.drain()


def _length(job: StartJob) -> int:
    quarters = _BARS * job.numerator * 4 / job.denominator
    return round(quarters * SAMPLE_RATE * 60 / job.bpm)


async def submit(url: str, started: Callable[[], Awaitable[StartJob]]) -> StartJob:
    """Join the room, submit the job, see it start, and leave."""
    submission = JobSubmit(op_id="bench", kind="generate", params=JobParams(prompt="bench", bars=_BARS, start="now"))
    async with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None) as connection:
        await connection.send(encode(Hello(name="feeder")))
        await connection.recv()
        await connection.send(encode(submission))
        return await started()


async def run(queue: str, url: str, rate_hz: int) -> None:
    """Connect, wait for "go" on stdin, and feed until stdin ends."""
    lines = await stdin_lines()
    feed = Feed(*await asyncio.open_unix_connection(queue))
    await feed.ready()
    async with asyncio.TaskGroup() as tasks:
        background = [tasks.create_task(feed.beat()), tasks.create_task(feed.listen())]
        say("ready")
        if await lines.readline() == b"go\n":
            job = await submit(url, feed.job)
            background.append(tasks.create_task(feed.play(job, rate_hz)))
            say("going")
            await lines.read()
        for task in background:
            task.cancel()


def main() -> None:
    """Feed the hub that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queue", required=True, help="the hub's Unix socket")
    parser.add_argument("--url", required=True, help="the room's WebSocket")
    parser.add_argument("--rate", type=int, required=True, help="payloads a second")
    arguments = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(arguments.queue, arguments.url, arguments.rate))


if __name__ == "__main__":
    main()
