import type { App } from "./app.js";
import type { Arrangement } from "./arrangement.js";
import { toggleLoop } from "./transport-bar.js";

/** What each key does; the sheet shows the same list. */
export const SHORTCUTS: readonly (readonly [keys: string, what: string])[] = [
  ["Space", "Play or stop, for everybody"],
  ["←  →", "A bar back, a bar on"],
  ["Home", "Return to the start"],
  ["↑  ↓", "Choose a track"],
  ["M", "Mute the chosen track, for you"],
  ["S", "Solo the chosen track, for you"],
  ["L", "Loop on or off"],
  ["G", "Go to the prompt; Enter generates"],
  ["C", "Go to the chat"],
  ["?", "This sheet"],
];

export interface Actions {
  readonly app: App;
  readonly arrangement: Arrangement;
  readonly showSheet: () => void;
  readonly openChat: () => void;
}

/** Listen for shortcuts; fields keep their own keys. The returned function stops. */
export function listenForKeys(actions: Actions): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || takesText(event.target)) return;
    const act = actionOf(event.key, actions);
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  addEventListener("keydown", onKey);
  return () => removeEventListener("keydown", onKey);
}

function actionOf(key: string, { app, arrangement, showSheet, openChat }: Actions): (() => void) | undefined {
  switch (key.length === 1 ? key.toLowerCase() : key) {
    case " ":
      return () => app.togglePlay();
    case "ArrowLeft":
      return () => arrangement.step(-1);
    case "ArrowRight":
      return () => arrangement.step(1);
    case "Home":
      return () => app.setTransport({ tick: 0 });
    case "ArrowUp":
      return () => arrangement.selectNext(-1);
    case "ArrowDown":
      return () => arrangement.selectNext(1);
    case "l":
      return () => toggleLoop(app);
    case "g":
      return () => focus("prompt");
    case "c":
      return openChat;
    case "?":
      return showSheet;
    case "m":
      return onSelected(app, (stream) => app.mix(stream, { mute: !app.player.strip(stream).mute }));
    case "s":
      return onSelected(app, (stream) => app.mix(stream, { solo: !app.player.strip(stream).solo }));
    default:
      return undefined;
  }
}

function onSelected(app: App, act: (stream: string) => void): (() => void) | undefined {
  const stream = app.selected;
  return stream === null ? undefined : () => act(stream);
}

function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("input:not([type=range]):not([type=radio]), textarea, select, [contenteditable]") || target.closest("dialog") !== null;
}

function focus(id: string): void {
  dispatchEvent(new CustomEvent("logdrum:panel", { detail: "make" }));
  document.getElementById(id)?.focus();
}
