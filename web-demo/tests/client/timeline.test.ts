import { describe, expect, it } from "vitest";

import type { Transport } from "../../src/client/messages.js";
import { barsBeatsSixteenths, effective, nextBoundary, positionAt, sampleOf, tickOf, withTransport } from "../../src/client/timeline.js";
import { transport } from "./transports.js";
import { readTimelineVectors } from "./vectors.js";

interface Vector {
  readonly name: string;
  readonly transport: Transport;
  readonly cases: readonly { readonly at_us: number; readonly tick: number }[];
}

describe("golden vectors", () => {
  it.each(readTimelineVectors<Vector>())("T2: $name", ({ transport, cases }) => {
    for (const { at_us, tick } of cases) expect(positionAt(transport, at_us)).toBeCloseTo(tick, 6);
  });
});

describe("transport history", () => {
  const history = [transport({ rev: 1, anchor_us: 0 }), transport({ rev: 2, anchor_us: 1000 }), transport({ rev: 3, anchor_us: 1000 })];

  it("T5: the newest whose anchor has come rules, else the oldest known", () => {
    expect(effective(history, -5)?.rev).toBe(1);
    expect(effective(history, 999)?.rev).toBe(1);
    expect(effective(history, 1000)?.rev).toBe(3);
  });

  it("T4: a lower rev is ignored", () => {
    expect(withTransport(history, transport({ rev: 2 }))).toBe(history);
    expect(withTransport(history, transport({ rev: 4 }))).toHaveLength(4);
  });
});

describe("addresses", () => {
  it("A1: a sample and its tick are each other's inverse", () => {
    expect(tickOf(sampleOf(12345, 960, 112), 960, 112)).toBeCloseTo(12345, 9);
  });

  it("counts bars, beats and sixteenths from one, in odd metres too", () => {
    expect(barsBeatsSixteenths(0, 4, 4)).toEqual([1, 1, 1]);
    expect(barsBeatsSixteenths(3840 + 960 + 250, 4, 4)).toEqual([2, 2, 2]);
    expect(barsBeatsSixteenths(480 * 7, 7, 8)).toEqual([2, 1, 1]);
    expect(nextBoundary(3841, 3840)).toBe(7680);
  });
});
