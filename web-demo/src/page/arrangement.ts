import { Locate, ZoomIn, ZoomOut } from "lucide";

import { type Entity, type Peaks, propsOf } from "../client/index.js";
import type { App } from "./app.js";
import { sized } from "./canvas.js";
import { endOf } from "./clip-edits.js";
import { h, iconButton, setPressed } from "./dom.js";
import { type Clip, drawLanes, drawRuler, type Scene, type Wave } from "./draw.js";
import type { ClipPicture, TrackLane } from "./draw-tracks.js";
import { dropTarget } from "./drop-target.js";
import { emptyState } from "./empty-state.js";
import { gridSelect } from "./grid-select.js";
import { inlineField } from "./inline-field.js";
import { LaneHands } from "./lane-hands.js";
import { isWritten } from "./jobs.js";
import { jobDetail, type Lane, type LaneGroup, layOut, ROW_HEIGHT, titleIn, totalHeight } from "./lanes.js";
import { NoteCache } from "./note-cache.js";
import { notesSwitch } from "./notes-sound.js";
import { type Guest, guests } from "./presence.js";
import { refusalAt } from "./refusal.js";
import { RulerHands } from "./ruler-hands.js";
import { common } from "./separations.js";
import { palette } from "./theme.js";
import { newMarker, setMarker } from "./track-edits.js";
import { trackHeads } from "./track-heads.js";
import { addTrack } from "./add-track.js";
import { trackList } from "./tracks.js";
import { following, scrolled, START_VIEW, tickAt, type View, xOf, zoomed } from "./view.js";

const RULER_HEIGHT = 44;
const MAX_WAVE_GAIN = 4;
const MAX_TEXT = 200;
const RULER_LABEL = "Ruler: click to move the playhead, drag along the top to loop, double-click for a marker";

/** Tracks on the left, time to the right: clips, ruler, loop brace, markers, playhead and people. */
export class Arrangement {
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #folded = new Set<string>();
  readonly #ruler = h("canvas", { class: "ruler", role: "img", "aria-label": RULER_LABEL });
  readonly #canvas = h("canvas", { class: "lanes", role: "img", tabindex: "-1", "aria-label": "Arrangement: clips of all tracks" });
  readonly #scroller = h("div", { class: "scroller", tabindex: "-1" });
  readonly #fill = h("div", { class: "lanes-fill" });
  readonly #rulerRow = h("div", { class: "ruler-row" });
  readonly #follow: HTMLButtonElement;
  readonly #hands: LaneHands;
  readonly #rulerHands: RulerHands;
  readonly #notes = new NoteCache();
  #view: View = START_VIEW;
  #following = true;
  #groups: readonly LaneGroup[] = [];

