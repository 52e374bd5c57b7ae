/** Samples a bin: 1/47 s, fine enough for a pixel at the closest zoom. */
export const PEAK_BIN = 1024;

const FIRST_BINS = 4096;

/** Loudest sample of each bin of a stream, 0 to 255; grows as audio comes. */
export class Peaks {
  #bins = new Uint8Array(FIRST_BINS);
  #used = 0;
  #loudest = 0;

  /** Bins that hold anything. */
  get length(): number {
    return this.#used;
  }

  /** Loudest sample so far, 0 to 1. */
  get loudest(): number {
    return this.#loudest / 255;
  }

  /** Take in interleaved stereo from a sample address on. */
  add(start: number, pcm: Int16Array): void {
    const frames = pcm.length / 2;
    this.#grow(Math.ceil((start + frames) / PEAK_BIN));
    for (let i = 0; i < frames; ) {
      const bin = Math.floor((start + i) / PEAK_BIN);
      const end = Math.min(frames, (bin + 1) * PEAK_BIN - start);
      this.#bins[bin] = Math.max(this.#bins[bin]!, loudest(pcm, i * 2, end * 2));
      this.#loudest = Math.max(this.#loudest, this.#bins[bin]!);
      i = end;
    }
  }

  /** Forget everything from a sample on. */
  truncate(from: number): void {
    this.#bins.fill(0, Math.ceil(from / PEAK_BIN));
    this.#used = Math.min(this.#used, Math.ceil(from / PEAK_BIN));
  }

  /** Loudest of [from, to) samples, 0 to 1. */
  between(from: number, to: number): number {
    const last = Math.min(this.#used, Math.ceil(to / PEAK_BIN));
    let peak = 0;
    for (let bin = Math.max(0, Math.floor(from / PEAK_BIN)); bin < last; bin++) peak = Math.max(peak, this.#bins[bin]!);
    return peak / 255;
  }

  #grow(bins: number): void {
    this.#used = Math.max(this.#used, bins);
    if (bins <= this.#bins.length) return;
    const larger = new Uint8Array(Math.max(bins, this.#bins.length * 2));
    larger.set(this.#bins);
    this.#bins = larger;
  }
}

function loudest(pcm: Int16Array, from: number, to: number): number {
  let peak = 0;
  for (let i = from; i < to; i++) peak = Math.max(peak, Math.abs(pcm[i]!));
  return Math.min(255, Math.round(peak / 128));
}
