/** Estimates the hub's clock from bursts of pings: a Kalman filter over offset and skew, fed each burst's best round trip. */

/** One answered ping: local ms at sending and receiving, hub µs at the hub. */
export interface PingSample {
  readonly sentMs: number;
  readonly receivedMs: number;
  readonly hubUs: number;
}

export interface ClockEstimate {
  readonly atMs: number;
  /** hub µs minus local µs at `atMs` */
  readonly offsetUs: number;
  /** by how much the hub's clock runs faster, as a fraction */
  readonly skew: number;
  /** one standard deviation of the offset */
  readonly errorUs: number;
  /** best round trip lately */
  readonly roundTripMs: number;
}

const REMEMBERED_BURSTS = 30;
const TIMER_NOISE_US = 60; // browsers round performance.now() to 100 µs
const SKEW_SIGMA = 1e-4;
const OFFSET_WALK_US2_PER_S = 4;
const SKEW_WALK_PER_S = 1e-14;
const GATE_SIGMAS = 5;
const GATE_MIN_US = 3_000;
const OUTLIERS_BEFORE_RESET = 3;

export class ClockFilter {
  #estimate: ClockEstimate | null = null;
  #cov = { oo: 0, os: 0, ss: 0 };
  #roundTrips: number[] = [];
  #outliers = 0;

  get estimate(): ClockEstimate | null {
    return this.#estimate;
  }

  /** Take in one burst; null when it was empty or thrown away as an outlier. */
  add(burst: readonly PingSample[]): ClockEstimate | null {
    if (burst.length === 0) return null;
    const best = burst.reduce((a, b) => (roundTrip(b) < roundTrip(a) ? b : a));
    this.#roundTrips = [...this.#roundTrips, roundTrip(best)].slice(-REMEMBERED_BURSTS);
    const atMs = (best.sentMs + best.receivedMs) / 2;
    const measuredUs = best.hubUs - atMs * 1000;
    const noiseUs = TIMER_NOISE_US + ((roundTrip(best) - Math.min(...this.#roundTrips)) * 1000) / 2;
    return this.#estimate === null ? this.#begin(atMs, measuredUs, noiseUs) : this.#update(this.#estimate, atMs, measuredUs, noiseUs);
  }

  /** Begin anew: another hub, or its clock was set anew. */
  reset(): void {
    this.#estimate = null;
    this.#roundTrips = [];
    this.#outliers = 0;
  }

  #begin(atMs: number, measuredUs: number, noiseUs: number): ClockEstimate {
    this.#outliers = 0;
    this.#cov = { oo: noiseUs ** 2, os: 0, ss: SKEW_SIGMA ** 2 };
    return this.#publish(atMs, measuredUs, 0);
  }

  #update(last: ClockEstimate, atMs: number, measuredUs: number, noiseUs: number): ClockEstimate | null {
    const dtUs = Math.max(0, (atMs - last.atMs) * 1000);
    this.#predict(dtUs);
    const predictedUs = last.offsetUs + last.skew * dtUs;
    const residual = measuredUs - predictedUs;
    const variance = this.#cov.oo + noiseUs ** 2;
    if (Math.abs(residual) > Math.max(GATE_MIN_US, GATE_SIGMAS * Math.sqrt(variance))) return this.#outlier(atMs, measuredUs, noiseUs);
    this.#outliers = 0;
    const gainOffset = this.#cov.oo / variance;
    const gainSkew = this.#cov.os / variance;
    const { oo, os, ss } = this.#cov;
    this.#cov = { oo: (1 - gainOffset) * oo, os: (1 - gainOffset) * os, ss: ss - gainSkew * os };
    return this.#publish(atMs, predictedUs + gainOffset * residual, last.skew + gainSkew * residual);
  }

  #predict(dtUs: number): void {
    const { oo, os, ss } = this.#cov;
    const dtS = dtUs / 1e6;
    this.#cov = {
      oo: oo + 2 * dtUs * os + dtUs ** 2 * ss + OFFSET_WALK_US2_PER_S * dtS,
      os: os + dtUs * ss,
      ss: ss + SKEW_WALK_PER_S * dtS,
    };
  }

  #outlier(atMs: number, measuredUs: number, noiseUs: number): ClockEstimate | null {
    this.#outliers += 1;
    return this.#outliers >= OUTLIERS_BEFORE_RESET ? this.#begin(atMs, measuredUs, noiseUs) : null;
  }

  #publish(atMs: number, offsetUs: number, skew: number): ClockEstimate {
    this.#estimate = { atMs, offsetUs, skew, errorUs: Math.sqrt(this.#cov.oo), roundTripMs: Math.min(...this.#roundTrips) };
    return this.#estimate;
  }
}

const MAX_SLEW = 0.005;
const STEP_US = 100_000;

/** A clock that follows estimates without jumping: at most 0.5 % faster or slower, a step only when grossly wrong. */
export class SlewedClock {
  #line: Line | null = null;
  #goal: Line | null = null;
  #meetMs = 0;

  /** Follow a new estimate from local time `nowMs` on. */
  follow(estimate: ClockEstimate, nowMs: number): void {
    const goal: Line = { ms: estimate.atMs, us: estimate.atMs * 1000 + estimate.offsetUs, rate: 1 + estimate.skew };
    const shownUs = this.#line === null ? Infinity : this.at(nowMs);
    const behindUs = along(goal, nowMs) - shownUs;
    this.#goal = goal;
    if (Math.abs(behindUs) > STEP_US) {
      this.#line = goal;
      this.#meetMs = nowMs;
      return;
    }
    const rate = goal.rate + Math.sign(behindUs) * MAX_SLEW;
    this.#line = { ms: nowMs, us: shownUs, rate };
    this.#meetMs = nowMs + Math.abs(behindUs) / (MAX_SLEW * 1000);
  }

  /** Hub time at local time `ms`; NaN before the first estimate. */
  at(ms: number): number {
    if (this.#line === null || this.#goal === null) return NaN;
    return ms >= this.#meetMs ? along(this.#goal, ms) : along(this.#line, ms);
  }

  /** Forget everything; the next estimate is a step. */
  reset(): void {
    this.#line = null;
    this.#goal = null;
  }
}

interface Line {
  readonly ms: number;
  readonly us: number;
  readonly rate: number;
}

function along(line: Line, ms: number): number {
  return line.us + (ms - line.ms) * 1000 * line.rate;
}

function roundTrip(sample: PingSample): number {
  return sample.receivedMs - sample.sentMs;
}
