import { type ClockEstimate, ClockFilter, type PingSample, SlewedClock } from "./clock-filter.js";
import type { ClockPong } from "./messages.js";

const BURST = 8;
const PING_GAP_MS = 15;
const PONG_PATIENCE_MS = 1500;
const WARM_UP_MS = [0, 150, 400, 800, 1500];
const STEADY_MS = 2500;
const GROSS_US = 1_000_000;

export interface ClockQuality {
  readonly synced: boolean;
  readonly errorMs: number;
  readonly roundTripMs: number;
  readonly skewPpm: number;
  /** ms since the last accepted burst */
  readonly ageMs: number;
}

/** The hub's clock in this browser (K1). Feed it every `clock.pong`; it pings by itself between `start` and `stop`. */
export class HubClock {
  readonly #ping: (t0: number) => boolean;
  readonly #localMs: () => number;
  readonly #filter = new ClockFilter();
  readonly #slewed = new SlewedClock();
  #burst: PingSample[] = [];
  #waitingFor: number | null = null;
  #sent = 0;
  #bursts = 0;
  /** no burst has been answered yet: the clock is as good as the welcome's way here was fast */
  #rough = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `ping` sends a `clock.ping`, and says whether it could. */
  constructor(ping: (t0: number) => boolean, localMs: () => number = () => performance.now()) {
    this.#ping = ping;
    this.#localMs = localMs;
  }

  /** Begin to ping, fast at first; again after each reconnect. */
  start(): void {
    this.stop();
    this.#bursts = 0;
    this.#beginBurst();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waitingFor = null;
  }

  /** A first reading from `welcome.now_us`, off by the way here; also the sign of another hub clock. */
  rough(nowUs: number): void {
    const now = this.#localMs();
    if (Math.abs(nowUs - this.#slewed.at(now)) < GROSS_US) return;
    this.#filter.reset();
    this.#slewed.reset();
    this.#rough = true;
    this.#slewed.follow({ atMs: now, offsetUs: nowUs - now * 1000, skew: 0, errorUs: Infinity, roundTripMs: Infinity }, now);
  }

  /** Hub time now, in µs; NaN before the first sync. */
  nowUs(): number {
    return this.#slewed.at(this.#localMs());
  }

  /** Hub time at a moment of `performance.now()`. */
  hubUsAt(localMs: number): number {
    return this.#slewed.at(localMs);
  }

  quality(): ClockQuality {
    const estimate = this.#filter.estimate;
    if (estimate === null) return { synced: false, errorMs: Infinity, roundTripMs: Infinity, skewPpm: 0, ageMs: Infinity };
    return {
      synced: true,
      errorMs: estimate.errorUs / 1000,
      roundTripMs: estimate.roundTripMs,
      skewPpm: estimate.skew * 1e6,
      ageMs: this.#localMs() - estimate.atMs,
    };
  }

  handle(pong: ClockPong): void {
    if (pong.t0 !== this.#waitingFor) return;
    const hubUs = (pong.received_us + pong.sent_us) / 2;
    this.#burst.push({ sentMs: pong.t0, receivedMs: this.#localMs(), hubUs });
    this.#again(this.#sent < BURST ? PING_GAP_MS : 0);
  }

  #beginBurst(): void {
    this.#burst = [];
    this.#sent = 0;
    this.#next();
  }

  #next(): void {
    if (this.#sent >= BURST) return this.#endBurst();
    const t0 = this.#localMs();
    this.#waitingFor = t0;
    this.#sent += 1;
    if (!this.#ping(t0)) this.#sent = BURST;
    this.#again(PONG_PATIENCE_MS);
  }

  #again(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), delayMs);
  }

  #endBurst(): void {
    const estimate: ClockEstimate | null = this.#filter.add(this.#burst);
    if (estimate !== null) this.#follow(estimate);
    this.#bursts += 1;
    this.#waitingFor = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#beginBurst(), WARM_UP_MS[this.#bursts] ?? STEADY_MS);
  }

  /** The first sync is a step; after that the clock only bends. */
  #follow(estimate: ClockEstimate): void {
    if (this.#rough) this.#slewed.reset();
    this.#rough = false;
    this.#slewed.follow(estimate, this.#localMs());
  }
}
