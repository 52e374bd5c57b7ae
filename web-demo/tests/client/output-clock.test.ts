import { describe, expect, it } from "vitest";

import { OutputClock, type OutputReading } from "../../src/client/output-clock.js";
import { seeded } from "./random.js";

/** A context that began at local ms 1000, is heard 20 ms late, and drifts. */
function reading(nowMs: number, changes: Partial<OutputReading> = {}, ppm = 0, noiseMs = 0): OutputReading {
  const currentTime = ((nowMs - 1000) * (1 + ppm / 1e6)) / 1000;
  return { nowMs, currentTime, contextTime: currentTime - 0.02, performanceTime: nowMs + noiseMs, outputLatency: 0.02, ...changes };
}

describe("output clock", () => {
  it("says when a frame is heard, latency included", () => {
    const clock = new OutputClock();
    clock.add(reading(2000));
    expect(clock.heardAtMs(1)).toBeCloseTo(2020, 6);
  });

  it("averages 3 ms of noise down, and follows 100 ppm of drift", () => {
    const random = seeded(7);
    const clock = new OutputClock();
    for (let ms = 2000; ms < 20_000; ms += 100) clock.add(reading(ms, {}, 100, (random() - 0.5) * 6));
    const contextTime = ((20_000 - 1000) * (1 + 100 / 1e6)) / 1000 - 0.02;
    expect(Math.abs(clock.heardAtMs(contextTime) - 20_000)).toBeLessThan(0.6);
  });

  it.each([
    ["zero, as before the first sound", { contextTime: 0, performanceTime: 0 }],
    ["ahead of what was rendered", { contextTime: 99 }],
    ["seconds old", { performanceTime: 10 }],
    ["absent", { contextTime: undefined, performanceTime: undefined }],
  ])("does without a timestamp that is %s", (_, changes) => {
    const clock = new OutputClock();
    clock.add(reading(2000, changes));
    expect(clock.trusted).toBe(false);
    expect(clock.heardAtMs(1)).toBeCloseTo(2020, 6);
  });

  it("ignores a lone jump, and believes four: a device dropped a buffer", () => {
    const clock = new OutputClock();
    for (let ms = 2000; ms < 3000; ms += 100) clock.add(reading(ms));
    const dropped = (ms: number): OutputReading => reading(ms, { contextTime: (ms - 1000) / 1000 - 0.03 });
    clock.add(dropped(3000));
    clock.add(reading(3100));
    expect(clock.heardAtMs(1)).toBeCloseTo(2020, 6);
    for (let i = 0; i < 4; i++) clock.add(dropped(3200 + i * 100));
    expect(clock.heardAtMs(1)).toBeCloseTo(2030, 6);
  });
});
