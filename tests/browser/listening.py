"""What a page does and plays, asked of the page itself."""

import asyncio
import base64
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Page

from tests.browser.conftest import Hub

RATE = 48_000
WAIT_MS = 20_000

_TAP = """
async (frames) => {
  const { player } = window.logdrum;
  const tap = await player.tap(frames);
  const bytes = new Uint8Array(tap.left.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return { startFrame: tap.startFrame, hubUs: tap.hubUs, left: btoa(text) };
}
"""

# What the browser itself says of its output, apart from what the page makes of it: the middle of many readings.
_OUTPUT_LEAD = """
async (readings) => {
  const { context } = window.logdrum.player;
  const leads = [];
  while (leads.length < readings) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const stamp = context.getOutputTimestamp();
    if (stamp.contextTime > 0) leads.push(stamp.performanceTime - stamp.contextTime * 1000);
  }
  return performance.timeOrigin + leads.sort((a, b) => a - b)[leads.length >> 1];
}
"""


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """Frames that a page's worklet rendered, and the wall time at which the first of them is heard."""

    start_frame: int
    hub_us: float
    heard_ms: float
    left: Any

    @property
    def rms(self) -> float:
        """Loudness."""
        return float(np.sqrt(np.mean(np.square(self.left))))


async def enter(page: Page, hub: Hub, room: str | None = None) -> str:
    """Open the page, wait until it is in its room and knows the clock, and return the room's address."""
    await page.goto(hub.url + ("/" if room is None else f"/r/{room}"))
    await page.wait_for_function(
        "window.logdrum?.connection.state.at === 'live' && window.logdrum.clock.quality().synced", timeout=WAIT_MS
    )
    return page.url


async def generate(page: Page) -> None:
    """Press the big button, and wait for sound."""
    await page.get_by_test_id("generate-big").click()
    await sounding(page)


async def sounding(page: Page) -> None:
    """Wait until the page's mixer puts sound out."""
    await page.wait_for_function("window.logdrum.status?.masterPeak > 0.01", timeout=WAIT_MS)


async def record(page: Page, seconds: float) -> Recording:
    """Record what the page renders from now on."""
    tap, lead_ms = await asyncio.gather(page.evaluate(_TAP, round(seconds * RATE)), page.evaluate(_OUTPUT_LEAD, 60))
    return Recording(
        start_frame=tap["startFrame"],
        hub_us=tap["hubUs"],
        heard_ms=lead_ms + tap["startFrame"] / RATE * 1000,
        left=np.frombuffer(base64.b64decode(tap["left"]), dtype=np.float32),
    )


def lag_ms(a: Recording, b: Recording, widest_ms: float = 250.0) -> float:
    """By how many ms `b` plays later than `a` what is the same, by cross-correlation to a fraction of a sample."""
    shift = round((b.heard_ms - a.heard_ms) / 1000 * RATE)
    left, right = _overlap(a.left, b.left, shift)
    lags, score = _correlate(left, right, round(widest_ms / 1000 * RATE))
    best = int(np.argmax(score))
    rounding_ms = (b.heard_ms - a.heard_ms) - shift / RATE * 1000
    return float((lags[best] + _between(score, best)) / RATE * 1000 + rounding_ms)


def repeats_after(heard: NDArray[np.float32], about: int) -> int:
    """After how many frames, near `about`, the same sounds again."""
    head = heard[:RATE].astype(np.float64)
    lags, score = _correlate(head, heard[about : about + RATE].astype(np.float64), 200)
    return about + int(lags[int(np.argmax(score))])


def _overlap(a: NDArray[np.float32], b: NDArray[np.float32], shift: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cut both to the wall time that they share; `b` begins `shift` frames after `a`."""
    a, b = (a[shift:], b) if shift >= 0 else (a, b[-shift:])
    frames = min(len(a), len(b))
    assert frames > RATE, "the recordings share less than a second"
    return a[:frames].astype(np.float64), b[:frames].astype(np.float64)


def _correlate(a: NDArray[Any], b: NDArray[Any], widest: int) -> tuple[NDArray[Any], NDArray[Any]]:
    size = 1 << (len(a) + len(b) - 1).bit_length()
    whole = np.fft.irfft(np.conj(np.fft.rfft(a, size)) * np.fft.rfft(b, size), size)
    lags = np.arange(-widest, widest + 1)
    return lags, whole[lags]


def _between(score: NDArray[Any], best: int) -> float:
    """Where the peak lies between samples, by the parabola through it."""
    if not 0 < best < len(score) - 1:
        return 0.0
    before, at, after = score[best - 1 : best + 2]
    return float((before - after) / (2 * (before - 2 * at + after)))
