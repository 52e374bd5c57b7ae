/** A half-open run of samples. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A set of samples as sorted, disjoint, non-touching spans. */
export class Spans {
  #spans: readonly Span[] = [];

  get list(): readonly Span[] {
    return this.#spans;
  }

  get end(): number {
    return this.#spans.at(-1)?.to ?? 0;
  }

  add(from: number, to: number): void {
    if (to <= from) return;
    const apart = this.#spans.filter((s) => s.to < from || s.from > to);
    const touching = this.#spans.filter((s) => s.to >= from && s.from <= to);
    const joined = { from: Math.min(from, ...touching.map((s) => s.from)), to: Math.max(to, ...touching.map((s) => s.to)) };
    this.#spans = [...apart, joined].sort((a, b) => a.from - b.from);
  }

  remove(from: number, to: number): void {
    if (to <= from) return;
    this.#spans = this.#spans.flatMap((s) =>
      s.to <= from || s.from >= to
        ? [s]
        : [{ from: s.from, to: Math.min(s.to, from) }, { from: Math.max(s.from, to), to: s.to }].filter((part) => part.to > part.from),
    );
  }

  has(sample: number): boolean {
    return this.#spans.some((s) => s.from <= sample && sample < s.to);
  }

  /** First sample at or after `from` that is not in the set. */
  runEnd(from: number): number {
    return this.#spans.find((s) => s.from <= from && from < s.to)?.to ?? from;
  }

  /** What of [from, to) is not in the set. */
  gaps(from: number, to: number): readonly Span[] {
    const gaps: Span[] = [];
    let at = from;
    for (const span of this.#spans) {
      if (span.to <= at) continue;
      if (span.from >= to) break;
      if (span.from > at) gaps.push({ from: at, to: span.from });
      at = Math.max(at, span.to);
    }
    if (at < to) gaps.push({ from: at, to });
    return gaps;
  }

  clear(): void {
    this.#spans = [];
  }
}
