import { describe, expect, it } from "vitest";

import { Document, type Op, propsOf } from "../../src/client/index.js";
import { duplicateClips, endOf, moveClips, moved, resizeClip, splitClip } from "../../src/page/clip-edits.js";
import { gridTicks, snap, snapDown, stepGrid } from "../../src/page/grid.js";
import { duplicateNotes, movedNotes, pitchName, resizedNotes, setNotes, withVelocity } from "../../src/page/note-edits.js";
import { drumRows, pitchOfRow, rowOf } from "../../src/page/piano-rows.js";
import { moveTrack, newTrack, tracksInOrder } from "../../src/page/track-edits.js";

const BAR = 3840;

function put(kind: Op["kind"], id: string, props: Op["props"] = {}): Op {
  return { op: "put", kind, id, props };
}

/** Two tracks; a clip of four bars from bar two on, with three notes. */
function room(): Document {
  const document = new Document();
  document.apply([
    put("track", "track-01", { order: "A", name: "Keys" }),
    put("track", "track-02", { order: "B", name: "Bass" }),
    put("clip", "clip-001", { track: "track-01", start_tick: BAR, length_ticks: 4 * BAR, name: "Verse" }),
    put("note", "note-001", { clip: "clip-001", tick: 0, length_ticks: 480, pitch: 60 }),
    put("note", "note-002", { clip: "clip-001", tick: 2 * BAR - 240, length_ticks: 480, pitch: 64 }),
    put("note", "note-003", { clip: "clip-001", tick: 3 * BAR, length_ticks: 480, pitch: 67 }),
  ]);
  return document;
}

const clipOf = (document: Document, id = "clip-001") => document.get("clip", id)!;
const notesOf = (document: Document, clip = "clip-001") => [...document.children(clip)].sort((a, b) => propsOf(a).tick - propsOf(b).tick);
const span = (document: Document, id?: string) => [propsOf(clipOf(document, id)).start_tick, endOf(clipOf(document, id))];

describe("clips", () => {
  it("move together, and stop at the start and at the first and last track", () => {
    const document = room();
    const tracks = ["track-01", "track-02"];
    expect(moved([clipOf(document)], -9 * BAR, 5, tracks).get("clip-001")).toEqual({ start_tick: 0, track: "track-02" });
    document.apply(moveClips(document, moved([clipOf(document)], BAR, 1, tracks)));
    expect(propsOf(clipOf(document))).toMatchObject({ start_tick: 2 * BAR, track: "track-02" });
  });

  it("that did not move make no edit", () => {
    const document = room();
    expect(moveClips(document, moved([clipOf(document)], 0, 0, ["track-01"]))).toEqual([]);
    expect(resizeClip(document, clipOf(document), BAR, 5 * BAR, 120)).toEqual([]);
  });

  it("made shorter from the left keep what they hold at its moment, and lose what began before", () => {
    const document = room();
    document.apply(resizeClip(document, clipOf(document), 2 * BAR, 5 * BAR, 120));
    expect(span(document)).toEqual([2 * BAR, 5 * BAR]);
    expect(notesOf(document).map((note) => propsOf(note).tick)).toEqual([BAR - 240, 2 * BAR]);
  });

  it("duplicated come right after, with all their notes", () => {
    const document = room();
    const { ids, ops } = duplicateClips(document, [clipOf(document)]);
    document.apply(ops);
    expect(span(document, ids[0])).toEqual([5 * BAR, 9 * BAR]);
    expect(notesOf(document, ids[0]).map((note) => propsOf(note).pitch)).toEqual([60, 64, 67]);
    expect(document.count("note")).toBe(6);
  });

  it("split in two: a note across the cut is cut, what is behind it goes along", () => {
    const document = room();
    const { ids, ops } = splitClip(document, clipOf(document), 3 * BAR, 120);
    document.apply(ops);
    expect([span(document), span(document, ids[1])]).toEqual([[BAR, 3 * BAR], [3 * BAR, 5 * BAR]]);
    expect(notesOf(document).map((note) => propsOf(note).length_ticks)).toEqual([480, 240]);
    expect(notesOf(document, ids[1]).map((note) => propsOf(note).tick)).toEqual([BAR]);
  });

  it("are not split at their edge", () => {
    const document = room();
    expect(splitClip(document, clipOf(document), BAR, 120).ops).toEqual([]);
    expect(splitClip(document, clipOf(document), 5 * BAR, 120).ops).toEqual([]);
  });

  it("with a sound keep it in place: 120 BPM, a bar is 96,000 samples", () => {
    const document = room();
    document.apply([{ op: "set", kind: "clip", id: "clip-001", props: { asset: "a".repeat(64) } }]);
    const { ids, ops } = splitClip(document, clipOf(document), 2 * BAR, 120);
    document.apply(ops);
    expect(propsOf(clipOf(document, ids[1])).offset_samples).toBe(96_000);
  });
});

