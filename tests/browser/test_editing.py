"""Producers edit one document together: what each does, what the others see of it, and what becomes of it."""

import re
import signal

from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Hub, new_context
from tests.browser.editing import (
    BUSY_HANDS,
    add_track,
    counted,
    document,
    draw_clip,
    draw_notes,
    lane_point,
    settled,
    spans,
    together,
)
from tests.browser.listening import WAIT_MS, enter

TRACKS = "logdrum.work.tracks.map((track) => track.props.name)"
UNKNOWN_TRACK = """
logdrum.work.edit("arrangement", [
  { op: "put", kind: "clip", id: "clip-late", props: { track: "deleted-1", start_tick: 0, length_ticks: 3840 } },
])
"""


async def test_d03_two_pages_edit_together_and_show_the_same(context: BrowserContext, quiet_hub: Hub) -> None:
    first, second = await together(context, quiet_hub)
    await add_track(first)
    await counted(second, "track", 1)
    await first.bring_to_front()
    await draw_clip(first, 0, 1, 2)
    await second.bring_to_front()
    await draw_clip(second, 0, 4, 1)
    await add_track(second)
    await settled(first, second)
    assert await spans(first) == [(0, 7680), (11520, 3840)]


async def test_an_edit_is_on_the_page_before_the_hub_has_answered(page: Page, quiet_hub: Hub) -> None:
    await enter(page, quiet_hub)
    unanswered = """
    () => {
      document.querySelector("[data-testid=add-track]").click();
      return logdrum.work.document.count("track") === 1 && logdrum.work.editor.waiting.length === 1;
    }
    """
    assert await page.evaluate(unanswered)
    await page.wait_for_function("logdrum.work.editor.waiting.length === 0", timeout=WAIT_MS)
    await expect(page.locator(".track.own")).to_have_count(1)


async def test_notes_are_drawn_in_the_piano_roll_and_seen_by_the_other(context: BrowserContext, quiet_hub: Hub) -> None:
    first, second = await together(context, quiet_hub)
    await first.bring_to_front()
    await add_track(first)
    await draw_clip(first, 0, 1, 4)
    await first.get_by_role("tab", name="Piano roll").click()
    await draw_notes(first, 3)
    await counted(second, "note", 3)
    await expect(first.locator(".piano-head")).to_contain_text("3 notes")
    await expect(first.get_by_test_id("play-clip")).to_be_enabled()


async def test_a_clip_is_moved_to_another_track_and_made_longer_with_the_mouse(page: Page, quiet_hub: Hub) -> None:
    await enter(page, quiet_hub)
    await add_track(page)
    await add_track(page)
    await draw_clip(page, 0, 1, 1)
    x, y = await lane_point(page, 0, 1)
    to_x, to_y = await lane_point(page, 1, 3)
    await page.mouse.move(x + 30, y)
    await page.mouse.down()
    await page.mouse.move(to_x + 30, to_y, steps=5)
    await page.mouse.up()
    await page.mouse.move(to_x + 62, to_y)
    await page.mouse.down()
    await page.mouse.move(to_x + 62 + 64, to_y, steps=5)
    await page.mouse.up()
    tracks = await page.evaluate("logdrum.work.tracks.map((track) => track.id)")
    [clip] = [e["props"] for e in await settled(page) if e["kind"] == "clip"]
    assert isinstance(clip, dict)
    assert (clip["track"], clip["start_tick"], clip["length_ticks"]) == (tracks[1], 7680, 7680)


async def test_everything_can_be_made_with_keys_alone(page: Page, quiet_hub: Hub) -> None:
    await enter(page, quiet_hub)
    for key in ("t", "n", "d", "Enter", "n", "n", "ArrowUp", "Shift+ArrowRight"):
        await page.keyboard.press(key)
    shown = await settled(page)
    assert [e["kind"] for e in shown] == ["track", "clip", "clip", "note", "note"]
    pitches = [e["props"]["pitch"] for e in shown if e["kind"] == "note"]  # type: ignore[index]
    assert sorted(pitches) == [60, 61]
    await page.keyboard.press("Delete")
    await counted(page, "note", 1)
    await page.keyboard.press("z")
    await counted(page, "note", 2)


