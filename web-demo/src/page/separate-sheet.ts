import { Split, X } from "lucide";

import type { JobParams } from "../client/index.js";
import type { App } from "./app.js";
import { h, icon, iconButton, setText } from "./dom.js";
import { readPref, writePref } from "./prefs.js";
import { MODELS, type Offer, STEMS } from "./separations.js";
import { stemColor, stemName } from "./stems.js";

const STARTS: readonly (readonly [start: string, name: string])[] = [
  ["now", "At this bar"],
  ["bar", "At the next bar"],
  ["0", "At bar 1"],
];
const LESS = "Everything else stays together, as one more stem.";

/** Asks how something is to be separated, once someone wants that. */
export function separateSheet(app: App): HTMLDialogElement {
  const of = h("p", { class: "sheet-of" });
  const stems = stemChoice();
  const model = choice("Separator", MODELS, "separator");
  const start = choice("It lies", STARTS, "start");
  const submit = h("button", { type: "submit", class: "primary", "data-testid": "separate-go" }, icon(Split), "Separate");
  const placed = labelled("It lies", start);
  const form = h("form", { method: "dialog", class: "separate-form" }, of, stems.element, h("p", { class: "hint" }, LESS), h("div", { class: "make-fields" }, labelled("Separator", model), placed), submit);
  const sheet = h("dialog", { class: "sheet separate", "aria-label": "Separate into stems", "data-testid": "separate-sheet" }, head(() => sheet.close()), form);
  let offer: Offer | null = null;
  const paint = (): void => void (submit.disabled = stems.chosen().length === 0);
  stems.element.addEventListener("change", paint);
  sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  form.addEventListener("submit", () => {
    if (offer === null) return;
    // On a narrow screen, to where its card is.
    dispatchEvent(new CustomEvent("logdrum:panel", { detail: "make" }));
    remember(stems.chosen(), model.value);
    app.separate("jobs", { ...offer.of, ...(offer.of.asset !== undefined && { start: startOf(start.value) }), ...chosen(stems.chosen(), model.value) });
  });
  app.on("separate", (wanted) => {
    if (!app.work.may("jobs")) return;
    offer = wanted;
    setText(of, wanted.title);
    placed.hidden = wanted.of.asset === undefined;
    paint();
    sheet.showModal();
    submit.focus();
  });
  return sheet;
}

/** What was chosen last, for those who drop a sound where it says what becomes of it. */
export function lastChoice(): JobParams {
  const kept = readPref("stems")?.split(" ") ?? [];
  const stems = STEMS.filter((stem) => kept.includes(stem));
  return { start: "now", ...chosen(stems.length > 0 ? stems : STEMS, readPref("separator") ?? "") };
}

function chosen(stems: readonly string[], model: string): JobParams {
  return { stems, ...(model !== "" && { model }) };
}

function remember(stems: readonly string[], model: string): void {
  writePref("stems", stems.join(" "));
  writePref("separator", model);
}

function startOf(value: string): NonNullable<JobParams["start"]> {
  return value === "now" || value === "bar" ? value : Number(value);
}

function head(close: () => void): HTMLElement {
  return h("div", { class: "panel-head" }, h("span", { class: "section-title" }, "Separate into stems"), h("div", { class: "spacer" }), iconButton(X, "Close", close));
}

function stemChoice(): { readonly element: HTMLElement; chosen(): readonly string[] } {
  const last = lastChoice().stems as readonly string[];
  const boxes = STEMS.map((stem) => h("input", { type: "checkbox", name: "stem", value: stem, checked: last.includes(stem) }));
  const labels = boxes.map((box) =>
    h("label", { class: "stem-choice", style: `--track:${stemColor(box.value)}` }, box, h("span", { class: "dot", style: "background:var(--track)" }), stemName(box.value)),
  );
  return {
    element: h("div", { class: "stem-choices", role: "group", "aria-label": "Stems" }, ...labels),
    chosen: () => boxes.filter((box) => box.checked).map((box) => box.value),
  };
}

function choice(label: string, options: readonly (readonly [string, string])[], kind: "separator" | "start"): HTMLSelectElement {
  const last = kind === "separator" ? (readPref("separator") ?? "") : "now";
  return h("select", { class: "field", "aria-label": label }, ...options.map(([value, name]) => h("option", { value, selected: value === last }, name)));
}

function labelled(label: string, control: HTMLElement): HTMLElement {
  return h("div", { class: "labelled" }, h("span", { class: "label", "aria-hidden": "true" }, label), control);
}
