import type { Transport } from "../../src/client/messages.js";

/** A transport that plays from tick 0 at hub time 0, but for what is given. */
export function transport(changes: Partial<Transport> = {}): Transport {
  return {
    type: "transport",
    rev: 1,
    playing: true,
    anchor_tick: 0,
    anchor_us: 0,
    bpm: 120,
    numerator: 4,
    denominator: 4,
    loop: null,
    by: null,
    ...changes,
  };
}
