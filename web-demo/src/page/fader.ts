import { h } from "./dom.js";

export const FADER_MIN_DB = -48;
export const FADER_MAX_DB = 6;
const METER_MIN_DB = -54;
const FALL_DB_PER_FRAME = 1.4;
const CLIP_SHOWN_MS = 1500;

export interface Fader {
  readonly element: HTMLElement;
  show(db: number): void;
  meter(peak: number, rms: number): void;
}

export interface FaderOptions {
  readonly label: string;
  readonly value: number;
  readonly onchange: (db: number) => void;
}

/** A level in dB with its meter behind it; the bottom is silence, a double click is 0 dB. */
export function fader({ label, value, onchange }: FaderOptions): Fader {
  const bar = h("span", { class: "meter-bar" });
  const tip = h("span", { class: "meter-peak" });
  const readout = h("span", { class: "fader-db" }, decibels(value));
  const range = h("input", { type: "range", min: FADER_MIN_DB, max: FADER_MAX_DB, step: 0.5, value: clampDb(value), "aria-label": label });
  const element = h("div", { class: "fader" }, h("div", { class: "fader-track" }, bar, tip, range), readout);
  let shownDb = METER_MIN_DB;
  let clippedMs = -Infinity;

  const say = (db: number): void => {
    readout.textContent = decibels(db);
    range.setAttribute("aria-valuetext", `${decibels(db)} dB`);
  };
  const change = (): void => {
    const db = Number(range.value) <= FADER_MIN_DB ? -90 : Number(range.value);
    say(db);
    onchange(db);
  };
  range.addEventListener("input", change);
  range.addEventListener("dblclick", () => {
    range.value = "0";
    change();
  });
  return {
    element,
    show: (db) => {
      range.value = String(clampDb(db));
      say(db);
    },
    meter: (peak, rms) => {
      const db = peak <= 0 ? METER_MIN_DB : 20 * Math.log10(peak);
      shownDb = Math.max(db, shownDb - FALL_DB_PER_FRAME, METER_MIN_DB);
      if (peak >= 1) clippedMs = performance.now();
      bar.style.transform = `scaleX(${place(rms <= 0 ? METER_MIN_DB : 20 * Math.log10(rms))})`;
      tip.style.transform = `translateX(${place(shownDb) * 100}%)`;
      tip.style.opacity = shownDb <= METER_MIN_DB ? "0" : "1";
      element.classList.toggle("clipped", performance.now() - clippedMs < CLIP_SHOWN_MS);
    },
  };
}

function place(db: number): number {
  return Math.min(1, Math.max(0, (db - METER_MIN_DB) / (FADER_MAX_DB - METER_MIN_DB)));
}

function clampDb(db: number): number {
  return Math.min(FADER_MAX_DB, Math.max(FADER_MIN_DB, db));
}

function decibels(db: number): string {
  if (db <= FADER_MIN_DB) return "−∞";
  const text = Math.abs(db).toFixed(1);
  return db > 0 ? `+${text}` : db < 0 ? `−${text}` : "0.0";
}
