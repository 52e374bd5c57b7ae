/** Which part of a clip and of the keyboard is in sight; pure, so that it can be checked without a screen. */
import { HIGHEST } from "./note-edits.js";

export interface PianoView {
  /** tick of the clip at the left edge */
  readonly left: number;
  readonly pixelsPerTick: number;
  /** the pitch at the upper edge, with the part of it that shows */
  readonly top: number;
}

/** The parts of the surface: keys left, beats on top, velocities at the bottom, notes between. */
export interface PianoFrame {
  readonly width: number;
  readonly height: number;
}

export const ROW = 11;
export const KEYS = 44;
export const RULER = 18;
export const VELOCITY = 40;

const MIN_PX_PER_TICK = 0.004;
const MAX_PX_PER_TICK = 0.6;
const MIDDLE_C = 60;
const MARGIN = 16;

export function gridHeight({ height }: PianoFrame): number {
  return Math.max(ROW, height - RULER - VELOCITY);
}

export function xOfTick(view: PianoView, tick: number): number {
  return KEYS + (tick - view.left) * view.pixelsPerTick;
}

export function tickOfX(view: PianoView, x: number): number {
  return view.left + (x - KEYS) / view.pixelsPerTick;
}

/** The upper edge of a pitch's row. */
export function yOfPitch(view: PianoView, pitch: number): number {
  return RULER + (view.top - pitch) * ROW;
}

export function pitchOfY(view: PianoView, y: number): number {
  return Math.min(HIGHEST, Math.max(0, Math.floor(view.top - (y - RULER) / ROW) + 1));
}

/** A whole clip, and its notes' middle; around middle C where there are none. */
export function fitted(frame: PianoFrame, lengthTicks: number, lowest: number, highest: number): PianoView {
  const pixelsPerTick = bounded((frame.width - KEYS - MARGIN) / lengthTicks);
  const middle = lowest <= highest ? (lowest + highest) / 2 : MIDDLE_C;
  return framed(frame, { left: 0, pixelsPerTick, top: middle + gridHeight(frame) / ROW / 2 });
}

export function panned(frame: PianoFrame, view: PianoView, byX: number, byY: number): PianoView {
  return framed(frame, { ...view, left: view.left + byX / view.pixelsPerTick, top: view.top - byY / ROW });
}

/** Zoom around a place that stays where it is. */
export function zoomedAt(frame: PianoFrame, view: PianoView, factor: number, x: number): PianoView {
  const pixelsPerTick = bounded(view.pixelsPerTick * factor);
  return framed(frame, { ...view, pixelsPerTick, left: tickOfX(view, x) - (x - KEYS) / pixelsPerTick });
}

/** So far that a pitch is in sight. */
export function showing(frame: PianoFrame, view: PianoView, pitch: number): PianoView {
  const rows = gridHeight(frame) / ROW;
  if (pitch > view.top - 1) return framed(frame, { ...view, top: pitch + 2 });
  return pitch < view.top - rows + 1 ? framed(frame, { ...view, top: pitch + rows - 2 }) : view;
}

function framed(frame: PianoFrame, view: PianoView): PianoView {
  const rows = gridHeight(frame) / ROW;
  return { ...view, left: Math.max(0, view.left), top: Math.max(Math.min(rows - 1, HIGHEST), Math.min(HIGHEST, view.top)) };
}

function bounded(pixelsPerTick: number): number {
  return Math.min(MAX_PX_PER_TICK, Math.max(MIN_PX_PER_TICK, pixelsPerTick));
}
