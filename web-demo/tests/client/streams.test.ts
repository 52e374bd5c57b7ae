import { describe, expect, it } from "vitest";

import { BLOCK, BlockMap } from "../../src/client/blocks.js";
import { Extent } from "../../src/client/extent.js";
import { Peaks, PEAK_BIN } from "../../src/client/peaks.js";
import { Refetch, type Source, upcoming } from "../../src/client/refetch.js";
import { Spans } from "../../src/client/spans.js";
import { latest } from "../../src/client/streams.js";
import { seeded } from "./random.js";
import { Studio } from "./studio.js";
import { transport } from "./transports.js";

describe("spans", () => {
  it("agree with a plain set of samples, whatever is added and removed", () => {
    const random = seeded(11);
    const spans = new Spans();
    const plain = new Set<number>();
    for (let n = 0; n < 400; n++) {
      const from = Math.floor(random() * 200);
      const to = from + Math.floor(random() * 40);
      const adds = random() < 0.6;
      if (adds) spans.add(from, to);
      else spans.remove(from, to);
      for (let s = from; s < to; s++) adds ? plain.add(s) : plain.delete(s);
    }
    const kept = spans.list.flatMap((s) => Array.from({ length: s.to - s.from }, (_, i) => s.from + i));
    expect(kept).toEqual([...plain].sort((a, b) => a - b));
  });

  it("name the gaps of a range", () => {
    const spans = new Spans();
    spans.add(10, 20);
    spans.add(30, 40);
    expect(spans.gaps(0, 50)).toEqual([{ from: 0, to: 10 }, { from: 20, to: 30 }, { from: 40, to: 50 }]);
    expect(spans.gaps(12, 18)).toEqual([]);
    expect(spans.runEnd(12)).toBe(20);
    expect(spans.runEnd(25)).toBe(25);
  });
});

describe("extent", () => {
  it("A2: samples go on with 0 behind the last one, up to where they began", () => {
    const extent = new Extent(300, 400);
    expect(extent.spans).toEqual([{ from: 300, to: 300 }]);
    extent.reach(400);
    expect([extent.spans, extent.isWhole]).toEqual([[{ from: 300, to: 400 }], false]);
    extent.reach(120);
    expect(extent.spans).toEqual([{ from: 300, to: 400 }, { from: 0, to: 120 }]);
    extent.reach(300);
    expect([extent.spans, extent.isWhole]).toEqual([[{ from: 300, to: 400 }, { from: 0, to: 300 }], true]);
  });

  it("is all there once the stream is closed, wherever it began", () => {
    const wrapped = new Extent(300, 400);
    wrapped.close(400);
    expect(wrapped.spans).toEqual([{ from: 300, to: 400 }, { from: 0, to: 300 }]);
    const plain = new Extent(300, null);
    plain.close(900);
    expect(plain.spans).toEqual([{ from: 300, to: 900 }]);
  });

  it("A3: what a new epoch voids is no longer there, and nothing before it is lost", () => {
    const extent = new Extent(100, null);
    extent.reach(500);
    expect(extent.cut(300).spans).toEqual([{ from: 100, to: 300 }]);
    expect(extent.cut(50).spans).toEqual([{ from: 50, to: 50 }]);
  });
});

describe("block map", () => {
  it("lets the least wanted go, and refuses what is less wanted still", () => {
    const map = new BlockMap(2);
    const near = [{ from: 0, to: 2 * BLOCK }];
    map.place(0, near);
    map.place(9, near);
    expect(map.place(1, near)).toMatchObject({ fresh: true, evicted: 9 });
    expect(map.place(20, near).slot).toBe(-1);
    expect(map.size).toBe(2);
  });
});

describe("peaks", () => {
  it("keep the loudest of each bin, from any start", () => {
    const peaks = new Peaks();
    peaks.add(PEAK_BIN - 1, Int16Array.of(16_384, 0, 0, -32_768));
    expect(peaks.between(0, PEAK_BIN)).toBeCloseTo(0.5, 2);
    expect(peaks.between(PEAK_BIN, PEAK_BIN + 1)).toBe(1);
    peaks.truncate(PEAK_BIN);
    expect(peaks.between(PEAK_BIN, 3 * PEAK_BIN)).toBe(0);
  });
});

