"""A real hub with its real engine, and real Chromium; everything here is as a user has it."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "web-demo" / "dist" / "index.html"
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SOUND_WITHOUT_A_GESTURE = "--autoplay-policy=no-user-gesture-required"
START_S = 30
STOP_S = 15

Launch: TypeAlias = Callable[..., Awaitable[Browser]]


class Hub:
    """`logdrum serve` as a process, on a port that it keeps when it is started again."""

    def __init__(self, data: Path, port: int, *options: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._data = data
        self._port = port
        self._options = options
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start, and return once it says where it is."""
        command = ["serve", "--port", str(self._port), "--data", str(self._data), *self._options]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "logdrum_server",
            *command,
            stdout=asyncio.subprocess.PIPE,
            stderr=(self._data / "hub.log").open("ab"),
            cwd=REPOSITORY,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            line = await self._process.stdout.readline()
        assert self.url.encode() in line, f"the hub said {line!r}; see {self._data / 'hub.log'}"

    async def token(self, room: str, *options: str) -> str:
        """Make a token for a room, as `logdrum token` does."""
        command = ["-m", "logdrum_server", "token", room, "--data", str(self._data), *options]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=asyncio.subprocess.PIPE, cwd=REPOSITORY
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        return said.decode().strip()

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, with everything that it started."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(how)
        async with asyncio.timeout(STOP_S):
            await process.wait()
        if how == signal.SIGKILL:
            _end_group(process.pid)


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session", autouse=True)
def built_page() -> None:
    if not PAGE.exists():
        pytest.fail("The page is not built: run `npm ci && npm run build` in web-demo/.", pytrace=False)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("There is no Chromium: install the package `chromium`.", pytrace=False)
    return path


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async for hub in _running(Hub(tmp_path, _free_port(), "--engine", "local")):
        yield hub


@pytest.fixture
async def quiet_hub(tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub without an engine, for what makes no sound."""
    async for hub in _running(Hub(tmp_path, _free_port(), "--engine", "none")):
        yield hub


@pytest.fixture
async def guarded_hub(tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub whose rooms ask for tokens."""
    async for hub in _running(Hub(tmp_path, _free_port(), "--engine", "none", "--tokens")):
        yield hub


async def _running(hub: Hub) -> AsyncIterator[Hub]:
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


@pytest.fixture
async def launch(chromium_path: str) -> AsyncIterator[Launch]:
    """Start another Chromium process, by default one that sounds without a gesture."""
    browsers: list[Browser] = []
    async with async_playwright() as playwright:

        async def launch(*arguments: str) -> Browser:
            arguments = arguments or (SOUND_WITHOUT_A_GESTURE,)
            browser = await playwright.chromium.launch(
                executable_path=chromium_path, args=[*CHROMIUM_ARGUMENTS, *arguments]
            )
            browsers.append(browser)
            return browser

        yield launch
        for browser in browsers:
            await browser.close()


@pytest.fixture
async def browser(launch: Launch) -> Browser:
    return await launch()


@pytest.fixture
async def context(browser: Browser) -> BrowserContext:
    return await new_context(browser)


async def new_context(browser: Browser) -> BrowserContext:
    """A visitor; the page's policy lets nobody evaluate text, which waiting for something in a page is."""
    return await browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=True)


@pytest.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page whose uncaught errors fail the test."""
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    yield page
    assert faults == []
