/** Hands in the piano roll: drawing, choosing, moving, sizing and weighing notes. What is under way is a draft; letting go is one edit. */
import { type Entity, propsOf, type Props } from "../client/index.js";
import type { App } from "./app.js";
import { snap, snapDown } from "./grid.js";
import { movedNotes, newNote, noteEnd, resizedNotes, setNotes, withVelocity } from "./note-edits.js";
import { type PianoFrame, type PianoView, pitchOfY, ROW, RULER, tickOfX, VELOCITY, xOfTick, yOfPitch } from "./piano-view.js";
import { rowOf } from "./piano-rows.js";
import type { PreviewTone } from "./preview-tone.js";

const EDGE_PX = 6;
const MOVED_PX = 2;
const NEAR_PX = 7;
const SIXTEENTH = 240;
const TWICE_MS = 500;

export interface PianoSight {
  readonly view: () => PianoView;
  readonly frame: () => PianoFrame;
  readonly notes: () => readonly Entity[];
  readonly onPoint: (pitch: number | null, tick: number | null) => void;
}

interface Spot {
  readonly x: number;
  readonly y: number;
  readonly tick: number;
  readonly pitch: number;
  readonly free: boolean;
}

type Hold =
  | { readonly what: "move" | "size"; readonly note: Entity; readonly notes: readonly Entity[]; readonly from: Spot }
  | { readonly what: "draw" | "frame" | "weigh"; readonly from: Spot };

export class PianoHands {
  readonly #app: App;
  readonly #sight: PianoSight;
  readonly #tone: PreviewTone;
  #hold: Hold | null = null;
  #at: Spot | null = null;
  #moved = false;
  #draft: ReadonlyMap<string, Props> = new Map();
  /** the length that notes are drawn with: that of the last one */
  #length: number | null = null;
  #drew = { id: "", atMs: 0 };

