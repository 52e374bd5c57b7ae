import { describe, expect, it } from "vitest";

import { summedWav } from "../../src/client/bounce.js";

function samplesOf(file: ArrayBuffer): number[] {
  return [...new Int16Array(file.slice(44))];
}

describe("stems as one sound", () => {
  it("are summed, the shorter ones ending in silence", () => {
    const file = summedWav([Int16Array.of(1, -2, 300, 400), Int16Array.of(10, 20)], 48_000);
    expect(samplesOf(file)).toEqual([11, 18, 300, 400]);
  });

  it("are turned down together where the sum would clip", () => {
    const heard = samplesOf(summedWav([Int16Array.of(30_000, -15_000), Int16Array.of(30_000, -15_000)], 48_000));
    expect(heard[0]).toBe(32_767);
    expect(heard[1]! / heard[0]!).toBeCloseTo(-0.5, 3);
  });

  it("of silence are silence, and the file says what it is", () => {
    const file = summedWav([new Int16Array(4)], 48_000);
    expect(samplesOf(file)).toEqual([0, 0, 0, 0]);
    const head = new DataView(file);
    expect(new TextDecoder().decode(file.slice(0, 4))).toBe("RIFF");
    expect([head.getUint16(22, true), head.getUint32(24, true), head.getUint32(40, true)]).toEqual([2, 48_000, 8]);
  });
});
