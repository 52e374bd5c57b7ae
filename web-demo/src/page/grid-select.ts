import type { App } from "./app.js";
import { h } from "./dom.js";
import { type Grid, GRID_NAMES, GRIDS } from "./grid.js";
import type { Surface } from "./work.js";

/** What edits snap to; the same choice wherever it is shown. */
export function gridSelect(app: App, surface: Surface): HTMLSelectElement {
  const options = GRIDS.map((grid) => h("option", { value: grid }, GRID_NAMES[grid]));
  const label = `Snap ${surface} to`;
  const select = h("select", { class: "field grid-select", "aria-label": label, title: `${label} (B coarser, E finer)` }, ...options);
  select.value = app.work.grid(surface);
  select.addEventListener("change", () => app.work.setGrid(surface, select.value as Grid));
  app.work.on("grid", () => (select.value = app.work.grid(surface)));
  return select;
}
