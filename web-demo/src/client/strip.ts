/** A channel of the mixer: reads the voice that sounds, bridges every break, and sets its gain, pan and meter. */
import type { Voice } from "./voice.js";

export const QUANTUM_MAX = 8192;
const BRIDGE = Math.exp(-1 / 58); // breaks die away to a thousandth in 8 ms, to a tenth in 3
const BRIDGE_END = 1e-5;
const GAIN_STEP = 1 - Math.exp(-1 / 240); // 5 ms
const LEAP = 0.01; // of a share: more than a fade's step is a break, and less than that is not heard to break

// Shared by all strips: one is rendered at a time.
const left = new Float32Array(QUANTUM_MAX);
const right = new Float32Array(QUANTUM_MAX);
const has = new Uint8Array(QUANTUM_MAX);

export class Strip {
  readonly voices: Voice[] = [];
  gain = 1;
  pan = 0;
  on = true;
  peak = 0;
  sumOfSquares = 0;
  measured = 0;
  underruns = 0;
  missingFrames = 0;
  sounding = false;

  /** What plays in the present span, from which sample on, and how many samples a frame. */
  cued: Voice | null = null;
  at = 0;
  step = 1;
  /** Of each frame of the span, how much is heard; null where it is all of it. */
  share: Float32Array | null = null;

  #voice: Voice | null = null;
  #next = 0; // where the last frame's successor lies
  #lastLeft = 0;
  #lastRight = 0;
  #bridgeLeft = 0;
  #bridgeRight = 0;
  #broken = false;
  #inside = false;
  #lastShare = 1;
  #starved = false;
  #gainLeft = 1;
  #gainRight = 1;

  /** Whether nothing is left to be heard of what played before. */
  get quiet(): boolean {
    return !this.#broken && this.#lastLeft === 0 && this.#lastRight === 0;
  }

  /** Say what plays next: `voice` from sample `at` on, `step` samples a frame. */
  cue(voice: Voice | null, at: number, step: number): void {
    this.cued = voice;
    this.at = at;
    this.step = step;
  }

  /** Render `frames` of what is cued, added to the outputs from `offset` on. */
  render(frames: number, outLeft: Float32Array, outRight: Float32Array, offset: number): void {
    const { cued: voice, at, step } = this;
    if (voice === null) return this.#rest(frames, outLeft, outRight, offset);
    const from = Math.floor(at);
    const whole = step === 1 && from === at;
    if (voice !== this.#voice || Math.abs(at - this.#next) > 1e-3) this.#broken = true;
    const first = whole ? from : from - 1;
    voice.read(first, whole ? frames : Math.min(QUANTUM_MAX, Math.ceil((frames - 1) * step) + 5), left, right, has);
    this.#starve(voice, from, Math.floor(at + (frames - 1) * step), whole ? 0 : 1, frames);
    this.sounding = true;
    for (let i = 0; i < frames; i++) {
      const position = at + i * step - first;
      const index = Math.floor(position);
      const inside = has[index] === 1 && first + index >= voice.start && first + index < voice.end;
      const share = this.share === null ? 1 : this.share[i]!;
      const broke = Math.abs(share - this.#lastShare) > LEAP || (inside !== this.#inside && share > LEAP);
      if (!inside) this.#emit(0, 0, broke, outLeft, outRight, offset + i);
      else if (whole) this.#emit(left[index]! * share, right[index]! * share, broke, outLeft, outRight, offset + i);
      else {
        const part = position - index;
        this.#emit(hermite(left, index, part) * share, hermite(right, index, part) * share, broke, outLeft, outRight, offset + i);
      }
      this.#inside = inside;
      this.#lastShare = share;
    }
    if (this.#inside) voice.heard = true;
    this.#voice = voice;
    this.#next = at + frames * step;
  }

  /** Nothing plays: what sounded last dies away. */
  #rest(frames: number, outLeft: Float32Array, outRight: Float32Array, offset: number): void {
    if (this.#voice !== null) this.#broken = true;
    this.#voice = null;
    this.#inside = false;
    this.#starved = false;
    this.sounding = false;
    if (this.quiet) return this.#settle(frames);
    for (let i = 0; i < frames; i++) this.#emit(0, 0, false, outLeft, outRight, offset + i);
  }

  /** One frame out. After a break the step between old and new is added, and dies away: no click, and no attack is lost. */
  #emit(x: number, y: number, broke: boolean, outLeft: Float32Array, outRight: Float32Array, index: number): void {
    if (broke || this.#broken) {
      this.#bridgeLeft = this.#lastLeft - x;
      this.#bridgeRight = this.#lastRight - y;
      this.#broken = false;
    }
    this.#lastLeft = x + this.#bridgeLeft;
    this.#lastRight = y + this.#bridgeRight;
    this.#bridgeLeft = fade(this.#bridgeLeft);
    this.#bridgeRight = fade(this.#bridgeRight);
    this.#out(outLeft, outRight, index);
  }

  /** In silence a fader moves at once. */
  #settle(frames: number): void {
    const gain = this.on ? this.gain : 0;
    this.#gainLeft = gain * Math.min(1, 1 - this.pan);
    this.#gainRight = gain * Math.min(1, 1 + this.pan);
    this.measured += frames;
  }

  #out(outLeft: Float32Array, outRight: Float32Array, index: number): void {
    const gain = this.on ? this.gain : 0;
    this.#gainLeft += (gain * Math.min(1, 1 - this.pan) - this.#gainLeft) * GAIN_STEP;
    this.#gainRight += (gain * Math.min(1, 1 + this.pan) - this.#gainRight) * GAIN_STEP;
    const l = this.#lastLeft * this.#gainLeft;
    const r = this.#lastRight * this.#gainRight;
    outLeft[index] = outLeft[index]! + l;
    outRight[index] = outRight[index]! + r;
    this.peak = Math.max(this.peak, Math.abs(l), Math.abs(r));
    this.sumOfSquares += (l * l + r * r) / 2;
    this.measured += 1;
  }

  /** Count what should be heard and is not there; `skip` leads into what was read. */
  #starve(voice: Voice, from: number, to: number, skip: number, frames: number): void {
    if (!voice.heard) return;
    let missing = 0;
    for (let s = Math.max(from, voice.start); s <= to && s < voice.end; s++) if (has[s - from + skip] === 0 && this.#isHeard(s, frames)) missing += 1;
    this.missingFrames += missing;
    if (missing > 0 && !this.#starved) this.underruns += 1;
    this.#starved = missing > 0;
  }

  #isHeard(sample: number, frames: number): boolean {
    if (this.share === null) return true;
    return this.share[Math.max(0, Math.min(frames - 1, Math.round((sample - this.at) / this.step)))]! > 0;
  }
}

function fade(bridge: number): number {
  return Math.abs(bridge) < BRIDGE_END ? 0 : bridge * BRIDGE;
}

/** Cubic through four neighbours: what lies `part` after `index`. */
function hermite(x: Float32Array, index: number, part: number): number {
  const a = index > 0 ? x[index - 1]! : x[index]!;
  const b = x[index]!;
  const c = x[index + 1]!;
  const d = x[index + 2]!;
  const slope = (c - a) / 2;
  const bend = b - c;
  const rest = slope + bend;
  const last = rest + bend + (d - b) / 2;
  return ((last * part - (rest + last)) * part + slope) * part + b;
}
