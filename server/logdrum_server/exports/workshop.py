"""Has a task done by a process of its own, and ends the process with whoever asked (X1)."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE
from typing import Final

import msgspec

from logdrum_protocol.errors import ErrorCode
from logdrum_server.errors import RequestError
from logdrum_server.exports.tasks import Outcome, Refused, Task

log = logging.getLogger(__name__)

_PATIENCE_S: Final = 600.0
_COMMAND: Final = (sys.executable, "-m", "logdrum_server.exports.worker")

_outcomes: Final[msgspec.msgpack.Decoder[Outcome]] = msgspec.msgpack.Decoder(Outcome)


async def done(task: Task) -> Outcome:
    """Return the outcome of a task that was done elsewhere; raises `RequestError` where it was refused."""
    said = await _run(await asyncio.to_thread(msgspec.msgpack.encode, task))
    outcome = await asyncio.to_thread(_outcomes.decode, said)
    if isinstance(outcome, Refused):
        raise RequestError(outcome.status, ErrorCode(outcome.code), outcome.message)
    return outcome


async def _run(task: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(*_COMMAND, stdin=PIPE, stdout=PIPE, start_new_session=True)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            said, _ = await process.communicate(task)
    except TimeoutError as fault:
        text = f"The file took longer than {_PATIENCE_S / 60:.0f} minutes, and was given up."
        raise RequestError(503, ErrorCode.INTERNAL, text) from fault
    finally:
        if process.returncode is None:
            process.kill()
            await asyncio.shield(process.wait())
    if process.returncode != 0:
        log.error("export worker failed", extra={"status": process.returncode})
        raise RequestError(500, ErrorCode.INTERNAL, "The hub could not do this; its log says why.")
    return said
