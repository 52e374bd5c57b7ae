/** Which part of the timeline is in sight; pure, so that zooming can be checked without a screen. */
export interface View {
  /** tick at the left edge */
  readonly left: number;
  readonly pixelsPerTick: number;
}

const MIN_BAR_PX = 6;
const MAX_BAR_PX = 1200;
const TICKS_PER_BAR = 3840;
const HEAD_AFTER_FLIP = 0.12;
const FLIP_AT = 0.9;

/** What shows before the first bar, so that the playhead's mark is whole. */
const INSET_PX = 8;

export const START_VIEW: View = framed(0, 64 / TICKS_PER_BAR);

export function xOf(view: View, tick: number): number {
  return (tick - view.left) * view.pixelsPerTick;
}

export function tickAt(view: View, x: number): number {
  return Math.max(0, view.left + x / view.pixelsPerTick);
}

/** Zoom around a place that stays where it is. */
export function zoomed(view: View, factor: number, x: number): View {
  const pixelsPerTick = Math.min(MAX_BAR_PX, Math.max(MIN_BAR_PX, view.pixelsPerTick * factor * TICKS_PER_BAR)) / TICKS_PER_BAR;
  return framed(view.left + x / view.pixelsPerTick - x / pixelsPerTick, pixelsPerTick);
}

export function scrolled(view: View, pixels: number): View {
  return framed(view.left + pixels / view.pixelsPerTick, view.pixelsPerTick);
}

/** Turn the page when the playhead comes near its end, or has jumped out of sight. */
export function following(view: View, tick: number, width: number): View {
  const x = xOf(view, tick);
  if (x >= 0 && x <= width * FLIP_AT) return view;
  return framed(tick - (width * HEAD_AFTER_FLIP) / view.pixelsPerTick, view.pixelsPerTick);
}

/** Distance between labelled bar lines: a power of two, wide enough to read. */
export function barsPerLabel(barPixels: number, widest = 44): number {
  let bars = 1;
  while (bars * barPixels < widest) bars *= 2;
  return bars;
}

function framed(left: number, pixelsPerTick: number): View {
  return { pixelsPerTick, left: left <= 0 ? -INSET_PX / pixelsPerTick : left };
}
