import { describe, expect, it } from "vitest";

import { STATUS_LENGTH, Status } from "../../src/client/worklet-messages.js";
import { Studio } from "./studio.js";
import { transport } from "./transports.js";

// Until the gain has settled and a start is bridged, values are approached.
const SETTLED = 9600;

/** A slope that names the sample and makes no break where it turns. */
const ramp = (sample: number): number => Math.abs((sample % 20_000) - 10_000);

function status(studio: Studio): Float64Array {
  const reply = studio.mixer.apply({ type: "poll", values: new Float64Array(STATUS_LENGTH) });
  if (reply?.type !== "status") throw new TypeError("no status");
  return reply.values;
}

describe("mixer", () => {
  it("A1: copies the very sample that belongs to a moment", () => {
    const studio = new Studio(transport());
    studio.open();
    studio.chunk(0, 48_000, ramp);
    const heard = studio.play(SETTLED + 2000);
    for (let i = SETTLED; i < SETTLED + 2000; i++) expect(heard[i]).toBeCloseTo(ramp(i), 2);
  });

  it("A1: a stream that is anchored later begins there, to the sample", () => {
    const studio = new Studio(transport());
    studio.open(120, 960); // a quarter note at 120: 24,000 samples
    studio.chunk(0, 24_000, () => 5000);
    const heard = studio.play(40_000);
    expect(heard[23_999]).toBe(0);
    expect(Math.abs(heard[24_700]! - 5000)).toBeLessThan(5);
  });

  it("T2: a loop wraps to the sample, again and again, without drift", () => {
    // 112 BPM: a beat is 25,714.29 samples, so that wraps fall between samples.
    const loop = { start_tick: 960, end_tick: 1920 };
    const studio = new Studio(transport({ bpm: 112, loop }));
    studio.open(112);
    studio.chunk(0, 60_000, (sample) => sample / 2);
    const beat = 48_000 * 60 / 112;
    const heard = studio.play(Math.ceil(beat * 12));
    for (let turn = 1; turn < 10; turn++) {
      const at = Math.round(beat * (turn + 1)) + 2000; // 2,000 samples into that turn
      expect(Math.abs(heard[at]! - (beat + 2000) / 2)).toBeLessThan(1.01);
    }
  });

  it("bends what adds up to more than full scale, and nothing below", () => {
    const level = (gain: number): number => {
      const studio = new Studio(transport());
      studio.mixer.apply({ type: "master", gain, click: 0 });
      studio.open();
      studio.chunk(0, 48_000, () => 20_000);
      return studio.play(SETTLED + 4800).at(-1)!;
    };
    expect(level(1.4)).toBeCloseTo(28_000, 0);
    expect(level(2)).toBeGreaterThan(0.9 * 32_767);
    expect(level(2)).toBeLessThan(level(8));
    expect(level(8)).toBeLessThanOrEqual(32_768);
  });

  it("bridges a jump: no step is larger than the music's own", () => {
    const studio = new Studio(transport({ loop: { start_tick: 0, end_tick: 960 } }));
    studio.open();
    studio.chunk(0, 48_000, (sample) => 8000 * Math.cos((sample / 48_000) * 2 * Math.PI * 55.3));
    const heard = studio.play(24_000 * 3);
    let steepest = 0;
    for (let i = SETTLED; i < heard.length; i++) steepest = Math.max(steepest, Math.abs(heard[i]! - heard[i - 1]!));
    expect(steepest).toBeLessThan(400);
  });

  it("T5: a transport takes over at its anchor, to the sample", () => {
    const studio = new Studio(transport({ playing: false }), transport({ rev: 2, anchor_us: 500_000 }));
    studio.open();
    studio.chunk(0, 48_000, () => 5000);
    const heard = studio.play(24_400);
    expect(heard[23_999]).toBe(0);
    expect(heard[24_390]).toBeGreaterThan(4900);
  });

  it("T3: stop is silence at its anchor", () => {
    const studio = new Studio(transport(), transport({ rev: 2, playing: false, anchor_us: 500_000, anchor_tick: 960 }));
    studio.open();
    studio.chunk(0, 96_000, () => 5000);
    const heard = studio.play(26_000);
    expect(heard[23_999]).toBeCloseTo(5000, 0);
    expect(heard[24_960]).toBeLessThan(1);
  });

  it("counts an underrun, plays silence, and goes on", () => {
    const studio = new Studio(transport());
    studio.open();
    studio.chunk(0, 10_000, () => 5000);
    studio.chunk(20_480, 20_000, () => 5000);
    const heard = studio.play(30_000);
    expect(heard[15_000]).toBe(0);
    expect(heard[25_000]).toBeCloseTo(5000, 0);
    expect(status(studio)[Status.UNDERRUNS]).toBe(1);
    expect(status(studio)[Status.MISSING_FRAMES]).toBe(10_480);
  });

  it("A2: what is before a stream's first sample is silence, not an underrun", () => {
    const studio = new Studio(transport());
    studio.open(120, 0, "s", 10_240);
    studio.chunk(10_240, 20_480, () => 5000);
    studio.play(20_000);
    expect(status(studio)[Status.UNDERRUNS]).toBe(0);
  });

  it("A3: the same tempo: everything from there on is replaced", () => {
    const studio = new Studio(transport());
    studio.open();
    studio.chunk(0, 40_000, () => 1000);
    studio.epoch(1, 20_000, 120);
    studio.chunk(20_000, 20_000, () => 2000);
    const heard = studio.play(30_000);
    expect(heard[19_900]).toBeCloseTo(1000, 0);
    expect(heard[21_000]).toBeCloseTo(2000, 0);
  });

  it("A3: another tempo: the old audio plays on until its transport takes effect", () => {
    const studio = new Studio(transport());
    studio.open();
    studio.chunk(0, 60_000, () => 1000);
    studio.epoch(1, 40_000, 60);
    studio.chunk(40_000, 40_000, () => 2000);
    const before = studio.play(12_800);
    studio.setTransports(transport(), transport({ rev: 2, bpm: 60, anchor_us: 500_000, anchor_tick: 960 }));
    const after = studio.play(20_000);
    expect(before[12_700]).toBeCloseTo(1000, 0);
    expect(after[23_900 - 12_800]).toBeCloseTo(1000, 0);
    expect(after[25_500 - 12_800]).toBeCloseTo(2000, 0);
  });

  it("a stream whose tempo nobody renders anew bends to the transport's", () => {
    const studio = new Studio(transport({ bpm: 60 }));
    studio.open(120);
    studio.chunk(0, 48_000, (sample) => sample / 4);
    const heard = studio.play(40_000);
    expect(heard[30_000]).toBeCloseTo(15_000 / 4, 0);
  });

  it("a clock that is off is followed by bending the rate, at most 0.5 %, and then copied exactly again", () => {
    const studio = new Studio(transport());
    studio.open();
    studio.chunk(0, 192_000, ramp);
    studio.play(SETTLED);
    studio.mixer.apply({ type: "map", frame: 0, hubUs: 2000, usPerFrame: 1e6 / 48_000 }); // 96 samples
    let rate = 1;
    for (let n = 0; n < 1200; n++) {
      studio.play(128);
      rate = Math.max(rate, studio.mixer.playhead.rate);
    }
    expect(rate).toBeLessThanOrEqual(1.005);
    expect(studio.mixer.playhead.repositions).toBe(0);
    expect(Math.abs(studio.mixer.playhead.error)).toBeLessThan(2);
    expect(Number.isInteger(studio.mixer.playhead.u)).toBe(true);
  });

  it("a clock that is grossly off is jumped to, once", () => {
    const studio = new Studio(transport());
    studio.play(1280);
    studio.mixer.apply({ type: "map", frame: 0, hubUs: 700_000, usPerFrame: 1e6 / 48_000 });
    studio.play(1280);
    expect(studio.mixer.playhead.repositions).toBe(1);
  });

  it("mute and gain act on one strip", () => {
    const studio = new Studio(transport());
    studio.open(120, 0, "a");
    studio.open(120, 0, "b");
    studio.chunk(0, 96_000, () => 1000, "a");
    studio.chunk(0, 96_000, () => 500, "b");
    studio.mixer.apply({ type: "strip", strip: studio.book.get("a")!.strip, gain: 1, pan: 0, on: false });
    studio.mixer.apply({ type: "strip", strip: studio.book.get("b")!.strip, gain: 2, pan: 0, on: true });
    expect(studio.play(20_000)[19_999]).toBeCloseTo(1000, 0);
  });

  it("a tap records the frames as rendered, and where they began", () => {
    const studio = new Studio(transport());
    studio.play(1280);
    studio.mixer.apply({ type: "tap", left: new Float32Array(300), right: new Float32Array(300) });
    expect(studio.mixer.takeTap()).toBeNull();
    studio.play(512);
    expect(studio.mixer.takeTap()).toMatchObject({ type: "tap", startFrame: 1280 });
    expect(studio.mixer.takeTap()).toBeNull();
  });

  it("the metronome sounds at the beat, and only then", () => {
    const studio = new Studio(transport());
    studio.mixer.apply({ type: "master", gain: 1, click: 0.5 });
    const heard = studio.play(48_000).map(Math.abs);
    expect(Math.max(...heard.slice(24_000, 24_200))).toBeGreaterThan(5000);
    expect(Math.max(...heard.slice(20_000, 24_000))).toBe(0);
  });
});
