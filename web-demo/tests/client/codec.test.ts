import { decode, encode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";

import { decodeHub, encodeClient, ProtocolError } from "../../src/client/codec.js";
import type { ClientMessage } from "../../src/client/messages.js";
import { fromHex, readVectors, revive } from "./vectors.js";

const vectors = readVectors();
const valid = vectors.filter((v) => v.message !== undefined);
const invalid = vectors.filter((v) => v.error !== undefined && v.direction === "hub");

describe("golden vectors", () => {
  it("are there", () => {
    expect(valid.length).toBeGreaterThan(20);
  });

  it.each(valid.filter((v) => v.direction === "hub"))("hub message $name decodes", ({ hex, message }) => {
    expect(decodeHub(fromHex(hex))).toEqual(revive(message));
  });

  it.each(valid.filter((v) => v.direction === "client"))("client message $name encodes to the same map", ({ hex, message }) => {
    const encoded = encodeClient(revive(message) as ClientMessage);
    expect(decode(encoded)).toEqual(decode(fromHex(hex)));
  });

  it.each(invalid)("C2, C5: $name is refused", ({ hex }) => {
    expect(() => decodeHub(fromHex(hex))).toThrow(ProtocolError);
  });
});

describe("decodeHub", () => {
  it("C2: bytes that are no MessagePack raise the one error", () => {
    expect(() => decodeHub(new Uint8Array([0xc1]))).toThrow(ProtocolError);
    expect(() => decodeHub(new Uint8Array([]))).toThrow(ProtocolError);
    expect(() => decodeHub(encode([1, 2]))).toThrow("one MessagePack map");
  });

  it("C3: an unknown type says so, and unknown fields are ignored", () => {
    expect(() => decodeHub(encode({ type: "constructor" }))).toThrow(expect.objectContaining({ code: "unknown_type" }));
    const left = { type: "member.left", session: "s", reason: "left", mood: "sad" };
    expect(decodeHub(encode(left))).toEqual(left);
  });

  it("C5: NaN and a number out of bounds name the field", () => {
    const transport = { type: "transport", rev: 1, playing: true, anchor_tick: 0, anchor_us: 0, numerator: 4, denominator: 4, loop: null, by: null };
    expect(() => decodeHub(encode({ ...transport, bpm: NaN }))).toThrow("bpm is no finite number");
    expect(() => decodeHub(encode({ ...transport, bpm: 12 }))).toThrow("bpm is not from 20 to 999");
    expect(() => decodeHub(encode({ ...transport, bpm: 120, anchor_tick: -1 }))).toThrow("anchor_tick");
  });
});
