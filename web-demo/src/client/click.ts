/** The metronome: a short tone at each beat, higher at the bar. */
import { barTicks, beatTicks } from "./timeline.js";
import type { Transport } from "./messages.js";

const BAR_HZ = 1760;
const BEAT_HZ = 1174.66;
const DECAY = Math.exp(-1 / 700);
const SILENT = 1e-4;

export class Click {
  gain = 0;
  #level = 0;
  #phase = 0;
  #step = 0;

  /** Add `frames` from the position `tick` on, which goes on by `ticksPerFrame`; null: nothing plays. */
  render(transport: Transport, tick: number, ticksPerFrame: number, frames: number, left: Float32Array, right: Float32Array, offset: number): void {
    if (this.gain === 0 && this.#level === 0) return;
    const beat = beatTicks(transport.denominator);
    let next = ticksPerFrame > 0 ? Math.ceil(tick / beat - 1e-9) * beat : Infinity;
    for (let i = 0; i < frames; i++) {
      if (tick + i * ticksPerFrame >= next - ticksPerFrame / 2) {
        this.#strike(next % barTicks(transport.numerator, transport.denominator) === 0);
        next += beat;
      }
      this.#sound(left, right, offset + i);
    }
  }

  #strike(bar: boolean): void {
    this.#level = this.gain;
    this.#phase = 0;
    this.#step = (2 * Math.PI * (bar ? BAR_HZ : BEAT_HZ)) / 48_000;
  }

  #sound(left: Float32Array, right: Float32Array, index: number): void {
    if (this.#level === 0) return;
    const value = Math.sin(this.#phase) * this.#level;
    left[index] = left[index]! + value;
    right[index] = right[index]! + value;
    this.#phase += this.#step;
    this.#level = this.#level < SILENT ? 0 : this.#level * DECAY;
  }
}
