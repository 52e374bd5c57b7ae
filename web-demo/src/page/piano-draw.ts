/** Paints the piano roll: keys, rows, beats, notes, velocities, and where the others are. */
import { barTicks, beatTicks, type Entity, propsOf, type Props } from "../client/index.js";
import { clipped, type Ctx, drawNameTag, FONT, inkOn, withAlpha } from "./canvas.js";
import { DRUM_KEYS } from "./instruments.js";
import { isBlackKey, pitchName } from "./note-edits.js";
import { gridHeight, type PianoFrame, type PianoView, ROW, RULER, tickOfX, VELOCITY, xOfTick, yOfPitch } from "./piano-view.js";
import { pitchOfRow, topRow } from "./piano-rows.js";
import type { Guest } from "./presence.js";
import type { Palette } from "./theme.js";

export interface PianoScene {
  readonly frame: PianoFrame;
  readonly view: PianoView;
  readonly palette: Palette;
  readonly color: string;
  readonly notes: readonly Entity[];
  readonly draft: ReadonlyMap<string, Props>;
  readonly chosen: (id: string) => boolean;
  readonly chosenBy: ReadonlyMap<string, Guest>;
  readonly guests: readonly Guest[];
  readonly lengthTicks: number;
  /** tick of the clip's beginning in the room, for bar numbers */
  readonly startTick: number;
  readonly gridTicks: number;
  readonly numerator: number;
  readonly denominator: number;
  /** tick in the clip */
  readonly head: number;
  /** pitch under the pointer */
  readonly hover: number | null;
  readonly rubber: { readonly x: number; readonly y: number; readonly width: number; readonly height: number } | null;
}

const NARROWEST_GRID_PX = 7;
const FLOOR_ALPHA = 0.35;

/** Keys look like keys by day and by night. */
const IVORY = "#e8e6e1";
const EBONY = "#14151a";

export function drawPiano(ctx: Ctx, scene: PianoScene): void {
  const { frame, palette, view } = scene;
  ctx.fillStyle = palette.ground;
  ctx.fillRect(0, 0, frame.width, frame.height);
  const grid = [view.keyboard.width, RULER, frame.width - view.keyboard.width, gridHeight(frame)] as const;
  clipped(ctx, ...grid, () => {
    drawRows(ctx, scene);
    drawLines(ctx, scene);
    drawOutside(ctx, scene, RULER, gridHeight(frame));
    for (const note of scene.notes) drawNote(ctx, scene, note);
    drawRubber(ctx, scene);
    drawGuests(ctx, scene);
  });
  drawVelocities(ctx, scene);
  drawBeats(ctx, scene);
  drawKeys(ctx, scene);
  drawHead(ctx, scene);
}

function rows(scene: PianoScene, visit: (pitch: number, y: number) => void): void {
  const bottom = RULER + gridHeight(scene.frame);
  const table = scene.view.keyboard.rows;
  for (let row = Math.min(topRow(table), Math.ceil(scene.view.top)); row >= 0; row--) {
    const pitch = pitchOfRow(table, row);
    const y = yOfPitch(scene.view, pitch);
    if (y > bottom) return;
    visit(pitch, y);
  }
}

function drawRows(ctx: Ctx, scene: PianoScene): void {
  const { frame, palette, view } = scene;
  const width = frame.width - view.keyboard.width;
  rows(scene, (pitch, y) => {
    const drums = view.keyboard.rows !== null;
    ctx.fillStyle = !drums && isBlackKey(pitch) ? palette.ground : palette.raised;
    ctx.fillRect(view.keyboard.width, y, width, ROW);
    ctx.fillStyle = drums ? palette.ground : palette.line;
    if (drums || pitch % 12 === 0) ctx.fillRect(view.keyboard.width, y + ROW - 1, width, 1);
  });
}

/** Lines each so many ticks of the room, as far as they are in sight. */
function lines(scene: PianoScene, ticks: number, visit: (x: number, tick: number) => void): void {
  const { startTick, view, frame } = scene;
  const first = Math.ceil((startTick + Math.max(0, view.left)) / ticks);
  const last = startTick + tickOfX(view, frame.width);
  for (let n = first; n * ticks <= last; n++) visit(Math.round(xOfTick(view, n * ticks - startTick)), n * ticks);
}

