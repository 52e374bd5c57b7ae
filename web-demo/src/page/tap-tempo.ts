const FORGET_MS = 2000;
const KEEP = 8;
const ENOUGH = 4;

/** Tempo from taps: the middle of the last few distances. */
export class TapTempo {
  #taps: number[] = [];

  /** Take in a tap at a time in ms; a tempo once there are enough, else null. */
  tap(atMs: number): number | null {
    const last = this.#taps.at(-1);
    this.#taps = last !== undefined && atMs - last > FORGET_MS ? [atMs] : [...this.#taps, atMs].slice(-KEEP);
    if (this.#taps.length < ENOUGH) return null;
    const gaps = this.#taps.slice(1).map((tap, i) => tap - this.#taps[i]!).sort((a, b) => a - b);
    const bpm = 60_000 / gaps[gaps.length >> 1]!;
    return Math.min(999, Math.max(20, Math.round(bpm * 10) / 10));
  }
}
