import { X } from "lucide";

import { type Entity, propsOf } from "../client/index.js";
import type { App } from "./app.js";
import { h, iconButton, setPressed, setText } from "./dom.js";
import { fader } from "./fader.js";
import { instrumentSelect, showInstrument } from "./instrument-select.js";
import { inlineField } from "./inline-field.js";
import { ROW_HEIGHT } from "./lanes.js";
import { refusalLine } from "./refusal.js";
import { moveTrack, remove, setTrack } from "./track-edits.js";
import { panKnob, toggle } from "./tracks.js";

const DRAG_FROM_PX = 4;
const MAX_NAME = 64;

interface Head {
  readonly element: HTMLElement;
  show(track: Entity): void;
}

/** The heads of the room's own tracks: what is set here is set for everybody. */
export function trackHeads(app: App): HTMLElement {
  const list = h("div", { class: "own-tracks", role: "list", "aria-label": "The room's tracks" });
  const drop = h("div", { class: "drop-line", hidden: true });
  const heads = new Map<string, Head>();
  const paint = (): void => {
    const tracks = app.work.tracks;
    for (const id of [...heads.keys()]) if (!tracks.some((track) => track.id === id)) forget(id);
    for (const [index, track] of tracks.entries()) {
      const head = heads.get(track.id) ?? trackHead(app, track, drop);
      heads.set(track.id, head);
      if (list.children[index] !== head.element) list.insertBefore(head.element, list.children[index] ?? null);
      head.show(track);
    }
  };
  const forget = (id: string): void => {
    heads.get(id)?.element.remove();
    heads.delete(id);
  };
  let revision = -1;
  app.work.on("document", (document) => {
    if (document.revisionOf("track") === revision) return;
    revision = document.revisionOf("track");
    paint();
  });
  app.on("select", (id) => {
    paint();
    heads.get(id ?? "")?.element.scrollIntoView({ block: "nearest" });
  });
  app.on("room", paint);
  return h("div", { class: "own-column" }, refusalLine(app, "tracks"), list, drop);
}

function trackHead(app: App, { id }: Entity, drop: HTMLElement): Head {
  const set = (props: Parameters<typeof setTrack>[1], stroke: string | null = null): void => void app.work.edit("tracks", [setTrack(id, props)], stroke);
  const now = (): ReturnType<typeof propsOf> | undefined => {
    const track = app.work.document.get("track", id);
    return track && propsOf(track);
  };
  const name = h("span", { class: "track-name", title: "Drag to move, double-click to rename" });
  const color = h("input", { type: "color", class: "swatch", title: "Colour", oninput: () => set({ color: color.value }, `color ${id}`) });
  const mute = toggle("M", "Mute", "mute", () => set({ mute: !now()?.mute }));
  const solo = toggle("S", "Solo", "solo", () => set({ solo: !now()?.solo }));
  const pan = panKnob("", (value) => set({ pan: value }, `pan ${id}`));
  const level = fader({ label: "Gain", value: 0, onchange: (gain_db) => set({ gain_db }, `gain ${id}`) });
  const plays = instrumentSelect((instrument) => set({ instrument }));
  const end = iconButton(X, "Delete the track", () => app.work.edit("tracks", remove("track", [id])), { class: "icon-button quiet" });
  const element = h(
    "div",
    { class: "track own", role: "listitem", "data-track": id, style: `height:${ROW_HEIGHT}px`, onpointerdown: () => app.select(id) },
    h("div", { class: "track-line" }, color, name, pan.element, mute, solo),
    h("div", { class: "track-line" }, plays, level.element, end),
  );
  const rename = (): void => renameInPlace(app, id, name);
  name.addEventListener("dblclick", rename);
  element.addEventListener("logdrum:rename", rename);
  draggable(app, id, name, element, drop);
  return { element, show: (track) => showHead(app, track, { element, name, color, mute, solo, pan, plays, level, end }) };
}

