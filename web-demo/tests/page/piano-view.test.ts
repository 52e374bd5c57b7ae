import { describe, expect, it } from "vitest";

import { drumRows } from "../../src/page/piano-rows.js";
import { drumKit, fitted, gridHeight, panned, type PianoFrame, pitchOfY, played, ROW, showing, tickOfX, xOfTick, yOfPitch, zoomedAt } from "../../src/page/piano-view.js";

const frame: PianoFrame = { width: 1000, height: 258 };
const view = fitted(frame, 3840 * 4, 48, 72);

describe("piano view", () => {
  it("shows a whole clip with its notes in the middle", () => {
    expect(xOfTick(view, 3840 * 4)).toBeLessThanOrEqual(frame.width);
    const middle = yOfPitch(view, 60);
    expect(Math.abs(middle - (18 + gridHeight(frame) / 2))).toBeLessThan(2 * ROW);
  });

  it("finds the pitch and the tick where it draws them", () => {
    for (const pitch of [55, 60, 64]) expect(pitchOfY(view, yOfPitch(view, pitch) + ROW / 2)).toBe(pitch);
    for (const tick of [0, 960, 7777]) expect(tickOfX(view, xOfTick(view, tick))).toBeCloseTo(tick);
  });

  it("keeps the place under the pointer when it zooms", () => {
    const near = zoomedAt(frame, view, 2, 400);
    expect(tickOfX(near, 400)).toBeCloseTo(tickOfX(view, 400));
  });

  it("never leaves the keyboard or the clip's beginning", () => {
    expect(panned(frame, view, -99_999, -99_999)).toMatchObject({ left: 0, top: 127 });
    const low = panned(frame, view, 0, 99_999);
    expect(pitchOfY(low, frame.height)).toBe(0);
  });

  it("turns so far that a pitch is in sight, and no farther", () => {
    for (const pitch of [0, 127, 90]) {
      const y = yOfPitch(showing(frame, view, pitch), pitch);
      expect(y).toBeGreaterThanOrEqual(18);
      expect(y).toBeLessThan(18 + gridHeight(frame) - ROW + 0.001);
    }
    expect(showing(frame, view, 60)).toBe(view);
  });

  it("of a drum kit finds each drum where it draws it", () => {
    const kit = fitted(frame, 3840, 36, 82, drumKit(drumRows([])));
    for (const pitch of [37, 39, 63, 82]) expect(pitchOfY(kit, yOfPitch(kit, pitch) + ROW / 2)).toBe(pitch);
    expect(xOfTick(kit, 0)).toBeGreaterThan(xOfTick(view, 0));
    expect(played(frame, kit, kit.keyboard)).toBe(kit);
  });
});
