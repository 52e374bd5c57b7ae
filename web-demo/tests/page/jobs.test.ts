import { describe, expect, it } from "vitest";

import { emptyRoom, type Choice, type Job, newId, type Op } from "../../src/client/index.js";
import { DRUM_KEYS, instrumentLabel, instrumentOf, INSTRUMENTS, instrumentText, isDrums } from "../../src/page/instruments.js";
import { isAdded, isWritten, ledJob, notesJob, otherTempo, writtenText } from "../../src/page/jobs.js";
import { jobDetail, jobTitle } from "../../src/page/lanes.js";

const groove: Job = { type: "job", job: "j1", kind: "generate", by: "s1", state: "running", progress: 0, params: { prompt: "warm" } };
const notes: Job = { ...groove, job: "j2", params: { model: "groove", clip: "*" } };
const room = (...jobs: Job[]) => ({ ...emptyRoom, jobs });
const choice = (what: string, value: string): Choice => ({ what, value, why: "" });

describe("jobs", () => {
  it("J1: what is led is the newest endless generation, never one that plays notes", () => {
    const bounded = { ...groove, job: "j3", params: { prompt: "x", bars: 8 } };
    expect(ledJob(room(groove, { ...groove, job: "j4" }, notes, bounded))?.job).toBe("j4");
    expect(ledJob(room(notes, bounded, { ...groove, state: "done" }))).toBeUndefined();
  });

  it("J8: notes are played by a job of that clip that has not ended", () => {
    expect(notesJob(room(groove, notes), "*")?.job).toBe("j2");
    expect(notesJob(room({ ...notes, state: "failed" }), "*")).toBeUndefined();
    expect(notesJob(room(notes), "clip-001")).toBeUndefined();
  });

  it("are called after what they play", () => {
    expect([groove, notes, { ...notes, params: { clip: "clip-001" } }].map(jobTitle)).toEqual(["warm", "Written notes", "A clip's notes"]);
    expect([groove, notes].map(jobDetail)).toEqual(["endless", ""]);
  });
});

describe("choices", () => {
  it("J6: a tempo that the prompt wishes is offered where the room plays another", () => {
    const choices = [choice("style", "sgija"), choice("tempo wish", "118 bpm")];
    expect(otherTempo(choices, 112)).toBe(118);
    expect(otherTempo(choices, 118)).toBeNull();
    expect(otherTempo([choice("tempo", "112 bpm")], 118)).toBeNull();
    expect(otherTempo([choice("style", "118 bpm")], 112)).toBeNull();
    expect(otherTempo([choice("tempo wish", "5000 bpm")], 112)).toBeNull();
  });

  it("J6: what the genre added is told from what was asked", () => {
    expect([choice("added", "airy pads"), choice("style", "sgija")].map(isAdded)).toEqual([true, false]);
  });
});

describe("written notes", () => {
  const put = (id: string, track: string, start_tick: number, length_ticks: number): Op => ({ op: "put", kind: "clip", id, props: { track, start_tick, length_ticks, name: "Drop" } });

  it("J9: are told by tracks, section and bars", () => {
    const clips = ["a", "b", "c"].map((track) => put(`clip-${track}`, track, 8 * 3840, 16 * 3840));
    expect(writtenText(clips, 3840)).toBe("Written: 3 tracks, Drop, bars 9 to 24.");
    expect(writtenText([put("clip-d", "d", 3840, 3840)], 3840)).toBe("Written: 1 track, Drop, bar 2.");
    expect(writtenText([], 3840)).toBe("This section is in the tracks already.");
  });

  it("are known by their clip's id, which no page makes", () => {
    expect(isWritten("0123456789abcdef0123")).toBe(true);
    expect(Array.from({ length: 200 }, newId).some(isWritten)).toBe(false);
  });
});

describe("instruments", () => {
  it("D1: a track names one with its patch, and anything else is an electric piano", () => {
    expect(instrumentOf("log_drum:3")).toMatchObject({ instrument: { label: "Log drum" }, patch: 3 });
    expect(instrumentOf("pad:4").patch).toBe(1);
    for (const text of ["", "violin", "drums:x", "log_drum:1234"]) expect(instrumentOf(text).instrument.name).toBe("piano");
    expect([isDrums("drums:5"), isDrums("log_drum")]).toEqual([true, false]);
  });

  it("say their sounds as a person counts, and as a track names them", () => {
    const pad = INSTRUMENTS.find(({ name }) => name === "pad")!;
    expect([0, 1].map((patch) => instrumentLabel(pad, patch))).toEqual(["Pad", "Pad 2"]);
    expect([0, 1].map((patch) => instrumentText(pad, patch))).toEqual(["pad", "pad:1"]);
    expect(DRUM_KEYS[36]).toBe("kick");
  });
});
