import { Download } from "lucide";

import type { Job, StreamState } from "../client/index.js";
import type { App } from "./app.js";
import { sized, withAlpha } from "./canvas.js";
import { h, icon, setPressed } from "./dom.js";
import type { JobPart } from "./job-card.js";
import { sourceName } from "./lanes.js";
import { isSeparation, stemsOf } from "./separations.js";
import { stemColor, stemName, stemOrder } from "./stems.js";
import { palette } from "./theme.js";
import { toggle } from "./tracks.js";

const DRAWN_EVERY_MS = 200;
const HEIGHT = 22;
const COLUMN = 2;

interface Row {
  readonly element: HTMLElement;
  /** `of` is what the separated sound is called */
  show(stream: StreamState, of: string): void;
  paint(): void;
  draw(): void;
}

/** The stems of a separation: what there is of each, whether it is heard here, and what was kept of it. */
export function separatedStems(app: App): JobPart {
  const list = h("ul", { class: "separated", "aria-label": "Stems of this separation", hidden: true, "data-testid": "separated" });
  const rows = new Map<string, Row>();
  let drawnMs = 0;
  const draw = (): void => {
    if (performance.now() - drawnMs < DRAWN_EVERY_MS || list.offsetParent === null) return;
    drawnMs = performance.now();
    rows.forEach((row) => row.draw());
  };
  /** As long as its card is on the list. */
  const follow = (): void => {
    const listening = [app.on("mix", () => rows.forEach((row) => row.paint())), app.on("frame", () => (list.isConnected ? draw() : stop()))];
    const stop = (): void => listening.forEach((end) => end());
  };
  const show = (job: Job): void => {
    const streams = isSeparation(job) ? stemsOf(app.room, job.job).toSorted((a, b) => stemOrder(a.open.stem) - stemOrder(b.open.stem)) : [];
    if (rows.size === 0 && streams.length > 0) follow();
    for (const [index, stream] of streams.entries()) {
      const row = rows.get(stream.open.stream) ?? stemRow(app, stream);
      rows.set(stream.open.stream, row);
      if (list.children[index] !== row.element) list.insertBefore(row.element, list.children[index] ?? null);
      row.show(stream, sourceName(app.room, app.work.document, job) ?? "Stems");
    }
    list.hidden = streams.length === 0;
  };
  return { element: list, show };
}

function stemRow(app: App, { open: { stream, stem } }: StreamState): Row {
  const name = stemName(stem, "separate");
  const mix = (what: "mute" | "solo"): void => app.mix(stream, { [what]: !app.player.strip(stream)[what] });
  const mute = toggle("M", `Mute ${name} of this separation`, "mute", () => mix("mute"));
  const solo = toggle("S", `Solo ${name} of this separation`, "solo", () => mix("solo"));
  const wave = h("canvas", { class: "stem-wave", role: "img", "aria-label": `Waveform of ${name}` });
  const file = h("a", { class: "icon-button", title: "Download as FLAC", "aria-label": `Download ${name}`, hidden: true }, icon(Download, 14));
  const element = h("li", { class: "separated-stem", "data-stem": stem, style: `--track:${stemColor(stem)}` }, h("span", { class: "separated-name" }, name), wave, mute, solo, file);
  const paint = (): void => {
    setPressed(mute, app.player.strip(stream).mute);
    setPressed(solo, app.player.strip(stream).solo);
  };
  const show = ({ asset }: StreamState, of: string): void => {
    file.hidden = asset === null;
    if (asset === null || file.dataset["asset"] === asset) return;
    file.dataset["asset"] = asset;
    file.href = app.assetUrl(asset);
    file.download = `${of} ${stem}.flac`;
  };
  paint();
  return { element, show, paint, draw: () => drawWave(app, wave, stream, stemColor(stem)) };
}

/** A whole stem in little: what has come of it, over a line for what is still to come. */
function drawWave(app: App, canvas: HTMLCanvasElement, stream: string, color: string): void {
  const entry = app.player.stream(stream);
  if (entry === undefined) return;
  const { extent, peaks } = app.player.drawn(entry);
  const width = canvas.clientWidth;
  const ctx = sized(canvas, width, HEIGHT);
  ctx.clearRect(0, 0, width, HEIGHT);
  ctx.fillStyle = palette().line;
  ctx.fillRect(0, HEIGHT / 2 - 0.5, width, 1);
  const begins = extent.length === null ? extent.entry : 0;
  const length = extent.length ?? Math.max(1, (extent.spans.at(-1)?.to ?? begins) - begins);
  const scale = 0.95 / Math.max(0.05, peaks.loudest);
  ctx.fillStyle = withAlpha(color, 0.85);
  for (const { from, to } of extent.spans) {
    for (let x = Math.floor(((from - begins) / length) * width); x < ((to - begins) / length) * width; x += COLUMN) {
      const half = Math.max(0.5, Math.min(1, peaks.between(begins + (x / width) * length, begins + ((x + COLUMN) / width) * length) * scale) ** 0.8 * (HEIGHT / 2 - 1));
      ctx.fillRect(x, HEIGHT / 2 - half, COLUMN - 0.5, half * 2);
    }
  }
}
