import { Locate, Minus, Plus, Sparkles } from "lucide";

import { barTicks, beatTicks, type Loop } from "../client/index.js";
import type { App } from "./app.js";
import { h, icon, iconButton, setPressed } from "./dom.js";
import { type Clip, drawLanes, drawRuler, type Guest, type Scene } from "./draw.js";
import { jobDetail, jobTitle, type Lane, type LaneGroup, layOut, totalHeight } from "./lanes.js";
import { palette } from "./theme.js";
import { trackList } from "./tracks.js";
import { following, scrolled, START_VIEW, tickAt, type View, xOf, zoomed } from "./view.js";

const RULER_HEIGHT = 30;
const BRACE_HEIGHT = 12;
const HANDLE_PX = 8;
const PRESENCE_EVERY_MS = 100;
const PAGE_BARS_PX = 240;
const MAX_WAVE_GAIN = 4;

type Drag = { readonly what: "start" | "end" | "brace" | "new"; readonly fromTick: number; readonly loop: Loop; moved: boolean };

/** Tracks on the left, time to the right: clips, ruler, loop brace, playhead and people. */
export class Arrangement {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #folded = new Set<string>();
  readonly #ruler = h("canvas", { class: "ruler", "aria-label": "Ruler: click to move the playhead, drag along the top to loop", role: "img" });
  readonly #canvas = h("canvas", { class: "lanes", role: "img", "aria-label": "Arrangement: clips of all stems" });
  readonly #scroller = h("div", { class: "scroller", tabindex: "-1" });
  readonly #fill = h("div", { class: "lanes-fill" });
  readonly #follow: HTMLButtonElement;
  #view: View = START_VIEW;
  #following = true;
  #groups: readonly LaneGroup[] = [];
  #drag: Drag | null = null;
  #draft: Loop | null = null;
  #sentPresenceMs = 0;

