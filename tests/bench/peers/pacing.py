"""What the Python peers share: their command line, the word to begin, and a steady rate."""

import argparse
import asyncio
import sys
from collections.abc import Callable

from ..payload import stamped
from ..talk import say


def rate_from_command_line() -> int:
    """Return how many messages a second to broadcast."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, required=True)
    return int(parser.parse_args().rate)


async def broadcast_when_told(send: Callable[[bytes], None], rate_hz: int) -> None:
    """Wait for "go" on stdin, then broadcast at a steady rate until stdin ends."""
    told = await stdin_lines()
    if await told.readline() != b"go\n":
        return
    say("going")
    async with asyncio.TaskGroup() as tasks:
        pacing = tasks.create_task(_broadcast(send, rate_hz))
        await told.read()
        pacing.cancel()


async def _broadcast(send: Callable[[bytes], None], rate_hz: int) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    number = 0
    while True:
        send(stamped(number))
        number += 1
        await asyncio.sleep(began + number / rate_hz - loop.time())


async def stdin_lines() -> asyncio.StreamReader:
    """Return what the benchmark says to us."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader
