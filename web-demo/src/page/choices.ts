import type { Choice, Job } from "../client/index.js";
import { h, setText } from "./dom.js";
import type { JobPart } from "./job-card.js";
import { isAdded } from "./jobs.js";

const SHOWN = 6;
const GAP_PX = 4;

/** What the engine made of a request: each decision a chip that says why, and apart from them what the genre added. */
export function choiceList(): JobPart {
  const why = h("p", { class: "choice-why", "aria-hidden": "true", hidden: true });
  const made = h("ul", { class: "choices", "aria-label": "Choices" });
  const added = h("ul", { class: "choices", "aria-label": "Added from the genre" });
  const element = h("div", { class: "choice-list", hidden: true, "data-testid": "choices" }, made, added, why);
  let shown = "[]";
  let unfolded = false;
  let choices: readonly Choice[] = [];
  const paint = (): void => {
    const own = choices.filter((choice) => !isAdded(choice));
    const rest = unfolded ? 0 : Math.max(0, own.length - SHOWN);
    const chips = own.slice(0, own.length - rest).map((choice) => h("li", {}, chip(choice, why)));
    made.replaceChildren(...chips, ...(own.length > SHOWN ? [h("li", {}, foldButton(rest, fold))] : []));
    const extra = choices.filter(isAdded);
    added.replaceChildren(h("li", { class: "label", "aria-hidden": "true" }, "Added"), ...extra.map((choice) => h("li", {}, chip(choice, why))));
    added.hidden = extra.length === 0;
    element.hidden = choices.length === 0;
    why.hidden = true;
  };
  const fold = (): void => {
    unfolded = !unfolded;
    paint();
    made.querySelector<HTMLElement>(".fold")?.focus();
  };
  const show = (job: Job): void => {
    const known = job.choices ?? [];
    const next = JSON.stringify(known);
    if (next === shown) return;
    shown = next;
    choices = known;
    paint();
  };
  return { element, show };
}

/** The reason is shown beside the chip while the chip is pointed at or has the focus, and always in what a screen reader says. */
function chip(choice: Choice, why: HTMLElement): HTMLButtonElement {
  const { what, value, why: reason } = choice;
  const isExtra = isAdded(choice);
  const name = h("span", { class: "choice-what" }, isExtra ? "+" : sentenceCase(what));
  const told = `${isExtra ? "Added" : sentenceCase(what)} ${value}. ${sentenceCase(reason)}`;
  const button = h("button", { type: "button", class: isExtra ? "choice extra" : "choice", "aria-label": told }, name, " ", h("span", {}, value));
  const show = (): void => {
    setText(why, sentenceCase(reason));
    why.hidden = reason === "";
    place(why, button);
  };
  const hide = (): void => void (why.hidden = !button.matches(":focus-visible"));
  button.addEventListener("pointerenter", show);
  button.addEventListener("focus", show);
  button.addEventListener("click", show);
  button.addEventListener("pointerleave", hide);
  button.addEventListener("blur", () => (why.hidden = true));
  return button;
}

/** Under the chip, or over it where that would be out of sight. */
function place(why: HTMLElement, chip: HTMLElement): void {
  const below = chip.offsetTop + chip.offsetHeight + GAP_PX;
  const bottom = chip.closest(".panel-body")?.getBoundingClientRect().bottom ?? Infinity;
  const fits = chip.getBoundingClientRect().bottom + GAP_PX + why.offsetHeight <= bottom;
  why.style.top = `${fits ? below : chip.offsetTop - why.offsetHeight - GAP_PX}px`;
}

function foldButton(rest: number, fold: () => void): HTMLButtonElement {
  return h("button", { type: "button", class: "choice fold", "aria-expanded": String(rest === 0), onclick: fold }, rest === 0 ? "Fewer" : `${rest} more`);
}

function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