  constructor(app: App) {
    this.#app = app;
    this.#follow = iconButton(Locate, "Follow the playhead", () => this.#setFollowing(!this.#following));
    setPressed(this.#follow, true);
    const tracks = trackList(app, this.#folded, () => this.#layOut());
    this.#fill.append(this.#canvas);
    this.#scroller.append(tracks, this.#fill);
    this.element = h(
      "section",
      { class: "arrangement", "aria-label": "Arrangement" },
      h("div", { class: "ruler-row" }, this.#tools(), this.#ruler),
      this.#scroller,
      emptyState(app),
    );
    app.on("room", () => this.#layOut());
    app.on("frame", () => this.#draw());
    this.#listen();
  }

  /** Move by whole bars, as the arrow keys do. */
  step(bars: number): void {
    const transport = this.#app.intended();
    if (transport === undefined) return;
    const bar = barTicks(transport.numerator, transport.denominator);
    const here = this.#app.tick / bar;
    // Half a beat into a bar, "back" means that bar's own line.
    const target = bars < 0 ? Math.ceil(here - 0.125) + bars : Math.floor(here + 1e-6) + bars;
    this.#app.setTransport({ tick: Math.max(0, target * bar) });
  }

  /** The stream above or below the selected one. */
  selectNext(step: number): void {
    const streams = this.#groups.flatMap((g) => (g.folded ? [] : g.lanes.map((l) => l.stream.open.stream)));
    const at = streams.indexOf(this.#app.selected ?? "");
    const next = streams[Math.min(streams.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    if (next !== undefined) this.#app.select(next);
  }

  #tools(): HTMLElement {
    return h(
      "div",
      { class: "ruler-tools" },
      h("span", { class: "section-title" }, "Tracks"),
      h("div", { class: "spacer" }),
      this.#follow,
      iconButton(Minus, "Zoom out", () => this.#zoom(1 / 1.4)),
      iconButton(Plus, "Zoom in", () => this.#zoom(1.4)),
    );
  }

  #zoom(factor: number): void {
    const width = this.#canvas.clientWidth;
    const head = xOf(this.#view, this.#app.tick);
    this.#view = zoomed(this.#view, factor, head >= 0 && head <= width ? head : width / 2);
  }

  #setFollowing(on: boolean): void {
    this.#following = on;
    setPressed(this.#follow, on);
  }

  #layOut(): void {
    this.#groups = layOut(this.#app.room, this.#folded);
    this.#fill.style.height = `${totalHeight(this.#groups)}px`;
  }

  #listen(): void {
    this.#ruler.addEventListener("pointerdown", (event) => this.#grab(event));
    this.#ruler.addEventListener("pointermove", (event) => this.#dragTo(event));
    this.#ruler.addEventListener("pointerup", (event) => this.#release(event));
    this.#ruler.addEventListener("pointercancel", () => this.#letGo());
    this.#canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.#canvas.addEventListener("pointerdown", (event) => this.#choose(event));
    this.element.addEventListener("pointerleave", () => this.#app.setPresence({ tick: null }));
    for (const surface of [this.#canvas, this.#ruler]) surface.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  #wheel(event: WheelEvent): void {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.#view = zoomed(this.#view, Math.exp(-event.deltaY / 300), event.offsetX);
      return;
    }
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (sideways === 0) return;
    event.preventDefault();
    this.#setFollowing(false);
    this.#view = scrolled(this.#view, sideways);
  }

  #grab(event: PointerEvent): void {
    this.#ruler.setPointerCapture(event.pointerId);
    const tick = tickAt(this.#view, event.offsetX);
    const loop = this.#app.intended()?.loop ?? null;
    const what = event.offsetY > BRACE_HEIGHT ? null : this.#partOfBrace(event.offsetX, loop);
    if (what === null) return this.#seek(event);
    this.#drag = { what, fromTick: tick, loop: loop ?? { start_tick: this.#snap(tick), end_tick: this.#snap(tick) }, moved: false };
  }

  #partOfBrace(x: number, loop: Loop | null): Drag["what"] {
    if (loop === null) return "new";
    const from = xOf(this.#view, loop.start_tick);
    const to = xOf(this.#view, loop.end_tick);
    if (Math.abs(x - from) <= HANDLE_PX) return "start";
    if (Math.abs(x - to) <= HANDLE_PX) return "end";
    return x > from && x < to ? "brace" : "new";
  }

  #seek(event: PointerEvent): void {
    const transport = this.#app.intended();
    if (transport === undefined) return;
    const tick = tickAt(this.#view, event.offsetX);
    const beat = beatTicks(transport.denominator);
    this.#app.setTransport({ tick: Math.round(event.altKey ? tick : Math.round(tick / beat) * beat) });
  }

  #dragTo(event: PointerEvent): void {
    this.#sayPresence(event.offsetX);
    const drag = this.#drag;
    if (drag === null) {
      const part = event.offsetY > BRACE_HEIGHT ? "seek" : this.#partOfBrace(event.offsetX, this.#app.intended()?.loop ?? null);
      this.#ruler.style.cursor = { start: "ew-resize", end: "ew-resize", brace: "grab", new: "crosshair", seek: "text" }[part];
      return;
    }
    const tick = tickAt(this.#view, event.offsetX);
    if (Math.abs(xOf(this.#view, tick) - xOf(this.#view, drag.fromTick)) > 3) drag.moved = true;
    this.#draft = this.#dragged(drag, tick);
  }

  #dragged({ what, fromTick, loop }: Drag, tick: number): Loop {
    const at = this.#snap(tick);
    if (what === "start") return ordered(at, loop.end_tick);
    if (what === "end") return ordered(loop.start_tick, at);
    if (what === "new") return ordered(this.#snap(fromTick), at);
    const by = Math.max(-loop.start_tick, this.#snap(tick - fromTick + loop.start_tick) - loop.start_tick);
    return { start_tick: loop.start_tick + by, end_tick: loop.end_tick + by };
  }

  #release(event: PointerEvent): void {
    const drag = this.#drag;
    const draft = this.#draft;
    this.#letGo();
    if (drag === null) return;
    if (!drag.moved) {
      if (drag.what === "new") this.#seek(event);
    } else if (draft !== null && draft.end_tick > draft.start_tick) this.#app.setTransport({ loop: draft });
  }

  #letGo(): void {
    this.#drag = null;
    this.#draft = null;
  }

  /** To bars, or to beats where those are wide. */
  #snap(tick: number): number {
    const transport = this.#app.intended();
    if (transport === undefined) return Math.round(tick);
    const bar = barTicks(transport.numerator, transport.denominator);
    const grid = bar * this.#view.pixelsPerTick > PAGE_BARS_PX ? beatTicks(transport.denominator) : bar;
    return Math.max(0, Math.round(tick / grid) * grid);
  }

  #point(event: PointerEvent): void {
    this.#sayPresence(event.offsetX);
    const y = event.offsetY + this.#scroller.scrollTop;
    const group = this.#groups.find((g) => y >= g.top && y < g.top + totalHeight([{ ...g, top: 0 }]));
    const title = group === undefined ? "" : [jobTitle(group.job), jobDetail(group.job)].filter(Boolean).join(" · ");
    if (this.#canvas.title !== title) this.#canvas.title = title;
  }

  #choose(event: PointerEvent): void {
    const y = event.offsetY + this.#scroller.scrollTop;
    const lanes = this.#groups.filter((g) => !g.folded).flatMap((g) => g.lanes);
    this.#app.select(lanes.findLast((lane) => lane.top <= y)?.stream.open.stream ?? null);
  }

  #sayPresence(x: number): void {
    const now = performance.now();
    if (now - this.#sentPresenceMs < PRESENCE_EVERY_MS || this.#app.room.members.length < 2) return;
    this.#sentPresenceMs = now;
    this.#app.setPresence({ tick: Math.round(tickAt(this.#view, x)) });
  }

  #draw(): void {
    const transport = this.#app.transport();
    if (transport === undefined || this.element.offsetParent === null) return;
    const width = this.#ruler.clientWidth;
    if (this.#following && this.#drag === null) this.#view = following(this.#view, this.#app.tick, width);
    const scene: Scene = {
      view: this.#view,
      width,
      height: this.#scroller.clientHeight,
      scrollTop: this.#scroller.scrollTop,
      palette: palette(),
      numerator: transport.numerator,
      denominator: transport.denominator,
      loop: this.#draft ?? this.#app.intended()?.loop ?? null,
      headTick: this.#app.tick,
      groups: this.#groups,
      selected: this.#app.selected,
      silent: this.#silent(),
      guests: this.#guests(),
      clip: (lane) => this.#clip(lane),
    };
    this.#canvas.style.height = `${scene.height}px`;
    drawLanes(sized(this.#canvas, width, scene.height), scene);
    drawRuler(sized(this.#ruler, width, RULER_HEIGHT), { ...scene, height: RULER_HEIGHT });
  }

  #silent(): ReadonlySet<string> {
    const streams = this.#app.room.streams.map((s) => s.open.stream);
    const anySolo = streams.some((s) => this.#app.player.strip(s).solo);
    return new Set(streams.filter((s) => this.#app.player.strip(s).mute || (anySolo && !this.#app.player.strip(s).solo)));
  }

  #guests(): readonly Guest[] {
    return this.#app.room.members.flatMap(({ session, name, color }) => {
      const tick = this.#app.room.presence.get(session)?.["tick"];
      return session !== this.#app.room.session && typeof tick === "number" ? [{ name, color, tick }] : [];
    });
  }

  #clip({ stream }: Lane): Clip | null {
    const entry = this.#app.player.stream(stream.open.stream);
    if (entry === undefined) return null;
    const generation = this.#app.player.drawn(entry);
    const end = generation.end === Infinity ? generation.known : generation.end;
    return {
      fromSample: generation.start,
      toSample: end,
      anchorTick: entry.open.anchor_tick,
      bpm: generation.bpm,
      growing: generation.end === Infinity,
      scale: Math.min(MAX_WAVE_GAIN, 0.95 / Math.max(0.05, generation.peaks.loudest)),
      peak: (from, to) => generation.peaks.between(from, to),
    };
  }
}

function ordered(a: number, b: number): Loop {
  return { start_tick: Math.min(a, b), end_tick: Math.max(a, b) };
}

/** The canvas's context, at the screen's own resolution. */
function sized(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = devicePixelRatio;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

function emptyState(app: App): HTMLElement {
  const button = h(
    "button",
    { type: "button", class: "big-button", "data-testid": "generate-big", onclick: () => app.generate({}) },
    icon(Sparkles, 20),
    "Generate a groove",
  );
  const said = h("p", { class: "empty-note" }, "Everyone in the room hears it at the same moment.");
  const element = h("div", { class: "empty-state" }, button, said);
  app.on("room", (room) => {
    const busy = room.jobs.some((job) => job.state === "queued" || job.state === "running");
    element.hidden = room.streams.length > 0;
    button.disabled = busy || app.connection.state.at !== "live";
    said.textContent = busy ? "The engine is warming up…" : "Everyone in the room hears it at the same moment.";
  });
  app.on("link", (link) => (button.disabled = link.at !== "live"));
  return element;
}
