/** A sound and its stems, of which the one or the other is heard: the stems where every one has a sample, elsewhere the sound (J11). */
import type { Strip } from "./strip.js";

const FADE = 480; // 10 ms; linear, because both sides are the same sound
const STRIDE = 32; // frames after which what was missing is looked for again

/**
 * Both sides are the same to within the rounding of their samples, so that whatever their shares are, as long as those
 * make one, nothing is heard of the change but what someone has done to a stem. No method but `join` allocates.
 */
export class Blend {
  stems: readonly Strip[] = [];
  sources: readonly Strip[] = [];
  #share = 0;
  /** where the last frame's successor lies; NaN where nothing played */
  #next = NaN;

  join(stems: readonly Strip[], sources: readonly Strip[]): void {
    this.stems = stems;
    this.sources = sources;
  }

  /** Give every strip its share of the next frames, which are cued. */
  weigh(frames: number): void {
    const lead = this.#lead();
    if (lead === null) {
      this.#next = NaN;
      return this.#give(0, frames, 0, 0, 0);
    }
    const fades = Math.abs(lead.at - this.#next) < 1e-3;
    for (let i = 0; i < frames; ) i += this.#weighRun(i, frames - i, fades || i > 0);
    this.#next = lead.at + frames * lead.step;
  }

  /** Weigh from frame `i` on for as long as one thing holds; returns for how many frames. */
  #weighRun(i: number, left: number, fades: boolean): number {
    const sound = this.#soundRun(i, left);
    if (sound <= 0) return this.#hold(1, i, Math.min(left, STRIDE));
    const stems = this.#stemsRun(i, left);
    if (stems <= 0) return this.#hold(0, i, Math.min(left, STRIDE, Math.ceil(sound)));
    const count = Math.min(left, Math.ceil(sound), Math.ceil(stems));
    if (!fades) this.#share = Math.min(1, stems / FADE);
    this.#give(i, count, this.#share, 1 / FADE, stems / FADE);
    this.#share = Math.max(0, Math.min(1, this.#share + count / FADE, (stems - count) / FADE));
    return count;
  }

  #hold(share: number, i: number, count: number): number {
    this.#share = share;
    this.#give(i, count, share, 0, Infinity);
    return count;
  }

  /** A share that rises by `rise` a frame, and falls in time to be nothing when `most` is used up. */
  #give(i: number, count: number, share: number, rise: number, most: number): void {
    for (let n = 0; n < count; n++) {
      const of = Math.max(0, Math.min(1, share + n * rise, most - n / FADE));
      for (let s = 0; s < this.stems.length; s++) this.stems[s]!.share![i + n]! *= of;
      for (let s = 0; s < this.sources.length; s++) this.sources[s]!.share![i + n]! *= 1 - of;
    }
  }

  /** A stem that plays; null where one does not, and so not all are there. */
  #lead(): Strip | null {
    for (let s = 0; s < this.stems.length; s++) if (this.stems[s]!.cued === null) return null;
    return this.stems[0] ?? null;
  }

  /** Frames from `i` on for which every stem is there. */
  #stemsRun(i: number, left: number): number {
    let run = Infinity;
    for (let s = 0; s < this.stems.length; s++) run = Math.min(run, this.#stemRun(this.stems[s]!, i, left));
    return run;
  }

  #stemRun(strip: Strip, i: number, left: number): number {
    const voice = strip.cued!;
    const at = strip.at + i * strip.step;
    // Before the very first sample there is nothing on either side.
    const from = Math.max(0, Math.floor(at));
    if (from < voice.start) return 0;
    // Between samples, their neighbours are read, too.
    const skirt = strip.step === 1 && from === at ? 0 : 1;
    const end = voice.runEnd(Math.max(voice.start, from - skirt), Math.min(voice.end, at + (left + FADE + 3) * strip.step));
    if (end < voice.end) return end - 2 * skirt <= from ? 0 : (end - 2 * skirt - at) / strip.step;
    return this.#endsWith((voice.end - at) / strip.step, i) ? Infinity : (voice.end - at) / strip.step;
  }

  /** Whether the sound ends, too, where a stem does: then nothing follows that one could fade to. */
  #endsWith(stemFrames: number, i: number): boolean {
    for (let s = 0; s < this.sources.length; s++) {
      const { cued, at, step } = this.sources[s]!;
      if (cued !== null && (cued.end - at) / step - i > stemFrames + 1) return false;
    }
    return true;
  }

  /** Frames from `i` on for which the sound is there; its silence before and after counts. */
  #soundRun(i: number, left: number): number {
    let run = this.sources.length === 0 ? 0 : Infinity;
    for (let s = 0; s < this.sources.length; s++) run = Math.min(run, this.#sourceRun(this.sources[s]!, i, left));
    return run;
  }

  #sourceRun(strip: Strip, i: number, left: number): number {
    const voice = strip.cued;
    if (voice === null) return 0;
    const at = strip.at + i * strip.step;
    const from = Math.floor(at);
    if (from < voice.start) return (voice.start - at) / strip.step;
    if (from >= voice.end) return Infinity;
    const end = voice.runEnd(from, Math.min(voice.end, at + (left + 1) * strip.step));
    if (end >= voice.end) return Infinity;
    return end <= from ? 0 : (end - at) / strip.step;
  }
}
