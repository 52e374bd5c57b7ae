import { describe, expect, it } from "vitest";

import { keepVisit, type Shelf, takeVisit, tokenFor } from "../../src/client/visit.js";

function shelf(): Shelf {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), removeItem: (key) => void kept.delete(key) };
}

const resume = { session: "s", key: "k", epoch: 3, seq: 40 };
const forbidden: Shelf = {
  getItem: () => {
    throw new DOMException("denied");
  },
  setItem: () => {
    throw new DOMException("denied");
  },
  removeItem: () => undefined,
};

describe("visit", () => {
  it("H4: a reload takes the same session up, once, and has heard nothing of its history", () => {
    const tab = shelf();
    keepVisit(tab, "room", { resume, waiting: [{ type: "undo", op_id: "o" }] });
    expect(takeVisit(tab, "other")).toBeNull();
    expect(takeVisit(tab, "room")).toEqual({ resume: { ...resume, seq: 0 }, waiting: [{ type: "undo", op_id: "o" }] });
    expect(takeVisit(tab, "room")).toBeNull();
  });

  it("where what waits is too much to keep, the member still comes back", () => {
    const small = shelf();
    const full: Shelf = {
      ...small,
      setItem: (key, value) => {
        if (value.length > 200) throw new DOMException("full");
        small.setItem(key, value);
      },
    };
    keepVisit(full, "room", { resume, waiting: [{ type: "chat", op_id: "o", text: "x".repeat(300) }] });
    expect(takeVisit(full, "room")).toEqual({ resume: { ...resume, seq: 0 }, waiting: [] });
  });

  it("what is no visit is none", () => {
    const tab = shelf();
    tab.setItem("logdrum.visit.room", "{");
    expect(takeVisit(tab, "room")).toBeNull();
    tab.setItem("logdrum.visit.room", JSON.stringify({ resume: { session: 1 } }));
    expect(takeVisit(tab, "room")).toBeNull();
  });

  it("H5: the token of the address is kept for the tab, room by room", () => {
    const tab = shelf();
    expect(tokenFor(tab, "room", "#token=a.b.c")).toBe("a.b.c");
    expect(tokenFor(tab, "room", "")).toBe("a.b.c");
    expect(tokenFor(tab, "other", "")).toBeUndefined();
  });

  it("a browser without storage still opens rooms", () => {
    keepVisit(forbidden, "room", { resume, waiting: [] });
    expect(takeVisit(forbidden, "room")).toBeNull();
    expect(tokenFor(forbidden, "room", "#token=t")).toBe("t");
  });
});
