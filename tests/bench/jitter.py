"""A TCP proxy that delays each direction by 40 ± 20 ms at random and keeps the order."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

_DELAY_S: Final = (0.020, 0.060)
_READ_BYTES: Final = 64 * 1024
_UNDER_WAY: Final = 4096


def delays_s(seed: int) -> Iterator[float]:
    """Yield delays for ever."""
    dice = random.Random(seed)
    while True:
        yield dice.uniform(*_DELAY_S)


@asynccontextmanager
async def jittered(host: str, port: int, seed: int) -> AsyncIterator[int]:
    """Stand between clients and a server; yields the port to connect to, and ends after its connections have."""
    async with asyncio.TaskGroup() as connections:

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.create_task(_serve(reader, writer, host, port, seed))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, seed: int) -> None:
    server_reader, server_writer = await asyncio.open_connection(host, port)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_relay(reader, server_writer, delays_s(2 * seed)))
            tasks.create_task(_relay(server_reader, writer, delays_s(2 * seed + 1)))
    except* ConnectionError:
        pass  # either side may vanish; the other then sees its connection close
    finally:
        writer.close()
        server_writer.close()


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delays: Iterator[float]) -> None:
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_UNDER_WAY)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_deliver(under_way, writer))
        received = b" "
        while received:
            received = await reader.read(_READ_BYTES)
            await under_way.put((asyncio.get_running_loop().time() + next(delays), received))


async def _deliver(under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    """Write what is due, in order: what overtakes waits for what it overtook; an empty read ends it."""
    while True:
        due, received = await under_way.get()
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        if not received:
            writer.close()
            return
        writer.write(received)
