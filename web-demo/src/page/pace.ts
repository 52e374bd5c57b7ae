/** How fast work goes on now, so that it can be said how long it still takes. */
interface Mark {
  readonly ms: number;
  readonly progress: number;
}

const WINDOW_MS = 12_000;
const LEAST_MS = 1500;

export class Pace {
  #marks: readonly Mark[] = [];

  /** Note how far the work is; steps back begin the count anew. */
  note(ms: number, progress: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && progress < last.progress) this.#marks = [];
    if (progress === last?.progress) return;
    const recent = this.#marks.filter((mark) => mark.ms > ms - WINDOW_MS);
    // Where news is rare, the last is still a beginning to count from.
    this.#marks = [...(recent.length > 0 ? recent : this.#marks.slice(-1)), { ms, progress }];
  }

  /** Seconds left at the pace of the last moments; null while that is not known. */
  leftS(): number | null {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (first === undefined || last === undefined || last.ms - first.ms < LEAST_MS || last.progress >= 1) return null;
    return ((1 - last.progress) / (last.progress - first.progress)) * ((last.ms - first.ms) / 1000);
  }
}

/** "about 40 s left": as exact as it can be known. */
export function leftText(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < 8) return "a few seconds left";
  if (seconds < 90) return `about ${Math.round(seconds / 5) * 5} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}