interface HeadParts {
  readonly element: HTMLElement;
  readonly name: HTMLElement;
  readonly color: HTMLInputElement;
  readonly mute: HTMLButtonElement;
  readonly solo: HTMLButtonElement;
  readonly pan: ReturnType<typeof panKnob>;
  readonly plays: HTMLSelectElement;
  readonly level: ReturnType<typeof fader>;
  readonly end: HTMLButtonElement;
}

function showHead(app: App, track: Entity, parts: HeadParts): void {
  const { name, color, mute, solo, pan, gain_db, instrument } = propsOf(track);
  const { element } = parts;
  element.style.setProperty("--track", color);
  element.classList.toggle("selected", app.selected === track.id);
  element.toggleAttribute("data-locked", !app.work.mayEdit);
  setText(parts.name, name || "Unnamed");
  if (parts.color.value !== color) parts.color.value = color;
  setPressed(parts.mute, mute);
  setPressed(parts.solo, solo);
  parts.pan.show(pan);
  parts.level.show(gain_db);
  showInstrument(parts.plays, instrument);
  label(parts, name || "unnamed track");
}

/** Every control says whose it is. */
function label({ color, mute, solo, pan, plays, level, end }: HeadParts, name: string): void {
  const said: readonly (readonly [Element | null, string])[] = [
    [color, `Colour of ${name}`],
    [mute, `Mute ${name}`],
    [solo, `Solo ${name}`],
    [pan.element.querySelector("input"), `Pan of ${name}`],
    [level.element.querySelector("input"), `Gain of ${name}`],
    [plays, `Instrument of ${name}`],
    [end, `Delete ${name}`],
  ];
  for (const [control, text] of said) if (control?.getAttribute("aria-label") !== text) control?.setAttribute("aria-label", text);
  mute.title = "Mute, for everybody";
  solo.title = "Solo, for everybody";
}

function renameInPlace(app: App, id: string, name: HTMLElement): void {
  const track = app.work.document.get("track", id);
  if (track === undefined || !app.work.may("tracks")) return;
  const before = propsOf(track).name;
  const keep = (text: string | null): void => {
    name.hidden = false;
    if (text !== null && text !== "" && text !== before) app.work.edit("tracks", [setTrack(id, { name: text })]);
  };
  name.hidden = true;
  name.after(inlineField({ label: "Name of the track", value: before, maxLength: MAX_NAME, done: keep }));
}

/** Take a track by its name, and put it elsewhere. */
function draggable(app: App, id: string, handle: HTMLElement, element: HTMLElement, drop: HTMLElement): void {
  let fromY: number | null = null;
  let index: number | null = null;
  handle.addEventListener("pointerdown", (event) => {
    // A finger on a name scrolls the list; with Alt and the arrow keys a track moves, too.
    if (event.button !== 0 || event.pointerType === "touch") return;
    handle.setPointerCapture(event.pointerId);
    fromY = event.clientY;
  });
  handle.addEventListener("pointermove", (event) => {
    if (fromY === null || (index === null && Math.abs(event.clientY - fromY) < DRAG_FROM_PX)) return;
    const top = element.parentElement!.getBoundingClientRect().top;
    const gap = Math.min(app.work.tracks.length, Math.max(0, Math.round((event.clientY - top) / ROW_HEIGHT)));
    // A gap after the track's own place counts the track itself.
    index = gap > app.work.tracks.findIndex((track) => track.id === id) ? gap - 1 : gap;
    drop.hidden = false;
    drop.style.top = `${element.parentElement!.offsetTop + gap * ROW_HEIGHT - 1}px`;
    element.classList.add("dragged");
  });
  const end = (): void => {
    const to = index;
    fromY = index = null;
    drop.hidden = true;
    element.classList.remove("dragged");
    if (to !== null) app.work.edit("tracks", moveTrack(app.work.document, id, to));
  };
  handle.addEventListener("pointerup", end);
  handle.addEventListener("pointercancel", () => {
    index = null;
    end();
  });
}