  constructor(app: App, canvas: HTMLCanvasElement, tone: PreviewTone, sight: PianoSight) {
    this.#app = app;
    this.#sight = sight;
    this.#tone = tone;
    canvas.addEventListener("pointerdown", (event) => this.#grab(event, canvas));
    canvas.addEventListener("pointermove", (event) => this.#move(event, canvas));
    canvas.addEventListener("pointerup", () => this.#release());
    canvas.addEventListener("pointercancel", () => this.#letGo());
    canvas.addEventListener("pointerleave", () => this.#sight.onPoint(null, null));
    canvas.addEventListener("dblclick", (event) => this.#twice(event));
    canvas.addEventListener("keydown", (event) => event.key === "Escape" && this.#letGo());
  }

  /** Where notes are shown while they are dragged. */
  get draft(): ReadonlyMap<string, Props> {
    return this.#draft;
  }

  /** The frame that chooses, in pixels. */
  rubber(): { x: number; y: number; width: number; height: number } | null {
    const [hold, at] = [this.#hold, this.#at];
    if (hold?.what !== "frame" || at === null || !this.#moved) return null;
    const [x, y] = [Math.min(hold.from.x, at.x), Math.min(hold.from.y, at.y)];
    return { x, y, width: Math.abs(hold.from.x - at.x), height: Math.abs(hold.from.y - at.y) };
  }

  /** The note that is being drawn. */
  drawn(): { tick: number; length_ticks: number; pitch: number } | null {
    const [hold, at] = [this.#hold, this.#at];
    if (hold?.what !== "draw" || at === null) return null;
    const grid = this.#grid(at);
    const tick = snapDown(hold.from.tick, grid);
    const dragged = Math.max(grid, snap(at.tick, grid) - tick);
    return { tick, pitch: hold.from.pitch, length_ticks: Math.max(1, this.#moved ? dragged : (this.#length ?? this.noteLength())) };
  }

  /** How long a note is that nobody has given a length: a line of the grid, but no more than a beat. */
  noteLength(): number {
    const grid = this.#app.work.gridTicks("notes");
    return grid === 1 ? SIXTEENTH : Math.min(grid, 4 * SIXTEENTH);
  }

  #spot(event: MouseEvent): Spot {
    const view = this.#sight.view();
    return { x: event.offsetX, y: event.offsetY, tick: Math.max(0, tickOfX(view, event.offsetX)), pitch: pitchOfY(view, event.offsetY), free: event.altKey };
  }

  #hit({ x, y }: Spot): Entity | undefined {
    const view = this.#sight.view();
    return this.#sight.notes().findLast((note) => {
      const top = yOfPitch(view, propsOf(note).pitch);
      const from = xOfTick(view, propsOf(note).tick);
      return y >= top && y < top + ROW && x >= from && x <= Math.max(from + 4, xOfTick(view, noteEnd(note)));
    });
  }

  #grab(event: PointerEvent, canvas: HTMLCanvasElement): void {
    if (event.button !== 0 || event.offsetY < RULER) return;
    const spot = this.#spot(event);
    this.#at = spot;
    this.#moved = false;
    if (spot.x < this.#sight.view().keyboard.width) return this.#tone.play(spot.pitch);
    canvas.setPointerCapture(event.pointerId);
    this.#hold = this.#holdAt(spot, event.shiftKey);
    this.#weigh(spot);
  }

  #holdAt(spot: Spot, adds: boolean): Hold | null {
    const { work } = this.#app;
    if (spot.y > this.#sight.frame().height - VELOCITY) return this.#may() ? { what: "weigh", from: spot } : null;
    const note = this.#hit(spot);
    if (note === undefined) {
      if (!adds) work.chooseNotes([]);
      if (adds) return { what: "frame", from: spot };
      if (!this.#may()) return null;
      this.#tone.play(spot.pitch);
      return { what: "draw", from: spot };
    }
    const chosen = work.notes.map((one) => one.id);
    if (adds) work.chooseNotes(work.isChosen(note.id) ? chosen.filter((id) => id !== note.id) : [...chosen, note.id]);
    else if (!work.isChosen(note.id)) work.chooseNotes([note.id]);
    this.#tone.play(propsOf(note).pitch, propsOf(note).velocity);
    return { what: this.#atEdge(note, spot) ? "size" : "move", note, notes: work.notes, from: spot };
  }

  #atEdge(note: Entity, { x }: Spot): boolean {
    const view = this.#sight.view();
    const end = xOfTick(view, noteEnd(note));
    return end - x < Math.min(EDGE_PX, (end - xOfTick(view, propsOf(note).tick)) / 3);
  }

  #move(event: PointerEvent, canvas: HTMLCanvasElement): void {
    const spot = this.#spot(event);
    const before = this.#at;
    this.#at = spot;
    this.#sight.onPoint(spot.y > RULER ? spot.pitch : null, spot.tick);
    const hold = this.#hold;
    if (hold === null) return this.#hover(spot, canvas);
    if (Math.hypot(spot.x - hold.from.x, spot.y - hold.from.y) <= MOVED_PX && !this.#moved) return;
    if (!this.#moved && (hold.what === "move" || hold.what === "size") && !this.#may()) return this.#letGo();
    this.#moved = true;
    if (hold.what === "weigh") this.#weigh(spot);
    if (hold.what === "size") this.#draft = resizedNotes(hold.notes, this.#by(noteEnd(hold.note), hold.from, spot), Math.min(this.#grid(spot), 60));
    if (hold.what !== "move") return;
    const { rows } = this.#sight.view().keyboard;
    this.#draft = movedNotes(hold.notes, this.#by(propsOf(hold.note).tick, hold.from, spot), rowOf(rows, spot.pitch) - rowOf(rows, hold.from.pitch), rows);
    if (before?.pitch !== spot.pitch) this.#tone.play(this.#draft.get(hold.note.id)?.pitch ?? spot.pitch);
  }

  #hover(spot: Spot, canvas: HTMLCanvasElement): void {
    const keys = this.#sight.view().keyboard.width;
    const note = spot.x < keys ? undefined : this.#hit(spot);
    canvas.style.cursor = note !== undefined ? (this.#atEdge(note, spot) ? "ew-resize" : "grab") : spot.x < keys ? "pointer" : "crosshair";
  }

  /** By how much a note's edge goes, so that it comes to lie on the grid. */
  #by(edge: number, from: Spot, at: Spot): number {
    return snap(edge + at.tick - from.tick, this.#grid(at)) - edge;
  }

  /** Give the notes under the pointer, or all chosen ones where one of them is, the velocity at its height. */
  #weigh(spot: Spot): void {
    if (this.#hold?.what !== "weigh") return;
    const { height } = this.#sight.frame();
    const velocity = ((height - 3 - spot.y) / (VELOCITY - 8)) * 127;
    const near = this.#sight.notes().filter((note) => Math.abs(xOfTick(this.#sight.view(), propsOf(note).tick) - spot.x) <= NEAR_PX);
    const meant = near.some((note) => this.#app.work.isChosen(note.id)) ? this.#app.work.notes : near;
    this.#draft = new Map([...this.#draft, ...withVelocity(meant, velocity)]);
  }

  #release(): void {
    const [hold, drawn, draft, rubber] = [this.#hold, this.drawn(), this.#draft, this.rubber()];
    this.#letGo();
    if (hold === null) return;
    if (hold.what === "draw" && drawn !== null) this.#draw(drawn);
    else if (hold.what === "frame" && rubber !== null) this.#choose(rubber);
    else if (draft.size > 0) this.#app.work.edit("notes", setNotes(this.#sight.notes(), draft));
    if (hold.what === "size") this.#length = draft.get(hold.note.id)?.length_ticks ?? this.#length;
  }

  #draw(shape: { tick: number; length_ticks: number; pitch: number }): void {
    const clip = this.#app.work.open;
    if (clip === undefined) return;
    const { id, ops } = newNote(clip.id, { ...shape, velocity: 100 });
    if (this.#moved) this.#length = shape.length_ticks;
    if (!this.#app.work.edit("notes", ops)) return;
    this.#drew = { id, atMs: performance.now() };
    this.#app.work.chooseNotes([id]);
  }

  #choose({ x, y, width, height }: { x: number; y: number; width: number; height: number }): void {
    const view = this.#sight.view();
    const inside = this.#sight.notes().filter((note) => {
      const top = yOfPitch(view, propsOf(note).pitch);
      return xOfTick(view, noteEnd(note)) > x && xOfTick(view, propsOf(note).tick) < x + width && top + ROW > y && top < y + height;
    });
    this.#app.work.chooseNotes([...this.#app.work.notes, ...inside].map((note) => note.id));
  }

  #twice(event: MouseEvent): void {
    const note = this.#hit(this.#spot(event));
    // Two quick clicks on nothing draw a note; they do not take it away again.
    const justDrawn = note?.id === this.#drew.id && performance.now() - this.#drew.atMs < TWICE_MS;
    if (note !== undefined && !justDrawn && event.offsetX >= this.#sight.view().keyboard.width) this.#app.work.edit("notes", [{ op: "delete", kind: "note", id: note.id }]);
  }

  #may(): boolean {
    return this.#app.work.may("notes");
  }

  #letGo(): void {
    this.#hold = null;
    this.#draft = new Map();
  }

  #grid(spot: Spot): number {
    return spot.free ? 1 : this.#app.work.gridTicks("notes");
  }
}
