import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { HubClock } from "../../src/client/clock.js";

const AHEAD_US = 3_600_000_000;
const TRIP_MS = 4;

/** A clock whose pings a hub answers, an hour ahead, after a way of 2 ms each. */
function answeredClock() {
  const pings: number[] = [];
  const clock: HubClock = new HubClock(
    (t0) => {
      pings.push(t0);
      const hubUs = (t0 + TRIP_MS / 2) * 1000 + AHEAD_US;
      setTimeout(() => clock.handle({ type: "clock.pong", t0, received_us: hubUs, sent_us: hubUs }), TRIP_MS);
      return true;
    },
    () => Date.now(),
  );
  return { clock, pings };
}

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

describe("hub clock", () => {
  it("K1: pings in bursts of eight, soon again at first and rarely later", () => {
    const { clock, pings } = answeredClock();
    clock.start();
    vi.advanceTimersByTime(8 * 20);
    expect(pings).toHaveLength(8);
    vi.advanceTimersByTime(60_000);
    expect(pings.length).toBeLessThan(8 * 30);
    clock.stop();
    const sent = pings.length;
    vi.advanceTimersByTime(60_000);
    expect(pings).toHaveLength(sent);
  });

  it("the welcome's time is a rough first reading; the first burst is a step to the true one", () => {
    const { clock } = answeredClock();
    expect(clock.nowUs()).toBeNaN();
    clock.rough(AHEAD_US - 30_000);
    expect(clock.nowUs()).toBe(AHEAD_US - 30_000);
    clock.start();
    vi.advanceTimersByTime(200);
    expect(Math.abs(clock.nowUs() - (AHEAD_US + 200_000))).toBeLessThan(1);
    expect(clock.quality()).toMatchObject({ synced: true, roundTripMs: TRIP_MS });
  });

  it("another hub's welcome begins anew", () => {
    const { clock } = answeredClock();
    clock.start();
    vi.advanceTimersByTime(500);
    clock.rough(77);
    expect(clock.nowUs()).toBe(77);
    expect(clock.quality().synced).toBe(false);
  });

  it("a pong that nobody waits for is ignored", () => {
    const { clock } = answeredClock();
    clock.handle({ type: "clock.pong", t0: 5, received_us: 9, sent_us: 9 });
    expect(clock.quality().synced).toBe(false);
  });
});
