import { Dices, Sparkles, WandSparkles } from "lucide";

import type { JobParams } from "../client/index.js";
import type { App } from "./app.js";
import { h, icon, iconButton } from "./dom.js";
import { jobList } from "./job-list.js";
import { ledJob } from "./jobs.js";
import { refusalLine } from "./refusal.js";

const SUBGENRES = ["private school", "sgija", "bacardi", "quantum"];
const WORDS = ["soulful keys", "deep and dark", "sparse", "four on the floor", "kalimba", "hard log drum"];
const LEVELS = [
  ["traditional", "Traditional", "As before the log drum: led by organs and keys"],
  ["contemporary", "Contemporary", "As it is mostly made now"],
  ["fusion", "Fusion", "Where it meets Afrobeats, pop and other music"],
] as const;
const TONICS = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const LENGTHS: readonly (readonly [string, number | null])[] = [["∞", null], ["4", 4], ["8", 8], ["16", 16]];
const MAX_PROMPT = 1000;
const MAX_SEED = 2 ** 32 - 1;

/** Where music is asked for, and what is being made. */
export function makePanel(app: App): HTMLElement {
  const form = makeForm(app);
  return h(
    "aside",
    { class: "make", "aria-label": "Make" },
    h("div", { class: "panel-head" }, h("span", { class: "section-title" }, "Make")),
    h("div", { class: "panel-body" }, form, refusalLine(app, "make"), jobList(app)),
  );
}

function makeForm(app: App): HTMLElement {
  const prompt = promptField();
  const key = keySelect();
  const bars = lengthChoice();
  const seed = seedField();
  const level = levelSelect();
  const enrich = h("input", { type: "checkbox", checked: true, "data-testid": "enrich" });
  const read = (): JobParams => ({
    prompt: prompt.value.trim(),
    ...(key.value !== "" && { key: key.value }),
    ...(bars.value() !== null && { bars: bars.value() }),
    ...(seed.value() !== null && { seed: seed.value()! }),
    level: level.value as JobParams["level"],
    enrich: enrich.checked,
  });
  const fields = h("div", { class: "make-fields" }, labelled("Key", key), labelled("Bars", bars.element), labelled("Level", level), labelled("Seed", seed.element));
  const adds = h("label", { class: "switch", title: "A few elements that your words leave open; what was added shows with the piece" }, enrich, "Add genre elements");
  const form = h("form", { class: "make-form" }, prompt, chips(prompt), fields, adds, h("div", { class: "make-actions" }, submitButton(app), steerButton(app, read)));
  followRunning(app, prompt);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    app.generate(read());
  });
  prompt.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit();
  });
  return form;
}

function promptField(): HTMLTextAreaElement {
  return h("textarea", {
    id: "prompt",
    rows: 3,
    maxlength: MAX_PROMPT,
    placeholder: "warm private school groove, airy pads, deep log drum",
    "aria-label": "Prompt",
    "data-testid": "prompt",
  });
}

function seedField(): { element: HTMLElement; value: () => number | null } {
  const field = h("input", { type: "text", inputmode: "numeric", pattern: "[0-9]*", placeholder: "random", "aria-label": "Seed", class: "field", maxlength: 10 });
  const dice = iconButton(Dices, "Another seed", () => (field.value = String(Math.floor(Math.random() * 100_000))));
  return {
    element: h("div", { class: "seed" }, field, dice),
    value: () => (/^\d+$/.test(field.value) ? Math.min(MAX_SEED, Number(field.value)) : null),
  };
}

function submitButton(app: App): HTMLButtonElement {
  const button = h("button", { type: "submit", class: "primary", "data-testid": "generate", disabled: true }, icon(Sparkles), "Generate");
  app.on("link", (link) => (button.disabled = link.at !== "live"));
  return button;
}

/** Sends the prompt and key to the newest endless groove, which turns at its next bar. */
function steerButton(app: App, read: () => JobParams): HTMLButtonElement {
  const steer = (): void => {
    const job = ledJob(app.room)?.job;
    const { prompt, bars: _, ...asked } = read();
    if (job !== undefined && app.work.may("make")) app.steer(job, { ...asked, ...(prompt && { prompt }) });
  };
  const button = h(
    "button",
    { type: "button", class: "secondary", title: "Turn the running groove to this prompt and key at its next bar", hidden: true, onclick: steer },
    icon(WandSparkles),
    "Steer",
  );
  app.on("room", () => (button.hidden = ledJob(app.room) === undefined));
  app.on("link", (link) => (button.disabled = link.at !== "live"));
  return button;
}

/** The running groove's prompt stands in the field, to be steered from, until someone writes another there. */
function followRunning(app: App, field: HTMLTextAreaElement): void {
  let filled = "";
  app.on("room", (room) => {
    const prompt = ledJob(room)?.params.prompt ?? "";
    if (prompt === filled || (field.value !== filled && field.value !== "")) return;
    field.value = filled = prompt;
  });
}

function chips(prompt: HTMLTextAreaElement): HTMLElement {
  const add = (words: string): void => {
    const said = prompt.value.trim();
    if (!said.includes(words)) prompt.value = said === "" ? words : `${said.replace(/,$/, "")}, ${words}`;
    prompt.focus();
  };
  const button = (words: string, kind = "chip"): HTMLElement => h("button", { type: "button", class: kind, onclick: () => add(words) }, words);
  const styles = h("div", { class: "chips", role: "group", "aria-label": "Subgenres" }, ...SUBGENRES.map((words) => button(words, "chip subgenre")));
  const words = h("div", { class: "chips", role: "group", "aria-label": "Words for the prompt" }, ...WORDS.map((words) => button(words)));
  return h("div", { class: "chip-rows" }, styles, words);
}

function levelSelect(): HTMLSelectElement {
  const options = LEVELS.map(([value, name, title]) => h("option", { value, title, selected: value === "contemporary" }, name));
  return h("select", { class: "field", "aria-label": "Level", title: "How close to the tradition" }, ...options);
}

function keySelect(): HTMLSelectElement {
  const options = ["minor", "major"].flatMap((mode) => TONICS.map((tonic) => `${tonic} ${mode}`));
  return h("select", { class: "field", "aria-label": "Key" }, h("option", { value: "" }, "any"), ...options.map((key) => h("option", { value: key }, key)));
}

function lengthChoice(): { element: HTMLElement; value: () => number | null } {
  const inputs = LENGTHS.map(([label, bars], i) => {
    const input = h("input", { type: "radio", name: "bars", value: bars ?? "", checked: i === 0 });
    return h("label", { title: bars === null ? "Endless, until it is cancelled" : `${bars} bars` }, input, h("span", {}, label));
  });
  const element = h("div", { class: "segments", role: "radiogroup", "aria-label": "Length in bars" }, ...inputs);
  return {
    element,
    value: () => {
      const chosen = element.querySelector<HTMLInputElement>("input:checked")?.value;
      return chosen ? Number(chosen) : null;
    },
  };
}

function labelled(label: string, control: HTMLElement): HTMLElement {
  return h("div", { class: "labelled" }, h("span", { class: "label", "aria-hidden": "true" }, label), control);
}