function drawLines(ctx: Ctx, scene: PianoScene): void {
  const { palette, view, frame } = scene;
  const beat = beatTicks(scene.denominator);
  const height = gridHeight(frame);
  ctx.fillStyle = palette.sunken;
  const fine = Math.max(1, scene.gridTicks);
  if (fine * view.pixelsPerTick >= NARROWEST_GRID_PX) lines(scene, fine, (x) => ctx.fillRect(x, RULER, 1, height));
  ctx.fillStyle = palette.line;
  if (beat * view.pixelsPerTick >= NARROWEST_GRID_PX) lines(scene, beat, (x) => ctx.fillRect(x, RULER, 1, height));
  ctx.fillStyle = withAlpha(palette.dim, 0.45);
  lines(scene, barTicks(scene.numerator, scene.denominator), (x) => ctx.fillRect(x, RULER, 1, height));
}

/** What lies behind the clip's end does not sound. */
function drawOutside(ctx: Ctx, scene: PianoScene, y: number, height: number): void {
  const x = Math.max(scene.view.keyboard.width, xOfTick(scene.view, scene.lengthTicks));
  ctx.fillStyle = withAlpha(scene.palette.sunken, 0.7);
  ctx.fillRect(x, y, scene.frame.width - x, height);
  ctx.fillStyle = scene.palette.dim;
  ctx.fillRect(x, y, 1, height);
}

function drawNote(ctx: Ctx, scene: PianoScene, note: Entity): void {
  const { tick, length_ticks, pitch, velocity } = { ...propsOf(note), ...scene.draft.get(note.id) };
  const x = xOfTick(scene.view, tick);
  const width = Math.max(3, length_ticks * scene.view.pixelsPerTick - 1);
  if (x > scene.frame.width || x + width < scene.view.keyboard.width) return;
  const y = yOfPitch(scene.view, pitch);
  const by = scene.chosenBy.get(note.id);
  ctx.fillStyle = withAlpha(scene.color, FLOOR_ALPHA + (velocity / 127) * (1 - FLOOR_ALPHA));
  ctx.beginPath();
  ctx.roundRect(x, y + 1, width, ROW - 2, 2);
  ctx.fill();
  if (!scene.chosen(note.id) && by === undefined) return;
  ctx.strokeStyle = scene.chosen(note.id) ? scene.palette.text : by!.color;
  ctx.lineWidth = 1.5;
  ctx.stroke();
}

function drawRubber(ctx: Ctx, { rubber, palette }: PianoScene): void {
  if (rubber === null) return;
  ctx.fillStyle = withAlpha(palette.text, 0.08);
  ctx.fillRect(rubber.x, rubber.y, rubber.width, rubber.height);
  ctx.strokeStyle = withAlpha(palette.text, 0.6);
  ctx.lineWidth = 1;
  ctx.strokeRect(rubber.x + 0.5, rubber.y + 0.5, rubber.width, rubber.height);
}

/** Others' pointers in the same clip. */
function drawGuests(ctx: Ctx, scene: PianoScene): void {
  for (const { tick, pitch, name, color } of scene.guests) {
    if (tick === null || pitch === null) continue;
    const x = xOfTick(scene.view, tick - scene.startTick);
    const y = yOfPitch(scene.view, pitch);
    ctx.fillStyle = color;
    ctx.fillRect(x, y, 2, ROW);
    drawNameTag(ctx, x + 4, y - 2, name, color);
  }
}

function drawVelocities(ctx: Ctx, scene: PianoScene): void {
  const { frame, palette, view } = scene;
  const top = frame.height - VELOCITY;
  ctx.fillStyle = palette.raised;
  ctx.fillRect(0, top, frame.width, VELOCITY);
  ctx.fillStyle = palette.line;
  ctx.fillRect(0, top, frame.width, 1);
  clipped(ctx, view.keyboard.width, top, frame.width - view.keyboard.width, VELOCITY, () => {
    for (const note of scene.notes) {
      const { tick, velocity } = { ...propsOf(note), ...scene.draft.get(note.id) };
      const x = xOfTick(view, tick);
      const height = (velocity / 127) * (VELOCITY - 8);
      ctx.fillStyle = scene.chosen(note.id) ? palette.text : withAlpha(scene.color, 0.8);
      ctx.fillRect(x, frame.height - 3 - height, 3, height);
      ctx.fillRect(x, frame.height - 3 - height, 6, 2);
    }
  });
}

