/** Paints the arrangement: grid, clips with their waveforms, the loop, people and the playhead. */
import { barTicks, beatTicks, type Loop, samplesPerTick, type Span, tickOf } from "../client/index.js";
import { type Ctx, drawNameTag, FONT, roundRect, withAlpha } from "./canvas.js";
import { drawMarkerLines, drawMarkers, drawTrackGrounds, drawTracks, type TrackScene } from "./draw-tracks.js";
import { HEADER_HEIGHT, type Lane, type LaneGroup, ROW_HEIGHT } from "./lanes.js";
import type { Guest } from "./presence.js";
import { uncovered } from "./separations.js";
import { stemColor } from "./stems.js";
import { barsPerLabel, tickAt, xOf } from "./view.js";

/** What is painted as a waveform. */
export interface Wave {
  /** makes a quiet stem's waveform as tall as a loud one's, within reason */
  readonly scale: number;
  peak(from: number, to: number): number;
}

export interface Clip extends Wave {
  readonly fromSample: number;
  readonly toSample: number;
  readonly anchorTick: number;
  readonly bpm: number;
  /** still being rendered */
  readonly growing: boolean;
  /** what of it is there, in the order in which it came */
  readonly spans: readonly Span[];
  /** the sound that is heard where this stem of it is not there yet */
  readonly behind: Wave | null;
  /** what is heard as stems of its own */
  readonly given: readonly Span[];
}

export interface Scene extends TrackScene {
  readonly numerator: number;
  readonly denominator: number;
  readonly loop: Loop | null;
  readonly headTick: number;
  readonly groups: readonly LaneGroup[];
  readonly selected: string | null;
  readonly silent: ReadonlySet<string>;
  readonly guests: readonly Guest[];
  clip(lane: Lane): Clip | null;
  title(group: LaneGroup): string;
}

const COLUMN = 2;
const CLIP_PAD = 4;
const HATCH_PX = 7;

export function drawRuler(ctx: Ctx, scene: Scene): void {
  const { width, height, palette } = scene;
  ctx.fillStyle = palette.raised;
  ctx.fillRect(0, 0, width, height);
  if (scene.loop !== null) drawBrace(ctx, scene, scene.loop);
  drawBarLabels(ctx, scene);
  drawMarkers(ctx, scene);
  for (const guest of scene.guests) drawGuestFlag(ctx, scene, guest);
  drawHeadMark(ctx, scene);
}

export function drawLanes(ctx: Ctx, scene: Scene): void {
  ctx.fillStyle = scene.palette.ground;
  ctx.fillRect(0, 0, scene.width, scene.height);
  drawTrackGrounds(ctx, scene);
  drawLaneGrounds(ctx, scene);
  drawGrid(ctx, scene);
  if (scene.loop !== null) shadeOutside(ctx, scene, scene.loop);
  drawMarkerLines(ctx, scene);
  for (const group of scene.groups) drawGroup(ctx, scene, group);
  drawTracks(ctx, scene);
  for (const guest of scene.guests) drawGuestLine(ctx, scene, guest);
  drawPlayhead(ctx, scene);
}

function bars(scene: Scene, visit: (x: number, bar: number) => void, every = 1): void {
  const ticks = barTicks(scene.numerator, scene.denominator) * every;
  const last = tickAt(scene.view, scene.width);
  for (let bar = Math.max(0, Math.floor(scene.view.left / ticks)); bar * ticks <= last; bar++) visit(xOf(scene.view, bar * ticks), bar * every);
}

function barPixels(scene: Scene): number {
  return barTicks(scene.numerator, scene.denominator) * scene.view.pixelsPerTick;
}

function drawBarLabels(ctx: Ctx, scene: Scene): void {
  const { palette, height } = scene;
  ctx.font = FONT;
  ctx.textBaseline = "middle";
  const every = barsPerLabel(barPixels(scene));
  const minor = Math.max(1, every / 4);
  ctx.fillStyle = palette.line;
  bars(scene, (x) => ctx.fillRect(Math.round(x), height - 6, 1, 6), minor);
  bars(scene, (x, bar) => {
    ctx.fillStyle = palette.line;
    ctx.fillRect(Math.round(x), height - 13, 1, 13);
    ctx.fillStyle = palette.dim;
    ctx.fillText(String(bar + 1), Math.round(x) + 4, height - 10);
  }, every);
}

function drawGrid(ctx: Ctx, scene: Scene): void {
  const pixels = barPixels(scene);
  const every = barsPerLabel(pixels, 22);
  ctx.fillStyle = scene.palette.faint;
  const beat = beatTicks(scene.denominator) * scene.view.pixelsPerTick;
  if (beat >= 12) bars(scene, (x) => beats(ctx, scene, x, beat));
  ctx.fillStyle = scene.palette.line;
  bars(scene, (x) => ctx.fillRect(Math.round(x), 0, 1, scene.height), every);
}

function beats(ctx: Ctx, scene: Scene, x: number, beat: number): void {
  for (let n = 1; n < scene.numerator; n++) ctx.fillRect(Math.round(x + n * beat), 0, 1, scene.height);
}

