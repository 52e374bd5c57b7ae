/** What edits snap to: bars, beats or sixteenths of a bar's own metre. */
import { barTicks, beatTicks, type Transport } from "../client/index.js";

export const GRIDS = ["bar", "beat", "sixteenth", "off"] as const;
export type Grid = (typeof GRIDS)[number];

export const GRID_NAMES: Readonly<Record<Grid, string>> = { bar: "Bar", beat: "Beat", sixteenth: "1/16", off: "Off" };

const SIXTEENTH = 240;

/** The distance between grid lines; one tick where there is no grid. */
export function gridTicks(grid: Grid, { numerator, denominator }: Pick<Transport, "numerator" | "denominator">): number {
  if (grid === "bar") return barTicks(numerator, denominator);
  if (grid === "beat") return beatTicks(denominator);
  return grid === "sixteenth" ? SIXTEENTH : 1;
}

/** The nearest line, never before the start. */
export function snap(tick: number, ticks: number): number {
  return Math.max(0, Math.round(tick / ticks) * ticks);
}

/** The line at or before a place: where something drawn there begins. */
export function snapDown(tick: number, ticks: number): number {
  return Math.max(0, Math.floor(tick / ticks) * ticks);
}

/** The next grid, finer or coarser; the ends stay. */
export function stepGrid(grid: Grid, by: 1 | -1): Grid {
  return GRIDS[Math.min(GRIDS.length - 1, Math.max(0, GRIDS.indexOf(grid) + by))]!;
}

/** A grid that was remembered, if it is one. */
export function gridOr(text: string | null, otherwise: Grid): Grid {
  return GRIDS.find((grid) => grid === text) ?? otherwise;
}
