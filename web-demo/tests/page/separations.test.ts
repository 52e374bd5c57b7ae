import { describe, expect, it } from "vitest";

import { type Asset, Document, emptyRoom, type Job, type RoomState, type StreamOpen } from "../../src/client/index.js";
import { notesJob } from "../../src/page/jobs.js";
import { layOut, titleIn } from "../../src/page/lanes.js";
import { leftText, Pace } from "../../src/page/pace.js";
import { refusedUpload } from "../../src/page/refused-upload.js";
import { common, duration, followsOn, soundDetail, soundName, stemsOf, uncovered } from "../../src/page/separations.js";
import { stemName } from "../../src/page/stems.js";

const asset: Asset = { type: "asset", seq: 1, asset: "a", name: "Gwijo.wav", samples: 44_100 * 187, sample_rate: 44_100, channels: 2, by: "s1" };
const job: Job = { type: "job", job: "j", kind: "separate", by: "s1", state: "running", progress: 0.2, params: { asset: "a" } };
const groove: Job = { ...job, job: "g", kind: "generate", params: { prompt: "warm" } };

function open(of: string, stem: string, samples: number | null): StreamOpen {
  return { type: "stream.open", stream: `${of}.${stem}`, job: of, stem, sample_rate: 48_000, channels: 2, codec: "pcm_s16le", anchor_tick: 0, bpm: 112, epoch: 0, samples };
}

function room(jobs: readonly Job[], ...streams: StreamOpen[]): RoomState {
  return { ...emptyRoom, assets: [asset], jobs, streams: streams.map((one) => ({ open: one, samples: null, asset: null })) };
}

describe("separations", () => {
  it("J11: the sound itself is no stem: neither in a list nor on a lane of its own", () => {
    const here = room([job], open("j", "mix", 9), open("j", "other", 9), open("j", "vocals", 9));
    expect(stemsOf(here, "j").map((s) => s.open.stem)).toEqual(["other", "vocals"]);
    expect(layOut(here, new Set())[0]!.lanes.map((lane) => lane.stream.open.stem)).toEqual(["other", "vocals"]);
  });

  it("J3: one of an endless generation has no end to work towards, one of a sound has", () => {
    expect(followsOn(room([job], open("j", "other", 9)), job)).toBe(false);
    const live = { ...job, params: { job: "g" } };
    expect(followsOn(room([groove, live]), live)).toBe(true);
    expect(followsOn(room([groove, live], open("j", "other", null)), live)).toBe(true);
    expect(followsOn(room([groove, live], open("j", "other", null)), { ...live, state: "done" })).toBe(false);
    expect(followsOn(room([{ ...groove, params: { bars: 8 } }, live]), live)).toBe(false);
  });

  it("are called after what they are of", () => {
    const document = new Document();
    document.apply([
      { op: "put", kind: "track", id: "track-001", props: {} },
      { op: "put", kind: "clip", id: "clip-0001", props: { track: "track-001", start_tick: 0, length_ticks: 960, name: "Hook", asset: "a" } },
      { op: "put", kind: "clip", id: "clip-0002", props: { track: "track-001", start_tick: 0, length_ticks: 960, asset: "a" } },
    ]);
    const called = (params: Job["params"]): string => titleIn(room([groove]), document, { ...job, params });
    const titles = [{ asset: "a" }, { job: "g" }, { clip: "clip-0001" }, { clip: "clip-0002" }, { asset: "gone" }].map(called);
    expect(titles).toEqual(["Stems of Gwijo", "Stems of warm", "Stems of Hook", "Stems of Gwijo", "Stems"]);
    expect(titleIn(room([]), document, { ...job, kind: "score" })).toBe("Score of Gwijo");
  });

  it("of a clip are not what plays its notes", () => {
    expect(notesJob(room([{ ...job, params: { clip: "clip-0001" } }]), "clip-0001")).toBeUndefined();
  });

  it("what they leave is not the keys alone", () => {
    expect([stemName("other"), stemName("other", "separate"), stemName("log_drum", "separate")]).toEqual(["Keys & pads", "Everything else", "Log drum"]);
  });
});

describe("spans of a separation", () => {
  it("leave gaps, wherever they began", () => {
    expect(uncovered([{ from: 70, to: 100 }, { from: 0, to: 20 }], 100)).toEqual([{ from: 20, to: 70 }]);
    expect(uncovered([{ from: 70, to: 70 }], 100)).toEqual([{ from: 0, to: 70 }, { from: 70, to: 100 }]);
    expect(uncovered([{ from: 0, to: 100 }], 100)).toEqual([]);
  });

  it("are there together where each is", () => {
    const spans = [{ from: 70, to: 100 }, { from: 0, to: 20 }];
    expect(common([spans, [{ from: 80, to: 100 }, { from: 0, to: 10 }]])).toEqual([{ from: 80, to: 100 }, { from: 0, to: 10 }]);
    expect(common([spans, []])).toEqual([]);
    expect(common([])).toEqual([]);
  });
});

describe("sounds", () => {
  it("are called without their ending, and told by length and kind", () => {
    expect([soundName("Gwijo.final.M4A"), soundName("loop"), soundName(".wav")]).toEqual(["Gwijo.final", "loop", ".wav"]);
    expect([duration(48_000 * 59.6), duration(44_100 * 187, 44_100)]).toEqual(["1:00", "3:07"]);
    expect(soundDetail(asset)).toBe("3:07, 44.1 kHz stereo");
    expect(soundDetail({ ...asset, channels: 6, sample_rate: 96_000 })).toBe("1:26, 96 kHz 6 channels");
  });

  it("A5: a refusal says what happened to which file, and what can be done", () => {
    const said = (status: number): string => refusedUpload("notes.txt", status, "The hub's words.", { max_asset_bytes: 200 * 2 ** 20, max_assets: 512 });
    expect(said(415)).toBe("No sound could be read in “notes.txt”. WAV, FLAC, MP3, Ogg and M4A can be.");
    expect(said(413)).toContain("200 MiB");
    expect(said(409)).toContain("512 sounds");
    expect(said(507)).toContain("disk is full");
    expect(said(0)).toContain("Try again");
    expect(said(403)).toBe("The hub's words.");
    expect(new Set([0, 403, 409, 413, 415, 503, 507].map(said)).size).toBe(7);
  });
});

describe("pace", () => {
  const paced = (...marks: readonly (readonly [seconds: number, progress: number])[]): Pace => {
    const pace = new Pace();
    for (const [seconds, progress] of marks) pace.note(seconds * 1000, progress);
    return pace;
  };

  it("is that of the last moments, not of the slow beginning", () => {
    expect(paced([0, 0], [60, 0.1], [64, 0.3], [68, 0.5]).leftS()).toBeCloseTo(10, 5);
  });

  it("is not known at first, nor at the end", () => {
    expect(new Pace().leftS()).toBeNull();
    expect(paced([0, 0], [1, 0.1]).leftS()).toBeNull();
    expect(paced([0, 0], [10, 1]).leftS()).toBeNull();
  });

  it("counts anew where the work begins anew (J4), and from the last news where news is rare", () => {
    expect(paced([0, 0.5], [4, 0.6], [5, 0.1], [9, 0.3]).leftS()).toBeCloseTo(14, 5);
    expect(paced([0, 0], [30, 0.5]).leftS()).toBeCloseTo(30, 5);
  });

  it("is told no more exactly than it is known", () => {
    expect([null, 3, 42, 89, 130].map(leftText)).toEqual(["", "a few seconds left", "about 40 s left", "about 90 s left", "about 2 min left"]);
  });
});
