import type { Span } from "./spans.js";

/** Frames in one block of the worklet's audio memory. */
export const BLOCK = 2048;

export interface Placement {
  /** slot of the block, or -1: no room, and this block is less wanted than all that are kept */
  readonly slot: number;
  readonly fresh: boolean;
  readonly evicted: number | null;
}

/** Decides which blocks of a stream live in which slot of a fixed memory; the least wanted goes first. */
export class BlockMap {
  readonly #slots = new Map<number, number>();
  readonly #free: number[];

  constructor(readonly capacity: number) {
    this.#free = Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
  }

  get size(): number {
    return this.#slots.size;
  }

  slotOf(block: number): number | undefined {
    return this.#slots.get(block);
  }

  /** Find room for a block; `wanted` are the spans of samples that matter, the nearer the better. */
  place(block: number, wanted: readonly Span[]): Placement {
    const known = this.#slots.get(block);
    if (known !== undefined) return { slot: known, fresh: false, evicted: null };
    const free = this.#free.pop();
    if (free !== undefined) return this.#take(block, free, null);
    const least = this.#leastWanted(wanted);
    if (distance(block, wanted) >= distance(least, wanted)) return { slot: -1, fresh: false, evicted: null };
    const slot = this.#slots.get(least)!;
    this.#slots.delete(least);
    return this.#take(block, slot, least);
  }

  /** Forget every block that begins at `sample` or later. */
  truncate(sample: number): void {
    for (const [block, slot] of this.#slots) {
      if (block * BLOCK < sample) continue;
      this.#slots.delete(block);
      this.#free.push(slot);
    }
  }

  #take(block: number, slot: number, evicted: number | null): Placement {
    this.#slots.set(block, slot);
    return { slot, fresh: true, evicted };
  }

  #leastWanted(wanted: readonly Span[]): number {
    let least = -1;
    let farthest = -1;
    for (const block of this.#slots.keys()) {
      const away = distance(block, wanted);
      if (away > farthest) [least, farthest] = [block, away];
    }
    return least;
  }
}

/** Samples between a block and the nearest wanted span. */
function distance(block: number, wanted: readonly Span[]): number {
  const from = block * BLOCK;
  let nearest = Infinity;
  for (const span of wanted) nearest = Math.min(nearest, Math.max(0, span.from - (from + BLOCK), from - span.to));
  return nearest;
}
