import { type Document, type Entity, propsOf } from "../client/index.js";

/** The notes of a clip, ready to be drawn. */
export interface NoteCloud {
  /** by beginning */
  readonly notes: readonly Entity[];
  readonly lowest: number;
  readonly highest: number;
}

const MOST_KEPT = 20_000;

/** Keeps the notes of each clip in order until one of them changes. */
export class NoteCache {
  readonly #clouds = new Map<string, { readonly revision: number; readonly cloud: NoteCloud }>();

  of(document: Document, clip: string): NoteCloud {
    const revision = document.touched(clip);
    const kept = this.#clouds.get(clip);
    if (kept?.revision === revision) return kept.cloud;
    if (this.#clouds.size > MOST_KEPT) this.#clouds.clear();
    const cloud = cloudOf(document.children(clip));
    this.#clouds.set(clip, { revision, cloud });
    return cloud;
  }
}

function cloudOf(children: Iterable<Entity>): NoteCloud {
  const notes = [...children].sort((a, b) => propsOf(a).tick - propsOf(b).tick);
  const pitches = notes.map((note) => propsOf(note).pitch);
  return { notes, lowest: least(pitches), highest: -least(pitches.map((pitch) => -pitch)) };
}

/** `Math.min` of a list too long to be arguments. */
function least(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Infinity);
}
