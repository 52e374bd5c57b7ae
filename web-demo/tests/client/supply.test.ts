import { afterEach, describe, expect, it, vi } from "vitest";

import { latest, StreamBook, type StreamEntry } from "../../src/client/streams.js";
import { Supply, worthKeeping } from "../../src/client/supply.js";
import { Studio } from "./studio.js";
import { transport } from "./transports.js";

afterEach(() => void vi.unstubAllGlobals());

describe("supply", () => {
  it("H6: what is fetched is asked for with the token", () => {
    const asked: { url: string; headers: unknown }[] = [];
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      asked.push({ url, headers: init.headers });
      return new Promise(() => undefined);
    });
    const studio = new Studio(transport());
    studio.open();
    studio.book.gap({ type: "stream.gap", stream: "s", from_sample: 0, to_sample: 48_000 });
    const supply = new Supply(studio.book, (stream, from, to) => `/${stream}?${from}-${to}`, { Authorization: "Bearer t" });
    supply.fetchMissing({ transport: transport(), tick: 0 });
    expect(asked).toEqual([{ url: "/s?0-48000", headers: { Authorization: "Bearer t" } }]);
  });
});

describe("what is kept of a song", () => {
  /** Songs of which the last has little memory left, played from a place that moves. */
  function crowded(): { readonly book: StreamBook; readonly entry: StreamEntry; moveTo: (seconds: number) => void } {
    let place = { transport: transport(), tick: 0 };
    const book = new StreamBook(() => undefined, (entry, generation) => worthKeeping(entry, generation, place));
    const studio = new Studio(transport());
    for (let n = 0; n < 48; n++) book.open({ ...studio.announcement(`s${n}`), samples: 300 * 48_000 }, null);
    return { book, entry: book.get("s47")!, moveTo: (seconds) => (place = { ...place, tick: seconds * 1920 }) };
  }

  const second = (): Int16Array<ArrayBuffer> => new Int16Array(2 * 48_000);

  it("goes with the playhead: what comes next always finds room, and what is far is let go", () => {
    const { book, entry, moveTo } = crowded();
    const { received, blocks } = latest(entry);
    for (let s = 0; s < 300; s++) book.write("s47", latest(entry), s * 48_000, second());
    expect(received.gaps(0, 300 * 48_000)).not.toEqual([]);
    for (const start of [0, 200, 90]) {
      for (let s = start; s < start + 60; s++) {
        moveTo(s);
        const [from, to] = [s * 48_000, (s + 5) * 48_000];
        for (const gap of received.gaps(from, to)) book.write("s47", latest(entry), gap.from, new Int16Array(2 * (gap.to - gap.from)));
        expect(received.gaps(from, to)).toEqual([]);
      }
    }
    expect(blocks.size).toBeLessThanOrEqual(blocks.capacity);
  });
});
