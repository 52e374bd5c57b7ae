/** Which pitches have a row in the piano roll: all of them, or a kit's drums and no keys between them. */
import { DRUM_KEYS } from "./instruments.js";

/** The pitches that have one, the lowest first; null where every pitch has. */
export type Rows = readonly number[] | null;

export const HIGHEST = 127;

/** A row for each drum of the kit, and for what else is written. */
export function drumRows(written: Iterable<number>): Rows {
  return [...new Set([...Object.keys(DRUM_KEYS).map(Number), ...written])].sort((a, b) => a - b);
}

export function topRow(rows: Rows): number {
  return rows === null ? HIGHEST : rows.length - 1;
}

/** The row of a pitch; of one that has none, the next above. */
export function rowOf(rows: Rows, pitch: number): number {
  if (rows === null) return pitch;
  const at = rows.findIndex((row) => row >= pitch);
  return at < 0 ? rows.length - 1 : at;
}

export function pitchOfRow(rows: Rows, row: number): number {
  const inside = Math.min(topRow(rows), Math.max(0, row));
  return rows === null ? inside : rows[inside]!;
}
