/** Edits of clips, as the operations that make them: each is one thing to undo. Pure, but for the ids of what is new. */
import { type Document, type Entity, newId, type Op, propsOf, type Props, samplesPerTick } from "../client/index.js";

export interface Copied {
  readonly ids: readonly string[];
  readonly ops: readonly Op[];
}

export const SHORTEST = 60;

export function newClip(track: string, start_tick: number, length_ticks: number): { id: string; ops: readonly Op[] } {
  const id = newId();
  return { id, ops: [{ op: "put", kind: "clip", id, props: { track, start_tick, length_ticks } }] };
}

export function setClip(id: string, props: Props): Op {
  return { op: "set", kind: "clip", id, props };
}

/** Where clips go when they are dragged: together, never before the start nor past the first or last track. */
export function moved(clips: readonly Entity[], byTicks: number, byRows: number, tracks: readonly string[]): ReadonlyMap<string, Props> {
  const rows = clips.map((clip) => tracks.indexOf(propsOf(clip).track));
  const earliest = Math.min(...clips.map((clip) => propsOf(clip).start_tick));
  const ticks = Math.max(-earliest, byTicks);
  const down = Math.min(tracks.length - 1 - Math.max(...rows), Math.max(-Math.min(...rows), byRows));
  return new Map(clips.map((clip, i) => [clip.id, { start_tick: propsOf(clip).start_tick + ticks, track: tracks[rows[i]! + down] ?? propsOf(clip).track }]));
}

/** The operations that bring clips to where `moved` says; none for those that are there. */
export function moveClips(document: Document, places: ReadonlyMap<string, Props>): readonly Op[] {
  return [...places].flatMap(([id, place]) => {
    const clip = document.get("clip", id);
    if (clip === undefined) return [];
    const { start_tick, track } = propsOf(clip);
    return start_tick === place.start_tick && track === place.track ? [] : [setClip(id, place)];
  });
}

/** Give a clip another beginning and end. What lies in it stays at its moment; notes that began before it now are gone. */
export function resizeClip(document: Document, clip: Entity, start: number, end: number, bpm: number): readonly Op[] {
  const { start_tick, length_ticks, asset, offset_samples } = propsOf(clip);
  if (start === start_tick && end === start_tick + length_ticks) return [];
  const by = start - start_tick;
  const offset = asset === null ? offset_samples : Math.max(0, offset_samples + Math.round(by * samplesPerTick(bpm)));
  const props = { start_tick: start, length_ticks: end - start, ...(offset !== offset_samples && { offset_samples: offset }) };
  return [setClip(clip.id, props), ...(by === 0 ? [] : shiftNotes(document, clip.id, -by))];
}

function shiftNotes(document: Document, clip: string, by: number): readonly Op[] {
  return [...document.children(clip)].map((note): Op => {
    const tick = propsOf(note).tick + by;
    return tick < 0 ? { op: "delete", kind: "note", id: note.id } : { op: "set", kind: "note", id: note.id, props: { tick } };
  });
}

/** Copies of clips with all their notes, from the end of the last of them on. */
export function duplicateClips(document: Document, clips: readonly Entity[]): Copied {
  const start = Math.min(...clips.map((clip) => propsOf(clip).start_tick));
  const end = Math.max(...clips.map(endOf));
  return copyClips(document, clips, new Map(clips.map((clip) => [clip.id, { start_tick: propsOf(clip).start_tick + end - start }])));
}

/** Copies of clips with all their notes, at other places. */
export function copyClips(document: Document, clips: readonly Entity[], places: ReadonlyMap<string, Props>): Copied {
  const ids: string[] = [];
  const ops = clips.flatMap((clip): Op[] => {
    const id = newId();
    ids.push(id);
    const notes = [...document.children(clip.id)].map((note): Op => ({ op: "put", kind: "note", id: newId(), props: { ...propsOf(note), clip: id } }));
    return [{ op: "put", kind: "clip", id, props: { ...propsOf(clip), ...places.get(clip.id) } }, ...notes];
  });
  return { ids, ops };
}

/** Cut a clip in two at a place inside it; notes that sound across are cut there, later ones go with the second. */
export function splitClip(document: Document, clip: Entity, at: number, bpm: number): Copied {
  const props = propsOf(clip);
  const left = at - props.start_tick;
  if (left < 1 || left >= props.length_ticks) return { ids: [], ops: [] };
  const id = newId();
  const offset_samples = props.offset_samples + (props.asset === null ? 0 : Math.round(left * samplesPerTick(bpm)));
  const second: Op = { op: "put", kind: "clip", id, props: { ...props, start_tick: at, length_ticks: props.length_ticks - left, offset_samples } };
  const notes = [...document.children(clip.id)].flatMap((note) => splitNote(note, left, id));
  return { ids: [clip.id, id], ops: [second, setClip(clip.id, { length_ticks: left }), ...notes] };
}

function splitNote(note: Entity, left: number, second: string): readonly Op[] {
  const { tick, length_ticks } = propsOf(note);
  if (tick >= left) return [{ op: "set", kind: "note", id: note.id, props: { clip: second, tick: tick - left } }];
  return tick + length_ticks > left ? [{ op: "set", kind: "note", id: note.id, props: { length_ticks: left - tick } }] : [];
}

export function endOf(clip: Entity): number {
  const { start_tick, length_ticks } = propsOf(clip);
  return start_tick + length_ticks;
}
