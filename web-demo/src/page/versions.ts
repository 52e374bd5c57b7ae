import { RotateCcw, Save, Trash2 } from "lucide";

import type { Version } from "../client/index.js";
import type { App } from "./app.js";
import { h, icon, iconButton } from "./dom.js";
import { refusalLine } from "./refusal.js";

const MAX_NAME = 128;
const SURE_MS = 4000;
const TOLD_MS = 8000;
const REPAINT_MS = 30_000;

/** The room's document under names: kept, brought back with one click, and forgotten. */
export function versions(app: App): HTMLElement {
  const list = h("ul", { class: "versions-list", "aria-label": "Versions" });
  const told = h("p", { class: "hint", role: "status" });
  let shown: readonly Version[] | null = null;
  const tell = (text: string): void => {
    told.textContent = text;
    setTimeout(() => (told.textContent = told.textContent === text ? "" : told.textContent), TOLD_MS);
  };
  const paint = (force = false): void => {
    if (!force && app.room.versions === shown) return;
    shown = app.room.versions;
    const rows = shown.toReversed().map((version) => versionRow(app, version, tell));
    list.replaceChildren(...(rows.length === 0 ? [h("li", { class: "hint" }, "No versions yet. Save one before you try something bold.")] : rows));
  };
  app.on("room", () => paint());
  setInterval(() => list.offsetParent !== null && paint(true), REPAINT_MS);
  paint();
  return h("div", { class: "versions", role: "tabpanel", "aria-label": "Versions" }, saveForm(app), refusalLine(app, "versions"), told, list);
}

function saveForm(app: App): HTMLElement {
  const field = h("input", {
    class: "field",
    placeholder: "Name this version",
    "aria-label": "Name of the version",
    maxlength: MAX_NAME,
    autocomplete: "off",
    "data-testid": "version-name",
  });
  const save = h("button", { type: "submit", class: "secondary", "data-testid": "version-save" }, icon(Save), "Save");
  const form = h("form", { class: "versions-form" }, field, save);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    app.work.saveVersion(field.value.trim() || `Version ${app.room.versions.length + 1}`);
    field.value = "";
  });
  app.on("room", () => (field.disabled = save.disabled = !app.work.mayEdit));
  return form;
}

function versionRow(app: App, version: Version, tell: (text: string) => void): HTMLElement {
  const member = app.room.members.find((one) => one.session === version.by);
  const restore = (): void => {
    app.work.restoreVersion(version.version);
    tell(app.work.mayEdit ? `“${version.name}” is brought back for everybody. Z takes that back.` : "");
  };
  const label = `Restore ${version.name}`;
  const bring = h("button", { type: "button", class: "secondary small", "aria-label": label, onclick: restore, disabled: !app.work.mayEdit }, icon(RotateCcw, 14), "Restore");
  const dot = h("span", { class: "dot", style: `background:${member?.color ?? "var(--dim)"}` });
  return h(
    "li",
    { class: "version" },
    h("span", { class: "version-name" }, version.name),
    h("span", { class: "version-by" }, dot, `${version.author}, ${when(app, version.at_us)}`),
    bring,
    deleteButton(app, version),
  );
}

/** A version that is deleted is gone, so it takes a second click. */
function deleteButton(app: App, { name, version }: Version): HTMLButtonElement {
  let sure = false;
  const button = iconButton(Trash2, `Delete ${name}`, () => {
    if (sure) return app.work.deleteVersion(version);
    sure = true;
    button.replaceChildren("Delete?");
    button.classList.add("sure");
    setTimeout(() => {
      sure = false;
      button.classList.remove("sure");
      button.replaceChildren(icon(Trash2));
    }, SURE_MS);
  }, { class: "icon-button quiet", disabled: !app.work.mayEdit });
  return button;
}

/** How long ago by the hub's clock, or the time of day. */
function when(app: App, atUs: number): string {
  const agoS = (app.clock.nowUs() - atUs) / 1e6;
  if (!Number.isFinite(agoS)) return "earlier";
  if (agoS < 45) return "just now";
  if (agoS < 3600) return `${Math.max(1, Math.round(agoS / 60))} min ago`;
  return new Date(Date.now() - agoS * 1000).toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}
