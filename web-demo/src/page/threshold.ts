import { thresholdOf } from "../client/index.js";
import type { App } from "./app.js";
import { h, setText } from "./dom.js";

const STEP = 0.05;

/** What a score has to reach in this room: its owner sets it, everybody sees it (J10). */
export function thresholdRow(app: App): { readonly element: HTMLElement; show(): void } {
  const range = h("input", { type: "range", min: 0, max: 1, step: STEP, "aria-label": "Threshold of scores" });
  const value = h("output", { class: "score-value" });
  const element = h("div", { class: "threshold", "data-testid": "threshold" }, range, h("span", { class: "label" }, "Accept from"), value);
  const say = (threshold: number): void => {
    setText(value, threshold.toFixed(2));
    range.setAttribute("aria-valuetext", threshold.toFixed(2));
  };
  range.addEventListener("input", () => say(Number(range.value)));
  range.addEventListener("change", () => app.work.setThreshold(Number(range.value)));
  const show = (): void => {
    range.hidden = app.room.role !== "owner";
    element.title = range.hidden ? "What a score has to reach here; the room's owner sets it" : "What a score has to reach here, for everybody";
    if (range.matches(":active")) return;
    range.value = String(thresholdOf(app.room));
    say(thresholdOf(app.room));
  };
  return { element, show };
}
