import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { type Change, Document, NAMES, propsOf } from "../../src/client/document.js";
import type { Applied, Entity, Op } from "../../src/client/messages.js";
import { seeded } from "./random.js";

const VECTORS = fileURLToPath(new URL("../../../protocol/vectors/documents.json", import.meta.url));

interface DocumentVector {
  readonly name: string;
  readonly events: readonly Applied[];
  readonly entities: readonly Entity[];
}

const vectors = JSON.parse(readFileSync(VECTORS, "utf8")) as readonly DocumentVector[];

const track: Op = { op: "put", kind: "track", id: "track-01" };
const clip: Op = { op: "put", kind: "clip", id: "clip-001", props: { track: "track-01", start_tick: 0, length_ticks: 3840 } };
const note: Op = { op: "put", kind: "note", id: "note-001", props: { clip: "clip-001", tick: 0, length_ticks: 240, pitch: 60 } };

function documentOf(...ops: Op[]): Document {
  const document = new Document();
  document.apply(ops);
  return document;
}

describe("golden documents", () => {
  it.each(vectors)("D: $name", ({ events, entities }) => {
    const document = new Document();
    for (const { ops } of events) document.apply(ops);
    expect(document.listed()).toEqual(entities);
  });
});

describe("document", () => {
  it("D1: an entity always has every property of its kind", () => {
    const document = documentOf(track, clip, note);
    for (const entity of document.listed()) expect(Object.keys(propsOf(entity)).sort()).toEqual([...NAMES[entity.kind]].sort());
  });

  it("D1: an id belongs to one kind", () => {
    const document = documentOf(track, { op: "put", kind: "marker", id: "track-01", props: { tick: 9 } });
    expect(document.listed().map((e) => e.kind)).toEqual(["track"]);
  });

  it("D2: put gives a live entity all its properties anew; set gives those that are named", () => {
    const document = documentOf(track, { op: "set", kind: "track", id: "track-01", props: { name: "Keys", gain_db: -3 } }, { ...track, props: { name: "Pads" } });
    expect(document.get("track", "track-01")?.props).toMatchObject({ name: "Pads", gain_db: 0 });
  });

  it("D3: what a kind does not have is ignored, and what is not there is neither set nor deleted", () => {
    const document = documentOf({ ...track, props: { name: "Keys", pitch: 3 } }, { op: "set", kind: "clip", id: "track-01", props: { name: "x" } }, { op: "delete", kind: "note", id: "track-01" });
    expect(document.get("track", "track-01")?.props).not.toHaveProperty("pitch");
    expect(document.listed()).toHaveLength(1);
  });

  it("D5: deleting a track deletes its clips and their notes, also after a clip was moved to it", () => {
    const other: Op = { ...track, id: "track-02" };
    const document = documentOf(track, other, clip, note, { op: "set", kind: "clip", id: "clip-001", props: { track: "track-02" } });
    document.apply([{ op: "delete", kind: "track", id: "track-01" }]);
    expect(document.count("note")).toBe(1);
    document.apply([{ op: "delete", kind: "track", id: "track-02" }]);
    expect(document.listed()).toEqual([]);
  });

  it("a change touches an entity and what it lies in, and nothing else", () => {
    const document = documentOf(track, clip, note, { ...track, id: "track-02" });
    const before = document.revision;
    document.apply([{ op: "set", kind: "note", id: "note-001", props: { pitch: 61 } }]);
    expect(document.touched("clip-001")).toBeGreaterThan(before);
    expect(document.touched("track-02")).toBeLessThanOrEqual(before);
    expect(document.revisionOf("note")).toBeGreaterThan(before);
    expect(document.revisionOf("track")).toBeLessThanOrEqual(before);
  });

  it("revert takes everything back, whatever it was", () => {
    const random = seeded(7);
    const kinds = ["track", "clip", "note", "marker"] as const;
    for (let round = 0; round < 200; round++) {
      const document = documentOf(track, clip, note);
      const before = document.listed();
      const log: Change[] = [];
      for (let n = 0; n < 8; n++) {
        const op = (["put", "set", "delete"] as const)[Math.floor(random() * 3)]!;
        const id = ["track-01", "clip-001", "note-001", "other-01"][Math.floor(random() * 4)]!;
        document.apply([{ op, kind: kinds[Math.floor(random() * 4)]!, id, props: { track: "track-01", clip: "clip-001", tick: n } }], log);
      }
      document.revert(log);
      expect(document.listed()).toEqual(before);
      expect([...document.children("clip-001")].map((e) => e.id)).toEqual(["note-001"]);
    }
  });
});
