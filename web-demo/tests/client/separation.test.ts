import { describe, expect, it } from "vitest";

import { StripStatus, STATUS_LENGTH, Status, STRIP_VALUES } from "../../src/client/worklet-messages.js";
import { latest } from "../../src/client/streams.js";
import { seeded } from "./random.js";
import { Studio } from "./studio.js";
import { transport } from "./transports.js";

const SONG = 200_000;
const FADE = 480;
const STEMS = ["vocals", "drums", "other"];

/** Music of a kind: loud, and never the same twice. */
const song = noise(5, 9000);
const vocals = noise(6, 3000);
const drums = noise(7, 3000);
const PARTS: Readonly<Record<string, (s: number) => number>> = { mix: song, vocals, drums, other: (s) => song(s) - vocals(s) - drums(s) };

function noise(seed: number, level: number): (sample: number) => number {
  const random = seeded(seed);
  const values = Int16Array.from({ length: SONG }, () => Math.round((random() * 2 - 1) * level));
  return (sample) => values[sample] ?? 0;
}

function separating(start = 0): Studio {
  const studio = new Studio(transport());
  studio.separate("j", ["mix", ...STEMS], { samples: SONG, start });
  return studio;
}

function give(studio: Studio, stems: readonly string[], from: number, to: number): void {
  for (const stem of stems) studio.chunk(from, to - from, PARTS[stem]!, `j.${stem}`);
}

function strip(studio: Studio, stem: string, on: boolean, gain = 1): void {
  studio.mixer.apply({ type: "strip", strip: studio.book.get(`j.${stem}`)!.strip, gain, pan: 0, on });
}

function status(studio: Studio): Float64Array {
  const reply = studio.mixer.apply({ type: "poll", values: new Float64Array(STATUS_LENGTH) });
  if (reply?.type !== "status") throw new TypeError("no status");
  return reply.values;
}

/** The largest difference to the song, in parts of full scale. */
function fault(heard: Float64Array, from: number): number {
  return heard.reduce((most, value, i) => Math.max(most, Math.abs(value - song(from + i))), 0) / 32_768;
}

/** Play once until levels have settled, so that what follows is exact. */
function settle(studio: Studio): number {
  studio.play(12_800);
  return 12_800;
}

describe("strips of a separation", () => {
  /** The strips that are heard, where these are muted and those solo. */
  function heard(studio: Studio, mute: readonly string[], solo: readonly string[]): readonly string[] {
    const settings = (stream: string) => ({ mute: mute.includes(stream), solo: solo.includes(stream) });
    return [...studio.book.entries].filter((entry) => studio.separations.isOn(entry, settings)).map((entry) => entry.open.stream);
  }

  it("a muted stem leaves the sound whole where stems are not there yet; with all of them muted it is still, too", () => {
    const studio = separating();
    expect(heard(studio, ["j.vocals"], [])).toEqual(["j.mix", "j.drums", "j.other"]);
    expect(heard(studio, STEMS.map((stem) => `j.${stem}`), [])).toEqual([]);
  });

  it("a stem that is solo keeps its sound, and no other's", () => {
    const studio = separating();
    studio.book.open({ ...studio.announcement("g.keys"), job: "g" }, null);
    studio.separate("k", ["other"], { of: "g" });
    expect(heard(studio, [], ["j.vocals"])).toEqual(["j.mix", "j.vocals"]);
    expect(heard(studio, [], ["k.other"])).toEqual(["g.keys", "k.other"]);
  });

  it("a sound that is on its own is as it was", () => {
    const studio = new Studio(transport());
    studio.open(120, 0, "a");
    studio.open(120, 0, "b");
    expect([heard(studio, ["a"], []), heard(studio, [], ["a"])]).toEqual([["b"], ["a"]]);
  });
});