async def test_clips_are_duplicated_split_and_deleted_with_keys(page: Page, quiet_hub: Hub) -> None:
    await enter(page, quiet_hub)
    await add_track(page)
    await draw_clip(page, 0, 1, 2)
    await page.keyboard.press("d")
    assert await spans(page) == [(0, 7680), (7680, 7680)]
    await page.evaluate("logdrum.setTransport({ tick: 3840 * 3 })")
    await page.wait_for_function("logdrum.tick === 3840 * 3", timeout=WAIT_MS)
    await page.keyboard.press("s")
    assert await spans(page) == [(0, 7680), (7680, 3840), (11520, 3840)]
    await page.keyboard.press("Delete")
    assert await spans(page) == [(0, 7680)]
    await page.keyboard.press("s")
    await expect(page.locator(".track.own .letter.solo")).to_have_attribute("aria-pressed", "true")


async def test_a_marker_is_written_on_the_ruler_and_read_by_the_other(context: BrowserContext, quiet_hub: Hub) -> None:
    first, second = await together(context, quiet_hub)
    await first.bring_to_front()
    await first.locator("canvas.ruler").dblclick(position={"x": 8 + 4 * 64, "y": 20})
    await first.get_by_label("Name of the marker").fill("Drop")
    await first.keyboard.press("Enter")
    [marker] = [e["props"] for e in await settled(first, second)]
    assert marker == {"tick": 4 * 3840, "text": "Drop"}


async def test_a_track_is_renamed_in_place_and_put_elsewhere(context: BrowserContext, quiet_hub: Hub) -> None:
    first, second = await together(context, quiet_hub)
    await first.bring_to_front()
    for _ in range(3):
        await add_track(first)
    await first.locator(".track.own .track-name").nth(2).dblclick()
    await first.get_by_label("Name of the track").fill("Log drum")
    await first.keyboard.press("Enter")
    await expect(first.locator(".track.own .track-name").nth(2)).to_have_text("Log drum")
    name = await first.locator(".track.own .track-name").nth(2).bounding_box()
    assert name is not None
    await first.mouse.move(name["x"] + 10, name["y"] + 6)
    await first.mouse.down()
    await first.mouse.move(name["x"] + 10, name["y"] - 110, steps=6)
    await first.mouse.up()
    await settled(first, second)
    assert await second.evaluate(TRACKS) == ["Log drum", "Track 1", "Track 2"]


async def test_d06_undo_takes_back_mine_and_leaves_yours(context: BrowserContext, quiet_hub: Hub) -> None:
    first, second = await together(context, quiet_hub)
    await add_track(first)
    await counted(second, "track", 1)
    await add_track(second)
    await counted(first, "track", 2)
    await first.bring_to_front()
    await first.keyboard.press("z")
    await counted(second, "track", 1)
    assert await second.evaluate(TRACKS) == ["Track 2"]
    await first.keyboard.press("Shift+Z")
    await counted(second, "track", 2)


async def test_d06_a_fader_drag_is_one_thing_to_undo(page: Page, quiet_hub: Hub) -> None:
    await enter(page, quiet_hub)
    await add_track(page)
    await settled(page)
    fader = await page.get_by_label("Gain of Track 1").bounding_box()
    assert fader is not None
    y = fader["y"] + fader["height"] / 2
    await page.mouse.move(fader["x"] + fader["width"] * 0.9, y)
    await page.mouse.down()
    for step in range(12):
        await page.mouse.move(fader["x"] + fader["width"] * (0.9 - step * 0.05), y)
        await page.evaluate("new Promise((next) => setTimeout(next, 40))")
    await page.mouse.up()
    await settled(page)
    gain = "logdrum.work.tracks[0].props.gain_db"
    assert await page.evaluate(gain) < -10
    await page.get_by_test_id("undo").click()
    await page.wait_for_function(f"{gain} === 0", timeout=WAIT_MS)
    await counted(page, "track", 1)


