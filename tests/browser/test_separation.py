"""Sounds that people bring, and their stems as they come (A5, J3, J11, J12)."""

import base64
import io
import re
import wave

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.async_api import Browser, FilePayload, Locator, Page, expect

from tests.browser.conftest import Hub, new_context
from tests.browser.listening import RATE, WAIT_MS, enter, generate, record, sounding

SEPARATED_MS = 60_000
"""A separator is loaded first, on a machine that may be busy."""

_DROP = """
([name, base64, target]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  const fire = (type, on) => on.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  fire("dragenter", document.querySelector(".arrangement"));
  fire("dragover", document.querySelector(target));
  fire("drop", document.querySelector(target));
}
"""
STEMS = ("vocals", "drums", "bass", "log_drum", "other")
GROWN = """
(least) => {
  const stems = [...logdrum.player.streams].filter(({ open }) => open.stem !== "mix");
  const there = ({ extent }) => extent.spans.reduce((sum, span) => sum + span.to - span.from, 0);
  return stems.length === 5 && stems.every((stem) => there(logdrum.player.drawn(stem)) > least);
}
"""
DONE = "logdrum.room.jobs[0]?.state === 'done' && logdrum.room.streams.every((s) => s.samples !== null)"


def song(seconds: float = 12.0, seed: int = 1) -> NDArray[np.int16]:
    """Music of a kind, stereo: a kick, a low tone that moves, chords and a breath of noise."""
    rng = np.random.default_rng(seed)
    at = np.arange(round(seconds * RATE)) / RATE
    beat = at % 0.5
    kick = np.exp(-beat * 14) * np.sin(2 * np.pi * (50 * beat + 8 * (1 - np.exp(-beat * 30))))
    low = np.sin(2 * np.pi * np.cumsum(55 * 2 ** (np.floor(at * 2) % 5 / 12)) / RATE) * np.exp(-((at + 0.25) % 0.5) * 5)
    chords = sum(np.sin(2 * np.pi * hz * at) for hz in (220.0, 261.6, 329.6)) * 0.1
    breath = rng.standard_normal(len(at)) * 0.01
    left = 0.35 * kick + 0.3 * low + chords + breath
    both = np.stack([left, left * 0.9 + breath], axis=1)
    return np.asarray(both.clip(-1, 1) * 24_000, dtype=np.int16)


