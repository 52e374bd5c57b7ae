/** One generation of a stream in the mixer: interleaved 16-bit blocks, found by sample address. */
import { BLOCK } from "./blocks.js";
import type { VoiceOpen } from "./worklet-messages.js";

const SCALE = 1 / 32_768;

export class Voice {
  readonly strip: number;
  readonly anchorTick: number;
  readonly bpm: number;
  fromRev: number;
  start: number;
  end: number;
  /** whether it has sounded yet: what a late joiner waits for first is no underrun */
  heard = false;
  readonly #pcm: Int16Array;
  readonly #slots = new Map<number, number>();
  readonly #low: Int32Array;
  readonly #high: Int32Array;

  constructor(open: VoiceOpen) {
    this.strip = open.strip;
    this.anchorTick = open.anchorTick;
    this.bpm = open.bpm;
    this.fromRev = open.fromRev;
    this.start = open.start;
    this.end = open.end;
    this.#pcm = new Int16Array(open.memory);
    const slots = this.#pcm.length / (2 * BLOCK);
    this.#low = new Int32Array(slots);
    this.#high = new Int32Array(slots);
  }

  /** Keep audio from `start` on, in the slots that were chosen for its blocks. */
  write(start: number, pcm: Int16Array, placements: Int32Array, evicted: Int32Array): void {
    for (let i = 0; i < evicted.length; i++) this.#slots.delete(evicted[i]!);
    for (let i = 0; i < placements.length; i += 2) this.#give(placements[i]!, placements[i + 1]!);
    const end = start + pcm.length / 2;
    for (let at = start; at < end; ) {
      const block = Math.floor(at / BLOCK);
      const to = Math.min(end, (block + 1) * BLOCK);
      this.#keep(block, at, to, pcm, start);
      at = to;
    }
  }

  truncate(from: number): void {
    for (const [block, slot] of this.#slots) {
      if (block * BLOCK >= from) this.#slots.delete(block);
      else this.#high[slot] = Math.min(this.#high[slot]!, from - block * BLOCK);
    }
  }

  /** Copy `count` frames from sample `from` on; `has` says of each whether it is there. Allocates nothing. */
  read(from: number, count: number, left: Float32Array, right: Float32Array, has: Uint8Array): void {
    for (let done = 0; done < count; ) {
      const at = from + done;
      const block = Math.floor(at / BLOCK);
      const run = Math.min(count - done, (block + 1) * BLOCK - at);
      const slot = at < 0 ? undefined : this.#slots.get(block);
      if (slot === undefined) silence(left, right, has, done, run);
      else this.#copy(slot, at - block * BLOCK, run, left, right, has, done);
      done += run;
    }
  }

  /** First sample from `from` on that is not here, or one at `limit` or later. */
  runEnd(from: number, limit: number): number {
    let at = from;
    while (at < limit) {
      const block = Math.floor(at / BLOCK);
      const slot = at < 0 ? undefined : this.#slots.get(block);
      if (slot === undefined || at - block * BLOCK < this.#low[slot]! || at - block * BLOCK >= this.#high[slot]!) return at;
      at = block * BLOCK + this.#high[slot]!;
    }
    return at;
  }

  #give(block: number, slot: number): void {
    this.#slots.set(block, slot);
    this.#low[slot] = 0;
    this.#high[slot] = 0;
  }

  #keep(block: number, from: number, to: number, pcm: Int16Array, start: number): void {
    const slot = this.#slots.get(block);
    if (slot === undefined) return;
    const low = from - block * BLOCK;
    const high = to - block * BLOCK;
    this.#pcm.set(pcm.subarray((from - start) * 2, (to - start) * 2), (slot * BLOCK + low) * 2);
    const empty = this.#high[slot] === this.#low[slot];
    this.#low[slot] = empty ? low : Math.min(low, this.#low[slot]!);
    this.#high[slot] = empty ? high : Math.max(high, this.#high[slot]!);
  }

  #copy(slot: number, offset: number, run: number, left: Float32Array, right: Float32Array, has: Uint8Array, done: number): void {
    const low = this.#low[slot]!;
    const high = this.#high[slot]!;
    const base = slot * BLOCK;
    for (let i = 0; i < run; i++) {
      const at = offset + i;
      const there = at >= low && at < high;
      left[done + i] = there ? this.#pcm[(base + at) * 2]! * SCALE : 0;
      right[done + i] = there ? this.#pcm[(base + at) * 2 + 1]! * SCALE : 0;
      has[done + i] = there ? 1 : 0;
    }
  }
}

function silence(left: Float32Array, right: Float32Array, has: Uint8Array, from: number, count: number): void {
  left.fill(0, from, from + count);
  right.fill(0, from, from + count);
  has.fill(0, from, from + count);
}
