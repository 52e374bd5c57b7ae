import type { Span } from "./spans.js";

/**
 * How much of a stream is known to be at the hub. Samples come in order from `entry` on; where a stream that is `length`
 * long begins inside it, it goes on with 0 behind its last sample, up to where it began (A2).
 */
export class Extent {
  #reached: number;
  #closed = false;

  constructor(
    readonly entry: number,
    readonly length: number | null,
  ) {
    this.#reached = entry;
  }

  /** Whether samples before the entry come last; elsewhere they are silence. */
  get wraps(): boolean {
    return this.length !== null && this.entry > 0;
  }

  get isWhole(): boolean {
    return this.#closed || (this.length !== null && this.#reached >= this.entry + this.length);
  }

  /** What is there, in the order in which it came. */
  get spans(): readonly Span[] {
    if (!this.wraps) return [{ from: this.entry, to: this.#reached }];
    const length = this.length!;
    const first = { from: this.entry, to: Math.min(length, this.#reached) };
    return this.#reached <= length ? [first] : [first, { from: 0, to: this.#reached - length }];
  }

  /** Everything up to a sample that ends before `end` is there. */
  reach(end: number): void {
    // Ends are told from beginnings by their last sample: 0 is where the entry's own turn is over.
    const turned = this.wraps && end - 1 < this.entry;
    this.#reached = Math.max(this.#reached, turned ? end + this.length! : end);
  }

  /** What began at `from` and later is void; where that is before all there is, it begins there. */
  cut(from: number): Extent {
    const kept = new Extent(Math.min(this.entry, from), this.length);
    kept.#reached = Math.min(this.#reached, from);
    return kept;
  }

  /** Nothing follows: it ends before `end`. */
  close(end: number): void {
    this.#closed = true;
    this.#reached = this.wraps ? this.entry + this.length! : end;
  }
}
