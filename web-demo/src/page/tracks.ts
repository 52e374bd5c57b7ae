import { ChevronDown, ChevronRight, X } from "lucide";

import type { Job } from "../client/index.js";
import type { App } from "./app.js";
import { h, iconButton, setPressed } from "./dom.js";
import { type Fader, fader } from "./fader.js";
import { HEADER_HEIGHT, jobDetail, type Lane, type LaneGroup, layOut, ROW_HEIGHT, titleIn } from "./lanes.js";
import { stemColor, stemName } from "./stems.js";

interface Row {
  readonly element: HTMLElement;
  readonly fader: Fader;
  paint(): void;
}

/** The heads of all tracks; gain, mute and solo are this listener's own. */
export function trackList(app: App, folded: Set<string>, onFold: () => void): HTMLElement {
  const list = h("div", { class: "stem-tracks", role: "list", "aria-label": "Stems" });
  const rows = new Map<string, Row>();
  let shape = "";

  const rebuild = (): void => {
    const groups = layOut(app.room, folded);
    const wanted = JSON.stringify(groups.map((g) => [g.job.job, g.job.state, g.folded, titleIn(app.room, app.work.document, g.job), g.lanes.map((l) => l.stream.open.stream)]));
    if (wanted === shape) return;
    shape = wanted;
    const kept = new Map(rows);
    rows.clear();
    list.replaceChildren(...groups.flatMap((group) => groupElements(group, kept)));
  };
  const groupElements = (group: LaneGroup, kept: ReadonlyMap<string, Row>): HTMLElement[] => {
    const fold = (): void => {
      if (!folded.delete(group.job.job)) folded.add(group.job.job);
      rebuild();
      onFold();
    };
    const heads = group.folded ? [] : group.lanes.map((lane) => rowOf(lane, group.job.kind, kept).element);
    return [groupHead(app, group, fold), ...heads];
  };
  const rowOf = (lane: Lane, kind: Job["kind"], kept: ReadonlyMap<string, Row>): Row => {
    const stream = lane.stream.open.stream;
    const row = kept.get(stream) ?? trackRow(app, lane, kind);
    rows.set(stream, row);
    return row;
  };

  app.on("room", rebuild);
  app.on("mix", () => rows.forEach((row) => row.paint()));
  app.on("select", () => rows.forEach((row) => row.paint()));
  app.on("status", (status) => {
    for (const [stream, row] of rows) {
      const meter = status.strips.get(stream);
      if (meter !== undefined) row.fader.meter(meter.peak, meter.rms);
    }
  });
  return list;
}

function groupHead(app: App, group: LaneGroup, fold: () => void): HTMLElement {
  const title = titleIn(app.room, app.work.document, group.job);
  const end = group.job.state === "done" ? "Take off the timeline" : "Stop and take off the timeline";
  return h(
    "div",
    { class: "group-head", style: `height:${HEADER_HEIGHT}px`, role: "listitem" },
    iconButton(group.folded ? ChevronRight : ChevronDown, group.folded ? `Unfold ${title}` : `Fold ${title}`, fold, {
      "aria-expanded": String(!group.folded),
    }),
    h("span", { class: "group-title", title: [title, jobDetail(group.job)].filter(Boolean).join(" · ") }, title),
    iconButton(X, `${end}: ${title}`, () => app.cancel(group.job.job), { class: "icon-button quiet" }),
  );
}

function trackRow(app: App, lane: Lane, kind: Job["kind"]): Row {
  const { stream, stem } = lane.stream.open;
  const name = stemName(stem, kind);
  const mute = toggle("M", `Mute ${name}`, "mute", () => app.mix(stream, { mute: !app.player.strip(stream).mute }));
  const solo = toggle("S", `Solo ${name}`, "solo", () => app.mix(stream, { solo: !app.player.strip(stream).solo }));
  const level = fader({ label: `Gain of ${name}`, value: app.player.strip(stream).gainDb, onchange: (gainDb) => app.mix(stream, { gainDb }) });
  const pan = panKnob(name, (value) => app.mix(stream, { pan: value }));
  const element = h(
    "div",
    {
      class: "track",
      role: "listitem",
      style: `height:${ROW_HEIGHT}px; --track:${stemColor(stem)}`,
      "data-stem": stem,
      onpointerdown: () => app.select(stream),
    },
    h("div", { class: "track-line" }, h("span", { class: "track-name" }, name), pan.element, mute, solo),
    h("div", { class: "track-line" }, level.element),
  );
  const paint = (): void => {
    const strip = app.player.strip(stream);
    setPressed(mute, strip.mute);
    setPressed(solo, strip.solo);
    pan.show(strip.pan);
    element.classList.toggle("selected", app.selected === stream);
  };
  paint();
  return { element, fader: level, paint };
}

export function toggle(letter: string, label: string, kind: string, onclick: () => void): HTMLButtonElement {
  return h("button", { type: "button", class: `letter ${kind}`, "aria-label": label, title: label, "aria-pressed": "false", onclick }, letter);
}

/** Left and right, by dragging sideways or with the arrow keys; a double click is the middle. */
export function panKnob(name: string, onchange: (pan: number) => void): { readonly element: HTMLElement; show(pan: number): void } {
  const mark = h("span", { class: "pan-mark" });
  const range = h("input", { type: "range", min: -1, max: 1, step: 0.05, value: 0, "aria-label": `Pan of ${name}`, title: "Pan" });
  range.addEventListener("input", () => onchange(Number(range.value)));
  range.addEventListener("dblclick", () => onchange(0));
  return {
    element: h("div", { class: "pan" }, mark, range),
    show: (pan) => {
      range.value = String(pan);
      range.setAttribute("aria-valuetext", pan === 0 ? "middle" : `${Math.round(Math.abs(pan) * 100)} % ${pan < 0 ? "left" : "right"}`);
      mark.style.setProperty("--pan", String(pan));
    },
  };
}