describe("stream book", () => {
  it("a stale epoch's chunk is dropped, and one of an unknown stream too", () => {
    const studio = new Studio(transport());
    studio.open();
    studio.epoch(2, 0, 120);
    studio.book.chunk({ type: "chunk", stream: "s", epoch: 1, start_sample: 0, samples: 1, data: new Uint8Array(4) });
    studio.book.chunk({ type: "chunk", stream: "x", epoch: 2, start_sample: 0, samples: 1, data: new Uint8Array(4) });
    expect(latest(studio.book.get("s")!).received.list).toEqual([]);
  });

  it("chunks at odd bytes of a frame are read", () => {
    const studio = new Studio(transport());
    studio.open();
    const frame = new Uint8Array(9);
    studio.book.chunk({ type: "chunk", stream: "s", epoch: 0, start_sample: 0, samples: 2, data: frame.subarray(1) });
    expect(latest(studio.book.get("s")!).received.list).toEqual([{ from: 0, to: 2 }]);
  });

  it("the same stream announced after a reconnect keeps its audio; another epoch begins anew", () => {
    const studio = new Studio(transport());
    studio.open();
    studio.chunk(0, 100, () => 1);
    studio.open();
    expect(latest(studio.book.get("s")!).received.end).toBe(100);
    studio.book.open({ ...studio.book.get("s")!.open, epoch: 5 }, null);
    expect(latest(studio.book.get("s")!).received.end).toBe(0);
  });

  it("A3: tempos meet their transports in order, there and back", () => {
    const studio = new Studio(transport({ rev: 1, bpm: 120 }));
    studio.open(120);
    studio.epoch(1, 0, 100);
    studio.epoch(2, 0, 120);
    studio.setTransports(transport({ rev: 1 }), transport({ rev: 2, bpm: 100 }), transport({ rev: 3, bpm: 120 }));
    expect(studio.book.get("s")!.generations.map((g) => g.fromRev)).toEqual([1, 2, 3]);
    studio.book.retire(2);
    expect(studio.book.get("s")!.generations.map((g) => g.fromRev)).toEqual([2, 3]);
  });

  it("memory is bounded: songs share it, and the last of many still keeps what it needs to play on", () => {
    const studio = new Studio(transport());
    for (let n = 0; n < 48; n++) studio.book.open({ ...studio.announcement(`s${n}`), start_sample: 0, samples: 300 * 48_000 }, null);
    const kept = [...studio.book.entries].map((entry) => latest(entry).blocks.capacity * BLOCK);
    expect(kept[0]).toBeGreaterThanOrEqual(120 * 48_000);
    expect(Math.min(...kept)).toBeGreaterThanOrEqual(24 * 48_000);
    expect(studio.book.bytes).toBeLessThan(640 * 2 ** 20);
    studio.book.remove("s0");
    expect(studio.book.bytes).toBe(kept.slice(1).reduce((sum, samples) => sum + samples * 4, 0));
  });

  it("memory is bounded: an endless stream keeps what is near", () => {
    const studio = new Studio(transport());
    studio.open();
    for (let n = 0; n < 70; n++) studio.chunk(n * 48_000, 48_000, () => 1);
    const { blocks } = latest(studio.book.get("s")!);
    expect(blocks.size).toBeLessThanOrEqual(blocks.capacity);
  });
});

describe("refetch", () => {
  const source = (changes: Partial<Source> = {}): Source => ({
    stream: "s",
    epoch: 0,
    known: [{ from: 0, to: 480_000 }],
    received: new Spans(),
    wanted: [{ from: 0, to: 96_000 }],
    ...changes,
  });

  it("A4: asks for each range once while it is under way", () => {
    const refetch = new Refetch();
    expect(refetch.next([source()], 0)).toHaveLength(1);
    expect(refetch.next([source()], 0)).toHaveLength(0);
  });

  it("asks for nothing that the hub does not have", () => {
    const refetch = new Refetch();
    expect(refetch.next([source({ known: [] })], 0)).toEqual([]);
    expect(refetch.next([source({ known: [{ from: 96_000, to: 480_000 }] })], 0)).toEqual([]);
  });

  it("A4: streams that sound together are fetched side by side, what is needed soonest first", () => {
    const refetch = new Refetch();
    const far = { wanted: [{ from: 0, to: 480_000 }] };
    const begun = refetch.next([source({ ...far, stream: "a" }), source({ ...far, stream: "b" })], 0);
    expect(begun.map(({ stream, from }) => [stream, from])).toEqual([["a", 0], ["b", 0], ["a", 96_000], ["b", 96_000]]);
  });

  it("A2: of a sound that is separated from inside, what came after its end is to be had, and what is to come is not", () => {
    const extent = new Extent(300_000, 480_000);
    extent.reach(480_000);
    extent.reach(96_000);
    const asked = new Refetch().next([source({ known: extent.spans, wanted: [{ from: 0, to: 480_000 }] })], 0);
    expect(asked.map(({ from, to }) => [from, to])).toEqual([[300_000, 384_000], [384_000, 480_000], [0, 96_000]]);
  });

  it("a failure is tried again later, and rarer each time", () => {
    const refetch = new Refetch();
    const tries: number[] = [];
    for (let ms = 0; ms < 16_000; ms += 100) {
      for (const fetch of refetch.next([source()], ms)) {
        tries.push(ms);
        refetch.failed(fetch, ms);
      }
    }
    expect(tries).toEqual([0, 1000, 3000, 7000, 15_000]);
  });

  it("A9: what plays after a loop's wrap is wanted before it", () => {
    const looping = transport({ loop: { start_tick: 0, end_tick: 3840 } });
    const [near, head] = upcoming(looping, 3840 - 960, 0, 120, 2);
    expect(near!.to).toBeGreaterThanOrEqual(96_000);
    expect(head).toEqual({ from: 0, to: 96_008 });
  });
});
