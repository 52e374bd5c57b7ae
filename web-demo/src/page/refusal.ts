import type { App, Place } from "./app.js";
import { h } from "./dom.js";

const SHOWN_MS = 8000;

/** The line at the place of an action that says why it was refused; gone when it is old, or clicked. */
export function refusalLine(app: App, place: Place): HTMLElement {
  const line = h("p", { class: "refusal", role: "alert", hidden: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hide = (): void => {
    line.hidden = true;
  };
  line.addEventListener("click", hide);
  app.on("refused", (refusal) => {
    if (refusal.place !== place) return;
    line.textContent = refusal.message;
    line.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(hide, SHOWN_MS);
  });
  return line;
}