describe("a separation in the mixer", () => {
  it("J11: nothing is heard of the change from a sound to its stems and back: it is the song within 1e-6 throughout", () => {
    const studio = separating();
    give(studio, ["mix"], 0, SONG);
    // Stems come and go, block by block and in the middle of one, one of them later than the others.
    give(studio, ["vocals", "drums"], 20_000, 61_111);
    give(studio, ["other"], 23_456, 70_000);
    give(studio, STEMS, 100_001, 140_000);
    const from = settle(studio);
    expect(fault(studio.play(150_000 - from), from)).toBeLessThan(1e-6);
  });

  it("J11: the same where a stem comes while its place is playing", () => {
    const studio = separating();
    give(studio, ["mix"], 0, SONG);
    give(studio, ["vocals", "drums"], 0, SONG);
    let at = settle(studio);
    const parts: number[] = [];
    for (const coming of [10_300, 12_390, 70_000]) {
      const heard = studio.play(12_800);
      parts.push(fault(heard, at));
      at += heard.length;
      give(studio, ["other"], at - 3000, at + coming);
    }
    expect(Math.max(...parts)).toBeLessThan(1e-6);
  });

  it("the same where the rate bends and samples are read between samples", () => {
    const studio = new Studio(transport({ bpm: 119 }));
    studio.separate("j", ["mix", ...STEMS], { samples: SONG });
    const alone = new Studio(transport({ bpm: 119 }));
    alone.separate("j", ["mix"], { samples: SONG });
    for (const one of [studio, alone]) give(one, ["mix"], 0, SONG);
    give(studio, STEMS, 30_000, 60_000);
    const [heard, wanted] = [studio, alone].map((one) => one.play(80_000));
    const most = heard!.reduce((peak, value, i) => Math.max(peak, Math.abs(value - wanted![i]!)), 0);
    expect(most / 32_768).toBeLessThan(1e-6);
  });

  it("a stem that is muted is gone where all stems are there, after a fade of 10 ms, and the whole is heard elsewhere", () => {
    const studio = separating();
    give(studio, ["mix"], 0, SONG);
    give(studio, STEMS, 40_000, 80_000);
    strip(studio, "vocals", false);
    settle(studio);
    const heard = studio.play(90_000 - 12_800);
    const at = (sample: number): number => heard[sample - 12_800]!;
    for (const sample of [20_000, 39_999, 80_001, 85_000]) expect(at(sample)).toBeCloseTo(song(sample), 1);
    for (const sample of [40_000 + FADE, 60_000, 79_999 - FADE]) expect(at(sample)).toBeCloseTo(song(sample) - vocals(sample), 1);
    const half = 40_000 + FADE / 2;
    expect(at(half)).toBeCloseTo(song(half) - vocals(half) / 2, 0);
  });

  it("gain of a stem acts on the stem alone", () => {
    const studio = separating();
    give(studio, ["mix", ...STEMS], 0, SONG);
    strip(studio, "drums", true, 2);
    settle(studio);
    const heard = studio.play(1000);
    expect(heard[900]).toBeCloseTo(song(13_700) + drums(13_700), 1);
  });

  it("a stem that is missing where the sound is missing, too, leaves what is there", () => {
    const studio = separating();
    give(studio, ["vocals", "drums"], 0, 60_000);
    settle(studio);
    expect(studio.play(1000)[900]).toBeCloseTo(vocals(13_700) + drums(13_700), 1);
  });

  it("what is not heard is no underrun: neither a sound behind its stems nor stems behind their sound", () => {
    const studio = separating();
    give(studio, ["mix", ...STEMS], 0, 30_000);
    give(studio, STEMS, 30_000, 60_000);
    give(studio, ["mix"], 60_000 - 2 * FADE, SONG);
    studio.play(100_000);
    expect(status(studio)[Status.UNDERRUNS]).toBe(0);
    const other = studio.book.get("j.other")!.strip;
    expect(status(studio)[Status.STRIPS + other * STRIP_VALUES + StripStatus.UNDERRUNS]).toBe(0);
  });

  it("A2: a sound that is separated from inside sounds before its entry, too, once that has come", () => {
    const studio = separating(120_000);
    give(studio, ["mix", ...STEMS], 120_000, SONG);
    give(studio, ["mix", ...STEMS], 0, 120_000);
    expect(latest(studio.book.get("j.vocals")!).extent.isWhole).toBe(true);
    const from = settle(studio);
    expect(fault(studio.play(150_000), from)).toBeLessThan(1e-6);
  });

  it("the end of a song is its stems' end: a muted stem does not come back for the last 10 ms", () => {
    const studio = separating();
    give(studio, ["mix", ...STEMS], 0, SONG);
    for (const stem of ["mix", ...STEMS]) studio.book.close({ type: "stream.close", stream: `j.${stem}`, samples: SONG, asset: null });
    strip(studio, "vocals", false);
    const heard = studio.play(SONG + 1000);
    expect(heard[SONG - 5]).toBeCloseTo(song(SONG - 5) - vocals(SONG - 5), 1);
  });

  it("J3: an endless generation is silent where its stems are, and goes on where they end", () => {
    const studio = new Studio(transport());
    studio.book.open({ ...studio.announcement("g.keys"), job: "g" }, null);
    studio.book.open({ ...studio.announcement("g.bass"), job: "g" }, null);
    studio.separate("j", STEMS, { start: 40_000, of: "g" });
    studio.chunk(0, SONG, (s) => song(s) - drums(s), "g.keys");
    studio.chunk(0, SONG, drums, "g.bass");
    give(studio, STEMS, 40_000, 90_000);
    const from = settle(studio);
    const whole = studio.play(80_000 - from);
    expect(fault(whole, from)).toBeLessThan(1e-6);
    for (const stem of STEMS) studio.book.close({ type: "stream.close", stream: `j.${stem}`, samples: 85_000, asset: null });
    expect(fault(studio.play(30_000), from + whole.length)).toBeLessThan(1e-6);
  });

  it("a separation that is taken off gives its generation back", () => {
    const studio = new Studio(transport());
    studio.book.open({ ...studio.announcement("g.keys"), job: "g" }, null);
    studio.separate("j", STEMS, { of: "g" });
    studio.chunk(0, SONG, song, "g.keys");
    give(studio, STEMS, 0, SONG);
    const from = settle(studio);
    for (const stem of STEMS) studio.book.remove(`j.${stem}`);
    studio.separations.refresh();
    studio.play(12_800);
    expect(fault(studio.play(1280), from + 12_800)).toBeLessThan(1e-6);
  });

  it("a place that is jumped to sounds in stems at once, where they are there", () => {
    const studio = separating();
    give(studio, ["mix"], 0, SONG);
    give(studio, STEMS, 90_000, SONG);
    strip(studio, "vocals", false);
    settle(studio);
    studio.setTransports(transport(), transport({ rev: 2, anchor_us: (12_800 / 48_000) * 1e6, anchor_tick: 3840 })); // sample 96,000
    const heard = studio.play(640);
    // The jump itself is bridged; a fade on top of it would still let a third of the voice through here.
    const through = heard.subarray(300, 340).map((value, i) => Math.abs(value - (song(96_300 + i) - vocals(96_300 + i))));
    expect(Math.max(...through)).toBeLessThan(150);
  });

  it("what goes missing all at once is bridged: no step is heard", () => {
    const studio = separating();
    studio.chunk(0, 50_000, () => 6000, "j.mix");
    for (const [stem, value] of [["vocals", 1000], ["drums", 2000]] as const) studio.chunk(0, SONG, () => value, `j.${stem}`);
    settle(studio);
    const heard = studio.play(60_000 - 12_800);
    expect([heard[40_000 - 12_800], heard[55_000 - 12_800]].map((value) => Math.round(value!))).toEqual([6000, 3000]);
    let steepest = 0;
    for (let i = 1; i < heard.length; i++) steepest = Math.max(steepest, Math.abs(heard[i]! - heard[i - 1]!));
    expect(steepest).toBeLessThan(100);
  });
});
