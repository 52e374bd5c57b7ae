import { CircleQuestionMark, Headphones, Link, Moon, Sun } from "lucide";

import type { Member } from "../client/index.js";
import type { App } from "./app.js";
import { h, icon, iconButton, setText } from "./dom.js";
import { isLight, toggleTheme } from "./theme.js";

const SHOWN_PEOPLE = 8;
const COPIED_MS = 1600;
const CLOCK_EVERY_MS = 500;

/** The room, who is in it, how good the clock is, and the way to invite others. */
export function topbar(app: App, showSheet: () => void): HTMLElement {
  return h(
    "header",
    { class: "topbar" },
    h("a", { class: "brand", href: "/", title: "A new room" }, brandMark(), h("span", {}, "logdrum")),
    h("h1", { class: "room-name", title: "This room" }, app.roomName),
    people(app),
    listenerBadge(app),
    h("div", { class: "spacer" }),
    clockQuality(app),
    inviteButton(app),
    themeButton(),
    iconButton(CircleQuestionMark, "Keyboard shortcuts (?)", showSheet),
  );
}

function brandMark(): HTMLElement {
  return h("span", { class: "brand-mark", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
}

function people(app: App): HTMLElement {
  const list = h("ul", { class: "people", "aria-label": "People in this room", "data-testid": "people" });
  let editing = false;
  const rebuild = (): void => {
    if (editing) return;
    const members = [...app.room.members].sort((a, b) => Number(isMe(app, b)) - Number(isMe(app, a)));
    const more = members.length - SHOWN_PEOPLE;
    list.replaceChildren(...members.slice(0, SHOWN_PEOPLE).map((member) => person(app, member, edit)));
    if (more > 0) list.append(h("li", { class: "person more" }, `+${more}`));
  };
  const edit = (chip: HTMLElement): void => {
    editing = true;
    chip.replaceWith(nameField(app, () => {
      editing = false;
      rebuild();
    }));
    list.querySelector("input")?.select();
  };
  app.on("room", rebuild);
  return list;
}

function person(app: App, member: Member, edit: (chip: HTMLElement) => void): HTMLElement {
  const dot = h("span", { class: "dot", style: `background:${member.color}` });
  const item = h("li", { class: "person" });
  if (!isMe(app, member)) item.append(dot, h("span", { class: "person-name" }, member.name));
  else {
    const button = h("button", { type: "button", class: "me", title: "That is you: click to change your name", "data-testid": "me" }, dot, h("span", { class: "person-name" }, member.name));
    button.addEventListener("click", () => edit(button));
    item.append(button);
  }
  return item;
}

function nameField(app: App, done: () => void): HTMLInputElement {
  const field = h("input", { class: "name-field", maxlength: 32, value: app.me.name, "aria-label": "Your name" });
  let kept = true;
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") kept = false;
    if (event.key === "Enter" || event.key === "Escape") field.blur();
  });
  field.addEventListener("blur", () => {
    if (kept) app.rename(field.value.trim());
    done();
  });
  return field;
}

/** Whoever may change nothing is told so before they try (D8). */
function listenerBadge(app: App): HTMLElement {
  const badge = h("span", { class: "listener", hidden: true, title: "You hear and read everything; editors change it.", "data-testid": "listener" }, icon(Headphones, 14), "Listening only");
  app.on("room", () => (badge.hidden = app.work.mayEdit));
  return badge;
}

function isMe(app: App, member: Member): boolean {
  return member.session === app.room.session;
}

function clockQuality(app: App): HTMLElement {
  const dot = h("span", { class: "dot" });
  const text = h("span", {}, "clock …");
  const element = h("div", { class: "clock", "data-testid": "clock", role: "status", "aria-label": "Clock quality" }, dot, text);
  let shownMs = 0;
  app.on("frame", () => {
    if (performance.now() - shownMs < CLOCK_EVERY_MS) return;
    shownMs = performance.now();
    const { synced, errorMs, roundTripMs } = app.clock.quality();
    setText(text, synced ? `clock ${Math.max(0.1, errorMs).toFixed(1)} ms` : "clock …");
    element.dataset["quality"] = !synced ? "none" : errorMs < 2 ? "good" : errorMs < 10 ? "fair" : "poor";
    element.title = synced ? `Your clock agrees with the room's to about ${errorMs.toFixed(2)} ms; round trip ${roundTripMs.toFixed(1)} ms` : "Finding the room's clock";
  });
  return element;
}

function inviteButton(app: App): HTMLElement {
  const label = h("span", {}, "Invite");
  const button = h("button", { type: "button", class: "secondary invite", title: app.byToken ? "Copy the address of this room; whoever opens it needs a token of their own" : "Copy the link to this room", "data-testid": "invite" }, icon(Link), label);
  button.addEventListener("click", () => {
    void copy(location.href).then((copied) => {
      label.textContent = copied ? "Link copied" : app.roomName;
      setTimeout(() => (label.textContent = "Invite"), COPIED_MS);
    });
  });
  return button;
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** For pages that came over plain HTTP, where there is no clipboard to write to. */
function copyBySelection(text: string): boolean {
  const field = h("textarea", { class: "offscreen" });
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  return copied;
}

function themeButton(): HTMLElement {
  const button = iconButton(isLight() ? Moon : Sun, "Dark or light", () => {
    toggleTheme();
    button.replaceChildren(icon(isLight() ? Moon : Sun));
  }, { class: "icon-button theme" });
  return button;
}