function drawBeats(ctx: Ctx, scene: PianoScene): void {
  const { frame, palette, view } = scene;
  const bar = barTicks(scene.numerator, scene.denominator);
  const beat = beatTicks(scene.denominator);
  ctx.fillStyle = palette.raised;
  ctx.fillRect(0, 0, frame.width, RULER);
  ctx.font = FONT;
  ctx.textBaseline = "middle";
  clipped(ctx, view.keyboard.width, 0, frame.width - view.keyboard.width, RULER, () => {
    const byBeat = beat * view.pixelsPerTick > 34;
    lines(scene, byBeat ? beat : bar, (x, tick) => {
      ctx.fillStyle = palette.line;
      ctx.fillRect(x, RULER - 6, 1, 6);
      ctx.fillStyle = palette.dim;
      const inBar = (tick % bar) / beat;
      ctx.fillText(inBar === 0 ? String(tick / bar + 1) : `${Math.floor(tick / bar) + 1}.${inBar + 1}`, x + 4, RULER / 2 + 1);
    });
  });
  ctx.fillStyle = palette.line;
  ctx.fillRect(0, RULER - 1, frame.width, 1);
}

function drawKeys(ctx: Ctx, scene: PianoScene): void {
  const { frame, palette } = scene;
  const keys = scene.view.keyboard.width;
  clipped(ctx, 0, RULER, keys, gridHeight(frame), () => {
    ctx.fillStyle = IVORY;
    ctx.fillRect(0, RULER, keys, gridHeight(frame));
    ctx.font = FONT;
    ctx.textBaseline = "middle";
    rows(scene, (pitch, y) => (scene.view.keyboard.rows !== null ? drawDrum(ctx, scene, pitch, y) : drawKey(ctx, scene, pitch, y)));
  });
  ctx.fillStyle = palette.line;
  ctx.fillRect(keys - 1, 0, 1, frame.height);
}

function drawKey(ctx: Ctx, { hover, color, view }: PianoScene, pitch: number, y: number): void {
  const keys = view.keyboard.width;
  const black = isBlackKey(pitch);
  if (black) {
    ctx.fillStyle = EBONY;
    ctx.fillRect(0, y, keys * 0.6, ROW);
  }
  if (hover === pitch) {
    ctx.fillStyle = color;
    ctx.fillRect(0, y, black ? keys * 0.6 : keys, ROW);
  }
  ctx.fillStyle = "#0003";
  if (pitch % 12 === 0 || pitch % 12 === 5) ctx.fillRect(0, y + ROW - 1, keys, 1);
  if (pitch % 12 !== 0 && hover !== pitch) return;
  ctx.fillStyle = hover === pitch ? inkOn(color) : EBONY;
  ctx.fillText(pitchName(pitch), black ? 4 : keys - 22, y + ROW / 2 + 0.5);
}

/** A drum's name on its key. */
function drawDrum(ctx: Ctx, { hover, color, view }: PianoScene, pitch: number, y: number): void {
  const { width } = view.keyboard;
  ctx.fillStyle = hover === pitch ? color : IVORY;
  ctx.fillRect(0, y, width, ROW);
  ctx.fillStyle = "#0003";
  ctx.fillRect(0, y + ROW - 1, width, 1);
  ctx.fillStyle = hover === pitch ? inkOn(color) : EBONY;
  ctx.fillText(DRUM_KEYS[pitch] ?? pitchName(pitch), 6, y + ROW / 2 + 0.5);
}

function drawHead(ctx: Ctx, { frame, view, head, palette }: PianoScene): void {
  const x = Math.round(xOfTick(view, head));
  if (x < view.keyboard.width || x > frame.width) return;
  ctx.fillStyle = palette.accent;
  ctx.fillRect(x, 0, 1.5, frame.height);
}
