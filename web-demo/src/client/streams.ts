/** The main thread's book of all streams: what was received, where it lies in the mixer's memory, what is missing. */
import { BLOCK, BlockMap } from "./blocks.js";
import { Extent } from "./extent.js";
import type { Chunk, StreamClose, StreamEpoch, StreamGap, StreamOpen, Transport } from "./messages.js";
import { Peaks } from "./peaks.js";
import { type Span, Spans } from "./spans.js";
import { SAMPLE_RATE } from "./timeline.js";
import { MAX_STRIPS, MAX_VOICES, type MixerCommand } from "./worklet-messages.js";

const ENDLESS_KEPT_S = 48;
const BOUNDED_KEPT_S = 120;
/** What all streams share: a song is kept as its sound and five stems, and a room holds several. */
const BUDGET_BYTES = 384 * 2 ** 20;
const LARGEST_SHARE = 1 / 8;
const LEAST_KEPT_S = 24;
const FRAME_BYTES = 4;

/** A stream's audio at one tempo: addresses are counted anew when the tempo changes (A3). */
export interface Generation {
  readonly voice: number;
  readonly bpm: number;
  start: number;
  readonly received: Spans;
  readonly peaks: Peaks;
  readonly blocks: BlockMap;
  epoch: number;
  /** revision of the transport that it begins to sound with; -1 for at once, Infinity while that one is not known */
  fromRev: number;
  /** first sample past the end; Infinity while it goes on */
  end: number;
  /** what of it exists at the hub */
  extent: Extent;
}

export interface StreamEntry {
  readonly open: StreamOpen;
  readonly strip: number;
  /** oldest first; the last is the one that audio comes for */
  readonly generations: Generation[];
  /** local ms at which it is let go, because its job was cancelled or failed */
  leavesAtMs: number;
}

export type Send = (command: MixerCommand, transfer: Transferable[]) => void;

/** Spans of a stream that will be needed soonest, nearest first. */
export type Wanted = (entry: StreamEntry, generation: Generation) => readonly Span[];

export class StreamBook {
  readonly #entries = new Map<string, StreamEntry>();
  readonly #send: Send;
  readonly #wanted: Wanted;
  readonly #freeStrips = countdown(MAX_STRIPS);
  readonly #freeVoices = countdown(MAX_VOICES);
  #bytes = 0;
  #transports: readonly Transport[] = [];

  constructor(send: Send, wanted: Wanted) {
    this.#send = send;
    this.#wanted = wanted;
  }

  get entries(): Iterable<StreamEntry> {
    return this.#entries.values();
  }

  get(stream: string): StreamEntry | undefined {
    return this.#entries.get(stream);
  }

