/** When a frame of an AudioContext is heard, on the clock of `performance.now()`; smooths and checks what browsers say. */

export interface OutputReading {
  /** `performance.now()` when read */
  readonly nowMs: number;
  /** `AudioContext.currentTime` */
  readonly currentTime: number;
  /** `getOutputTimestamp()`, where there is one */
  readonly contextTime?: number | undefined;
  readonly performanceTime?: number | undefined;
  readonly outputLatency?: number | undefined;
  readonly baseLatency?: number | undefined;
}

const WINDOW = 120;
const SLOPE_AFTER_MS = 6000;
const MAX_SLOPE = 5e-4;
const JUMP_MIN_MS = 1;
const JUMP_SPREADS = 8;
const JUMPS_BEFORE_RESET = 4;
const MAX_LATENCY_S = 1;

interface Point {
  readonly ms: number;
  /** local ms minus context ms, as heard */
  readonly lead: number;
}

export class OutputClock {
  #points: Point[] = [];
  #lead = NaN;
  #slope = 0;
  #centreMs = 0;
  /** typical distance of a reading from the line, ms */
  #spread = 0;
  #jumped: Point[] = [];
  #trusted = true;

  /** Whether `getOutputTimestamp` is believed; else `currentTime` and `outputLatency` stand in for it. */
  get trusted(): boolean {
    return this.#trusted;
  }

  get ready(): boolean {
    return this.#points.length > 0;
  }

  /** Take in a reading of a running context. */
  add(reading: OutputReading): void {
    const stamped = fromTimestamp(reading);
    this.#trusted = stamped !== null;
    const point = stamped ?? fromCurrentTime(reading);
    if (this.ready && Math.abs(point.lead - this.#leadAt(point.ms)) > Math.max(JUMP_MIN_MS, JUMP_SPREADS * this.#spread)) {
      // Another device, or buffers that were dropped under load: a few in a row that agree are believed.
      this.#jumped = [...this.#jumped, point];
      if (this.#jumped.length < JUMPS_BEFORE_RESET) return;
      this.#points = this.#jumped.splice(0);
    } else {
      this.#jumped = [];
      this.#points = [...this.#points.slice(1 - WINDOW), point];
    }
    this.#fit();
  }

  /** Local ms at which the frame at context time `seconds` is heard. */
  heardAtMs(seconds: number): number {
    const contextMs = seconds * 1000;
    return contextMs + this.#leadAt(contextMs + this.#lead);
  }

  reset(): void {
    this.#points = [];
    this.#lead = NaN;
    this.#slope = 0;
    this.#spread = 0;
    this.#jumped = [];
  }

  #leadAt(ms: number): number {
    return this.#lead + this.#slope * (ms - this.#centreMs);
  }

  #fit(): void {
    const inliers = near(this.#points, median(this.#points.map((p) => p.lead)));
    this.#centreMs = mean(inliers.map((p) => p.ms));
    this.#lead = mean(inliers.map((p) => p.lead));
    this.#slope = this.#spanMs() < SLOPE_AFTER_MS ? 0 : clamp(slopeOf(inliers, this.#centreMs, this.#lead), MAX_SLOPE);
    this.#spread = this.#points.length < FEW ? FEW_SPREAD_MS : median(this.#points.map((p) => Math.abs(p.lead - this.#leadAt(p.ms))));
  }

  #spanMs(): number {
    return this.#points.at(-1)!.ms - this.#points[0]!.ms;
  }
}

/** Null where the browser has no timestamp, or one that cannot be: Safari and Chrome have both been wrong. */
function fromTimestamp({ nowMs, currentTime, contextTime, performanceTime }: OutputReading): Point | null {
  if (!contextTime || !performanceTime || !Number.isFinite(contextTime) || !Number.isFinite(performanceTime)) return null;
  const heardNow = contextTime + (nowMs - performanceTime) / 1000;
  const latency = currentTime - heardNow;
  if (latency < -0.05 || latency > MAX_LATENCY_S || Math.abs(nowMs - performanceTime) > 1000) return null;
  return { ms: performanceTime, lead: performanceTime - contextTime * 1000 };
}

function fromCurrentTime({ nowMs, currentTime, outputLatency, baseLatency }: OutputReading): Point {
  const latency = Math.min(MAX_LATENCY_S, Math.max(0, outputLatency || baseLatency || 0));
  return { ms: nowMs, lead: nowMs - currentTime * 1000 + latency * 1000 };
}

const INLIER_MS = 8;
const FEW = 6;
const FEW_SPREAD_MS = 1;

function near(points: readonly Point[], lead: number): readonly Point[] {
  const kept = points.filter((p) => Math.abs(p.lead - lead) <= INLIER_MS);
  return kept.length > 0 ? kept : points;
}

function slopeOf(points: readonly Point[], centre: number, lead: number): number {
  let over = 0;
  let under = 0;
  for (const p of points) {
    over += (p.ms - centre) * (p.lead - lead);
    under += (p.ms - centre) ** 2;
  }
  return under === 0 ? 0 : over / under;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
