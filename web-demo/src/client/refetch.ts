/** Decides which missing audio to fetch next: what sounds soonest first, each range once, failures rarer and rarer (A4, A9). */
import type { Transport } from "./messages.js";
import type { Span, Spans } from "./spans.js";
import { SAMPLE_RATE, samplesPerTick, sampleOf } from "./timeline.js";

export interface Fetch extends Span {
  readonly stream: string;
  readonly epoch: number;
}

/** A generation of a stream, as far as fetching goes. */
export interface Source {
  readonly stream: string;
  readonly epoch: number;
  /** what is to be had */
  readonly known: readonly Span[];
  readonly received: Spans;
  /** nearest first */
  readonly wanted: readonly Span[];
}

const PIECE = 2 * SAMPLE_RATE;
const AT_ONCE = 4;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

interface Failure extends Fetch {
  readonly untilMs: number;
  readonly tries: number;
}

export class Refetch {
  #flying: Fetch[] = [];
  #failed: Failure[] = [];

  get flying(): number {
    return this.#flying.length;
  }

  /** What to fetch now; each is under way until `done` or `failed` says otherwise. */
  next(sources: readonly Source[], nowMs: number): readonly Fetch[] {
    const room = Math.max(0, AT_ONCE - this.#flying.length);
    const begun = inTurn(sources.map((source) => this.#missing(source, nowMs))).slice(0, room);
    this.#flying.push(...begun);
    return begun;
  }

  done(fetch: Fetch): void {
    this.#flying = this.#flying.filter((f) => f !== fetch);
    this.#failed = this.#failed.filter((f) => !overlaps(f, fetch));
  }

  failed(fetch: Fetch, nowMs: number): void {
    this.#flying = this.#flying.filter((f) => f !== fetch);
    const before = this.#failed.find((f) => overlaps(f, fetch));
    const tries = (before?.tries ?? 0) + 1;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
    this.#failed = [...this.#failed.filter((f) => f !== before), { ...fetch, tries, untilMs: nowMs + pause }].slice(-64);
  }

  clear(): void {
    this.#flying = [];
    this.#failed = [];
  }

  #missing(source: Source, nowMs: number): readonly Fetch[] {
    return source.wanted
      .flatMap((span) => source.known.flatMap((known) => source.received.gaps(Math.max(span.from, known.from), Math.min(span.to, known.to))))
      .flatMap((gap) => pieces(gap, source))
      .filter((piece) => !this.#flying.some((f) => overlaps(f, piece)))
      .filter((piece) => !this.#failed.some((f) => f.untilMs > nowMs && overlaps(f, piece)));
  }
}

/** Pieces end on a common grid, so that the same gap seen twice asks for the same pieces. */
function pieces(gap: Span, { stream, epoch }: Source): readonly Fetch[] {
  const found: Fetch[] = [];
  for (let from = Math.floor(gap.from); from < gap.to; ) {
    const to = Math.min(Math.ceil(gap.to), (Math.floor(from / PIECE) + 1) * PIECE);
    found.push({ stream, epoch, from, to });
    from = to;
  }
  return found;
}

/** The first of each, then the second of each: streams that sound together are fetched side by side. */
function inTurn(lists: readonly (readonly Fetch[])[]): readonly Fetch[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat();
}

function overlaps(a: Fetch, b: Fetch): boolean {
  return a.stream === b.stream && a.epoch === b.epoch && a.from < b.to && b.from < a.to;
}

/** Samples of a stream that play within the next `aheadS` seconds from an unwrapped place on, loop wraps included. */
export function upcoming(transport: Transport, positionTick: number, anchorTick: number, bpm: number, aheadS: number): readonly Span[] {
  const perTick = samplesPerTick(transport.bpm);
  const aheadTicks = (aheadS * SAMPLE_RATE) / perTick;
  const span = (fromTick: number, toTick: number): Span => ({
    from: Math.max(0, Math.floor(sampleOf(fromTick, anchorTick, bpm)) - 8),
    to: Math.max(0, Math.ceil(sampleOf(toTick, anchorTick, bpm)) + 8),
  });
  const loop = transport.loop;
  if (loop === null || positionTick >= loop.end_tick) return [span(positionTick, positionTick + aheadTicks)];
  const left = loop.end_tick - positionTick;
  const head = span(loop.start_tick, Math.min(loop.end_tick, loop.start_tick + aheadTicks));
  return [span(positionTick, positionTick + Math.min(left, aheadTicks)), head];
}
