/** Edits of tracks and markers, as the operations that make them; pure, but for the ids of what is new. */
import { type Document, type Entity, inOrder, newId, type Op, placeAt, propsOf, type Props } from "../client/index.js";
import { PLAIN_INSTRUMENT } from "./instruments.js";

const COLORS = ["#e5798f", "#5aa9e6", "#d39a3a", "#67b26f", "#b48ae0", "#4fb8b0", "#e08a5b", "#8f9bd8"];

/** Tracks in the order in which everybody sees them. */
export function tracksInOrder(document: Document): readonly Entity[] {
  return [...document.of("track")].sort((a, b) => inOrder(place(a), place(b)));
}

export interface Made {
  readonly id: string;
  readonly ops: readonly Op[];
}

/** A new track under the last one. */
export function newTrack(document: Document): Made {
  const tracks = tracksInOrder(document);
  const id = newId();
  const [own, others] = placed(tracks, id, tracks.length);
  const props = { name: freeName(tracks), order: own, color: COLORS[tracks.length % COLORS.length]!, instrument: PLAIN_INSTRUMENT };
  return { id, ops: [...others, { op: "put", kind: "track", id, props }] };
}

/** A track comes to lie at `index` among the others. */
export function moveTrack(document: Document, id: string, index: number): readonly Op[] {
  const tracks = tracksInOrder(document);
  if (tracks[index]?.id === id) return [];
  const [own, others] = placed(tracks.filter((track) => track.id !== id), id, index);
  return [...others, setTrack(id, { order: own })];
}

export function setTrack(id: string, props: Props): Op {
  return { op: "set", kind: "track", id, props };
}

export function newMarker(tick: number, text: string): Made {
  const id = newId();
  return { id, ops: [{ op: "put", kind: "marker", id, props: { tick, text } }] };
}

export function setMarker(id: string, props: Props): Op {
  return { op: "set", kind: "marker", id, props };
}

export function remove(kind: Entity["kind"], ids: Iterable<string>): readonly Op[] {
  return [...ids].map((id): Op => ({ op: "delete", kind, id }));
}

/** The key of the one that moves, and what has to be written of the others to make room. */
function placed(tracks: readonly Entity[], id: string, index: number): readonly [string, readonly Op[]] {
  const keys = placeAt(tracks.map(place), id, index);
  const others = keys.filter((key) => key.id !== id).map((key) => setTrack(key.id, { order: key.order }));
  return [keys.find((key) => key.id === id)!.order, others];
}

function place(track: Entity): { readonly id: string; readonly order: string } {
  return { id: track.id, order: propsOf(track).order };
}

function freeName(tracks: readonly Entity[]): string {
  const taken = new Set(tracks.map((track) => propsOf(track).name));
  let n = tracks.length + 1;
  while (taken.has(`Track ${n}`)) n++;
  return `Track ${n}`;
}
