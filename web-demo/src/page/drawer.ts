import { Activity, ChevronDown, Disc3, GitBranch, MessageSquare, Piano } from "lucide";

import type { App } from "./app.js";
import { chat } from "./chat.js";
import { diagnostics } from "./diagnostics.js";
import { h, icon, iconButton } from "./dom.js";
import { PianoRoll } from "./piano-roll.js";
import { readPref, writePref } from "./prefs.js";
import { sounds } from "./sounds.js";
import { versions } from "./versions.js";

const TABS = ["notes", "sounds", "versions", "chat", "diagnostics"] as const;
export type Tab = (typeof TABS)[number];

const MIN_PX = 96;
const START_PX = 264;

export interface Drawer {
  readonly element: HTMLElement;
  readonly piano: PianoRoll;
  open(tab: Tab): void;
}

/** Piano roll, sounds, versions, chat and diagnostics, under the arrangement; drag its edge to size it. */
export function drawer(app: App): Drawer {
  const piano = new PianoRoll(app);
  const panels: Readonly<Record<Tab, HTMLElement>> = { notes: piano.element, sounds: sounds(app), versions: versions(app), chat: chat(app), diagnostics: diagnostics(app) };
  const unread = h("span", { class: "badge", hidden: true });
  const tabs: Readonly<Record<Tab, HTMLButtonElement>> = {
    notes: tabButton("Piano roll", icon(Piano)),
    sounds: tabButton("Sounds", icon(Disc3)),
    versions: tabButton("Versions", icon(GitBranch)),
    chat: tabButton("Chat", icon(MessageSquare), unread),
    diagnostics: tabButton("Diagnostics", icon(Activity)),
  };
  const body = h("div", { class: "drawer-body" }, ...TABS.map((name) => panels[name]));
  const edge = h("div", { class: "drawer-edge", role: "separator", "aria-orientation": "horizontal", "aria-label": "Size of the drawer" });
  const close = iconButton(ChevronDown, "Close the drawer", () => show(null));
  const bar = h("div", { class: "drawer-tabs", role: "tablist" }, ...TABS.map((name) => tabs[name]), h("div", { class: "spacer" }), close);
  const element = h("section", { class: "drawer", "aria-label": "Drawer" }, edge, bar, body);
  let shown: Tab | null = null;
  let heard = 0;

  const show = (tab: Tab | null): void => {
    shown = tab;
    element.classList.toggle("open", tab !== null);
    close.hidden = tab === null;
    writePref("drawer", tab ?? "");
    for (const name of TABS) {
      panels[name].hidden = name !== tab;
      tabs[name].setAttribute("aria-selected", String(name === tab));
    }
    if (tab === "chat") countUnread();
  };
  const countUnread = (): void => {
    const lines = app.room.chat.length;
    if (shown === "chat") heard = lines;
    unread.hidden = lines <= heard;
    unread.textContent = String(lines - heard);
  };
  for (const name of TABS) tabs[name].addEventListener("click", () => show(shown === name ? null : name));
  app.on("room", countUnread);
  sizable(element, edge);
  show(TABS.find((name) => name === readPref("drawer")) ?? null);
  return { element, piano, open: show };
}

function tabButton(label: string, ...content: (Node | string)[]): HTMLButtonElement {
  const [symbol, ...rest] = content;
  return h("button", { type: "button", class: "tab", role: "tab", "aria-selected": "false" }, symbol, label, ...rest);
}

function sizable(element: HTMLElement, edge: HTMLElement): void {
  const set = (px: number): void => {
    const height = Math.min(innerHeight * 0.6, Math.max(MIN_PX, px));
    element.style.setProperty("--drawer-height", `${height}px`);
    writePref("drawerHeight", String(Math.round(height)));
  };
  set(Number(readPref("drawerHeight")) || START_PX);
  edge.addEventListener("pointerdown", (event) => edge.setPointerCapture(event.pointerId));
  edge.addEventListener("pointermove", (event) => {
    if (edge.hasPointerCapture(event.pointerId)) set(element.getBoundingClientRect().bottom - event.clientY - 34);
  });
}