async def test_h04_a_reload_brings_the_same_member_back_with_their_undo(page: Page, quiet_hub: Hub) -> None:
    await enter(page, quiet_hub)
    await add_track(page)
    await settled(page)
    before = await page.evaluate("logdrum.room.session")
    await page.reload()
    await page.wait_for_function("window.logdrum?.connection.state.at === 'live'", timeout=WAIT_MS)
    await counted(page, "track", 1)
    assert await page.evaluate("logdrum.room.session") == before
    await page.keyboard.press("z")
    await counted(page, "track", 0)


async def test_edits_made_while_the_hub_is_gone_wait_are_counted_and_arrive(page: Page, quiet_hub: Hub) -> None:
    address = await enter(page, quiet_hub)
    await add_track(page)
    await settled(page)
    await quiet_hub.stop(signal.SIGKILL)
    notice = page.get_by_test_id("link-notice")
    await expect(notice).to_be_visible(timeout=WAIT_MS)
    await add_track(page)
    await draw_clip(page, 0, 1, 2)
    await expect(notice).to_contain_text("2 changes wait")
    await quiet_hub.start()
    await page.evaluate("logdrum.connection.retry()")
    await expect(notice).to_be_hidden(timeout=WAIT_MS)
    late = await page.context.new_page()
    await enter(late, quiet_hub, address.rsplit("/", 1)[1])
    shown = await settled(page, late)
    assert [e["kind"] for e in shown] == ["track", "track", "clip"]


async def test_d07_pages_that_edit_while_the_hub_is_killed_end_with_the_same_document(
    context: BrowserContext, quiet_hub: Hub
) -> None:
    pages = await together(context, quiet_hub)
    room = pages[0].url.rsplit("/", 1)[1]
    for seed, page in enumerate(pages):
        await page.evaluate(BUSY_HANDS, seed + 1)
    for _ in range(2):
        await pages[0].wait_for_function("() => (logdrum.connection.resume.seq - (window.seen ?? 0)) > 60")
        await pages[0].evaluate("window.seen = logdrum.connection.resume.seq")
        await quiet_hub.stop(signal.SIGKILL)
        await quiet_hub.start()
        for page in pages:
            await page.evaluate("logdrum.connection.retry()")
    for page in pages:
        await page.evaluate("clearInterval(window.busy)")
    late = await context.new_page()
    await settled(*pages)
    await enter(late, quiet_hub, room)
    assert len(await settled(*pages, late)) > 10


async def test_p03_a_line_said_while_the_hub_is_gone_is_said_once(page: Page, quiet_hub: Hub) -> None:
    await enter(page, quiet_hub)
    await quiet_hub.stop(signal.SIGKILL)
    await expect(page.get_by_test_id("link-notice")).to_be_visible(timeout=WAIT_MS)
    await page.keyboard.press("c")
    await page.keyboard.type("still here")
    await page.keyboard.press("Enter")
    await expect(page.locator(".chat-line.waiting")).to_have_text(re.compile("still here"))
    await quiet_hub.start()
    await page.evaluate("logdrum.connection.retry()")
    await page.wait_for_function("logdrum.room.chat.length === 1", timeout=WAIT_MS)
    await expect(page.locator(".chat-line")).to_have_count(1)
    await expect(page.locator(".chat-line.waiting")).to_have_count(0)


async def test_d03_a_refused_edit_slides_back_and_says_why(page: Page, quiet_hub: Hub) -> None:
    await enter(page, quiet_hub)
    await add_track(page)
    await page.evaluate(UNKNOWN_TRACK)
    await expect(page.locator(".bubble")).to_contain_text("deleted meanwhile")
    assert [e["kind"] for e in await settled(page)] == ["track"]


