import { describe, expect, it } from "vitest";

import type { HubMessage, Job, StreamOpen, Welcome } from "../../src/client/messages.js";
import { emptyRoom, foldRoom, thresholdOf } from "../../src/client/room.js";
import { transport } from "./transports.js";

const thandi = { session: "s1", name: "Thandi", color: "#ffffff", role: "owner" } as const;
const sipho = { session: "s2", name: "Sipho", color: "#000000", role: "editor" } as const;
const job: Job = { type: "job", job: "j", kind: "generate", by: "s1", state: "running", progress: 0.5, params: { prompt: "warm" } };
const stream: StreamOpen = {
  type: "stream.open",
  stream: "j.drums",
  job: "j",
  stem: "drums",
  sample_rate: 48_000,
  channels: 2,
  codec: "pcm_s16le",
  anchor_tick: 0,
  bpm: 112,
  epoch: 0,
};
const welcome: Welcome = {
  type: "welcome",
  session: "s1",
  key: "k",
  room: "r",
  role: "owner",
  epoch: 1,
  seq: 0,
  now_us: 0,
  recovered: false,
  transport: transport(),
  members: [thandi],
  jobs: [],
  streams: [],
  limits: {},
};

function fold(...messages: HubMessage[]) {
  return messages.reduce(foldRoom, emptyRoom);
}

describe("room", () => {
  it("P2: members come and go", () => {
    const both = fold(welcome, { type: "member.joined", member: sipho });
    expect(both.members).toEqual([thandi, sipho]);
    expect(foldRoom(both, { type: "member.left", session: "s2", reason: "lost" }).members).toEqual([thandi]);
  });

  it("P3: a chat line heard twice, after a resume, is there once", () => {
    const line = { type: "chat", seq: 1, session: "s1", name: "Thandi", text: "hi", at_us: 1 } as const;
    expect(fold(welcome, line, { ...welcome, recovered: true }, line).chat).toEqual([line]);
  });

  it("A8: a cancelled job takes its streams off the timeline", () => {
    const playing = fold(welcome, job, stream);
    expect(playing.streams).toHaveLength(1);
    const after = foldRoom(playing, { ...job, state: "cancelled" });
    expect(after.streams).toEqual([]);
    expect(after.jobs).toEqual([]);
  });

  it("a failed job stays to be read, without its streams", () => {
    const after = fold(welcome, job, stream, { ...job, state: "failed", error: { code: "engine_lost", message: "Lost." } });
    expect(after.jobs[0]?.error?.message).toBe("Lost.");
    expect(after.streams).toEqual([]);
  });

  it("J5: a finished stream knows its length, also after a reconnect", () => {
    const closed = fold(welcome, job, stream, { type: "stream.close", stream: "j.drums", samples: 99, asset: null });
    expect(closed.streams[0]?.samples).toBe(99);
    expect(foldRoom(closed, { ...welcome, jobs: [job], streams: [stream] }).streams[0]?.samples).toBe(99);
  });

  it("J10: the newest settings count, also where an older one is answered again", () => {
    const settings = (seq: number, threshold: number) => ({ type: "settings", seq, by: "s1", threshold }) as const;
    expect(thresholdOf(fold(welcome))).toBe(0.5);
    expect(thresholdOf(fold(welcome, settings(2, 0.8), settings(1, 0.3)))).toBe(0.8);
    const later = fold({ ...welcome, snapshot: { settings: settings(4, 0.6) } });
    expect(thresholdOf(later)).toBe(0.6);
    expect(thresholdOf(foldRoom(later, { ...welcome, recovered: true }))).toBe(0.6);
  });

  it("V1, V4: versions come, oldest first, also where one is answered again, and go", () => {
    const version = (seq: number) => ({ type: "version", seq, version: `v${seq}`, name: "Take", by: "s1", author: "Thandi", at_us: seq }) as const;
    const both = fold(welcome, version(1), version(2), version(1));
    expect(both.versions.map((v) => v.version)).toEqual(["v1", "v2"]);
    expect(foldRoom(both, { type: "version.deleted", seq: 3, version: "v1", by: "s1", op_id: "o" }).versions.map((v) => v.version)).toEqual(["v2"]);
  });

  it("H2: a snapshot brings sounds, versions and chat; a recovered session keeps those it has", () => {
    const asset = { type: "asset", seq: 1, asset: "a", name: "kick.wav", samples: 1, sample_rate: 48_000, channels: 2, by: null } as const;
    const there = fold({ ...welcome, snapshot: { assets: [asset] } });
    expect(there.assets).toEqual([asset]);
    expect(foldRoom(there, { ...welcome, recovered: true }).assets).toEqual([asset]);
    expect(foldRoom(there, welcome).assets).toEqual([]);
  });

  it("E1: a refusal is kept with the operation it answers", () => {
    expect(fold(welcome, { type: "error", code: "no_engine", message: "No engine.", op_id: "o" }).lastError).toEqual({
      code: "no_engine",
      message: "No engine.",
      op_id: "o",
    });
  });
});
