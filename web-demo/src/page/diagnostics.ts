import type { App } from "./app.js";
import { h, setText } from "./dom.js";
import { stemName } from "./stems.js";

const EVERY_MS = 400;
const MAX_OFFSET_MS = 500;

type Reading = readonly [name: string, read: (app: App) => string];

const CLOCK: readonly Reading[] = [
  ["Error", (app) => ms(app.clock.quality().errorMs, 2)],
  ["Round trip", (app) => ms(app.clock.quality().roundTripMs, 2)],
  ["Offset", (app) => offset(app)],
  ["Drift", (app) => `${app.clock.quality().skewPpm.toFixed(1)} ppm`],
  ["Last burst", (app) => `${(app.clock.quality().ageMs / 1000).toFixed(1)} s ago`],
];

const SOUND: readonly Reading[] = [
  ["Output", (app) => (app.player.running ? `${app.player.context?.sampleRate ?? 0} Hz` : "silent")],
  ["Latency", (app) => ms((app.player.context?.outputLatency ?? 0) * 1000, 1)],
  ["Timestamps", (app) => (app.player.outputTrusted ? "from the device" : "estimated")],
  ["Off by", (app) => ms(app.status?.errorMs ?? NaN, 2)],
  ["Rate", (app) => `${(((app.status?.rate ?? 1) - 1) * 100).toFixed(3)} %`],
  ["Underruns", (app) => String(app.status?.underruns ?? 0)],
  ["Missing", (app) => ms(((app.status?.missingFrames ?? 0) / 48_000) * 1000, 0)],
  ["Jumps", (app) => String(app.status?.repositions ?? 0)],
];

/** How well this listener is doing: clock, sound, each stream's store, and what comes over the wire. */
export function diagnostics(app: App): HTMLElement {
  const wire = wireRates(app);
  const lists = [readings("Clock", CLOCK, app), readings("Sound", SOUND, app), readings("Wire", wire, app)];
  const streams = streamTable(app);
  const panel = h("div", { class: "diagnostics", role: "tabpanel", "data-testid": "diagnostics" }, ...lists.map((l) => l.element), streams.element, offsetField(app));
  let shownMs = 0;
  app.on("frame", () => {
    if (panel.hidden || performance.now() - shownMs < EVERY_MS) return;
    shownMs = performance.now();
    for (const list of lists) list.paint();
    streams.paint();
  });
  return panel;
}

function readings(title: string, rows: readonly Reading[], app: App): { element: HTMLElement; paint: () => void } {
  const values = rows.map(([name, read]) => ({ name, read, cell: h("dd", {}, "–") }));
  const list = h("dl", {}, ...values.flatMap(({ name, cell }) => [h("dt", {}, name), cell]));
  return {
    element: h("section", { class: "figures" }, h("h2", { class: "label" }, title), list),
    paint: () => values.forEach(({ read, cell }) => setText(cell, read(app))),
  };
}

/** Rates since the last look, by lane. */
function wireRates(app: App): readonly Reading[] {
  let atMs = performance.now();
  let before = { ...app.traffic };
  let rates = { audioBytes: 0, audioMessages: 0, otherMessages: 0 };
  const measure = (): void => {
    const spent = (performance.now() - atMs) / 1000;
    if (spent < 1) return;
    const per = (key: keyof typeof rates): number => (app.traffic[key] - before[key]) / spent;
    rates = { audioBytes: per("audioBytes"), audioMessages: per("audioMessages"), otherMessages: per("otherMessages") };
    before = { ...app.traffic };
    atMs = performance.now();
  };
  return [
    ["Room", (a) => a.connection.state.at],
    ["Audio", () => (measure(), `${(rates.audioBytes / 1024).toFixed(0)} KB/s`)],
    ["Chunks", () => `${rates.audioMessages.toFixed(0)} /s`],
    ["Control", () => `${rates.otherMessages.toFixed(1)} /s`],
  ];
}

function streamTable(app: App): { element: HTMLElement; paint: () => void } {
  const body = h("tbody", {});
  const head = h("tr", {}, ...["Stream", "Ahead", "Underruns", "Epoch"].map((name) => h("th", { scope: "col" }, name)));
  const rows = new Map<string, HTMLTableCellElement[]>();
  const paint = (): void => {
    const streams = app.room.streams.map((s) => s.open);
    if (streams.some((s) => !rows.has(s.stream)) || rows.size !== streams.length) rebuild();
    for (const { stream, stem, epoch } of streams) {
      const meter = app.status?.strips.get(stream);
      const texts = [stemName(stem), `${app.player.aheadS(stream).toFixed(1)} s`, String(meter?.underruns ?? 0), String(epoch)];
      rows.get(stream)?.forEach((cell, i) => setText(cell, texts[i]!));
    }
  };
  const rebuild = (): void => {
    rows.clear();
    for (const s of app.room.streams) rows.set(s.open.stream, [h("td"), h("td"), h("td"), h("td")]);
    body.replaceChildren(...[...rows.values()].map((cells) => h("tr", {}, ...cells)));
  };
  const table = h("table", {}, h("thead", {}, head), body);
  return { element: h("section", { class: "figures streams" }, h("h2", { class: "label" }, "Streams"), table), paint };
}

function offsetField(app: App): HTMLElement {
  const field = h("input", { type: "number", class: "field", min: -MAX_OFFSET_MS, max: MAX_OFFSET_MS, step: 1, value: app.offsetMs, "aria-label": "Play earlier by, ms" });
  field.addEventListener("change", () => {
    const value = Math.min(MAX_OFFSET_MS, Math.max(-MAX_OFFSET_MS, Number(field.value) || 0));
    field.value = String(value);
    app.setOffset(value);
  });
  const note = h("p", { class: "hint" }, "Wireless speakers are often late without saying so: play earlier by what you hear.");
  return h("section", { class: "figures" }, h("h2", { class: "label" }, "Play earlier by, ms"), field, note);
}

function ms(value: number, digits: number): string {
  return Number.isFinite(value) ? `${value.toFixed(digits)} ms` : "–";
}

/** The hub's clock against this computer's own. */
function offset(app: App): string {
  const fromOwn = app.clock.nowUs() / 1000 - (performance.timeOrigin + performance.now());
  if (!Number.isFinite(fromOwn)) return "–";
  return Math.abs(fromOwn) < 10_000 ? `${fromOwn.toFixed(1)} ms` : `${Math.round(fromOwn / 1000)} s`;
}
