import { Send } from "lucide";

import type { Chat } from "../client/index.js";
import type { App } from "./app.js";
import { h, icon } from "./dom.js";
import { refusalLine } from "./refusal.js";

const MAX_TEXT = 2000;

/** What people say, and a line to say something. */
export function chat(app: App): HTMLElement {
  const lines = h("ol", { class: "chat-lines", "aria-live": "polite", "aria-label": "Chat" });
  const field = h("input", { class: "field", placeholder: "Say something to the room", "aria-label": "Message", maxlength: MAX_TEXT, autocomplete: "off", "data-testid": "chat-field" });
  const form = h("form", { class: "chat-form" }, field, h("button", { type: "submit", class: "icon-button", "aria-label": "Send", title: "Send" }, icon(Send)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (text === "") return;
    app.work.say(text);
    field.value = "";
  });
  let shown: readonly Chat[] = [];
  let unsent = 0;
  const paint = (): void => {
    const waiting = app.work.editor.waiting.flatMap((request) => (request.type === "chat" ? [request.text] : []));
    if (app.room.chat === shown && waiting.length === unsent) return;
    shown = app.room.chat;
    unsent = waiting.length;
    const all = [...shown.map((line) => chatLine(app, line)), ...waiting.map((text) => waitingLine(app, text))];
    lines.replaceChildren(...(all.length === 0 ? [nothingYet()] : all));
    lines.scrollTop = lines.scrollHeight;
  };
  app.on("room", paint);
  app.work.on("waiting", paint);
  lines.append(nothingYet());
  return h("div", { class: "chat", role: "tabpanel" }, lines, refusalLine(app, "chat"), form);
}

function nothingYet(): HTMLElement {
  return h("li", { class: "chat-nothing" }, "Nobody has said anything yet.");
}

/** A line that has not reached the room: it will, once. */
function waitingLine(app: App, text: string): HTMLElement {
  const { color, name } = app.me;
  return h("li", { class: "chat-line waiting", title: "This is sent as soon as the room is back" }, ...lineParts(color, name, text));
}

function chatLine(app: App, line: Chat): HTMLElement {
  const color = app.room.members.find((m) => m.session === line.session)?.color ?? "var(--dim)";
  return h("li", { class: "chat-line" }, ...lineParts(color, line.name, line.text));
}

function lineParts(color: string, name: string, text: string): readonly HTMLElement[] {
  return [h("span", { class: "dot", style: `background:${color}` }), h("span", { class: "chat-name" }, name), h("span", { class: "chat-text" }, text)];
}
