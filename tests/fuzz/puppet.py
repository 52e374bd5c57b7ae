"""An engine behind a real hub that costs nothing: it answers at once and gives no audio (Q)."""

import asyncio
import random
from pathlib import Path
from typing import Final

from logdrum_protocol.codec import decode_to_engine, encode
from logdrum_protocol.engine_messages import CheckAsset, Heartbeat, JobAudio, RenderMix, StopMix
from logdrum_protocol.framing import MAX_FRAME_BYTES, FrameSplitter, frame
from tests.simulation.engine import READY, SimulatedEngine

_READ_BYTES: Final = 256 * 1024
_BEAT_S: Final = 0.5


class HubGone(AssertionError):
    """The hub has hung up, or killed what it took for a hanging engine."""


async def play(socket: Path, seed: int) -> None:
    """Be the engine of the hub at this socket; ends only by cancellation, or as an engine would that cannot go on."""
    while not socket.exists():  # noqa: ASYNC110  # once, while the hub starts
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_beat(writer))
            tasks.create_task(_obey(reader, writer, SimulatedEngine(random.Random(seed))))
    finally:
        writer.close()


async def _beat(writer: asyncio.StreamWriter) -> None:
    writer.write(frame(encode(READY)))
    while True:
        writer.write(frame(encode(Heartbeat(step_us=0, jobs=0))))
        await asyncio.sleep(_BEAT_S)


async def _obey(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, engine: SimulatedEngine) -> None:
    splitter = FrameSplitter()
    while received := await reader.read(_READ_BYTES):
        for payload in splitter.feed(received):
            command = decode_to_engine(payload, MAX_FRAME_BYTES)
            if not isinstance(command, CheckAsset | RenderMix | StopMix):
                engine.take(command)
        _answer(writer, engine)
        await writer.drain()
    raise HubGone


def _answer(writer: asyncio.StreamWriter, engine: SimulatedEngine) -> None:
    while not engine.is_idle:
        engine.obey()
        engine.render()
        message = engine.say()
        if message is not None and not isinstance(message, JobAudio):
            writer.write(frame(encode(message)))
