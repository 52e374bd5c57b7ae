import { FileMusic, Gauge, Split } from "lucide";

import type { Job } from "../client/index.js";
import type { App } from "./app.js";
import { h, icon, setText } from "./dom.js";
import type { JobPart } from "./job-card.js";
import { isComposed, keptStems, otherTempo } from "./jobs.js";
import { jobTitle } from "./lanes.js";
import { scoreGeneration } from "./scoring.js";
import { isSeparation, stemsOf } from "./separations.js";

interface Action {
  readonly element: HTMLButtonElement;
  show(job: Job): void;
}

/** What can be done with a job; nothing takes its place where nothing can. */
export function jobActions(app: App): JobPart {
  const actions = [tempoAction(app), writeAction(app), separateAction(app), scoreAction(app)];
  const element = h("div", { class: "job-actions" }, ...actions.map((action) => action.element));
  return {
    element,
    show: (job) => {
      for (const action of actions) action.show(job);
      element.hidden = actions.every((action) => action.element.hidden);
    },
  };
}

/** Gives the room the tempo that the prompt asked for. */
function tempoAction(app: App): Action {
  let wish: number | null = null;
  const element = actionButton("The tempo that the prompt asks for, from the next bar on", () => wish !== null && app.setTransport({ bpm: wish, quantum: "bar" }));
  return {
    element,
    show: (job) => {
      wish = isOnTimeline(job) ? otherTempo(job.choices ?? [], app.intended()?.bpm ?? 0) : null;
      element.hidden = wish === null;
      element.disabled = !app.work.mayEdit;
      say(element, `Set room to ${wish}`);
    },
  };
}

/** Writes the section at the playhead, or the log drum of a separation, into the tracks. */
function writeAction(app: App): Action {
  let id = "";
  const element = actionButton("", () => app.work.writeNotes(id), icon(FileMusic, 14));
  return {
    element,
    show: (job) => {
      id = job.job;
      const writing = app.work.isWriting(id);
      const drummed = isSeparation(job) && stemsOf(app.room, id).some(({ open }) => open.stem === "log_drum");
      element.hidden = !isOnTimeline(job) && !drummed;
      element.disabled = writing || !app.work.mayEdit;
      element.title = drummed ? "What was heard of the log drum so far, as a track with its notes" : "Write the section at the playhead into the tracks (W)";
      say(element, writing ? "Writing…" : drummed ? "Write log drum as notes" : "Write as notes");
    },
  };
}

/** Pulls a piece into stems, a running one as it plays. */
function separateAction(app: App): Action {
  let shown: Job | null = null;
  const ask = (): void => void (shown !== null && app.emit("separate", { title: jobTitle(shown), of: { job: shown.job } }));
  const element = actionButton("Pull it into vocals, drums, bass, log drum and the rest", ask, icon(Split, 14));
  return {
    element,
    show: (job) => {
      shown = job;
      element.hidden = !isOnTimeline(job);
      element.disabled = !app.work.mayEdit;
      say(element, "Separate");
    },
  };
}

/** Has a finished piece scored, once its stems are one sound. */
function scoreAction(app: App): Action {
  let shown: Job | null = null;
  let mixing = false;
  const ask = async (job: Job): Promise<void> => {
    mixing = true;
    paint(job);
    await scoreGeneration(app, job);
    mixing = false;
    paint(shown ?? job);
  };
  const element = actionButton("How far it follows the genre's conventions", () => shown !== null && void ask(shown), icon(Gauge, 14));
  const paint = (job: Job): void => {
    shown = job;
    element.hidden = !(isOnTimeline(job) && job.state === "done" && keptStems(app.room, job.job).length > 0);
    element.disabled = mixing || !app.work.mayEdit;
    say(element, mixing ? "Mixing…" : "Score");
  };
  return { element, show: paint };
}

function isOnTimeline(job: Job): boolean {
  return isComposed(job) && (job.state === "running" || job.state === "done");
}

function actionButton(title: string, onclick: () => void, symbol?: SVGElement): HTMLButtonElement {
  return h("button", { type: "button", class: "secondary small", title, onclick }, symbol, h("span", {}));
}

function say(button: HTMLButtonElement, text: string): void {
  setText(button.lastElementChild!, text);
}
