import type { App, Place } from "./app.js";
import { h } from "./dom.js";

const SHOWN_MS = 8000;
const BUBBLE_WIDTH = 300;

/** The line at the place of an action that says why it was refused; gone when it is old, or clicked. */
export function refusalLine(app: App, place: Place): HTMLElement {
  return shownOn(app, place, h("p", { class: "refusal", role: "alert", hidden: true }), () => undefined);
}

/** The same, as a note where the pointer was last on a surface. */
export function refusalAt(app: App, place: Place, surface: HTMLElement): HTMLElement {
  const note = h("p", { class: "refusal bubble", role: "alert", hidden: true });
  let at = { x: 0, y: 0 };
  const point = (event: PointerEvent): void => {
    at = { x: event.clientX, y: event.clientY };
  };
  surface.addEventListener("pointerdown", point);
  surface.addEventListener("pointerup", point);
  return shownOn(app, place, note, () => {
    const frame = (note.offsetParent ?? document.body).getBoundingClientRect();
    const home = surface.getBoundingClientRect();
    const x = at.x === 0 ? home.left + 12 : at.x;
    const y = at.y === 0 ? home.top + 12 : at.y + 12;
    note.style.left = `${Math.max(home.left - frame.left + 8, Math.min(x, frame.right - BUBBLE_WIDTH) - frame.left)}px`;
    note.style.top = `${Math.min(y, frame.bottom - 60) - frame.top}px`;
  });
}

function shownOn(app: App, place: Place, line: HTMLElement, onShow: () => void): HTMLElement {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hide = (): void => {
    line.hidden = true;
  };
  line.addEventListener("click", hide);
  app.on("refused", (refusal) => {
    if (refusal.place !== place) return;
    line.textContent = refusal.message;
    line.hidden = false;
    onShow();
    clearTimeout(timer);
    timer = setTimeout(hide, SHOWN_MS);
  });
  return line;
}
