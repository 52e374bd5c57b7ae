"""Starts the hub and brings it down in order: bounded, and forced by a second Ctrl-C (H3)."""

import asyncio
import contextlib
import logging
import os
import shlex
import signal
import socket
from typing import Final

import uvloop
from aiohttp import web

from logdrum_server.config import Config
from logdrum_server.errors import StartError
from logdrum_server.hosts import is_loopback
from logdrum_server.http import build_app
from logdrum_server.hub import Hub, open_data_folder
from logdrum_server.logs import LogFormat, configure_logging

log = logging.getLogger(__name__)

_BACKLOG: Final = 1024
"""Connections that may wait to be accepted: where all come back at once, a short queue costs the last a second."""

_SEND_BUFFER_BYTES: Final = 128 * 1024
"""Kept small, because what the kernel holds can be neither reordered nor dropped: by default it hides 4 MB."""


def serve(config: Config, *, verbose: bool = False, log_format: LogFormat = "text") -> None:
    """Run a hub until a signal ends it; raises `StartError`."""
    configure_logging(verbose=verbose, log_format=log_format)
    try:
        open_data_folder(config.data)
    except OSError as fault:
        raise StartError(f"The data folder {config.data} cannot be used: {os.strerror(fault.errno or 0)}.") from fault
    listener = _listen(config)
    uvloop.run(_serve(config, listener))


def _listen(config: Config) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)  # inherited by what it accepts
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as fault:
        reason = os.strerror(fault.errno) if fault.errno and fault.errno > 0 else fault.strerror
        message = f"{config.host}:{config.port} cannot be listened on: {reason}. Choose another with --port or --host."
        raise StartError(message) from fault
    return listener


async def _serve(config: Config, listener: socket.socket) -> None:
    hub = Hub(config)
    runner = web.AppRunner(
        build_app(hub),
        access_log=None,
        shutdown_timeout=1.0,
        handler_cancellation=True,
        auto_decompress=False,  # a body is the file itself: nobody unpacks a bomb for its sender
    )
    await runner.setup()
    try:
        stop = _stop_on_signals()
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        _greet(listener, config)
        await _run_until(stop, hub)
    finally:
        await runner.cleanup()
        hub.clear()


def _greet(listener: socket.socket, config: Config) -> None:
    host, port = listener.getsockname()[:2]
    _say(f"Logdrum is at {_url(host, port)}")  # the one line others wait for
    if config.asks_for_tokens:
        known = socket.gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared, not listened on
        command = f"logdrum token ROOM --data {shlex.quote(str(config.data))} --url {_url(known, port)}"
        _say(f"Rooms ask for a token; make one with: {command}")
    elif not is_loopback(config.host):
        log.warning("rooms are open to whoever reaches this address; --tokens closes them")
    if config.page is None:
        log.warning("the page is not built; only the API is served")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # to the person who started it, not to the log


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _on_signal, stop)
    return stop


async def _run_until(stop: asyncio.Event, hub: Hub) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(hub.run())
            await stop.wait()
            await hub.drain()
            running.cancel()


def _on_signal(stop: asyncio.Event) -> None:
    if stop.is_set():
        log.warning("forced to stop")
        os._exit(130)  # the engine ends by itself when its socket closes
    log.info("stopping; press Ctrl-C again to force")
    stop.set()
