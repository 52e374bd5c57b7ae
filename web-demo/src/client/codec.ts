import { decode, encode } from "@msgpack/msgpack";

import type { ClientMessage, HubMessage } from "./messages.js";
import * as s from "./shapes.js";

/** The one error that decoding raises, with the code the wire has for it. */
export class ProtocolError extends globalThis.Error {
  constructor(
    readonly code: "bad_message" | "unknown_type",
    message: string,
  ) {
    super(message);
    this.name = "ProtocolError";
  }
}

const loop = s.record({ start_tick: s.tick, end_tick: s.tick });
const member = s.record({ session: s.text, name: s.text, color: s.text, role: s.oneOf("owner", "editor", "listener") });
const failure = s.record({ code: s.text, message: s.text });

const transport = {
  rev: s.whole(),
  playing: s.flag,
  anchor_tick: s.tick,
  anchor_us: s.micros,
  bpm: s.bpm,
  numerator: s.whole(64, 1),
  denominator: s.oneOf(1, 2, 4, 8, 16, 32),
  loop: s.optional(loop),
  by: s.optional(s.text),
};

const chat = { seq: s.seq, session: s.text, name: s.text, text: s.text, at_us: s.micros, op_id: s.optional(s.text) };

const kind = s.oneOf("track", "clip", "note", "marker");
const entity = s.record({ kind, id: s.text, props: s.optional(s.anyMap) });
const op = s.record({ op: s.oneOf("put", "set", "delete"), kind, id: s.text, props: s.optional(s.anyMap) });
const version = { seq: s.seq, version: s.text, name: s.text, by: s.text, author: s.text, at_us: s.micros, op_id: s.optional(s.text) };
const asset = { seq: s.seq, asset: s.text, name: s.text, samples: s.sample, sample_rate: s.whole(), channels: s.whole(), by: s.optional(s.text) };

const settings = { seq: s.seq, by: s.text, threshold: s.between(0, 1), op_id: s.optional(s.text) };

const snapshot = s.record({
  entities: s.optional(s.listOf(entity)),
  assets: s.optional(s.listOf(s.record(asset))),
  versions: s.optional(s.listOf(s.record(version))),
  chat: s.optional(s.listOf(s.record(chat))),
  settings: s.optional(s.record(settings)),
});

const choice = s.record({ what: s.text, value: s.text, why: s.text });
const component = s.record({ name: s.text, value: s.between(0, 1), weight: s.between(0, 1), reason: s.text });
const conformance = s.record({
  value: s.between(0, 1),
  low: s.between(0, 1),
  high: s.between(0, 1),
  version: s.text,
  genre: s.text,
  fitted_on: s.text,
  components: s.optional(s.listOf(component)),
});

const job = {
  job: s.text,
  kind: s.oneOf("generate", "separate", "score"),
  by: s.text,
  state: s.oneOf("queued", "running", "done", "failed", "cancelled"),
  progress: s.between(0, 1),
  params: s.anyMap,
  error: s.optional(failure),
  op_id: s.optional(s.text),
  choices: s.optional(s.listOf(choice)),
  conformance: s.optional(conformance),
  verdict: s.optional(s.oneOf("accept", "review", "reject")),
};

const streamOpen = {
  stream: s.text,
  job: s.text,
  stem: s.text,
  sample_rate: s.whole(),
  channels: s.whole(),
  codec: s.oneOf("pcm_s16le", "flac"),
  anchor_tick: s.tick,
  bpm: s.bpm,
  epoch: s.epoch,
  start_sample: s.optional(s.sample),
  samples: s.optional(s.sample),
};

const SHAPES: Readonly<Record<HubMessage["type"], s.Fields>> = {
  welcome: {
    session: s.text,
    key: s.text,
    room: s.text,
    role: s.oneOf("owner", "editor", "listener"),
    epoch: s.epoch,
    seq: s.seq,
    now_us: s.micros,
    recovered: s.flag,
    transport: s.record(transport),
    members: s.listOf(member),
    jobs: s.listOf(s.record(job)),
    streams: s.listOf(s.record(streamOpen)),
    limits: s.anyMap,
    snapshot: s.optional(snapshot),
  },
  "clock.pong": { t0: s.anyNumber, received_us: s.micros, sent_us: s.micros },
  transport,
  "member.joined": { member },
  "member.left": { session: s.text, reason: s.text },
  presence: { session: s.text, state: s.anyMap },
  chat,
  "note.live": { session: s.text, track: s.text, pitch: s.whole(127), velocity: s.whole(127), at_us: s.micros },
  applied: {
    seq: s.seq,
    op_id: s.text,
    by: s.text,
    ops: s.listOf(op),
    via: s.optional(s.oneOf("edit", "undo", "redo", "restore", "notes")),
    version: s.optional(s.text),
  },
  rejected: { op_id: s.text, code: s.text, message: s.text },
  version,
  "version.list": { op_id: s.text, versions: s.listOf(s.record(version)) },
  "version.deleted": { seq: s.seq, version: s.text, by: s.text, op_id: s.text },
  job,
  "stream.open": streamOpen,
  chunk: { stream: s.text, epoch: s.epoch, start_sample: s.sample, samples: s.sample, data: s.bytes },
  "stream.epoch": { stream: s.text, epoch: s.epoch, start_sample: s.sample, bpm: s.bpm },
  "stream.gap": { stream: s.text, from_sample: s.sample, to_sample: s.sample },
  "stream.close": { stream: s.text, samples: s.sample, asset: s.optional(s.text) },
  asset,
  settings,
  error: { code: s.text, message: s.text, op_id: s.optional(s.text) },
};

/** Read one frame of the hub, or throw `ProtocolError`; `unknown_type` is for the caller to ignore (C3). */
export function decodeHub(frame: ArrayBuffer | Uint8Array): HubMessage {
  const value = unpack(frame);
  if (!s.isMap(value) || typeof value["type"] !== "string") {
    throw new ProtocolError("bad_message", "A message is one MessagePack map with a text key 'type'.");
  }
  const type = value["type"];
  if (!Object.hasOwn(SHAPES, type)) throw new ProtocolError("unknown_type", `There is no message '${type.slice(0, 64)}'.`);
  const fault = s.record(SHAPES[type as HubMessage["type"]])(value, "");
  if (fault !== null) throw new ProtocolError("bad_message", `Bad '${type}' message: ${fault}.`);
  return value as unknown as HubMessage;
}

/** Bytes of a message to the hub; undefined fields are left out. */
export function encodeClient(message: ClientMessage): Uint8Array<ArrayBuffer> {
  return encode(message, { ignoreUndefined: true });
}

function unpack(frame: ArrayBuffer | Uint8Array): unknown {
  try {
    return decode(frame);
  } catch (fault) {
    throw new ProtocolError("bad_message", `These bytes are no MessagePack: ${(fault as globalThis.Error).message}.`);
  }
}