describe("notes", () => {
  it("move together, and stop at the clip's beginning and at the ends of the keyboard", () => {
    const notes = notesOf(room());
    const places = movedNotes(notes, -BAR, 100);
    expect([...places.values()].map((place) => place.pitch)).toEqual([120, 124, 127]);
    expect([...places.values()].map((place) => place.tick)).toEqual(notes.map((note) => propsOf(note).tick));
  });

  it("get no shorter than the shortest", () => {
    const [note] = notesOf(room());
    expect(resizedNotes([note!], -9999, 60).get("note-001")).toEqual({ length_ticks: 60 });
  });

  it("have a velocity from 1 to 127, and what is so already makes no edit", () => {
    const notes = notesOf(room());
    expect(withVelocity(notes, -4).get("note-001")).toEqual({ velocity: 1 });
    expect(setNotes(notes, withVelocity(notes, 100))).toEqual([]);
    expect(setNotes(notes, withVelocity(notes, 400))).toHaveLength(3);
  });

  it("duplicated begin on the next line of the grid", () => {
    const [first] = notesOf(room());
    const { ops } = duplicateNotes([first!], 960);
    expect(ops[0]).toMatchObject({ op: "put", props: { tick: 960, pitch: 60 } });
  });

  it("are named as musicians name them", () => {
    expect([60, 61, 70, 21].map(pitchName)).toEqual(["C4", "C♯4", "B♭4", "A0"]);
  });

  it("of drums move from drum to drum, past keys that strike nothing", () => {
    const document = room();
    document.apply([put("note", "note-009", { clip: "clip-001", tick: 0, length_ticks: 60, pitch: 39 })]);
    const clap = [document.get("note", "note-009")!];
    const rows = drumRows([]);
    const up = (by: number) => movedNotes(clap, 0, by, rows).get("note-009")?.pitch;
    expect([up(1), up(2), up(-99), up(99)]).toEqual([41, 42, 36, 82]);
  });
});

describe("rows of the piano roll", () => {
  it("are all pitches, or a kit's drums and what else is written", () => {
    expect([rowOf(null, 60), pitchOfRow(null, 200)]).toEqual([60, 127]);
    const rows = drumRows([40, 36]);
    expect(rows!.slice(0, 6)).toEqual([36, 37, 38, 39, 40, 41]);
    expect(rows!.map((pitch) => pitchOfRow(rows, rowOf(rows, pitch)))).toEqual(rows);
    expect([rowOf(rows, 44), rowOf(rows, 127)].map((row) => pitchOfRow(rows, row))).toEqual([45, 82]);
  });
});

describe("tracks", () => {
  it("are added last, under a name that is free", () => {
    const document = room();
    const { ops } = newTrack(document);
    document.apply(ops);
    expect(tracksInOrder(document).map((track) => propsOf(track).name)).toEqual(["Keys", "Bass", "Track 3"]);
  });

  it("go where they are put with one write", () => {
    const document = room();
    const ops = moveTrack(document, "track-02", 0);
    expect(ops).toHaveLength(1);
    document.apply(ops);
    expect(tracksInOrder(document).map((track) => track.id)).toEqual(["track-02", "track-01"]);
    expect(moveTrack(document, "track-02", 0)).toEqual([]);
  });

  it("that others made without an order still can be ordered", () => {
    const document = new Document();
    document.apply(["track-0a", "track-0b", "track-0c"].map((id) => put("track", id)));
    document.apply(moveTrack(document, "track-0c", 0));
    expect(tracksInOrder(document).map((track) => track.id)).toEqual(["track-0c", "track-0a", "track-0b"]);
  });
});

describe("grid", () => {
  it("follows the metre", () => {
    expect(gridTicks("bar", { numerator: 3, denominator: 4 })).toBe(2880);
    expect(gridTicks("beat", { numerator: 6, denominator: 8 })).toBe(480);
    expect(gridTicks("sixteenth", { numerator: 4, denominator: 4 })).toBe(240);
    expect(gridTicks("off", { numerator: 4, denominator: 4 })).toBe(1);
  });

  it("snaps to the nearest line, or the one before, never under the start", () => {
    expect([snap(500, 960), snap(400, 960), snap(-900, 960), snapDown(959, 960)]).toEqual([960, 0, 0, 0]);
  });

  it("gets finer and coarser, and stops at its ends", () => {
    expect([stepGrid("bar", -1), stepGrid("bar", 1), stepGrid("off", 1)]).toEqual(["bar", "beat", "off"]);
  });
});