async def test_v03_a_version_is_saved_restored_taken_back_and_deleted(context: BrowserContext, quiet_hub: Hub) -> None:
    first, second = await together(context, quiet_hub)
    await add_track(first)
    await settled(first, second)
    await first.bring_to_front()
    await first.keyboard.press("v")
    await first.get_by_test_id("version-name").fill("One track")
    await first.get_by_test_id("version-save").click()
    await second.get_by_role("tab", name="Versions").click()
    await expect(second.locator(".version-name")).to_have_text("One track")
    await add_track(second)
    await counted(first, "track", 2)
    await first.get_by_role("button", name="Restore One track").click()
    await counted(second, "track", 1)
    await first.get_by_test_id("undo").click()
    await counted(second, "track", 2)
    await first.get_by_role("button", name="Delete One track").click()
    await first.get_by_text("Delete?").click()
    await expect(second.locator(".version")).to_have_count(0)


async def test_p01_the_others_see_where_i_am_and_what_i_chose(context: BrowserContext, quiet_hub: Hub) -> None:
    first, second = await together(context, quiet_hub)
    await first.bring_to_front()
    await add_track(first)
    await draw_clip(first, 0, 3, 1)
    shown = "[...logdrum.room.presence.values()].find((state) => state.chosen?.length === 1 && state.tick > 7000)"
    await second.wait_for_function(shown, timeout=WAIT_MS)


async def test_d08_a_listener_reads_everything_changes_nothing_and_is_told(browser: Browser, guarded_hub: Hub) -> None:
    editor, listener = [await (await new_context(browser)).new_page() for _ in range(2)]
    for page, role in ((editor, "editor"), (listener, "listener")):
        token = await guarded_hub.token("studio", "--role", role)
        await page.goto(f"{guarded_hub.url}/r/studio#token={token}")
        await page.wait_for_function("window.logdrum?.connection.state.at === 'live'", timeout=WAIT_MS)
        assert "token" not in page.url
    await add_track(editor)
    await draw_clip(editor, 0, 1, 2)
    await settled(editor, listener)
    await expect(listener.get_by_test_id("listener")).to_be_visible()
    await expect(listener.get_by_test_id("add-track")).to_be_disabled()
    x, y = await lane_point(listener, 0, 6)
    await listener.mouse.dblclick(x, y)
    await expect(listener.locator(".bubble")).to_contain_text("You are a listener here")
    await listener.keyboard.press("z")
    assert await document(listener) == await document(editor)
    await listener.reload()
    await counted(listener, "clip", 1)


async def test_h03_a_refused_token_says_so_and_is_not_tried_again(page: Page, guarded_hub: Hub) -> None:
    await page.goto(f"{guarded_hub.url}/r/studio#token=nonsense")
    notice = page.get_by_test_id("link-notice")
    await expect(notice).to_contain_text("Ask for a new link", timeout=WAIT_MS)
    assert await page.evaluate("logdrum.connection.state.at") == "closed"


async def test_at_360_pixels_the_document_is_read_and_the_panels_are_reached(page: Page, quiet_hub: Hub) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    await enter(page, quiet_hub)
    await add_track(page)
    await expect(page.locator(".track.own")).to_be_in_viewport(ratio=1)
    for panel, shown in (("Notes", ".piano-roll"), ("Versions", ".versions"), ("Chat", ".chat"), ("Make", ".make")):
        await page.get_by_role("navigation").get_by_role("button", name=panel).click()
        await expect(page.locator(shown)).to_be_in_viewport()
        assert await page.evaluate("document.scrollingElement.scrollWidth") <= 360


async def test_the_page_keeps_to_the_policy_that_it_is_served_with(browser: Browser, quiet_hub: Hub) -> None:
    page = await (await browser.new_context(viewport={"width": 1280, "height": 800})).new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    await page.goto(f"{quiet_hub.url}/r/studio")
    await expect(page.get_by_test_id("clock")).to_have_attribute("data-quality", re.compile("good|fair|poor"))
    await add_track(page)
    await draw_clip(page, 0, 1, 1)
    await page.get_by_role("tab", name="Piano roll").click()
    await expect(page.locator(".clip-name")).to_be_visible()
    assert complaints == []
