/** Hands on the lanes: drawing, choosing, moving and sizing clips. What is under way is a draft; letting go is one edit. */
import { type Entity, propsOf, type Props } from "../client/index.js";
import type { App } from "./app.js";
import { copyClips, endOf, moveClips, moved, newClip, resizeClip, SHORTEST } from "./clip-edits.js";
import type { Rubber } from "./draw-tracks.js";
import { snap, snapDown } from "./grid.js";
import { ROW_HEIGHT } from "./lanes.js";
import { tickAt, type View, xOf } from "./view.js";

const EDGE_PX = 6;
const MOVED_PX = 3;

/** Where the hands are: on the lanes as they are drawn now. */
export interface LaneSight {
  readonly view: () => View;
  readonly scrollTop: () => number;
  /** a clip was double-clicked */
  readonly onOpen: (clip: Entity) => void;
}

type Part = "start" | "end" | "body";

interface Spot {
  readonly x: number;
  readonly tick: number;
  readonly row: number;
  readonly free: boolean;
}

type Hold =
  | { readonly what: "clips"; readonly part: Part; readonly clip: Entity; readonly clips: readonly Entity[]; readonly from: Spot }
  | { readonly what: "draw"; readonly from: Spot }
  | { readonly what: "frame"; readonly from: Spot };

export class LaneHands {
  readonly #app: App;
  readonly #sight: LaneSight;
  readonly #canvas: HTMLCanvasElement;
  #hold: Hold | null = null;
  #at: Spot | null = null;
  #moved = false;
  #copies = false;

