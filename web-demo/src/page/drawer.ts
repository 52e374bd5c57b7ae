import { Activity, ChevronDown, MessageSquare } from "lucide";

import type { App } from "./app.js";
import { chat } from "./chat.js";
import { diagnostics } from "./diagnostics.js";
import { h, icon, iconButton } from "./dom.js";
import { readPref, writePref } from "./prefs.js";

type Tab = "chat" | "diagnostics";

const MIN_PX = 96;
const START_PX = 208;

export interface Drawer {
  readonly element: HTMLElement;
  open(tab: Tab): void;
}

/** Chat and diagnostics, under the arrangement; drag its edge to size it. */
export function drawer(app: App): Drawer {
  const panels: Readonly<Record<Tab, HTMLElement>> = { chat: chat(app), diagnostics: diagnostics(app) };
  const unread = h("span", { class: "badge", hidden: true });
  const tabs: Readonly<Record<Tab, HTMLButtonElement>> = {
    chat: tabButton("Chat", icon(MessageSquare), unread),
    diagnostics: tabButton("Diagnostics", icon(Activity)),
  };
  const body = h("div", { class: "drawer-body" }, panels.chat, panels.diagnostics);
  const edge = h("div", { class: "drawer-edge", role: "separator", "aria-orientation": "horizontal", "aria-label": "Size of the drawer" });
  const close = iconButton(ChevronDown, "Close the drawer", () => show(null));
  const element = h("section", { class: "drawer", "aria-label": "Drawer" }, edge, h("div", { class: "drawer-tabs", role: "tablist" }, tabs.chat, tabs.diagnostics, h("div", { class: "spacer" }), close), body);
  let shown: Tab | null = null;
  let heard = 0;

  const show = (tab: Tab | null): void => {
    shown = tab;
    element.classList.toggle("open", tab !== null);
    close.hidden = tab === null;
    writePref("drawer", tab ?? "");
    for (const name of ["chat", "diagnostics"] as const) {
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
  for (const name of ["chat", "diagnostics"] as const) tabs[name].addEventListener("click", () => show(shown === name ? null : name));
  app.on("room", countUnread);
  sizable(element, edge);
  const before = readPref("drawer");
  show(before === "chat" || before === "diagnostics" ? before : null);
  return { element, open: show };
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
