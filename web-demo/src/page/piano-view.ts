/** Which part of a clip and of the keyboard is in sight; pure, so that it can be checked without a screen. */
import { pitchOfRow, rowOf, type Rows, topRow } from "./piano-rows.js";

export interface PianoView {
  /** tick of the clip at the left edge */
  readonly left: number;
  readonly pixelsPerTick: number;
  /** the row at the upper edge, with the part of it that shows */
  readonly top: number;
  readonly keyboard: Keyboard;
}

/** What is at the left: keys, or drums with their names on them. */
export interface Keyboard {
  readonly rows: Rows;
  readonly width: number;
}

/** The parts of the surface: keys left, beats on top, velocities at the bottom, notes between. */
export interface PianoFrame {
  readonly width: number;
  readonly height: number;
}

export const ROW = 11;
export const RULER = 18;
export const VELOCITY = 40;

const KEYS = 44;
const NAMED_KEYS = 112;
const MIN_PX_PER_TICK = 0.004;
const MAX_PX_PER_TICK = 0.6;
const MIDDLE_C = 60;
const MARGIN = 16;

export const PIANO: Keyboard = { rows: null, width: KEYS };

export function drumKit(rows: Rows): Keyboard {
  return { rows, width: NAMED_KEYS };
}

export function gridHeight({ height }: PianoFrame): number {
  return Math.max(ROW, height - RULER - VELOCITY);
}

export function xOfTick(view: PianoView, tick: number): number {
  return view.keyboard.width + (tick - view.left) * view.pixelsPerTick;
}

export function tickOfX(view: PianoView, x: number): number {
  return view.left + (x - view.keyboard.width) / view.pixelsPerTick;
}

/** The upper edge of a pitch's row. */
export function yOfPitch(view: PianoView, pitch: number): number {
  return RULER + (view.top - rowOf(view.keyboard.rows, pitch)) * ROW;
}

export function pitchOfY(view: PianoView, y: number): number {
  return pitchOfRow(view.keyboard.rows, Math.floor(view.top - (y - RULER) / ROW) + 1);
}

/** A whole clip, and its notes' middle; around middle C where there are none. */
export function fitted(frame: PianoFrame, lengthTicks: number, lowest: number, highest: number, keyboard = PIANO): PianoView {
  const pixelsPerTick = bounded((frame.width - keyboard.width - MARGIN) / lengthTicks);
  const [low, high] = lowest <= highest ? [lowest, highest] : [MIDDLE_C, MIDDLE_C];
  const middle = (rowOf(keyboard.rows, low) + rowOf(keyboard.rows, high)) / 2;
  return framed(frame, { left: 0, pixelsPerTick, keyboard, top: middle + gridHeight(frame) / ROW / 2 });
}

export function panned(frame: PianoFrame, view: PianoView, byX: number, byY: number): PianoView {
  return framed(frame, { ...view, left: view.left + byX / view.pixelsPerTick, top: view.top - byY / ROW });
}

/** Zoom around a place that stays where it is. */
export function zoomedAt(frame: PianoFrame, view: PianoView, factor: number, x: number): PianoView {
  const pixelsPerTick = bounded(view.pixelsPerTick * factor);
  return framed(frame, { ...view, pixelsPerTick, left: tickOfX(view, x) - (x - view.keyboard.width) / pixelsPerTick });
}

/** The same place with other keys. */
export function played(frame: PianoFrame, view: PianoView, keyboard: Keyboard): PianoView {
  return String(keyboard.rows) === String(view.keyboard.rows) ? view : framed(frame, { ...view, keyboard });
}

/** So far that a pitch is in sight. */
export function showing(frame: PianoFrame, view: PianoView, pitch: number): PianoView {
  const rows = gridHeight(frame) / ROW;
  const row = rowOf(view.keyboard.rows, pitch);
  if (row > view.top - 1) return framed(frame, { ...view, top: row + 2 });
  return row < view.top - rows + 1 ? framed(frame, { ...view, top: row + rows - 2 }) : view;
}

function framed(frame: PianoFrame, view: PianoView): PianoView {
  const rows = gridHeight(frame) / ROW;
  const highest = topRow(view.keyboard.rows);
  return { ...view, left: Math.max(0, view.left), top: Math.max(Math.min(rows - 1, highest), Math.min(highest, view.top)) };
}

function bounded(pixelsPerTick: number): number {
  return Math.min(MAX_PX_PER_TICK, Math.max(MIN_PX_PER_TICK, pixelsPerTick));
}
