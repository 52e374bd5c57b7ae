/** Edits of notes, as the operations that make them: each is one thing to undo. Pure, but for the ids of what is new. */
import { type Entity, newId, type Op, propsOf, type Props } from "../client/index.js";
import { pitchOfRow, rowOf, type Rows, topRow } from "./piano-rows.js";

export interface NoteShape {
  readonly tick: number;
  readonly length_ticks: number;
  readonly pitch: number;
  readonly velocity: number;
}

export function newNote(clip: string, shape: NoteShape): { id: string; ops: readonly Op[] } {
  const id = newId();
  return { id, ops: [{ op: "put", kind: "note", id, props: { clip, ...shape } }] };
}

/** Where notes go when they are dragged: together, within the clip's beginning and the rows that there are. */
export function movedNotes(notes: readonly Entity[], byTicks: number, byRows: number, rows: Rows = null): ReadonlyMap<string, Props> {
  const all = notes.map(propsOf);
  const places = all.map((note) => rowOf(rows, note.pitch));
  const ticks = Math.max(-Math.min(...all.map((note) => note.tick)), byTicks);
  const up = Math.min(topRow(rows) - Math.max(...places), Math.max(-Math.min(...places), byRows));
  return new Map(notes.map((note, i) => [note.id, { tick: all[i]!.tick + ticks, pitch: pitchOfRow(rows, places[i]! + up) }]));
}

/** Notes get longer or shorter together, each at least `shortest`. */
export function resizedNotes(notes: readonly Entity[], byTicks: number, shortest: number): ReadonlyMap<string, Props> {
  return new Map(notes.map((note) => [note.id, { length_ticks: Math.max(Math.min(shortest, propsOf(note).length_ticks), propsOf(note).length_ticks + byTicks) }]));
}

export function withVelocity(notes: readonly Entity[], velocity: number): ReadonlyMap<string, Props> {
  const bounded = Math.min(127, Math.max(1, Math.round(velocity)));
  return new Map(notes.map((note) => [note.id, { velocity: bounded }]));
}

/** The operations for new properties; none for what is so already. */
export function setNotes(notes: readonly Entity[], changes: ReadonlyMap<string, Props>): readonly Op[] {
  return notes.flatMap((note): Op[] => {
    const props = changes.get(note.id) ?? {};
    const differs = (Object.keys(props) as (keyof Props)[]).some((name) => props[name] !== note.props?.[name]);
    return differs ? [{ op: "set", kind: "note", id: note.id, props }] : [];
  });
}

/** Copies of notes, right after the last of them, on the next line of the grid. */
export function duplicateNotes(notes: readonly Entity[], grid: number): { ids: readonly string[]; ops: readonly Op[] } {
  const start = Math.min(...notes.map((note) => propsOf(note).tick));
  const end = Math.max(...notes.map(noteEnd));
  const by = Math.ceil((end - start) / grid) * grid;
  const ids = notes.map(() => newId());
  return { ids, ops: notes.map((note, i): Op => ({ op: "put", kind: "note", id: ids[i]!, props: { ...propsOf(note), tick: propsOf(note).tick + by } })) };
}

export function noteEnd(note: Entity): number {
  const { tick, length_ticks } = propsOf(note);
  return tick + length_ticks;
}

const NAMES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];

/** A pitch as musicians say it: 60 is C4. */
export function pitchName(pitch: number): string {
  return `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}

export function isBlackKey(pitch: number): boolean {
  return NAMES[pitch % 12]!.length > 1;
}
