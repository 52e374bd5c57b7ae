import { Volume2 } from "lucide";

import { CloseCode, type ConnectionState } from "../client/index.js";
import type { App } from "./app.js";
import { h, icon, setText } from "./dom.js";

const QUIET_FIRST_MS = 400;

/** The quiet bar while the room is out of reach: it counts, and offers to try now. */
export function linkNotice(app: App): HTMLElement {
  const text = h("span", {});
  const retry = h("button", { type: "button", class: "text-button", onclick: () => app.connection.retry() }, "Try now");
  const bar = h("div", { class: "link-notice", role: "status", hidden: true, "data-testid": "link-notice" }, h("span", { class: "pulse" }), text, retry);
  let since = performance.now();
  let before: Before = "never live";
  const paint = (state: ConnectionState): void => {
    if (state.at === "live") before = "live";
    if (state.at === "waiting" && state.code === CloseCode.DRAINING) before = "draining";
    bar.hidden = state.at === "live" || (state.at === "connecting" && performance.now() - since < QUIET_FIRST_MS);
    retry.hidden = state.at !== "waiting";
    if (!bar.hidden) setText(text, [sentence(state, before), waiting(app)].filter(Boolean).join(" "));
  };
  app.on("link", (state) => {
    if (state.at === "connecting") since = performance.now();
    paint(state);
  });
  app.on("frame", () => paint(app.connection.state));
  return bar;
}

/** What was known of the hub before it was out of reach. */
type Before = "never live" | "live" | "draining";

function sentence(state: ConnectionState, before: Before): string {
  switch (state.at) {
    case "connecting":
      return before === "never live" ? "Joining the room…" : "Reaching the room again…";
    case "waiting":
      return `${reason(state.code, before)} Trying again in ${Math.max(0, Math.ceil((state.retryAtMs - performance.now()) / 1000))} s.`;
    case "closed":
      return closedFor(state);
    case "live":
      return "";
  }
}

/** Closes after which nothing is tried again by itself (C7). */
function closedFor({ code, reason }: Extract<ConnectionState, { at: "closed" }>): string {
  if (code === CloseCode.REPLACED) return "This session went on in another window. Reload to join again.";
  if (code === CloseCode.PUT_OUT) return "You were put out of this room, or it was closed.";
  return `${reason || "The room refused your token."} Ask for a new link.`;
}

/** Edits that were made here and have not reached the room; chat says so itself. */
function waiting(app: App): string {
  const changes = app.work.editor.waiting.filter(({ type }) => type !== "chat" && type !== "version.list").length;
  return changes === 0 ? "" : changes === 1 ? "1 change waits." : `${changes} changes wait.`;
}

function reason(code: number, before: Before): string {
  if (code === CloseCode.TOO_MANY) return "This room is full.";
  if (before === "draining") return "The hub is restarting.";
  return before === "live" ? "Out of reach: what is here plays on." : "The hub does not answer.";
}

/** Browsers keep pages silent until they are touched: the one click that changes it. */
export function hearButton(app: App): HTMLElement {
  const button = h(
    "button",
    { type: "button", class: "hear", hidden: true, "data-testid": "hear", onclick: () => void app.player.resume() },
    icon(Volume2),
    "Click to hear the room",
  );
  const paint = (): void => {
    button.hidden = app.player.running || app.room.streams.length === 0;
  };
  app.on("audio", paint);
  app.on("room", paint);
  // Any touch of the page is as good.
  addEventListener("pointerdown", () => !app.player.running && void app.player.resume(), { capture: true });
  return button;
}