def wav(samples: NDArray[np.int16], rate: int = RATE) -> bytes:
    """A file of it, `[frames, channels]`."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(samples.shape[1])
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


async def drop(page: Page, name: str, body: bytes, target: str) -> None:
    """Let a file fall on a place of the page, as a hand does."""
    await page.evaluate(_DROP, [name, base64.b64encode(body).decode(), target])


async def upload(page: Page, name: str, body: bytes) -> Locator:
    """Add a sound by the button, and return its row."""
    await page.get_by_role("tab", name="Sounds").click()
    file = FilePayload(name=name, mimeType="audio/wav", buffer=body)
    await page.get_by_role("tabpanel", name="Sounds").get_by_test_id("sound-files").set_input_files(files=[file])
    row = page.get_by_test_id("sounds").get_by_role("listitem").filter(has_text=name.removesuffix(".wav"))
    await expect(row).to_be_visible(timeout=WAIT_MS)
    return row


async def separate(page: Page, row: Locator) -> None:
    """Ask for all stems of a sound."""
    await row.get_by_role("button", name="Separate").click()
    await page.get_by_test_id("separate-go").click()


async def test_a05_a_sound_that_is_added_is_everybodys(page: Page, browser: Browser, hub: Hub) -> None:
    address = await enter(page, hub)
    other = await (await new_context(browser)).new_page()
    await enter(other, hub, address.rsplit("/", 1)[1])
    body = wav(song(3.0))
    row = await upload(page, "Gwijo.wav", body)
    await expect(row).to_contain_text("0:03, 48 kHz stereo")
    name = await page.evaluate("logdrum.me.name")
    await expect(row).to_contain_text(name)
    await other.get_by_role("tab", name="Sounds").click()
    link = other.get_by_test_id("sounds").get_by_role("link", name="Download Gwijo")
    answer = await other.request.get(hub.url + str(await link.get_attribute("href")))
    assert (answer.status, await answer.body()) == (200, body)


async def test_a05_what_holds_no_sound_is_refused_in_plain_words(page: Page, hub: Hub) -> None:
    await enter(page, hub)
    await drop(page, "notes.txt", b"verse, hook, verse", ".arrangement")
    refusal = page.get_by_test_id("uploads").get_by_role("alert")
    await expect(refusal).to_have_text(
        "No sound could be read in “notes.txt”. WAV, FLAC, MP3, Ogg and M4A can be.", timeout=WAIT_MS
    )
    await page.get_by_test_id("uploads").get_by_role("button", name="Dismiss").click()
    await expect(page.get_by_test_id("uploads")).to_be_empty()
    assert await page.evaluate("logdrum.room.assets.length") == 0


async def test_a05_a_file_that_is_too_large_is_refused_before_it_is_sent(page: Page, hub: Hub) -> None:
    await enter(page, hub)
    await page.evaluate("logdrum.room = { ...logdrum.room, limits: { ...logdrum.room.limits, max_asset_bytes: 1000 } }")
    await drop(page, "long.wav", wav(song(1.0)), ".arrangement")
    await expect(page.get_by_test_id("uploads").get_by_role("alert")).to_contain_text("“long.wav” is too large")


async def test_where_a_file_can_fall_is_shown_while_it_is_held(page: Page, quiet_hub: Hub) -> None:
    await enter(page, quiet_hub)
    held = await page.evaluate_handle(
        "() => { const held = new DataTransfer(); held.items.add(new File(['x'], 'x.wav')); return held; }"
    )
    target = page.get_by_test_id("drop-target")
    await expect(target).to_be_hidden()
    await page.dispatch_event(".arrangement", "dragenter", {"dataTransfer": held})
    await expect(target.get_by_text("Separate", exact=True)).to_be_in_viewport()
    await page.dispatch_event(".arrangement", "dragleave", {"dataTransfer": held})
    await expect(target).to_be_hidden()


async def test_a_sound_is_placed_as_a_clip_that_can_be_separated_where_it_lies(page: Page, hub: Hub) -> None:
    await enter(page, hub)
    row = await upload(page, "Gwijo.wav", wav(song(3.0)))
    await row.get_by_role("button", name="Place").click()
    await page.wait_for_function("logdrum.work.document.count('clip') === 1")
    clip = await page.evaluate("[...logdrum.work.document.of('clip')][0].props")
    assert clip["name"] == "Gwijo"
    assert clip["length_ticks"] == round(3 * 112 / 60 * 960)
    await page.keyboard.press("x")
    await expect(page.get_by_test_id("separate-sheet")).to_contain_text("Gwijo")
    await expect(page.get_by_test_id("separate-sheet").get_by_label("It lies")).to_be_hidden()


async def test_j11_stems_come_while_everybody_listens_and_end_as_files(page: Page, browser: Browser, hub: Hub) -> None:
    address = await enter(page, hub)
    other = await (await new_context(browser)).new_page()
    await enter(other, hub, address.rsplit("/", 1)[1])
    samples = song()
    await drop(page, "Gwijo.wav", wav(samples), "[data-testid=drop-separate]")
    for each in (page, other):
        await expect(each.get_by_test_id("jobs")).to_contain_text("Stems of Gwijo", timeout=WAIT_MS)
        await each.wait_for_function(GROWN, arg=0, timeout=SEPARATED_MS)
    await _loop(page)
    await sounding(page)
    await page.get_by_role("button", name="Mute Vocals", exact=True).click()
    await expect(page.get_by_role("button", name="Mute Vocals of this separation")).to_have_attribute(
        "aria-pressed", "true"
    )
    await page.get_by_role("button", name="Mute Vocals of this separation").click()
    for each in (page, other):
        await each.wait_for_function(DONE, timeout=SEPARATED_MS)
        await each.wait_for_function(GROWN, arg=len(samples) - 1, timeout=WAIT_MS)
    links = page.get_by_test_id("separated").get_by_role("link")
    await expect(links).to_have_count(len(STEMS))
    for link in await links.all():
        answer = await page.request.get(hub.url + str(await link.get_attribute("href")))
        assert (answer.status, (await answer.body())[:4]) == (200, b"fLaC")
    loudness = float(np.sqrt(np.mean(np.square(samples[:, 0] / 32_768))))
    assert (await record(page, 12.0)).rms == pytest.approx(loudness, rel=0.1)
    await _write_log_drum(page)


async def _loop(page: Page) -> None:
    """Have the song play over and over, from where it lies."""
    await page.wait_for_function("logdrum.room.streams.length === 6", timeout=SEPARATED_MS)
    await page.evaluate(
        """
        () => {
          const start_tick = logdrum.room.streams[0].open.anchor_tick;
          const end_tick = start_tick + Math.round((12 * logdrum.transport().bpm * 960) / 60);
          logdrum.setTransport({ playing: true, tick: start_tick, loop: { start_tick, end_tick } });
        }
        """
    )
    await page.wait_for_function("logdrum.transport().loop !== null", timeout=WAIT_MS)


async def _write_log_drum(page: Page) -> None:
    """The log drum as notes: a track of them, or the sentence that there are none."""
    await page.get_by_role("button", name="Write log drum as notes").click()
    answer = page.get_by_test_id("written").or_(page.locator(".jobs-section .refusal")).filter(visible=True)
    await expect(answer.first).to_be_visible(timeout=WAIT_MS)


async def test_j01_a_separation_is_cancelled_for_everybody(page: Page, browser: Browser, hub: Hub) -> None:
    address = await enter(page, hub)
    other = await (await new_context(browser)).new_page()
    await enter(other, hub, address.rsplit("/", 1)[1])
    await separate(page, await upload(page, "Long.wav", wav(song(60.0)[::6, :1], RATE // 6)))
    await other.wait_for_function("logdrum.room.streams.length === 6", timeout=SEPARATED_MS)
    await sounding(page)
    await page.get_by_role("button", name="Cancel: Stems of Long").click()
    for each in (page, other):
        await each.wait_for_function(
            "logdrum.room.jobs.length === 0 && [...logdrum.player.streams].length === 0", timeout=WAIT_MS
        )
    await expect(page.get_by_test_id("jobs").get_by_role("listitem")).to_have_count(0)


async def test_j03_a_running_groove_is_heard_as_its_stems(page: Page, hub: Hub) -> None:
    await enter(page, hub)
    await generate(page)
    await page.get_by_test_id("jobs").get_by_role("button", name="Separate").click()
    await expect(page.get_by_test_id("separate-sheet").get_by_label("It lies")).to_be_hidden()
    await page.get_by_test_id("separate-go").click()
    live = "logdrum.room.jobs.find((job) => job.kind === 'separate')"
    await page.wait_for_function(
        f"{live} && logdrum.player.separation({live}.job)?.stems.length === 5", timeout=SEPARATED_MS
    )
    heard = """
    () => {
      const { job } = logdrum.room.jobs.find((job) => job.kind === "separate");
      const { stems, sources } = logdrum.player.separation(job);
      const peak = (entry) => logdrum.status.strips.get(entry.open.stream)?.peak ?? 0;
      return stems.some((stem) => peak(stem) > 0.01) && sources.every((source) => peak(source) === 0);
    }
    """
    await page.wait_for_function(heard, timeout=SEPARATED_MS)
    await sounding(page)


async def test_j03_a_separator_that_the_engine_lacks_says_so_on_the_card(page: Page, hub: Hub) -> None:
    await enter(page, hub)
    row = await upload(page, "Gwijo.wav", wav(song(3.0)))
    await row.get_by_role("button", name="Separate").click()
    await page.get_by_label("Separator").select_option("htdemucs_ft")
    await page.get_by_test_id("separate-go").click()
    await expect(page.locator(".job-error")).to_have_text(re.compile("htdemucs_ft"), timeout=SEPARATED_MS)


async def test_sounds_and_their_sheet_fit_a_small_screen(page: Page, quiet_hub: Hub) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    await enter(page, quiet_hub)
    await page.get_by_role("button", name="Sounds", exact=True).click()
    await expect(page.get_by_role("tabpanel", name="Sounds").get_by_test_id("add-sound")).to_be_in_viewport(ratio=1)
    await page.evaluate("logdrum.emit('separate', { title: 'Gwijo', of: { asset: 'a'.repeat(64) } })")
    await expect(page.get_by_test_id("separate-go")).to_be_in_viewport(ratio=1)
    await expect(page.get_by_role("group", name="Stems").get_by_role("checkbox")).to_have_count(4)
    assert await page.evaluate("document.scrollingElement.scrollWidth") <= 360
