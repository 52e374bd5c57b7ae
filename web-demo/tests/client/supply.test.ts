import { afterEach, describe, expect, it, vi } from "vitest";

import { Supply } from "../../src/client/supply.js";
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
