import "./styles/tokens.css";
import "./styles/layout.css";
import "./styles/controls.css";
import "./styles/panels.css";
import "./styles/jobs.css";
import "./styles/editing.css";
import "./styles/sounds.css";
import "./styles/narrow.css";

import { Activity, AudioLines, Disc3, GitBranch, MessageSquare, Piano, Sparkles } from "lucide";

import { App } from "./app.js";
import { Arrangement } from "./arrangement.js";
import { h, icon } from "./dom.js";
import { drawer, type Tab } from "./drawer.js";
import { listenForKeys } from "./keys.js";
import { makePanel } from "./make-panel.js";
import { newColor, newMemberName, newRoomName, ROOM_PATTERN, roomInPath } from "./names.js";
import { hearButton, linkNotice } from "./notices.js";
import { readPref, writePref } from "./prefs.js";
import { separateSheet } from "./separate-sheet.js";
import { shortcutSheet } from "./sheet.js";
import { initTheme } from "./theme.js";
import { topbar } from "./topbar.js";
import { transportBar } from "./transport-bar.js";

declare global {
  interface Window {
    /** For tests and for the curious: the page's own view of the room. */
    logdrum?: App;
  }
}

type Panel = "arrange" | "make" | Tab;

const PANELS = [
  ["arrange", AudioLines, "Tracks"],
  ["make", Sparkles, "Make"],
  ["notes", Piano, "Notes"],
  ["sounds", Disc3, "Sounds"],
  ["chat", MessageSquare, "Chat"],
  ["versions", GitBranch, "Versions"],
  ["diagnostics", Activity, "Info"],
] as const;

initTheme();
const room = roomInPath(location.pathname) ?? enterNewRoom();
if (ROOM_PATTERN.test(room)) openRoom(room);
else refuseRoom(room);

function enterNewRoom(): string {
  const name = newRoomName();
  history.replaceState(null, "", `/r/${name}`);
  return name;
}

function openRoom(name: string): void {
  document.title = `${name} · Logdrum`;
  const app = new App(name, me());
  // The token is kept; it has no place in an address that people copy (H5).
  if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
  const below = drawer(app);
  const root = document.getElementById("app")!;
  const open = (tab: Tab): void => {
    below.open(tab);
    showPanel(root, tab);
  };
  const openNotes = (): void => {
    open("notes");
    below.piano.focus();
  };
  const openSounds = (): void => open("sounds");
  const arrangement = new Arrangement(app, openNotes);
  const sheet = shortcutSheet();
  const spoken = h("p", { class: "offscreen", role: "status" });
  const showSheet = (): void => (sheet.open ? sheet.close() : sheet.showModal());
  root.append(
    topbar(app, showSheet),
    transportBar(app),
    linkNotice(app),
    h("main", { class: "stage" }, arrangement.element, makePanel(app)),
    below.element,
    panelBar(root, (panel) => panel !== "arrange" && panel !== "make" && below.open(panel)),
    hearButton(app),
    sheet,
    separateSheet(app),
    spoken,
  );
  const openChat = (): void => {
    open("chat");
    root.querySelector<HTMLInputElement>(".chat-form input")?.focus();
  };
  const announce = (text: string): void => void (spoken.textContent = text);
  const openVersions = (): void => open("versions");
  listenForKeys({ app, arrangement, showSheet, openChat, openNotes, openSounds, openVersions, announce });
  app.uploads.on("begun", openSounds);
  addEventListener("online", () => app.connection.retry());
  addEventListener("pagehide", () => void app.stop());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  window.logdrum = app;
  app.start();
}

/** On a narrow screen one panel shows at a time. */
function panelBar(root: HTMLElement, onShow: (panel: Panel) => void): HTMLElement {
  const tabs = PANELS.map(([panel, symbol, label]) =>
    h("button", { type: "button", "data-panel": panel, onclick: () => { showPanel(root, panel); onShow(panel); } }, icon(symbol, 18), label),
  );
  const bar = h("nav", { class: "panel-bar", "aria-label": "Panels" }, ...tabs);
  addEventListener("logdrum:panel", (event) => showPanel(root, (event as CustomEvent<Panel>).detail));
  queueMicrotask(() => showPanel(root, "arrange"));
  return bar;
}

function showPanel(root: HTMLElement, panel: Panel): void {
  root.dataset["panel"] = panel;
  for (const tab of root.querySelectorAll<HTMLElement>(".panel-bar button")) tab.setAttribute("aria-current", String(tab.dataset["panel"] === panel));
}

function me(): { name: string; color: string } {
  const name = readPref("name") || newMemberName();
  const color = readPref("color") || newColor();
  writePref("name", name);
  writePref("color", color);
  return { name, color };
}

function refuseRoom(name: string): void {
  document.getElementById("app")!.append(
    h("div", { class: "refused-room" }, h("p", {}, `“${name.slice(0, 64)}” cannot be a room: names are small letters, digits and hyphens.`), h("a", { href: "/" }, "Open a new room")),
  );
}
