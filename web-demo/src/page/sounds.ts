import { Download, FolderUp, Gauge, ListPlus, Split, X } from "lucide";

import { type Asset, type Op, SAMPLE_RATE, samplesPerTick } from "../client/index.js";
import type { App } from "./app.js";
import { newClip } from "./clip-edits.js";
import { h, icon, iconButton, setText } from "./dom.js";
import { snapDown } from "./grid.js";
import { refusalLine } from "./refusal.js";
import { soundDetail, soundName } from "./separations.js";
import { newTrack } from "./track-edits.js";
import type { Upload } from "./uploads.js";

export const SOUND_FILES = "audio/*,.wav,.flac,.mp3,.ogg,.oga,.opus,.m4a";
const NOTHING = "No sounds yet. Add a song, or drop one on the arrangement: WAV, FLAC, MP3, Ogg or M4A.";

/** The room's sounds: what was uploaded, and what separations and pieces left; what can be done with each. */
export function sounds(app: App): HTMLElement {
  const list = h("ul", { class: "sounds-list", "aria-label": "Sounds", "data-testid": "sounds" });
  let shown: readonly unknown[] = [];
  const paint = (): void => {
    const { assets, members } = app.room;
    if (shown[0] === assets && shown[1] === members && shown[2] === app.work.mayEdit) return;
    shown = [assets, members, app.work.mayEdit];
    const rows = assets.toReversed().map((asset) => soundRow(app, asset));
    list.replaceChildren(...(rows.length === 0 ? [h("li", { class: "hint" }, NOTHING)] : rows));
  };
  app.on("room", paint);
  paint();
  const head = h("div", { class: "sounds-head" }, addSound(app, "secondary"), refusalLine(app, "sounds"));
  return h("div", { class: "sounds", role: "tabpanel", "aria-label": "Sounds" }, head, uploadList(app), list);
}

/** The button that opens a file chooser; what is chosen goes to the room. */
export function addSound(app: App, look: string): HTMLElement {
  const files = h("input", { type: "file", accept: SOUND_FILES, multiple: true, hidden: true, "aria-hidden": "true", tabindex: -1, "data-testid": "sound-files" });
  const button = h("button", { type: "button", class: look, "data-testid": "add-sound", onclick: () => files.click() }, icon(FolderUp), "Add a sound");
  files.addEventListener("change", () => {
    app.uploads.add(files.files ?? []);
    files.value = "";
  });
  app.on("room", () => (button.disabled = !app.work.mayEdit));
  return h("span", { class: "add-sound" }, button, files);
}

/** Files on their way, with what became of them; rows stay what they are while their bytes go. */
function uploadList(app: App): HTMLElement {
  const list = h("ul", { class: "uploads", "aria-label": "Uploads", "data-testid": "uploads" });
  const rows: UploadRow[] = [];
  app.uploads.on("change", () => {
    const uploads = app.uploads.list;
    for (const { element } of rows.splice(uploads.length)) element.remove();
    for (const [i, upload] of uploads.entries()) {
      rows[i] ??= uploadRow(() => app.uploads.drop(app.uploads.list[i]!));
      rows[i].show(upload);
    }
    list.append(...rows.slice(list.childElementCount).map(({ element }) => element));
  });
  return list;
}

interface UploadRow {
  readonly element: HTMLElement;
  show(upload: Upload): void;
}

function uploadRow(drop: () => void): UploadRow {
  const name = h("span", { class: "upload-name" });
  const fill = h("div", { class: "progress-fill" });
  const bar = h("div", { class: "progress", role: "progressbar", "aria-label": "Upload", "aria-valuemin": 0, "aria-valuemax": 100 }, fill);
  const end = iconButton(X, "Break off", drop, { class: "icon-button quiet" });
  const element = h("li", { class: "upload" }, h("div", { class: "job-line" }, name, end), bar);
  return {
    element,
    show: ({ name: file, sent, refused }) => {
      setText(name, refused ?? (sent < 1 ? file : `${file}: the hub listens to it…`));
      element.classList.toggle("refused-upload", refused !== null);
      name.setAttribute("role", refused === null ? "status" : "alert");
      bar.hidden = refused !== null;
      bar.setAttribute("aria-valuenow", String(Math.round(sent * 100)));
      fill.style.width = `${sent * 100}%`;
      end.setAttribute("aria-label", refused === null ? `Break off the upload of ${file}` : "Dismiss");
      end.title = refused === null ? "Break off" : "Dismiss";
    },
  };
}

function soundRow(app: App, asset: Asset): HTMLElement {
  const name = soundName(asset.name);
  const member = app.room.members.find(({ session }) => session === asset.by);
  const dot = h("span", { class: "dot", style: `background:${member?.color ?? "var(--dim)"}` });
  const by = member?.name ?? (asset.by === null ? "made here" : "someone who left");
  const act = (label: string, title: string, symbol: SVGElement, onclick: () => void): HTMLElement =>
    h("button", { type: "button", class: "secondary small", title, "aria-label": `${label} ${name}`, disabled: !app.work.mayEdit, onclick }, symbol, h("span", {}, label));
  return h(
    "li",
    { class: "sound", "data-asset": asset.asset },
    h("span", { class: "sound-name", title: asset.name }, name),
    h("span", { class: "sound-detail" }, soundDetail(asset)),
    h("span", { class: "sound-by" }, dot, by),
    h(
      "span",
      { class: "sound-actions" },
      act("Separate", "Pull it into stems that everybody hears (X)", icon(Split, 14), () => app.emit("separate", { title: name, of: { asset: asset.asset } })),
      act("Score", "How far it follows the genre's conventions", icon(Gauge, 14), () => app.score(asset.asset)),
      act("Place", "As a clip at the playhead, on the chosen track: exports play it, and it can be separated where it lies", icon(ListPlus, 14), () => placeSound(app, asset)),
      h("a", { class: "secondary small", href: app.assetUrl(asset.asset), download: asset.name, title: "Download", "aria-label": `Download ${name}` }, icon(Download, 14)),
    ),
  );
}

/** A clip of a whole sound, from the bar at the playhead on: on the chosen track, or on one of its own. */
function placeSound(app: App, asset: Asset): void {
  const { work } = app;
  const chosen = work.document.get("track", app.selected ?? "");
  const made = chosen === undefined ? newTrack(work.document) : { id: chosen.id, ops: [] };
  const seconds = asset.samples / asset.sample_rate;
  const length = Math.max(1, Math.round((seconds * SAMPLE_RATE) / samplesPerTick(app.intended()?.bpm ?? 120)));
  const name = soundName(asset.name);
  const { id, ops } = newClip(made.id, snapDown(app.tick, app.barTicks()), length);
  const named = made.ops.map((op): Op => (op.id === made.id ? { ...op, props: { ...op.props, name: name.slice(0, 64) } } : op));
  const clip = ops.map((op): Op => ({ ...op, props: { ...op.props, asset: asset.asset, name: name.slice(0, 64) } }));
  if (!work.edit("sounds", [...named, ...clip])) return;
  work.chooseClips([id]);
  work.openClip(id);
}
