/** Paints the room's own tracks: lanes, clips with their notes, what people have chosen, and markers. */
import { type Entity, propsOf } from "../client/index.js";
import { clipped, type Ctx, drawNameTag, FONT, inkOn, roundRect, withAlpha } from "./canvas.js";
import { ROW_HEIGHT } from "./lanes.js";
import type { NoteCloud } from "./note-cache.js";
import type { Guest } from "./presence.js";
import type { Palette } from "./theme.js";
import { type View, xOf } from "./view.js";

export interface TrackLane {
  readonly id: string;
  readonly top: number;
  readonly color: string;
  readonly silent: boolean;
  readonly selected: boolean;
  readonly clips: readonly ClipPicture[];
}

export interface ClipPicture {
  readonly id: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly cloud: NoteCloud;
  readonly chosen: boolean;
  readonly open: boolean;
  /** an engine wrote its notes */
  readonly written: boolean;
  readonly by: Guest | null;
}

/** A part of the arrangement that is being drawn or framed by hand. */
export interface Rubber {
  readonly from: number;
  readonly to: number;
  readonly top: number;
  readonly height: number;
}

export interface TrackScene {
  readonly view: View;
  readonly width: number;
  readonly height: number;
  readonly scrollTop: number;
  readonly palette: Palette;
  readonly tracks: readonly TrackLane[];
  readonly markers: readonly Entity[];
  readonly chosenMarker: string | null;
  readonly rubber: Rubber | null;
}

const PAD = 4;
const NAME_HEIGHT = 14;
const LEAST_SPAN = 12;
const NARROW_PX = 20;

export const MARKER_TOP = 12;
export const MARKER_HEIGHT = 15;

export function drawTrackGrounds(ctx: Ctx, scene: TrackScene): void {
  for (const lane of scene.tracks) {
    const y = lane.top - scene.scrollTop;
    ctx.fillStyle = scene.palette.sunken;
    if (lane.selected) ctx.fillRect(0, y, scene.width, ROW_HEIGHT);
    ctx.fillStyle = scene.palette.line;
    ctx.fillRect(0, y + ROW_HEIGHT - 1, scene.width, 1);
  }
}

export function drawTracks(ctx: Ctx, scene: TrackScene): void {
  for (const lane of scene.tracks) {
    const y = lane.top - scene.scrollTop;
    if (y > scene.height || y + ROW_HEIGHT < 0) continue;
    for (const clip of lane.clips) drawClip(ctx, scene, lane, clip);
  }
  if (scene.rubber !== null) drawRubber(ctx, scene, scene.rubber);
}

function drawClip(ctx: Ctx, scene: TrackScene, lane: TrackLane, clip: ClipPicture): void {
  const x = xOf(scene.view, clip.start);
  const width = Math.max(2, xOf(scene.view, clip.end) - x - 1);
  const y = lane.top - scene.scrollTop + PAD;
  const height = ROW_HEIGHT - 2 * PAD - 1;
  const strong = lane.silent ? 0.4 : 1;
  const wide = width > NARROW_PX;
  ctx.fillStyle = withAlpha(lane.color, 0.2 * strong);
  ctx.fillRect(x, y + NAME_HEIGHT, width, height - NAME_HEIGHT);
  ctx.fillStyle = withAlpha(lane.color, (clip.chosen ? 0.95 : 0.5) * strong);
  if (wide) roundRect(ctx, x, y, width, NAME_HEIGHT, [3, 3, 0, 0]);
  else ctx.fillRect(x, y, width, NAME_HEIGHT);
  ctx.fillStyle = withAlpha(scene.palette.violet, strong);
  if (clip.written) ctx.fillRect(x, y, width, 1.5);
  if (wide && clip.name !== "") clipped(ctx, x, y, width - 3, NAME_HEIGHT, () => drawClipName(ctx, scene, clip, lane.color, x, y));
  drawNotes(ctx, scene, clip, withAlpha(lane.color, 0.95 * strong), y + NAME_HEIGHT + 2, height - NAME_HEIGHT - 4);
  if (clip.by !== null) outline(ctx, clip.by.color, x, y, width, height);
  if (clip.chosen || clip.open) outline(ctx, clip.chosen ? scene.palette.text : withAlpha(scene.palette.text, 0.45), x, y, width, height);
  if (clip.by !== null) drawNameTag(ctx, Math.max(0, x) + 2, y + height - 15, clip.by.name, clip.by.color);
}

