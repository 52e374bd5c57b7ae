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
    if (text !== "" && app.say(text)) field.value = "";
  });
  let shown: readonly Chat[] = [];
  app.on("room", (room) => {
    if (room.chat === shown) return;
    shown = room.chat;
    lines.replaceChildren(...(shown.length === 0 ? [nothingYet()] : shown.map((line) => chatLine(app, line))));
    lines.scrollTop = lines.scrollHeight;
  });
  lines.append(nothingYet());
  return h("div", { class: "chat", role: "tabpanel" }, lines, refusalLine(app, "chat"), form);
}

function nothingYet(): HTMLElement {
  return h("li", { class: "chat-nothing" }, "Nobody has said anything yet.");
}

function chatLine(app: App, line: Chat): HTMLElement {
  const color = app.room.members.find((m) => m.session === line.session)?.color ?? "var(--dim)";
  return h(
    "li",
    { class: "chat-line" },
    h("span", { class: "dot", style: `background:${color}` }),
    h("span", { class: "chat-name" }, line.name),
    h("span", { class: "chat-text" }, line.text),
  );
}
