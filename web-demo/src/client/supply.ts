/** Keeps streams supplied: says what of them is worth keeping, and fetches what is missing before it is needed (A4, A9). */
import { BLOCK } from "./blocks.js";
import type { Transport } from "./messages.js";
import { type Fetch, Refetch, type Source, upcoming } from "./refetch.js";
import type { Span } from "./spans.js";
import { type Generation, latest, type StreamBook, type StreamEntry } from "./streams.js";
import { SAMPLE_RATE, sampleOf } from "./timeline.js";

/** Where playback is, in the transport in force; null while that is not known. */
export interface Place {
  readonly transport: Transport;
  readonly tick: number;
}

const KEEP_BEHIND = 30 * SAMPLE_RATE;
const KEEP_AHEAD = 12 * SAMPLE_RATE;
const FETCH_AHEAD_S = 5;
/** The heads of two turns of a loop, and what is fetched whole blocks at a time. */
const KEEP_APART = 2 * FETCH_AHEAD_S * SAMPLE_RATE + 4 * BLOCK;

/** What of a stream is worth keeping: around the present place, and where a loop will take it. */
export function worthKeeping({ open }: StreamEntry, { bpm, blocks }: Generation, place: Place | null): readonly Span[] {
  if (place === null) return [{ from: 0, to: KEEP_AHEAD }];
  const at = Math.floor(sampleOf(place.tick, open.anchor_tick, bpm));
  // More than there is memory for would leave no room for what comes.
  const behind = Math.max(0, Math.min(KEEP_BEHIND, blocks.capacity * BLOCK - KEEP_AHEAD - KEEP_APART));
  return [{ from: at - behind, to: at + KEEP_AHEAD }, ...upcoming(place.transport, place.tick, open.anchor_tick, bpm, FETCH_AHEAD_S)];
}

export class Supply {
  readonly #book: StreamBook;
  readonly #url: (stream: string, from: number, to: number) => string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #refetch = new Refetch();
  #abort = new AbortController();

  constructor(book: StreamBook, url: (stream: string, from: number, to: number) => string, headers: Readonly<Record<string, string>> = {}) {
    this.#book = book;
    this.#url = url;
    this.#headers = headers;
  }

  /** Begin to fetch what is missing and soon needed; call it often. */
  fetchMissing(place: Place): void {
    const near = [...this.#book.entries].map((entry) => source(entry, place));
    // A finished stream is wanted whole, in the background, for its picture.
    const whole = near.filter((s) => s.isWhole && s.end <= s.capacity).map((s) => ({ ...s, wanted: [{ from: 0, to: s.end }] }));
    const now = performance.now();
    for (const fetch of [...this.#refetch.next(near, now), ...this.#refetch.next(whole, now)]) void this.#fetch(fetch);
  }

  /** Let everything that is under way go. */
  stop(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#refetch.clear();
  }

  async #fetch(piece: Fetch): Promise<void> {
    try {
      const response = await fetch(this.#url(piece.stream, piece.from, piece.to), { signal: this.#abort.signal, headers: this.#headers });
      if (!response.ok) throw new TypeError(`HTTP ${response.status}`);
      this.#keep(piece, await response.arrayBuffer());
    } catch {
      // Whatever went wrong, the piece is tried again later, and rarer each time.
      this.#refetch.failed(piece, performance.now());
    }
  }

  #keep(piece: Fetch, bytes: ArrayBuffer): void {
    const frames = Math.min(Math.floor(bytes.byteLength / 4), piece.to - piece.from);
    if (frames === 0) return this.#refetch.failed(piece, performance.now());
    this.#refetch.done(piece);
    const generation = this.#book.get(piece.stream)?.generations.find((g) => g.epoch === piece.epoch);
    if (generation !== undefined) this.#book.write(piece.stream, generation, piece.from, new Int16Array(bytes.slice(0, frames * 4)));
  }
}

interface Supplied extends Source {
  readonly isWhole: boolean;
  readonly end: number;
  readonly capacity: number;
}

function source(entry: StreamEntry, { transport, tick }: Place): Supplied {
  const { extent, end, epoch, received, blocks, bpm } = latest(entry);
  const wanted = upcoming(transport, tick, entry.open.anchor_tick, bpm, FETCH_AHEAD_S);
  return { stream: entry.open.stream, epoch, known: extent.spans, received, isWhole: extent.isWhole, end, capacity: blocks.capacity * BLOCK, wanted };
}