  constructor(app: App, onOpen: (clip: Entity) => void) {
    this.#app = app;
    this.#follow = iconButton(Locate, "Follow the playhead", () => this.#setFollowing(!this.#following), { class: "icon-button follow" });
    setPressed(this.#follow, true);
    const groups = trackList(app, this.#folded, () => this.#layOut());
    this.#fill.append(this.#canvas);
    this.#scroller.append(h("div", { class: "tracks" }, trackHeads(app), groups), this.#fill);
    this.#rulerRow.append(this.#tools(), this.#ruler);
    const said = refusalAt(app, "arrangement", this.#canvas);
    this.element = h("section", { class: "arrangement", "aria-label": "Arrangement" }, this.#rulerRow, this.#scroller, emptyState(app), said, dropTarget(app));
    const view = (): View => this.#view;
    this.#hands = new LaneHands(app, this.#canvas, { view, scrollTop: () => this.#scroller.scrollTop, onOpen });
    this.#rulerHands = new RulerHands(app, this.#ruler, {
      view,
      onPoint: (tick) => app.presence.show({ tick: Math.round(tick), track: null }),
      onName: (marker, tick) => this.nameMarker(marker, tick),
    });
    app.on("room", () => this.#layOut());
    app.work.on("document", () => this.#layOut());
    app.on("frame", () => this.#draw());
    this.#listen();
  }

  /** Move by whole bars, as the arrow keys do. */
  step(bars: number): void {
    const bar = this.#app.barTicks();
    const here = this.#app.tick / bar;
    // Half a beat into a bar, "back" means that bar's own line.
    const target = bars < 0 ? Math.ceil(here - 0.125) + bars : Math.floor(here + 1e-6) + bars;
    this.#app.setTransport({ tick: Math.max(0, target * bar) });
  }

  /** The track or stem above or below the selected one. */
  selectNext(step: number): void {
    const streams = this.#groups.flatMap((g) => (g.folded ? [] : g.lanes.map((l) => l.stream.open.stream)));
    const all = [...this.#app.work.tracks.map((track) => track.id), ...streams];
    const at = all.indexOf(this.#app.selected ?? "");
    const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    if (next !== undefined) this.#app.select(next);
  }

  /** Ask for a marker's name where it stands; a new one gets its place there. */
  nameMarker(marker: Entity | null, tick: number): void {
    const { work } = this.#app;
    if (!work.may("arrangement")) return;
    const at = marker === null ? tick : propsOf(marker).tick;
    const keep = (text: string | null): void => {
      if (text === null || (marker === null && text === "")) return;
      if (marker !== null) return void work.edit("arrangement", [setMarker(marker.id, { text })]);
      const made = newMarker(at, text);
      if (work.edit("arrangement", made.ops)) work.chooseMarker(made.id);
    };
    const field = inlineField({ label: "Name of the marker", value: marker === null ? "" : propsOf(marker).text, maxLength: MAX_TEXT, done: keep });
    field.classList.add("marker-field");
    field.style.left = `${this.#ruler.offsetLeft + Math.max(0, Math.min(this.#ruler.clientWidth - 120, xOf(this.#view, at)))}px`;
    this.#rulerRow.append(field);
  }

  #tools(): HTMLElement {
    return h(
      "div",
      { class: "ruler-tools" },
      h("span", { class: "section-title" }, "Tracks"),
      addTrack(this.#app),
      notesSwitch(this.#app),
      h("div", { class: "spacer" }),
      gridSelect(this.#app, "clips"),
      this.#follow,
      iconButton(ZoomOut, "Zoom out", () => this.#zoom(1 / 1.4), { class: "icon-button zoom" }),
      iconButton(ZoomIn, "Zoom in", () => this.#zoom(1.4), { class: "icon-button zoom" }),
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
    const own = this.#app.work.tracks.length * ROW_HEIGHT;
    this.#groups = layOut(this.#app.room, this.#folded, own);
    this.#fill.style.height = `${Math.max(own, totalHeight(this.#groups))}px`;
  }

  #listen(): void {
    this.#canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.#canvas.addEventListener("pointerdown", (event) => this.#choose(event));
    this.element.addEventListener("pointerleave", () => this.#app.presence.show({ tick: null, track: null }));
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

  #point(event: PointerEvent): void {
    const y = event.offsetY + this.#scroller.scrollTop;
    const track = this.#app.work.tracks[Math.floor(y / ROW_HEIGHT)];
    this.#app.presence.show({ tick: Math.round(tickAt(this.#view, event.offsetX)), track: track?.id ?? null });
    const group = this.#groups.find((g) => y >= g.top && y < totalHeight([g]));
    const title = group === undefined ? "" : [titleIn(this.#app.room, this.#app.work.document, group.job), jobDetail(group.job)].filter(Boolean).join(" · ");
    if (this.#canvas.title !== title) this.#canvas.title = title;
  }

  #choose(event: PointerEvent): void {
    const y = event.offsetY + this.#scroller.scrollTop;
    if (y < this.#app.work.tracks.length * ROW_HEIGHT) return;
    const lanes = this.#groups.filter((g) => !g.folded).flatMap((g) => g.lanes);
    this.#app.select(lanes.findLast((lane) => lane.top <= y)?.stream.open.stream ?? null);
  }

  #draw(): void {
    const transport = this.#app.transport();
    if (transport === undefined || this.element.offsetParent === null) return;
    const width = this.#ruler.clientWidth;
    const busy = this.#rulerHands.busy || this.#hands.busy;
    if (this.#following && !busy) this.#view = following(this.#view, this.#app.tick, width);
    const people = guests(this.#app);
    const scene: Scene = {
      view: this.#view,
      width,
      height: this.#scroller.clientHeight,
      scrollTop: this.#scroller.scrollTop,
      palette: palette(),
      numerator: transport.numerator,
      denominator: transport.denominator,
      loop: this.#rulerHands.loop() ?? this.#app.intended()?.loop ?? null,
      headTick: this.#app.tick,
      groups: this.#groups,
      selected: this.#app.selected,
      silent: this.#silent(),
      guests: people,
      clip: (lane) => this.#clip(lane),
      title: ({ job }) => titleIn(this.#app.room, this.#app.work.document, job),
      tracks: this.#lanes(width, people),
      markers: this.#markers(),
      chosenMarker: this.#app.work.marker?.id ?? null,
      rubber: this.#hands.rubber(),
    };
    this.#canvas.style.height = `${scene.height}px`;
    drawLanes(sized(this.#canvas, width, scene.height), scene);
    drawRuler(sized(this.#ruler, width, RULER_HEIGHT), { ...scene, height: RULER_HEIGHT });
  }

  /** The tracks' clips that are in sight, those that are dragged where they are dragged to. */
  #lanes(width: number, people: readonly Guest[]): readonly TrackLane[] {
    const { work } = this.#app;
    const tracks = work.tracks;
    const anySolo = tracks.some((track) => propsOf(track).solo);
    const chosenBy = new Map(people.flatMap((guest) => guest.chosen.map((id) => [id, guest] as const)));
    const draft = this.#hands.draft();
    const drafted = [...draft.keys()].flatMap((id) => work.document.get("clip", id) ?? []);
    return tracks.map((track, row) => {
      const { color, mute, solo } = propsOf(track);
      const here = this.#rowInSight(row) ? [...work.document.children(track.id)].filter((clip) => !draft.has(clip.id)) : [];
      const clips = [...here, ...drafted.filter((clip) => draft.get(clip.id)?.track === track.id)];
      const pictures = clips.map((clip) => this.#picture(clip, draft.get(clip.id), chosenBy)).filter((p) => this.#inSight(p, width));
      return { id: track.id, top: row * ROW_HEIGHT, color, silent: mute || (anySolo && !solo), selected: this.#app.selected === track.id, clips: pictures };
    });
  }

  #picture(clip: Entity, draft: Partial<Record<"start_tick" | "length_ticks", number>> | undefined, chosenBy: ReadonlyMap<string, Guest>): ClipPicture {
    const { work } = this.#app;
    const start = draft?.start_tick ?? propsOf(clip).start_tick;
    return {
      id: clip.id,
      name: propsOf(clip).name,
      start,
      end: start + (draft?.length_ticks ?? endOf(clip) - propsOf(clip).start_tick),
      cloud: this.#notes.of(work.document, clip.id),
      chosen: work.isChosen(clip.id),
      open: work.open === clip,
      written: isWritten(clip.id),
      by: chosenBy.get(clip.id) ?? null,
    };
  }

  #rowInSight(row: number): boolean {
    const y = row * ROW_HEIGHT - this.#scroller.scrollTop;
    return y + ROW_HEIGHT > 0 && y < this.#scroller.clientHeight;
  }

  #inSight({ start, end }: ClipPicture, width: number): boolean {
    return xOf(this.#view, end) >= 0 && xOf(this.#view, start) <= width;
  }

  #markers(): readonly Entity[] {
    const dragged = this.#rulerHands.marker();
    const all = [...this.#app.work.document.of("marker")];
    return dragged === null ? all : all.map((one) => (one.id === dragged.id ? { ...one, props: { ...one.props, tick: dragged.tick } } : one));
  }

  #silent(): ReadonlySet<string> {
    const streams = this.#app.room.streams.map((s) => s.open.stream);
    const anySolo = streams.some((s) => this.#app.player.strip(s).solo);
    return new Set(streams.filter((s) => this.#app.player.strip(s).mute || (anySolo && !this.#app.player.strip(s).solo)));
  }

  #clip({ stream }: Lane): Clip | null {
    const entry = this.#app.player.stream(stream.open.stream);
    if (entry === undefined) return null;
    const { extent, end, start, bpm, peaks } = this.#app.player.drawn(entry);
    const separated = this.#app.player.separation(stream.open.job);
    const mix = separated?.sources.find(({ open }) => open.job === stream.open.job);
    const spans = extent.isWhole ? [{ from: start, to: end }] : extent.spans;
    return {
      fromSample: start,
      toSample: mix === undefined || extent.length === null ? spans.at(-1)!.to : extent.length,
      anchorTick: entry.open.anchor_tick,
      bpm,
      growing: !extent.isWhole,
      ...waveOf(peaks),
      spans,
      behind: mix === undefined ? null : waveOf(this.#app.player.drawn(mix).peaks),
      given: this.#app.player.separationsOf(entry).flatMap(({ stems }) => common(stems.map((stem) => this.#app.player.drawn(stem).extent.spans))),
    };
  }
}

function waveOf(peaks: Peaks): Wave {
  return { scale: Math.min(MAX_WAVE_GAIN, 0.95 / Math.max(0.05, peaks.loudest)), peak: (from, to) => peaks.between(from, to) };
}
