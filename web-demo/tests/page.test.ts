import { describe, expect, it } from "vitest";

import type { Job, StreamOpen } from "../src/client/messages.js";
import { emptyRoom } from "../src/client/room.js";
import { groupHeight, jobDetail, jobTitle, layOut, totalHeight } from "../src/page/lanes.js";
import { newRoomName, ROOM_PATTERN, roomInPath } from "../src/page/names.js";
import { TapTempo } from "../src/page/tap-tempo.js";
import { barsPerLabel, following, scrolled, START_VIEW, tickAt, xOf, zoomed } from "../src/page/view.js";

describe("view", () => {
  it("zooms around a place that stays where it is", () => {
    const far = scrolled(START_VIEW, 3000);
    const tick = tickAt(far, 400);
    expect(xOf(zoomed(far, 1.7, 400), tick)).toBeCloseTo(400, 6);
  });

  it("never scrolls before the first bar, which stands a little inside", () => {
    expect(xOf(scrolled(START_VIEW, -5000), 0)).toBeCloseTo(8, 6);
  });

  it("turns the page when the playhead comes near the end, and not before", () => {
    expect(following(START_VIEW, tickAt(START_VIEW, 500), 1000)).toBe(START_VIEW);
    const turned = following(START_VIEW, tickAt(START_VIEW, 950), 1000);
    expect(xOf(turned, tickAt(START_VIEW, 950))).toBeCloseTo(120, 6);
  });

  it("labels as many bars as there is room for", () => {
    expect(barsPerLabel(100)).toBe(1);
    expect(barsPerLabel(10)).toBe(8);
  });
});

describe("tap tempo", () => {
  it("takes the middle of the last distances, and forgets after a rest", () => {
    const taps = new TapTempo();
    expect([0, 500, 1000].map((ms) => taps.tap(ms))).toEqual([null, null, null]);
    expect(taps.tap(1490)).toBe(120);
    expect(taps.tap(9000)).toBeNull();
  });
});

describe("rooms", () => {
  it("C1: the names that are made are names a hub takes", () => {
    for (let n = 0; n < 50; n++) expect(newRoomName()).toMatch(ROOM_PATTERN);
  });

  it("are read from the path", () => {
    expect(roomInPath("/r/soft-river")).toBe("soft-river");
    expect(roomInPath("/r/soft-river/")).toBe("soft-river");
    expect(roomInPath("/")).toBeNull();
  });
});

describe("lanes", () => {
  const job: Job = { type: "job", job: "j", kind: "generate", by: "s", state: "running", progress: 0, params: { prompt: " warm ", bars: 8, key: "F minor" } };
  const open = (stem: string): StreamOpen => ({
    type: "stream.open",
    stream: `j.${stem}`,
    job: "j",
    stem,
    sample_rate: 48_000,
    channels: 2,
    codec: "pcm_s16le",
    anchor_tick: 0,
    bpm: 112,
    epoch: 0,
  });
  const room = { ...emptyRoom, jobs: [job], streams: ["bass", "drums"].map((stem) => ({ open: open(stem), samples: null, asset: null })) };

  it("group a job's stems, drums first", () => {
    const [group] = layOut(room, new Set());
    expect(group!.lanes.map((lane) => lane.stream.open.stem)).toEqual(["drums", "bass"]);
    expect(totalHeight([group!])).toBe(groupHeight(group!));
  });

  it("fold to their head", () => {
    expect(groupHeight(layOut(room, new Set(["j"]))[0]!)).toBeLessThan(groupHeight(layOut(room, new Set())[0]!));
  });

  it("are called by their prompt", () => {
    expect(jobTitle(job)).toBe("warm");
    expect(jobDetail(job)).toBe("F minor · 8 bars");
  });
});
