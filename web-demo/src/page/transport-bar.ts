import { Metronome, Play, Redo2, Repeat, SkipBack, Square, Undo2, Volume2 } from "lucide";

import { barsBeatsSixteenths, barTicks, type Loop, type Transport } from "../client/index.js";
import type { App } from "./app.js";
import { h, icon, iconButton, setPressed, setText } from "./dom.js";
import { DragNumber } from "./drag-number.js";
import { fader } from "./fader.js";
import { refusalLine } from "./refusal.js";
import { TapTempo } from "./tap-tempo.js";

const SIGNATURES = ["4/4", "3/4", "5/4", "6/8", "7/8", "12/8"];
const LOOP_BARS = 4;

/** Play, position, tempo, metre, loop and level: what everybody in the room shares, and this listener's volume. */
export function transportBar(app: App): HTMLElement {
  return h(
    "div",
    { class: "transport", role: "toolbar", "aria-label": "Transport" },
    playButtons(app),
    position(app),
    h("div", { class: "cluster" }, tempo(app), signature(app)),
    h("div", { class: "cluster" }, loopButton(app), metronomeButton(app)),
    undoButtons(app),
    refusalLine(app, "transport"),
    h("div", { class: "spacer" }),
    master(app),
  );
}

function playButtons(app: App): HTMLElement {
  const play = h(
    "button",
    { type: "button", class: "play-button", "aria-label": "Play", title: "Play (space)", "data-testid": "play", onclick: () => app.intended()?.playing || app.togglePlay() },
    icon(Play, 18),
  );
  const stop = iconButton(Square, "Stop", () => app.intended()?.playing && app.togglePlay(), { "data-testid": "stop" });
  const back = iconButton(SkipBack, "Return to start", () => app.setTransport({ tick: 0 }));
  app.on("room", () => setPressed(play, app.intended()?.playing ?? false));
  return h("div", { class: "cluster" }, back, play, stop);
}

function position(app: App): HTMLElement {
  const output = h("output", { class: "position", "aria-label": "Position in bars, beats and sixteenths", "data-testid": "position" }, "001.1.1");
  app.on("frame", ({ tick, transport }) => {
    const [bar, beat, sixteenth] = barsBeatsSixteenths(tick, transport.numerator, transport.denominator);
    setText(output, `${String(bar).padStart(3, "0")}.${beat}.${sixteenth}`);
    output.title = minutes(tick, transport);
  });
  return output;
}

function minutes(tick: number, transport: Transport): string {
  const seconds = (tick / 960) * (60 / transport.bpm);
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")} at ${transport.bpm} BPM`;
}

function tempo(app: App): HTMLElement {
  const taps = new TapTempo();
  const number = new DragNumber({
    label: "Tempo",
    min: 20,
    max: 999,
    perPixel: 0.5,
    format: (value) => value.toFixed(2),
    onchange: (value) => app.setTransport({ bpm: Math.round(value * 100) / 100 }),
  });
  number.element.dataset["testid"] = "tempo";
  const tap = h("button", { type: "button", class: "text-button", title: "Tap the tempo, four times or more" }, "Tap");
  tap.addEventListener("pointerdown", (event) => {
    const bpm = taps.tap(event.timeStamp);
    if (bpm !== null) app.setTransport({ bpm });
  });
  app.on("room", () => number.show(app.intended()?.bpm ?? 112));
  return h("div", { class: "field tempo" }, number.element, h("span", { class: "unit" }, "BPM"), tap);
}

function signature(app: App): HTMLElement {
  const options = SIGNATURES.map((s) => h("option", { value: s }, s));
  const select = h("select", { class: "field signature", "aria-label": "Time signature", title: "Time signature" }, ...options);
  select.addEventListener("change", () => {
    const [numerator, denominator] = select.value.split("/").map(Number);
    app.setTransport({ numerator: numerator!, denominator: denominator as Transport["denominator"], quantum: "bar" });
  });
  app.on("room", () => {
    const transport = app.intended();
    if (transport === undefined) return;
    const shown = `${transport.numerator}/${transport.denominator}`;
    if (!SIGNATURES.includes(shown)) select.append(h("option", { value: shown }, shown));
    select.value = shown;
  });
  return select;
}

function loopButton(app: App): HTMLElement {
  const button = iconButton(Repeat, "Loop (L)", () => toggleLoop(app), { "data-testid": "loop" });
  app.on("room", () => setPressed(button, (app.intended()?.loop ?? null) !== null));
  return button;
}

let lastLoop: Loop | null = null;

/** Loop what was looped last, or the four bars from here on; or stop looping. */
export function toggleLoop(app: App): void {
  const transport = app.intended();
  if (transport === undefined) return;
  if (transport.loop !== null) {
    lastLoop = transport.loop;
    return app.setTransport({ loop: null });
  }
  app.setTransport({ loop: lastLoop ?? barsFromHere(app, transport) });
}

function barsFromHere(app: App, transport: Transport): Loop {
  const bar = barTicks(transport.numerator, transport.denominator);
  const start_tick = Math.floor(app.tick / bar) * bar;
  return { start_tick, end_tick: start_tick + LOOP_BARS * bar };
}

/** Back and forth through one's own edits; the hub knows how far it goes (D6). */
function undoButtons(app: App): HTMLElement {
  const undo = iconButton(Undo2, "Undo what you did (Z)", () => app.work.undo(), { "data-testid": "undo" });
  const redo = iconButton(Redo2, "Redo what you undid (shift Z)", () => app.work.redo(), { "data-testid": "redo" });
  app.on("room", () => (undo.disabled = redo.disabled = !app.work.mayEdit));
  return h("div", { class: "cluster undo" }, undo, redo);
}

function metronomeButton(app: App): HTMLElement {
  const button = iconButton(Metronome, "Metronome, for you alone", () => app.setMetronome(!app.metronome));
  app.on("mix", () => setPressed(button, app.metronome));
  setPressed(button, app.metronome);
  return button;
}

function master(app: App): HTMLElement {
  const level = fader({ label: "Your volume", value: app.masterDb, onchange: (db) => app.setMaster(db) });
  app.on("status", (status) => level.meter(status.masterPeak, status.masterPeak));
  return h("div", { class: "master", title: "Your volume, for you alone" }, icon(Volume2), level.element);
}
