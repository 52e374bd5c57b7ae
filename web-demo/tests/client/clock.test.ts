import { describe, expect, it } from "vitest";

import { ClockFilter, type PingSample, SlewedClock } from "../../src/client/clock-filter.js";
import { seeded } from "./random.js";

interface Network {
  readonly baseMs: number;
  readonly jitterMs: number;
  /** share of the way that is out, 0.5 for a symmetric one */
  readonly out: number;
  readonly driftPpm: number;
}

const HUB_START_US = 5e12;

function hubAt(localMs: number, driftPpm: number): number {
  return HUB_START_US + localMs * 1000 * (1 + driftPpm / 1e6);
}

function burst(startMs: number, net: Network, random: () => number): PingSample[] {
  return Array.from({ length: 8 }, (_, i) => {
    const sentMs = startMs + i * 20;
    const wayOut = net.baseMs * net.out + random() ** 2 * net.jitterMs;
    const wayBack = net.baseMs * (1 - net.out) + random() ** 2 * net.jitterMs;
    return { sentMs, receivedMs: sentMs + wayOut + wayBack, hubUs: hubAt(sentMs + wayOut, net.driftPpm) };
  });
}

/** Error in ms of the shown clock, each 100 ms from 5 s on. */
function errorsMs(net: Network, seed: number, bursts = 60): number[] {
  const random = seeded(seed);
  const filter = new ClockFilter();
  const clock = new SlewedClock();
  const errors: number[] = [];
  for (let n = 0; n < bursts; n++) {
    const startMs = n * 1000;
    const estimate = filter.add(burst(startMs, net, random));
    if (estimate !== null) clock.follow(estimate, startMs + 200);
    for (let ms = 300; ms < 1200 && startMs > 5000; ms += 100) {
      errors.push(Math.abs(clock.at(startMs + ms) - hubAt(startMs + ms, net.driftPpm)) / 1000);
    }
  }
  return errors.sort((a, b) => a - b);
}

const p95 = (errors: number[]): number => errors[Math.floor(errors.length * 0.95)]!;

describe("K1 clock filter", () => {
  it("errs by less than 0.1 ms on a quiet line with 50 ppm of drift", () => {
    expect(p95(errorsMs({ baseMs: 0.4, jitterMs: 0.2, out: 0.5, driftPpm: 50 }, 1))).toBeLessThan(0.1);
  });

  it.each([1, 2, 3, 4])("errs by at most 2 ms at p95 under 40 ± 20 ms of jitter (seed %i)", (seed) => {
    expect(p95(errorsMs({ baseMs: 20, jitterMs: 20, out: 0.5, driftPpm: -30 }, seed))).toBeLessThan(2);
  });

  it("errs by half the asymmetry of the line, which no clock can see, and no more", () => {
    expect(p95(errorsMs({ baseMs: 10, jitterMs: 1, out: 0.6, driftPpm: 20 }, 5))).toBeLessThan(1.5);
  });

  it("throws away a lone outlier, and follows a hub that was set anew", () => {
    const filter = new ClockFilter();
    const quiet = { baseMs: 1, jitterMs: 0, out: 0.5, driftPpm: 0 };
    for (let n = 0; n < 10; n++) filter.add(burst(n * 1000, quiet, () => 0));
    const late = (ms: number): PingSample[] => [{ sentMs: ms, receivedMs: ms + 1, hubUs: hubAt(ms, 0) + 50_000 }];
    expect(filter.add(late(10_000))).toBeNull();
    expect(filter.add(late(11_000))).toBeNull();
    expect(filter.add(late(12_000))?.offsetUs).toBeCloseTo(HUB_START_US + 50_000 - 500, -1);
  });

  it("an empty burst changes nothing", () => {
    expect(new ClockFilter().add([])).toBeNull();
  });
});

describe("slewed clock", () => {
  const estimate = (offsetUs: number) => ({ atMs: 0, offsetUs, skew: 0, errorUs: 1, roundTripMs: 1 });

  it("steps at the first estimate, then bends by 0.5 % at most and never goes back", () => {
    const clock = new SlewedClock();
    expect(clock.at(0)).toBeNaN();
    clock.follow(estimate(1e6), 0);
    expect(clock.at(0)).toBe(1e6);
    clock.follow(estimate(1e6 - 20_000), 0);
    for (let ms = 0; ms < 5000; ms += 10) {
      const rate = (clock.at(ms + 10) - clock.at(ms)) / 10_000;
      expect(rate).toBeGreaterThanOrEqual(0.995 - 1e-9);
      expect(rate).toBeLessThanOrEqual(1 + 1e-9);
    }
    expect(clock.at(5000)).toBeCloseTo(1e6 - 20_000 + 5e6, 3);
  });

  it("steps when it is wrong by more than 100 ms", () => {
    const clock = new SlewedClock();
    clock.follow(estimate(0), 0);
    clock.follow(estimate(150_000), 1000);
    expect(clock.at(1000)).toBe(1_150_000);
  });
});
