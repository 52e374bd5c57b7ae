/** Follows the room's transport frame by frame: where playback stands, at which rate, and what comes next (T2, T5). */
import type { Transport } from "./messages.js";
import { SAMPLES_PER_US, samplesPerTick } from "./timeline.js";

const HARD_ERROR = 1440; // 30 ms: jump instead of bending the rate for seconds
const SLEW_FROM = 12; // 0.25 ms
const SLEW_OVER = 24_000; // correct over half a second
const MAX_SLEW = 0.005;

/**
 * Frames are counted as `u`, samples since the transport's anchor. `u` is whole and goes on by one a frame, so that
 * audio is copied bit by bit, until the clocks have drifted apart; then the rate bends by at most 0.5 % until `u`
 * is right and whole again. No method allocates.
 */
export class Playhead {
  transport: Transport | null = null;
  u = 0;
  rate = 1;
  /** samples by which `u` was wrong when last followed */
  error = 0;
  /** how often playback had to jump because the clock was off */
  repositions = 0;
  /** true once after `u` jumped */
  jumped = false;

  /** The present span, set by `span`: musical position at `u`, and for how many frames that formula holds. */
  tick = 0;
  frames = 0;

  #transports: readonly Transport[] = [];
  #mapFrame = 0;
  #mapUs = NaN;
  #usPerFrame = 1 / SAMPLES_PER_US;
  #slewing = false;

  setMap(frame: number, hubUs: number, usPerFrame: number): void {
    this.#mapFrame = frame;
    this.#mapUs = hubUs;
    this.#usPerFrame = usPerFrame;
  }

  /** Transports known, oldest first. */
  setTransports(list: readonly Transport[]): void {
    this.#transports = list;
    const present = this.transport;
    if (present !== null && !list.some((t) => t.rev === present.rev && t.anchor_us === present.anchor_us)) this.transport = null;
  }

  /** Hub time at which the frame at `u` is heard, as played. */
  hubUs(): number {
    return this.transport === null ? NaN : this.transport.anchor_us + this.u / SAMPLES_PER_US;
  }

  /** Begin a quantum of `frames` that starts at context frame `frame`; false while nothing is known yet. */
  begin(frame: number, frames: number): boolean {
    const targetUs = this.#mapUs + (frame - this.#mapFrame) * this.#usPerFrame;
    if (Number.isNaN(targetUs) || this.#transports.length === 0) return false;
    if (this.transport === null) this.#jump(targetUs);
    const behind = (targetUs - this.hubUs()) * SAMPLES_PER_US;
    this.error = behind;
    if (Math.abs(behind) > HARD_ERROR) {
      this.repositions += 1;
      this.#jump(targetUs);
    } else this.#steer(behind, frames);
    return true;
  }

  /** Look at the frame at `u`: switch transports that are due, and set `tick` and `frames` (at most `left`). */
  span(left: number): void {
    this.#switch();
    const transport = this.transport!;
    this.frames = Math.min(left, this.#framesTo(this.#nextAnchor()));
    this.tick = transport.anchor_tick;
    if (!transport.playing || this.u < 0) {
      if (this.u < 0) this.frames = Math.min(this.frames, this.#framesTo(0));
      return;
    }
    this.#place(transport);
  }

  /** Go on by the frames that were rendered. */
  advance(frames: number): void {
    this.u += frames * this.rate;
    const whole = Math.round(this.u);
    if (Math.abs(this.u - whole) < 1e-6) this.u = whole;
    this.jumped = false;
  }

  #jump(targetUs: number): void {
    const transport = this.#effective(targetUs);
    this.transport = transport;
    this.u = Math.round((targetUs - transport.anchor_us) * SAMPLES_PER_US);
    this.rate = 1;
    this.error = 0;
    this.#slewing = false;
    this.jumped = true;
  }

  #steer(behind: number, frames: number): void {
    if (!this.#slewing && Math.abs(behind) < SLEW_FROM && Number.isInteger(this.u)) {
      this.rate = 1;
      return;
    }
    this.#slewing = true;
    const bend = Math.max(-MAX_SLEW, Math.min(MAX_SLEW, behind / SLEW_OVER));
    this.rate = 1 + bend;
    const lands = Math.round(this.u + frames * this.rate);
    const rate = (lands - this.u) / frames;
    if (Math.abs(behind) < 2 && Math.abs(rate - 1) <= MAX_SLEW) {
      this.rate = rate;
      this.#slewing = false;
    }
  }

  #switch(): void {
    const nowUs = this.hubUs();
    const next = this.#effective(nowUs + 0.5 / SAMPLES_PER_US);
    if (next === this.transport || next.rev <= this.transport!.rev) return;
    const u = (nowUs - next.anchor_us) * SAMPLES_PER_US;
    this.transport = next;
    this.u = Number.isInteger(this.u) ? Math.round(u) : u;
  }

  /** `u` of the present transport at which a newer one takes over. */
  #nextAnchor(): number {
    const present = this.transport!;
    let earliest = Infinity;
    for (let i = 0; i < this.#transports.length; i++) {
      const coming = this.#transports[i]!;
      if (coming.rev > present.rev && coming.anchor_us < earliest) earliest = coming.anchor_us;
    }
    return (earliest - present.anchor_us) * SAMPLES_PER_US;
  }

  #place(transport: Transport): void {
    const perTick = samplesPerTick(transport.bpm);
    this.tick = transport.anchor_tick + this.u / perTick;
    const loop = transport.loop;
    if (loop === null || transport.anchor_tick >= loop.end_tick) return;
    const wrapAt = (loop.end_tick - transport.anchor_tick) * perTick;
    const length = (loop.end_tick - loop.start_tick) * perTick;
    // Wraps are rounded one by one from the ideal grid, never summed up.
    let turn = Math.floor((this.u - wrapAt) / length) + 1;
    if (turn < 0) turn = 0;
    if (this.u >= Math.round(wrapAt + turn * length)) turn += 1;
    if (turn > 0) this.tick = loop.start_tick + (this.u - (wrapAt + (turn - 1) * length)) / perTick;
    this.frames = Math.min(this.frames, this.#framesTo(Math.round(wrapAt + turn * length)));
  }

  #framesTo(u: number): number {
    return Math.max(1, Math.ceil((u - this.u) / this.rate - 0.5));
  }

  #effective(atUs: number): Transport {
    for (let i = this.#transports.length - 1; i >= 0; i--) if (this.#transports[i]!.anchor_us <= atUs) return this.#transports[i]!;
    return this.#transports[0]!;
  }
}