  constructor(app: App, canvas: HTMLCanvasElement, sight: LaneSight) {
    this.#app = app;
    this.#canvas = canvas;
    this.#sight = sight;
    canvas.addEventListener("pointerdown", (event) => this.#grab(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", () => this.#release());
    canvas.addEventListener("pointercancel", () => this.letGo());
    canvas.addEventListener("dblclick", (event) => this.#twice(event));
    canvas.addEventListener("keydown", (event) => event.key === "Escape" && this.letGo());
  }

  get busy(): boolean {
    return this.#hold !== null && this.#moved;
  }

  /** Where clips are shown while they are dragged. */
  draft(): ReadonlyMap<string, Props> {
    const hold = this.#hold;
    const at = this.#at;
    if (hold?.what !== "clips" || at === null || !this.#moved) return new Map();
    if (hold.part === "body") return this.#movedTo(hold.clip, hold.clips, hold.from, at);
    const [start, end] = this.#sizedTo(hold.clip, hold.part, at);
    return new Map([[hold.clip.id, { start_tick: start, length_ticks: end - start, track: propsOf(hold.clip).track }]]);
  }

  /** The clip that is being drawn, or the frame that chooses. */
  rubber(): Rubber | null {
    const hold = this.#hold;
    const at = this.#at;
    if (hold === null || hold.what === "clips" || at === null || !this.#moved) return null;
    if (hold.what === "draw") {
      const [from, to] = this.#drawnTo(hold.from, at);
      return { from, to, top: hold.from.row * ROW_HEIGHT + 4, height: ROW_HEIGHT - 9 };
    }
    const rows = [hold.from.row, at.row];
    const top = Math.min(...rows) * ROW_HEIGHT;
    return { from: Math.min(hold.from.tick, at.tick), to: Math.max(hold.from.tick, at.tick), top, height: (Math.max(...rows) + 1) * ROW_HEIGHT - top };
  }

  letGo(): void {
    this.#hold = null;
    this.#moved = false;
  }

  /** The clip under a place, and which part of it. */
  hit(x: number, row: number): { readonly clip: Entity; readonly part: Part } | null {
    const track = this.#app.work.tracks[row];
    if (track === undefined) return null;
    const view = this.#sight.view();
    for (const clip of [...this.#app.work.document.children(track.id)].reverse()) {
      const from = xOf(view, propsOf(clip).start_tick);
      const to = Math.max(from + 4, xOf(view, endOf(clip)));
      if (x < from || x > to) continue;
      const edge = Math.min(EDGE_PX, (to - from) / 4);
      return { clip, part: x - from < edge ? "start" : to - x < edge ? "end" : "body" };
    }
    return null;
  }

  #spot(event: MouseEvent): Spot {
    const row = Math.floor((event.offsetY + this.#sight.scrollTop()) / ROW_HEIGHT);
    return { x: event.offsetX, tick: tickAt(this.#sight.view(), event.offsetX), row, free: event.altKey };
  }

  #grab(event: PointerEvent): void {
    if (event.button !== 0) return;
    const spot = this.#spot(event);
    const { work } = this.#app;
    this.#moved = false;
    if (spot.row >= work.tracks.length) return work.chooseClips([]);
    this.#app.select(work.tracks[spot.row]!.id);
    const hit = this.hit(spot.x, spot.row);
    if (hit !== null) this.#take(hit.clip, hit.part, spot, event.shiftKey);
    else {
      if (!event.shiftKey) work.chooseClips([]);
      // A finger that moves over an empty lane scrolls.
      if (event.pointerType !== "touch") this.#hold = event.shiftKey ? { what: "frame", from: spot } : { what: "draw", from: spot };
    }
    if (this.#hold !== null) this.#canvas.setPointerCapture(event.pointerId);
  }

  #take(clip: Entity, part: Part, from: Spot, adds: boolean): void {
    const { work } = this.#app;
    const chosen = work.clips.map((one) => one.id);
    if (adds) work.chooseClips(work.isChosen(clip.id) ? chosen.filter((id) => id !== clip.id) : [...chosen, clip.id]);
    else if (!work.isChosen(clip.id)) work.chooseClips([clip.id]);
    work.openClip(clip.id);
    this.#hold = { what: "clips", part, clip, from, clips: work.clips };
  }

  #move(event: PointerEvent): void {
    const spot = this.#spot(event);
    this.#at = spot;
    this.#copies = event.altKey;
    if (this.#hold === null) return this.#hover(spot);
    if (Math.abs(spot.x - this.#hold.from.x) <= MOVED_PX && spot.row === this.#hold.from.row) return;
    // A listener hears why at the first attempt.
    if (!this.#moved && this.#hold.what !== "frame" && !this.#app.work.may("arrangement")) return this.letGo();
    this.#moved = true;
  }

  #hover(spot: Spot): void {
    const part = this.hit(spot.x, spot.row)?.part;
    this.#canvas.style.cursor = part === undefined ? "default" : part === "body" ? "grab" : "ew-resize";
  }

  #release(): void {
    const hold = this.#hold;
    const at = this.#at;
    const did = this.#moved && at !== null;
    const draft = this.draft();
    this.letGo();
    if (hold === null || !did) return;
    if (hold.what === "draw") this.#draw(hold.from, at);
    else if (hold.what === "frame") this.#frame(hold.from, at);
    else if (hold.part === "body") this.#drop(hold.clips, draft);
    else this.#resize(hold.clip, hold.part, at);
  }

  #draw(from: Spot, at: Spot): void {
    const [start, end] = this.#drawnTo(from, at);
    this.#make(from.row, start, end - start);
  }

  #make(row: number, start: number, length: number): void {
    const { work } = this.#app;
    const track = work.tracks[row];
    if (track === undefined) return;
    const { id, ops } = newClip(track.id, start, length);
    if (!work.edit("arrangement", ops)) return;
    work.chooseClips([id]);
    work.openClip(id);
  }

  #frame(from: Spot, at: Spot): void {
    const [left, right] = [Math.min(from.tick, at.tick), Math.max(from.tick, at.tick)];
    const rows = this.#app.work.tracks.slice(Math.min(from.row, at.row), Math.max(from.row, at.row) + 1);
    const inside = rows.flatMap((track) => [...this.#app.work.document.children(track.id)]);
    this.#app.work.chooseClips(inside.filter((clip) => endOf(clip) > left && propsOf(clip).start_tick < right).map((clip) => clip.id));
  }

  #drop(clips: readonly Entity[], places: ReadonlyMap<string, Props>): void {
    const { work } = this.#app;
    if (!this.#copies) return void work.edit("arrangement", moveClips(work.document, places));
    const { ids, ops } = copyClips(work.document, clips, places);
    if (work.edit("arrangement", ops)) work.chooseClips(ids);
  }

  #resize(clip: Entity, part: "start" | "end", at: Spot): void {
    const { work } = this.#app;
    const [start, end] = this.#sizedTo(clip, part, at);
    work.edit("arrangement", resizeClip(work.document, clip, start, end, this.#app.intended()?.bpm ?? 120));
  }

  #twice(event: MouseEvent): void {
    const spot = this.#spot(event);
    const hit = this.hit(spot.x, spot.row);
    if (hit !== null) return this.#sight.onOpen(hit.clip);
    const bar = this.#app.barTicks();
    if (spot.row < this.#app.work.tracks.length) this.#make(spot.row, snapDown(spot.tick, this.#grid(spot, bar)), bar);
  }

  #movedTo(clip: Entity, clips: readonly Entity[], from: Spot, at: Spot): ReadonlyMap<string, Props> {
    const start = propsOf(clip).start_tick;
    // With Alt a copy is dropped, on the grid; the copy's own place needs no freedom from it.
    const by = snap(start + at.tick - from.tick, this.#app.work.gridTicks("clips")) - start;
    return moved(clips, by, at.row - from.row, this.#app.work.tracks.map((track) => track.id));
  }

  #sizedTo(clip: Entity, part: "start" | "end", at: Spot): readonly [number, number] {
    const { start_tick } = propsOf(clip);
    const end = endOf(clip);
    const tick = snap(at.tick, this.#grid(at, this.#app.work.gridTicks("clips")));
    return part === "start" ? [Math.max(0, Math.min(tick, end - SHORTEST)), end] : [start_tick, Math.max(tick, start_tick + SHORTEST)];
  }

  #drawnTo(from: Spot, at: Spot): readonly [number, number] {
    const grid = this.#grid(at, this.#app.work.gridTicks("clips"));
    const start = snapDown(Math.min(from.tick, at.tick), grid);
    return [start, Math.max(start + Math.max(grid, SHORTEST), snap(Math.max(from.tick, at.tick), grid))];
  }

  #grid(spot: Spot, ticks: number): number {
    return spot.free ? 1 : ticks;
  }
}