  /** Learn of transports, which say when a new tempo's audio begins to sound. */
  setTransports(transports: readonly Transport[]): void {
    this.#transports = transports;
    for (const entry of this.#entries.values()) this.#matchTempos(entry);
  }

  /** Memory of all streams together, in the mixer. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A stream begins, or is announced again after a reconnect; `about` is its length where the message does not say it. */
  open(message: StreamOpen, about: number | null): void {
    const known = this.#entries.get(message.stream);
    if (known !== undefined && latest(known).epoch === message.epoch && latest(known).bpm === message.bpm) return;
    this.remove(message.stream);
    const strip = this.#freeStrips.pop();
    if (strip === undefined) return;
    const entry: StreamEntry = { open: message, strip, generations: [], leavesAtMs: Infinity };
    this.#entries.set(message.stream, entry);
    const extent = new Extent(message.start_sample ?? 0, message.samples ?? null);
    this.#addGeneration(entry, message.bpm, message.epoch, extent, this.#tempoBegan(message.bpm), message.samples ?? about);
  }

  epoch(message: StreamEpoch): void {
    const entry = this.#entries.get(message.stream);
    if (entry === undefined || message.epoch <= latest(entry).epoch) return;
    const last = latest(entry);
    if (message.bpm !== last.bpm) {
      this.#addGeneration(entry, message.bpm, message.epoch, new Extent(message.start_sample, null), Infinity, null);
      this.#matchTempos(entry);
      return;
    }
    last.epoch = message.epoch;
    // A sound is the same whoever separates it: what is here of it stays right.
    if (last.extent.wraps) return;
    last.end = Infinity;
    last.start = Math.min(last.start, message.start_sample);
    last.extent = last.extent.cut(message.start_sample);
    this.#truncate(last, message.start_sample);
    this.#announce(last);
  }

  chunk(message: Chunk): void {
    const generation = this.#entries.get(message.stream)?.generations.find((g) => g.epoch === message.epoch);
    if (generation === undefined) return;
    generation.extent.reach(message.start_sample + message.samples);
    this.write(message.stream, generation, message.start_sample, aligned(message.data));
  }

  gap(message: StreamGap): void {
    const entry = this.#entries.get(message.stream);
    if (entry !== undefined) latest(entry).extent.reach(message.to_sample);
  }

  close(message: StreamClose): void {
    const entry = this.#entries.get(message.stream);
    if (entry === undefined) return;
    const last = latest(entry);
    last.end = last.extent.wraps ? last.extent.length! : message.samples;
    last.extent.close(last.end);
    this.#announce(last);
  }

  remove(stream: string): void {
    const entry = this.#entries.get(stream);
    if (entry === undefined) return;
    for (const generation of entry.generations) this.#drop(generation);
    this.#entries.delete(stream);
    this.#freeStrips.push(entry.strip);
  }

  /** A job left the timeline (A8): its streams still sound up to the end that `close` named, the same for everybody. */
  leave(job: string, atMs: number): void {
    for (const entry of this.#entries.values()) if (entry.open.job === job) entry.leavesAtMs = atMs;
  }

  /** Let go of streams that have left; whether there were any. */
  sweep(nowMs: number): boolean {
    const left = [...this.#entries.values()].filter((entry) => entry.leavesAtMs <= nowMs);
    for (const entry of left) this.remove(entry.open.stream);
    return left.length > 0;
  }

  /** Let go of generations that a newer tempo has replaced for good; `rev` is of the transport in force. */
  retire(rev: number): void {
    for (const { generations } of this.#entries.values()) {
      const present = generations.findLastIndex((g) => g.fromRev <= rev);
      for (const old of generations.splice(0, Math.max(0, present))) this.#drop(old);
    }
  }

  /** Keep audio of a generation: pushed by the hub, or fetched. Takes the array over. */
  write(stream: string, generation: Generation, start: number, pcm: Int16Array<ArrayBuffer>): void {
    const entry = this.#entries.get(stream);
    if (entry === undefined || pcm.length < 2) return;
    generation.peaks.add(start, pcm);
    const end = start + pcm.length / 2;
    const wanted = this.#wanted(entry, generation);
    const placements: number[] = [];
    const evicted: number[] = [];
    for (let block = Math.floor(start / BLOCK); block * BLOCK < end; block++) {
      const from = Math.max(start, block * BLOCK);
      const to = Math.min(end, (block + 1) * BLOCK);
      if (this.#place(generation, block, from, to, wanted, placements, evicted)) generation.received.add(from, to);
    }
    const command = { type: "write", voice: generation.voice, start, pcm, placements: Int32Array.from(placements), evicted: Int32Array.from(evicted) } as const;
    this.#send(command, [pcm.buffer, command.placements.buffer, command.evicted.buffer]);
  }

  /** Whether [from, to) of a block may be kept: a block holds one run, so what would leave a hole is fetched again later. */
  #place(g: Generation, block: number, from: number, to: number, wanted: readonly Span[], placements: number[], evicted: number[]): boolean {
    const first = block * BLOCK;
    if (leavesHole(g.received, first, from, to)) return this.#forget(g, block, placements);
    const place = g.blocks.place(block, wanted);
    if (place.slot < 0) return false;
    if (place.evicted !== null) {
      evicted.push(place.evicted);
      g.received.remove(place.evicted * BLOCK, (place.evicted + 1) * BLOCK);
    }
    if (place.fresh) placements.push(block, place.slot);
    return true;
  }

  /** Begin a block anew with what comes now; what it held before is fetched again if it is needed. */
  #forget(g: Generation, block: number, placements: number[]): boolean {
    g.received.remove(block * BLOCK, (block + 1) * BLOCK);
    placements.push(block, g.blocks.slotOf(block)!);
    return true;
  }

  #addGeneration(entry: StreamEntry, bpm: number, epoch: number, extent: Extent, fromRev: number, samples: number | null): void {
    const voice = this.#freeVoices.pop();
    if (voice === undefined) return;
    const capacity = Math.ceil((this.#keptS(samples) * SAMPLE_RATE) / BLOCK) + 1;
    const start = extent.wraps ? 0 : extent.entry;
    const end = extent.length ?? Infinity;
    const generation: Generation = {
      voice,
      bpm,
      start,
      epoch,
      fromRev,
      end,
      extent,
      received: new Spans(),
      peaks: new Peaks(),
      blocks: new BlockMap(capacity),
    };
    entry.generations.push(generation);
    const memory = new ArrayBuffer(capacity * BLOCK * FRAME_BYTES);
    this.#bytes += memory.byteLength;
    this.#send({ type: "voice", voice, strip: entry.strip, anchorTick: entry.open.anchor_tick, bpm, fromRev, start, end, memory }, [memory]);
  }

  /** Seconds of a stream to keep: what it would like, out of an equal part of what the others left. */
  #keptS(samples: number | null): number {
    const wishedS = samples === null ? ENDLESS_KEPT_S : Math.min(BOUNDED_KEPT_S, samples / SAMPLE_RATE + 1);
    const leftS = ((BUDGET_BYTES - this.#bytes) * LARGEST_SHARE) / (SAMPLE_RATE * FRAME_BYTES);
    return Math.min(wishedS, Math.max(LEAST_KEPT_S, leftS));
  }

  /** First revision of the tempo that the transport has, or is about to have; -1 where that is not the stream's. */
  #tempoBegan(bpm: number): number {
    const other = this.#transports.findLastIndex((t) => t.bpm !== bpm);
    return this.#transports[other + 1]?.rev ?? -1;
  }

  /** Tempos in order meet transports in order: the audio of a tempo begins with the first transport of it (A3). */
  #matchTempos(entry: StreamEntry): void {
    let after = -1;
    for (const generation of entry.generations) {
      if (generation.fromRev === Infinity) {
        const match = this.#transports.find((t) => t.rev > after && t.bpm === generation.bpm);
        if (match === undefined) return;
        generation.fromRev = match.rev;
        this.#announce(generation);
      }
      after = generation.fromRev;
    }
  }

  #announce({ voice, fromRev, start, end }: Generation): void {
    this.#send({ type: "voice.change", voice, fromRev, start, end }, []);
  }

  #truncate(generation: Generation, from: number): void {
    generation.received.remove(from, Infinity);
    generation.peaks.truncate(from);
    generation.blocks.truncate(from);
    this.#send({ type: "truncate", voice: generation.voice, from }, []);
  }

  #drop(generation: Generation): void {
    this.#bytes -= generation.blocks.capacity * BLOCK * FRAME_BYTES;
    this.#send({ type: "drop", voice: generation.voice }, []);
    this.#freeVoices.push(generation.voice);
  }
}

/** The generation that audio comes for. */
export function latest(entry: StreamEntry): Generation {
  return entry.generations.at(-1)!;
}

/** The generation that sounds under a transport. */
export function soundingUnder(entry: StreamEntry, rev: number): Generation | undefined {
  return entry.generations.findLast((g) => g.fromRev <= rev);
}

function leavesHole(received: Spans, first: number, from: number, to: number): boolean {
  const present = received.list.filter((s) => s.from < first + BLOCK && s.to > first);
  return present.length > 0 && !present.some((s) => s.to >= from && s.from <= to);
}

/** Samples of a chunk in memory of their own: a view into a frame may lie at an odd byte. */
function aligned(data: Uint8Array): Int16Array<ArrayBuffer> {
  const even = data.byteLength - (data.byteLength % 4);
  return new Int16Array(data.slice(0, even).buffer as ArrayBuffer);
}

function countdown(count: number): number[] {
  return Array.from({ length: count }, (_, i) => count - 1 - i);
}