function drawLaneGrounds(ctx: Ctx, scene: Scene): void {
  for (const group of scene.groups) {
    ctx.fillStyle = scene.palette.raised;
    ctx.fillRect(0, group.top - scene.scrollTop, scene.width, HEADER_HEIGHT);
    if (group.folded) continue;
    for (const lane of group.lanes) {
      const y = lane.top - scene.scrollTop;
      if (lane.stream.open.stream === scene.selected) {
        ctx.fillStyle = scene.palette.sunken;
        ctx.fillRect(0, y, scene.width, ROW_HEIGHT);
      }
      ctx.fillStyle = scene.palette.line;
      ctx.fillRect(0, y + ROW_HEIGHT - 1, scene.width, 1);
    }
  }
}

function drawGroup(ctx: Ctx, scene: Scene, group: LaneGroup): void {
  for (const lane of group.lanes) {
    const clip = scene.clip(lane);
    if (clip !== null && !group.folded) drawClip(ctx, scene, lane, clip);
  }
  const whole = group.lanes.map((lane) => scene.clip(lane)).find((clip) => clip !== null);
  if (whole) drawSummary(ctx, scene, group, whole);
}

function span(scene: Scene, clip: Clip, samples: Span = { from: clip.fromSample, to: clip.toSample }): readonly [number, number] {
  return [
    xOf(scene.view, tickOf(samples.from, clip.anchorTick, clip.bpm)),
    xOf(scene.view, tickOf(samples.to, clip.anchorTick, clip.bpm)),
  ];
}

/** The bar over a group: violet, for generated, with its prompt. */
function drawSummary(ctx: Ctx, scene: Scene, group: LaneGroup, clip: Clip): void {
  const [from, to] = span(scene, clip);
  const y = group.top - scene.scrollTop;
  if (to < 0 || from > scene.width || to - from < 1) return;
  const x = Math.max(0, from);
  ctx.fillStyle = withAlpha(scene.palette.violet, 0.22);
  roundRect(ctx, from, y + 5, to - from, HEADER_HEIGHT - 10, 3);
  ctx.fillStyle = scene.palette.violet;
  ctx.fillRect(x, y + 5, Math.min(scene.width, to) - x, 1.5);
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, to - x - 6, HEADER_HEIGHT);
  ctx.clip();
  ctx.font = FONT;
  ctx.textBaseline = "middle";
  ctx.fillStyle = scene.palette.text;
  ctx.fillText(scene.title(group), x + 8, y + HEADER_HEIGHT / 2 + 1);
  ctx.restore();
}

function drawClip(ctx: Ctx, scene: Scene, lane: Lane, clip: Clip): void {
  const [from, to] = span(scene, clip);
  const top = lane.top - scene.scrollTop + CLIP_PAD;
  const height = ROW_HEIGHT - 2 * CLIP_PAD - 1;
  if (to < 0 || from > scene.width || top > scene.height || top + height < 0) return;
  const color = stemColor(lane.stream.open.stem);
  const silent = scene.silent.has(lane.stream.open.stream);
  ctx.save();
  ctx.beginPath();
  ctx.roundRect(from, top, Math.max(2, to - from), height, 3);
  ctx.clip();
  const box = { top, height };
  for (const samples of clip.spans) {
    const [left, right] = span(scene, clip, samples);
    ctx.fillStyle = withAlpha(color, silent ? 0.06 : 0.13);
    ctx.fillRect(left, top, right - left, height);
    drawWave(ctx, scene, clip, clip, left, right, box, silent ? [withAlpha(color, 0.25), withAlpha(color, 0.18)] : [withAlpha(color, 0.95), withAlpha(color, 0.6)]);
  }
  for (const samples of clip.behind === null ? [] : uncovered(clip.spans, clip.toSample)) drawBehind(ctx, scene, clip, samples, box);
  for (const samples of clip.given) drawGiven(ctx, scene, clip, samples, box);
  ctx.fillStyle = withAlpha(scene.palette.violet, silent ? 0.4 : 1);
  ctx.fillRect(from, top, to - from, 1.5);
  const newest = clip.spans.at(-1);
  if (clip.growing && newest !== undefined) drawGrowingEdge(ctx, span(scene, clip, newest)[1], top, height, color);
  ctx.restore();
}

interface Box {
  readonly top: number;
  readonly height: number;
}

