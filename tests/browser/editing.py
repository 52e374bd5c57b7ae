"""What a page has of the room's document, and hands to edit it."""

import asyncio
from typing import TypeAlias

from playwright.async_api import BrowserContext, Page

from tests.browser.conftest import Hub
from tests.browser.listening import WAIT_MS, enter

Entities: TypeAlias = list[dict[str, object]]

TRACK_HEIGHT = 58
BAR_PX = 64
LEFT_PX = 8
"""Where bar 1 begins before anyone has scrolled or zoomed."""

BUSY_HANDS = """
(seed) => {
  const { work } = logdrum;
  const random = () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;
  const pick = (kind) => { const all = [...work.document.of(kind)]; return all[Math.floor(random() * all.length)]; };
  const id = () => Array.from({ length: 12 }, () => "abcdefghijklmnop"[Math.floor(random() * 16)]).join("");
  const put = (kind, props) => [{ op: "put", kind, id: id(), props }];
  const steps = {
    track: () => put("track", { name: "Keys", order: id() }),
    clip: () => put("clip", { track: pick("track").id, start_tick: Math.floor(random() * 9999), length_ticks: 3840 }),
    note: () => put("note", { clip: pick("clip").id, tick: 0, length_ticks: 240, pitch: Math.floor(random() * 128) }),
    move: () => [{ op: "set", kind: "clip", id: pick("clip").id, props: { track: pick("track").id } }],
    take: () => [{ op: "delete", kind: "clip", id: pick("clip").id }],
  };
  window.busy = setInterval(() => {
    const few = work.document.count("track") < 2 ? "track" : work.document.count("clip") < 2 ? "clip" : null;
    const any = ["track", "clip", "note", "note", "move", "move", "take", "undo", "redo"];
    const step = few ?? any[Math.floor(random() * any.length)];
    if (step in steps) work.edit("arrangement", steps[step]());
    else work[step]();
  }, 20);
}
"""
"""Edit at random, fifty times a second, until `window.busy` is cleared."""


async def together(context: BrowserContext, hub: Hub, count: int = 2) -> list[Page]:
    """Open the same room in several pages."""
    first = await context.new_page()
    address = await enter(first, hub)
    pages = [first]
    for _ in range(count - 1):
        page = await context.new_page()
        await enter(page, hub, address.rsplit("/", 1)[1])
        pages.append(page)
    return pages


async def document(page: Page) -> Entities:
    """Everything in the document, as this page shows it."""
    listed: Entities = await page.evaluate("logdrum.work.document.listed()")
    return listed


async def settled(*pages: Page) -> Entities:
    """Wait until every edit is answered and all pages show the same; return that."""
    async with asyncio.timeout(WAIT_MS / 1000):
        while True:
            for page in pages:
                await page.wait_for_function("logdrum.work.editor.waiting.length === 0", timeout=WAIT_MS)
            shown = [await document(page) for page in pages]
            if all(other == shown[0] for other in shown):
                return shown[0]


async def counted(page: Page, kind: str, count: int) -> None:
    """Wait until the page shows so many of a kind."""
    await page.wait_for_function(
        "([kind, count]) => logdrum.work.document.count(kind) === count", arg=[kind, count], timeout=WAIT_MS
    )


async def add_track(page: Page) -> None:
    """Press the button that adds a track."""
    await page.get_by_test_id("add-track").click()


async def draw_clip(page: Page, row: int, first_bar: int, bars: int) -> None:
    """Draw a clip on a track's lane with the mouse; bars count from one."""
    x, y = await lane_point(page, row, first_bar)
    await page.mouse.move(x + 4, y)
    await page.mouse.down()
    await page.mouse.move(x + bars * BAR_PX - 4, y, steps=4)
    await page.mouse.up()


async def lane_point(page: Page, row: int, bar: int) -> tuple[float, float]:
    """Where on the screen a bar of a track's lane is."""
    box = await page.locator("canvas.lanes").bounding_box()
    assert box is not None
    return box["x"] + LEFT_PX + (bar - 1) * BAR_PX, box["y"] + row * TRACK_HEIGHT + TRACK_HEIGHT / 2


async def draw_notes(page: Page, count: int) -> None:
    """Click notes into the open piano roll, one after another."""
    box = await page.get_by_test_id("piano").bounding_box()
    assert box is not None
    for n in range(count):
        await page.mouse.click(box["x"] + 60 + n * 40, box["y"] + 40 + (n % 4) * 22)


async def spans(page: Page) -> list[tuple[int, int]]:
    """Where the clips begin and how long they are, in order, once every edit is answered."""
    await settled(page)
    found: list[list[int]] = await page.evaluate(
        "[...logdrum.work.document.of('clip')].map(({ props }) => [props.start_tick, props.length_ticks])"
    )
    return sorted((start, length) for start, length in found)
