/** Hands on the ruler: the loop brace on top, markers under it, and the playhead below. */
import { beatTicks, type Entity, type Loop, propsOf } from "../client/index.js";
import type { App } from "./app.js";
import { MARKER_HEIGHT, MARKER_TOP, markerWidth } from "./draw-tracks.js";
import { snap } from "./grid.js";
import { setMarker } from "./track-edits.js";
import { tickAt, type View, xOf } from "./view.js";

const HANDLE_PX = 8;
const MOVED_PX = 3;
const WIDE_BAR_PX = 240;

export interface RulerSight {
  readonly view: () => View;
  readonly onPoint: (tick: number) => void;
  /** a marker wants a name: one that is there, or a new one at a place */
  readonly onName: (marker: Entity | null, tick: number) => void;
}

type Part = "start" | "end" | "brace" | "new";

type Hold = { moved: boolean; readonly fromTick: number } & (
  | { readonly what: Part; readonly loop: Loop }
  | { readonly what: "marker"; readonly marker: Entity }
);

export class RulerHands {
  readonly #app: App;
  readonly #sight: RulerSight;
  readonly #ruler: HTMLCanvasElement;
  #hold: Hold | null = null;
  #tick = 0;

  constructor(app: App, ruler: HTMLCanvasElement, sight: RulerSight) {
    this.#app = app;
    this.#ruler = ruler;
    this.#sight = sight;
    ruler.addEventListener("pointerdown", (event) => this.#grab(event));
    ruler.addEventListener("pointermove", (event) => this.#move(event));
    ruler.addEventListener("pointerup", (event) => this.#release(event));
    ruler.addEventListener("pointercancel", () => (this.#hold = null));
    ruler.addEventListener("dblclick", (event) => this.#twice(event));
  }

  get busy(): boolean {
    return this.#hold !== null;
  }

  /** The loop as it is being dragged; null where it is not. */
  loop(): Loop | null {
    const hold = this.#hold;
    return hold === null || hold.what === "marker" || !hold.moved ? null : this.#dragged(hold.what, hold.loop, hold.fromTick);
  }

  /** A marker where it is being dragged to. */
  marker(): { readonly id: string; readonly tick: number } | null {
    const hold = this.#hold;
    return hold?.what === "marker" && hold.moved ? { id: hold.marker.id, tick: snap(this.#tick, this.#app.work.gridTicks("clips")) } : null;
  }

  #grab(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#ruler.setPointerCapture(event.pointerId);
    this.#tick = tickAt(this.#sight.view(), event.offsetX);
    const marker = this.#markerAt(event.offsetX, event.offsetY);
    this.#app.work.chooseMarker(marker?.id ?? null);
    if (marker !== null) this.#hold = { what: "marker", marker, fromTick: this.#tick, moved: false };
    else if (event.offsetY < MARKER_TOP) this.#hold = this.#takeBrace(event.offsetX);
    else if (event.offsetY >= MARKER_TOP + MARKER_HEIGHT) this.#seek(event);
  }

  #takeBrace(x: number): Hold {
    const loop = this.#app.intended()?.loop ?? null;
    const at = this.#snap(this.#tick);
    return { what: this.#partOfBrace(x, loop), fromTick: this.#tick, loop: loop ?? { start_tick: at, end_tick: at }, moved: false };
  }

  #move(event: PointerEvent): void {
    const tick = tickAt(this.#sight.view(), event.offsetX);
    this.#sight.onPoint(tick);
    this.#tick = tick;
    if (this.#hold === null) return this.#hover(event);
    if (Math.abs(tick - this.#hold.fromTick) * this.#sight.view().pixelsPerTick > MOVED_PX) this.#hold.moved = true;
  }

  #hover(event: PointerEvent): void {
    const part = event.offsetY < MARKER_TOP ? this.#partOfBrace(event.offsetX, this.#app.intended()?.loop ?? null) : null;
    const cursors = { start: "ew-resize", end: "ew-resize", brace: "grab", new: "crosshair" } as const;
    const onMarkers = event.offsetY < MARKER_TOP + MARKER_HEIGHT;
    this.#ruler.style.cursor = part !== null ? cursors[part] : onMarkers ? (this.#markerAt(event.offsetX, event.offsetY) ? "grab" : "copy") : "text";
    const title = part !== null ? "Drag to loop" : onMarkers ? "Double-click for a marker" : "Click to move the playhead";
    if (this.#ruler.title !== title) this.#ruler.title = title;
  }

  #release(event: PointerEvent): void {
    const hold = this.#hold;
    const [loop, marker] = [this.loop(), this.marker()];
    this.#hold = null;
    if (hold === null) return;
    if (marker !== null) this.#app.work.edit("arrangement", [setMarker(marker.id, { tick: marker.tick })]);
    else if (hold.what === "marker") this.#app.setTransport({ tick: propsOf(hold.marker).tick });
    else if (loop !== null && loop.end_tick > loop.start_tick) this.#app.setTransport({ loop });
    else if (hold.what === "new" && !hold.moved) this.#seek(event);
  }

  #twice(event: MouseEvent): void {
    const marker = this.#markerAt(event.offsetX, event.offsetY);
    const inStrip = event.offsetY >= MARKER_TOP && event.offsetY < MARKER_TOP + MARKER_HEIGHT;
    if (marker !== null || inStrip) this.#sight.onName(marker, snap(tickAt(this.#sight.view(), event.offsetX), this.#app.work.gridTicks("clips")));
  }

  #markerAt(x: number, y: number): Entity | null {
    if (y < MARKER_TOP || y >= MARKER_TOP + MARKER_HEIGHT) return null;
    const ctx = this.#ruler.getContext("2d")!;
    const under = [...this.#app.work.document.of("marker")].findLast((marker) => {
      const left = xOf(this.#sight.view(), propsOf(marker).tick);
      return x >= left && x <= left + markerWidth(ctx, marker);
    });
    return under ?? null;
  }

  #partOfBrace(x: number, loop: Loop | null): Part {
    if (loop === null) return "new";
    const from = xOf(this.#sight.view(), loop.start_tick);
    const to = xOf(this.#sight.view(), loop.end_tick);
    if (Math.abs(x - from) <= HANDLE_PX) return "start";
    if (Math.abs(x - to) <= HANDLE_PX) return "end";
    return x > from && x < to ? "brace" : "new";
  }

  #seek(event: PointerEvent): void {
    const transport = this.#app.intended();
    if (transport === undefined) return;
    const tick = tickAt(this.#sight.view(), event.offsetX);
    this.#app.setTransport({ tick: event.altKey ? Math.round(tick) : snap(tick, beatTicks(transport.denominator)) });
  }

  #dragged(what: Part, loop: Loop, fromTick: number): Loop {
    const at = this.#snap(this.#tick);
    if (what === "start") return ordered(at, loop.end_tick);
    if (what === "end") return ordered(loop.start_tick, at);
    if (what === "new") return ordered(this.#snap(fromTick), at);
    const by = Math.max(-loop.start_tick, this.#snap(this.#tick - fromTick + loop.start_tick) - loop.start_tick);
    return { start_tick: loop.start_tick + by, end_tick: loop.end_tick + by };
  }

  /** To bars, or to beats where those are wide. */
  #snap(tick: number): number {
    const transport = this.#app.intended();
    if (transport === undefined) return Math.round(tick);
    const bar = this.#app.barTicks();
    return snap(tick, bar * this.#sight.view().pixelsPerTick > WIDE_BAR_PX ? beatTicks(transport.denominator) : bar);
  }
}

function ordered(a: number, b: number): Loop {
  return { start_tick: Math.min(a, b), end_tick: Math.max(a, b) };
}