/** Not separated yet: the sound itself, dimmed and hatched, because it is heard whole there. */
function drawBehind(ctx: Ctx, scene: Scene, clip: Clip, samples: Span, { top, height }: Box): void {
  const [left, right] = span(scene, clip, samples);
  const from = Math.max(0, left);
  const to = Math.min(scene.width, right);
  if (to <= from) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(from, top, to - from, height);
  ctx.clip();
  const dim = scene.palette.dim;
  drawWave(ctx, scene, clip, clip.behind!, left, right, { top, height }, [withAlpha(dim, 0.42), withAlpha(dim, 0.3)]);
  ctx.strokeStyle = withAlpha(dim, 0.16);
  ctx.lineWidth = 1;
  ctx.beginPath();
  // Anchored to the lane's own zero, so that it stands still while the part shrinks.
  const phase = xOf(scene.view, clip.anchorTick) % HATCH_PX;
  for (let x = Math.floor((from - height) / HATCH_PX) * HATCH_PX + phase; x < to; x += HATCH_PX) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

/** Heard as its stems, which have lanes of their own. */
function drawGiven(ctx: Ctx, scene: Scene, clip: Clip, samples: Span, { top, height }: Box): void {
  const [left, right] = span(scene, clip, samples);
  ctx.fillStyle = withAlpha(scene.palette.ground, 0.62);
  ctx.fillRect(left, top, right - left, height);
}

function drawWave(ctx: Ctx, scene: Scene, clip: Clip, wave: Wave, left: number, right: number, { top, height }: Box, [played, coming]: readonly [string, string]): void {
  const from = Math.max(0, left);
  const to = Math.min(scene.width, right);
  const head = xOf(scene.view, scene.headTick);
  const samplesPerPixel = samplesPerTick(clip.bpm) / scene.view.pixelsPerTick;
  const middle = top + height / 2;
  const start = Math.floor(from / COLUMN) * COLUMN;
  const sampleAt = (x: number): number => (scene.view.left + x / scene.view.pixelsPerTick - clip.anchorTick) * samplesPerTick(clip.bpm);
  const paint = (a: number, b: number, style: string): void => {
    ctx.fillStyle = style;
    ctx.beginPath();
    for (let x = a; x < b; x += COLUMN) {
      const sample = sampleAt(x);
      const half = Math.max(0.5, loudness(Math.min(1, wave.peak(sample, sample + samplesPerPixel * COLUMN) * wave.scale)) * (height / 2 - 3));
      ctx.rect(x, middle - half, COLUMN - 0.5, half * 2);
    }
    ctx.fill();
  };
  const split = Math.min(to, Math.max(start, Math.floor(head / COLUMN) * COLUMN));
  paint(start, split, played);
  paint(split, to, coming);
}

/** Quiet passages stay visible. */
function loudness(peak: number): number {
  return peak ** 0.8;
}

function drawGrowingEdge(ctx: Ctx, x: number, top: number, height: number, color: string): void {
  const edge = ctx.createLinearGradient(x - 28, 0, x, 0);
  edge.addColorStop(0, withAlpha(color, 0));
  edge.addColorStop(1, withAlpha(color, 0.35));
  ctx.fillStyle = edge;
  ctx.fillRect(x - 28, top, 28, height);
}

function shadeOutside(ctx: Ctx, scene: Scene, loop: Loop): void {
  ctx.fillStyle = withAlpha(scene.palette.accent, 0.045);
  const from = xOf(scene.view, loop.start_tick);
  ctx.fillRect(from, 0, xOf(scene.view, loop.end_tick) - from, scene.height);
}

function drawBrace(ctx: Ctx, scene: Scene, loop: Loop): void {
  const from = xOf(scene.view, loop.start_tick);
  const to = xOf(scene.view, loop.end_tick);
  ctx.fillStyle = withAlpha(scene.palette.accent, 0.28);
  ctx.fillRect(from, 0, to - from, 10);
  ctx.fillStyle = scene.palette.accent;
  ctx.fillRect(from, 0, 3, 10);
  ctx.fillRect(to - 3, 0, 3, 10);
  ctx.fillRect(from, 0, to - from, 1.5);
}

function drawPlayhead(ctx: Ctx, scene: Scene): void {
  const x = Math.round(xOf(scene.view, scene.headTick));
  ctx.fillStyle = scene.palette.accent;
  ctx.fillRect(x, 0, 1.5, scene.height);
}

function drawHeadMark(ctx: Ctx, scene: Scene): void {
  const x = Math.round(xOf(scene.view, scene.headTick)) + 0.5;
  ctx.fillStyle = scene.palette.accent;
  ctx.beginPath();
  ctx.moveTo(x - 5.5, scene.height - 9);
  ctx.lineTo(x + 5.5, scene.height - 9);
  ctx.lineTo(x, scene.height);
  ctx.fill();
}

/** Where someone's pointer is: a line through everything, stronger on the track it is over. */
function drawGuestLine(ctx: Ctx, scene: Scene, guest: Guest): void {
  if (guest.tick === null) return;
  const x = Math.round(xOf(scene.view, guest.tick));
  ctx.fillStyle = withAlpha(guest.color, 0.4);
  ctx.fillRect(x, 0, 1, scene.height);
  const lane = scene.tracks.find((track) => track.id === guest.track);
  if (lane === undefined) return;
  ctx.fillStyle = guest.color;
  ctx.fillRect(x, lane.top - scene.scrollTop, 2, ROW_HEIGHT - 1);
}

function drawGuestFlag(ctx: Ctx, scene: Scene, guest: Guest): void {
  if (guest.tick !== null) drawNameTag(ctx, Math.round(xOf(scene.view, guest.tick)), scene.height - 15, guest.name, guest.color);
}
