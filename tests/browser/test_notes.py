"""A groove as its listeners lead it: what was chosen, where it goes, its notes in the tracks, and their sound."""

import asyncio
import re

import numpy as np
import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Hub
from tests.browser.editing import counted, settled
from tests.browser.listening import RATE, WAIT_MS, Recording, enter, generate, record, sounding

ONE_NOTE = """
() => {
  const clip = "clip-one1";
  logdrum.work.edit("arrangement", [
    { op: "put", kind: "track", id: "track-one", props: { name: "Organ", instrument: "organ" } },
    { op: "put", kind: "clip", id: clip, props: { track: "track-one", start_tick: 0, length_ticks: 3840 } },
    { op: "put", kind: "note", id: "note-one1", props: { clip, tick: 0, length_ticks: 3840, pitch: 60 } },
  ]);
  logdrum.setTransport({ loop: { start_tick: 0, end_tick: 3840 } });
}
"""
C4_HZ, G4_HZ = 261.63, 392.0


async def test_j06_what_the_engine_chose_is_shown_with_its_reasons(page: Page, hub: Hub) -> None:
    await enter(page, hub)
    await page.get_by_test_id("prompt").fill("private school, 118 bpm, kalimba lead")
    await page.get_by_test_id("generate").click()
    choices = page.get_by_test_id("choices")
    await expect(choices).to_contain_text("private school", timeout=WAIT_MS)
    await expect(choices.get_by_role("list", name="Added from the genre").get_by_role("button").first).to_be_visible()
    await choices.get_by_role("button", name="Style private school").hover()
    await expect(page.locator(".choice-why")).to_contain_text("private school")
    await page.get_by_role("button", name="Set room to 118").click()
    await page.wait_for_function("logdrum.transport().bpm === 118", timeout=WAIT_MS)
    await expect(page.get_by_role("button", name="Set room to 118")).to_be_hidden()


async def test_j02_a_running_groove_is_led_to_its_drop(page: Page, hub: Hub) -> None:
    await enter(page, hub)
    await generate(page)
    drop = page.get_by_role("group", name="Direction of the groove").get_by_role("button", name="Drop")
    await expect(drop).to_have_attribute("aria-pressed", "false")
    await drop.click()
    led = "logdrum.room.jobs[0].params.section === 'drop' && logdrum.room.streams.every((s) => s.open.epoch > 0)"
    await page.wait_for_function(led, timeout=WAIT_MS)
    await expect(drop).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("4")
    await page.wait_for_function("logdrum.room.jobs[0].params.section === 'break'", timeout=WAIT_MS)


async def test_j09_a_section_is_written_down_undone_and_heard_in_place_of_the_groove(page: Page, hub: Hub) -> None:
    await enter(page, hub)
    await generate(page)
    await page.get_by_role("button", name="Write as notes").click()
    await expect(page.get_by_test_id("written")).to_contain_text("Written:", timeout=WAIT_MS)
    await expect(page.locator(".track.own").first).to_be_visible(timeout=WAIT_MS)
    tracks = await page.locator(".track.own").count()
    assert {entity["kind"] for entity in await settled(page)} == {"track", "clip", "note"}
    await page.get_by_test_id("undo").click()
    await counted(page, "track", 0)
    await expect(page.get_by_test_id("written")).to_be_hidden()
    await page.get_by_test_id("redo").click()
    await counted(page, "track", tracks)
    await page.get_by_test_id("hear-instead").click()
    only_notes = "logdrum.room.jobs.length === 1 && logdrum.room.jobs[0].params.clip === '*'"
    await page.wait_for_function(only_notes, timeout=WAIT_MS)
    await expect(page.get_by_test_id("play-notes")).to_have_attribute("aria-pressed", "true")
    await sounding(page)
    assert (await record(page, 1.0)).rms > 0.01


async def test_j08_written_notes_are_played_and_an_edited_one_is_heard(page: Page, hub: Hub) -> None:
    await enter(page, hub)
    await page.evaluate(ONE_NOTE)
    await settled(page)
    await page.get_by_test_id("play-notes").click()
    await _heard_at(page, C4_HZ, G4_HZ)
    edit = "logdrum.work.edit('notes', [{ op: 'set', kind: 'note', id: 'note-one1', props: { pitch: 67 } }])"
    await page.evaluate(edit)
    await _heard_at(page, G4_HZ, C4_HZ)
    await page.keyboard.press("p")
    await page.wait_for_function("logdrum.room.jobs.length === 0", timeout=WAIT_MS)
    await page.evaluate("logdrum.work.openClip('clip-one1')")
    await page.get_by_role("tab", name="Piano roll").click()
    await page.get_by_test_id("play-clip").click()
    await page.wait_for_function("logdrum.room.jobs[0]?.params.clip === 'clip-one1'", timeout=WAIT_MS)
    await _heard_at(page, G4_HZ, C4_HZ)


async def _heard_at(page: Page, hz: float, rather_than_hz: float) -> None:
    """Listen until the one pitch is heard, and the other is not."""
    async with asyncio.timeout(WAIT_MS / 1000):
        await sounding(page)
        while True:
            heard = await record(page, 0.5)
            if heard.rms > 0.01 and _level(heard, hz) > 10 * _level(heard, rather_than_hz):
                return


def _level(heard: Recording, hz: float) -> float:
    """How much of a recording is at a frequency."""
    windowed = heard.left * np.hanning(len(heard.left))
    turns = np.exp(-2j * np.pi * hz * np.arange(len(windowed)) / RATE)
    return float(abs(np.dot(windowed, turns)))


async def test_j10_a_finished_piece_is_scored_and_judged_by_the_owners_threshold(page: Page, hub: Hub) -> None:
    pytest.importorskip("librosa", reason="the engine scores with the extra `score`")
    await enter(page, hub)
    await page.get_by_role("radio", name="8", exact=True).check()
    await page.get_by_test_id("generate").click()
    await page.get_by_role("button", name="Score", exact=True).click(timeout=WAIT_MS)
    score = page.get_by_test_id("conformance").filter(has_text="This measures convention, not quality.")
    await expect(score.locator(".verdict")).to_have_text(re.compile("Accept|Review|Reject"), timeout=2 * WAIT_MS)
    for threshold, verdict in (("0", "Accept"), ("1", "Reject|Review")):
        await score.get_by_label("Threshold of scores").fill(threshold)
        await expect(score.locator(".verdict")).to_have_text(re.compile(verdict), timeout=WAIT_MS)
    await score.get_by_text("Reasons").click()
    await expect(score.locator(".reason-line").first).to_be_visible()