function drawClipName(ctx: Ctx, scene: TrackScene, clip: ClipPicture, color: string, x: number, y: number): void {
  ctx.font = FONT;
  ctx.textBaseline = "middle";
  ctx.fillStyle = clip.chosen ? inkOn(color) : scene.palette.text;
  ctx.fillText(clip.name, Math.max(0, x) + 5, y + NAME_HEIGHT / 2 + 0.5);
}

/** Notes as they lie: one path for all of them, because there can be thousands in sight. */
function drawNotes(ctx: Ctx, scene: TrackScene, clip: ClipPicture, style: string, top: number, height: number): void {
  const { notes, lowest, highest } = clip.cloud;
  const span = Math.max(LEAST_SPAN, highest - lowest + 1);
  const row = height / span;
  const floor = (lowest + highest + 1 - span) / 2;
  const thick = Math.max(1, Math.min(3, row));
  const end = Math.min(scene.width, xOf(scene.view, clip.end) - 1);
  ctx.fillStyle = style;
  ctx.beginPath();
  for (const note of notes) {
    const { tick, length_ticks, pitch } = propsOf(note);
    const x = xOf(scene.view, clip.start + tick);
    if (x > end) break;
    const width = Math.min(end - x, Math.max(1.5, length_ticks * scene.view.pixelsPerTick - 0.5));
    if (x + width >= 0) ctx.rect(x, top + height - (pitch - floor + 0.5) * row - thick / 2, width, thick);
  }
  ctx.fill();
}

function outline(ctx: Ctx, style: string, x: number, y: number, width: number, height: number): void {
  ctx.strokeStyle = style;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  ctx.roundRect(x + 0.75, y + 0.75, Math.max(1, width - 1.5), height - 1.5, 3);
  ctx.stroke();
}

function drawRubber(ctx: Ctx, scene: TrackScene, { from, to, top, height }: Rubber): void {
  const x = xOf(scene.view, from);
  const width = xOf(scene.view, to) - x;
  const y = top - scene.scrollTop;
  ctx.fillStyle = withAlpha(scene.palette.text, 0.08);
  ctx.fillRect(x, y, width, height);
  outline(ctx, withAlpha(scene.palette.text, 0.6), x, y, width, height);
}

/** Markers in their strip of the ruler. */
export function drawMarkers(ctx: Ctx, scene: TrackScene): void {
  ctx.font = FONT;
  ctx.textBaseline = "middle";
  for (const marker of scene.markers) {
    const x = Math.round(xOf(scene.view, propsOf(marker).tick));
    if (x > scene.width || x < -300) continue;
    const width = markerWidth(ctx, marker);
    const chosen = marker.id === scene.chosenMarker;
    ctx.fillStyle = chosen ? scene.palette.text : scene.palette.sunken;
    roundRect(ctx, x, MARKER_TOP + 1, width, MARKER_HEIGHT - 2, 2);
    ctx.fillStyle = scene.palette.dim;
    ctx.fillRect(x, MARKER_TOP + 1, 2, MARKER_HEIGHT + 17);
    ctx.fillStyle = chosen ? scene.palette.ground : scene.palette.text;
    ctx.fillText(propsOf(marker).text, x + 6, MARKER_TOP + MARKER_HEIGHT / 2 + 0.5);
  }
}

/** How wide a marker's flag is: its text, but never too small to take hold of. */
export function markerWidth(ctx: Ctx, marker: Entity): number {
  ctx.font = FONT;
  return Math.max(14, ctx.measureText(propsOf(marker).text).width + 12);
}

export function drawMarkerLines(ctx: Ctx, scene: TrackScene): void {
  ctx.fillStyle = withAlpha(scene.palette.dim, 0.35);
  for (const marker of scene.markers) ctx.fillRect(Math.round(xOf(scene.view, propsOf(marker).tick)), 0, 1, scene.height);
}
