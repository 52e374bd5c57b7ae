/** Which streams are the stems of what: told to the mixer, which plays the one or the other (J11). */
import type { Job } from "./messages.js";
import type { Send, StreamBook, StreamEntry } from "./streams.js";
import { MAX_BLENDS } from "./worklet-messages.js";

/** The stream of a separation that is the sound itself. */
export const MIX = "mix";

export interface Separation {
  readonly stems: readonly StreamEntry[];
  /** the sound that is separated: its own stream, or those of a generation */
  readonly sources: readonly StreamEntry[];
}

/** What someone has chosen to hear. */
interface Choice {
  readonly mute: boolean;
  readonly solo: boolean;
}

export class Separations {
  readonly #book: StreamBook;
  readonly #send: Send;
  /** of every separation, the generation that it separates; null where that is a sound */
  readonly #separated = new Map<string, string | null>();
  readonly #blends = new Map<string, { readonly blend: number; told: string }>();
  readonly #free = Array.from({ length: MAX_BLENDS }, (_, i) => MAX_BLENDS - 1 - i);
  #now: ReadonlyMap<string, Separation> = new Map();

  constructor(book: StreamBook, send: Send) {
    this.#book = book;
    this.#send = send;
  }

  /** The separation of a job, as far as it has streams. */
  of(job: string): Separation | undefined {
    return this.#now.get(job);
  }

  /** The separations that a stream is the sound of, wholly or in part. */
  soundedBy(entry: StreamEntry): readonly Separation[] {
    return [...this.#now.values()].filter(({ sources }) => sources.includes(entry));
  }

  /** Whether a strip is heard. A sound plays whole where its stems are not there yet: for one that is solo, too, but not where all are muted. */
  isOn(entry: StreamEntry, settings: (stream: string) => Choice): boolean {
    const of = ({ open }: StreamEntry): Choice => settings(open.stream);
    const anySolo = [...this.#book.entries].some((one) => of(one).solo);
    const stems = this.soundedBy(entry).flatMap((separation) => separation.stems);
    if (entry.open.stem === MIX && stems.length > 0 && stems.every((stem) => of(stem).mute)) return false;
    return !of(entry).mute && (!anySolo || of(entry).solo || stems.some((stem) => of(stem).solo));
  }

  learn({ job, kind, params }: Job): void {
    if (kind === "separate") this.#separated.set(job, params.job ?? null);
  }

  /** Streams came or went: see which belong together now, and say so. */
  refresh(): void {
    const entries = [...this.#book.entries];
    const found = new Map<string, Separation>();
    for (const [job, generation] of this.#separated) {
      const stems = entries.filter(({ open }) => open.job === job && open.stem !== MIX);
      const sources = entries.filter(({ open }) => (open.job === job && open.stem === MIX) || open.job === generation);
      if (stems.length > 0) found.set(job, { stems, sources });
    }
    for (const job of [...this.#blends.keys()]) if (!found.has(job)) this.#part(job);
    for (const [job, separation] of found) this.#join(job, separation);
    this.#now = found;
  }

  #join(job: string, { stems, sources }: Separation): void {
    const strips = (entries: readonly StreamEntry[]): number[] => entries.map(({ strip }) => strip);
    const members = { stems: strips(stems), sources: strips(sources) };
    const known = this.#blends.get(job);
    const blend = known?.blend ?? this.#free.pop();
    const told = JSON.stringify(members);
    if (blend === undefined || known?.told === told) return;
    this.#blends.set(job, { blend, told });
    this.#send({ type: "blend", blend, ...members }, []);
  }

  #part(job: string): void {
    const { blend } = this.#blends.get(job)!;
    this.#blends.delete(job);
    this.#free.push(blend);
    this.#send({ type: "blend", blend, stems: [], sources: [] }, []);
  }
}
