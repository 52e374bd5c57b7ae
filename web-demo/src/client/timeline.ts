/** Timeline arithmetic: hub time to ticks to samples and back, the same in hub, client and page (T2, A1). */
import type { Loop, Transport } from "./messages.js";

export const TICKS_PER_QUARTER = 960;
export const SAMPLE_RATE = 48_000;
export const SAMPLES_PER_US = SAMPLE_RATE / 1e6;

const MICROS_PER_MINUTE = 60_000_000;

export function ticksPerUs(bpm: number): number {
  return (bpm * TICKS_PER_QUARTER) / MICROS_PER_MINUTE;
}

export function beatTicks(denominator: number): number {
  return Math.floor((4 * TICKS_PER_QUARTER) / denominator);
}

export function barTicks(numerator: number, denominator: number): number {
  return numerator * beatTicks(denominator);
}

/** First multiple of `gridTicks` at or after `tick`. */
export function nextBoundary(tick: number, gridTicks: number): number {
  return Math.ceil(tick / gridTicks) * gridTicks;
}

/** Fold an unwrapped position into the loop; play that began at or past the loop's end is left alone (T2). */
export function wrap(tick: number, start: number, loop: Loop | null): number {
  if (loop === null || start >= loop.end_tick || tick < loop.end_tick) return tick;
  return loop.start_tick + ((tick - loop.end_tick) % (loop.end_tick - loop.start_tick));
}

/** Position as if there were no loop, in ticks. */
export function unwrappedAt(transport: Transport, atUs: number): number {
  if (!transport.playing || atUs <= transport.anchor_us) return transport.anchor_tick;
  return transport.anchor_tick + (atUs - transport.anchor_us) * ticksPerUs(transport.bpm);
}

/** Musical position at a moment of hub time, in ticks (T2). */
export function positionAt(transport: Transport, atUs: number): number {
  return wrap(unwrappedAt(transport, atUs), transport.anchor_tick, transport.loop);
}

/** The transport in force at a moment: the newest whose anchor has come, else the oldest known (T5). */
export function effective(history: readonly Transport[], atUs: number): Transport | undefined {
  return history.findLast((transport) => transport.anchor_us <= atUs) ?? history[0];
}

/** `history` with a transport that came: a lower or equal rev is ignored (T4), anchors long past are forgotten (T5). */
export function withTransport(history: readonly Transport[], coming: Transport, keep = 32): readonly Transport[] {
  const newest = history.at(-1);
  if (newest !== undefined && coming.rev <= newest.rev) return history;
  return [...history, coming].slice(-keep);
}

export function samplesPerTick(bpm: number): number {
  return (SAMPLE_RATE * 60) / (bpm * TICKS_PER_QUARTER);
}

/** Address in a stream of what sounds at `tick`; negative before the stream begins (A1). */
export function sampleOf(tick: number, anchorTick: number, bpm: number): number {
  return (tick - anchorTick) * samplesPerTick(bpm);
}

/** Musical position of a stream's sample (A1). */
export function tickOf(sample: number, anchorTick: number, bpm: number): number {
  return anchorTick + sample / samplesPerTick(bpm);
}

/** Bars, beats and sixteenths of a position, each from one on; the last is a quarter of a beat. */
export function barsBeatsSixteenths(tick: number, numerator: number, denominator: number): readonly [number, number, number] {
  const beat = beatTicks(denominator);
  const bar = numerator * beat;
  const inBar = tick % bar;
  const sixteenth = Math.max(1, beat / 4);
  return [Math.floor(tick / bar) + 1, Math.floor(inBar / beat) + 1, Math.floor((inBar % beat) / sixteenth) + 1];
}
