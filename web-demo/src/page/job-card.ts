import { X } from "lucide";

import type { Job, Op } from "../client/index.js";
import type { App } from "./app.js";
import { choiceList } from "./choices.js";
import { conformanceView } from "./conformance-view.js";
import { direction } from "./direction.js";
import { h, iconButton, setText } from "./dom.js";
import { jobActions } from "./job-actions.js";
import { writtenText } from "./jobs.js";
import { jobDetail, titleIn } from "./lanes.js";
import { hearInstead } from "./notes-sound.js";
import { leftText, Pace } from "./pace.js";
import { separatedStems } from "./separated-stems.js";
import { followsOn, isSeparation } from "./separations.js";

/** A piece of a job's card; it is kept while the job changes, so that what has the focus keeps it. */
export interface JobPart {
  readonly element: HTMLElement;
  show(job: Job): void;
}

const STATES: Readonly<Record<Job["state"], string>> = {
  queued: "waiting",
  running: "playing",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
};

/** The operations that wrote a section of a job down last, as this member asked. */
export type WrittenOf = (job: string) => readonly Op[] | undefined;

/** A job: what it is, who asked, how far it is, what was made of it, and what can be done with it. */
export function jobCard(app: App, written: WrittenOf): JobPart {
  const parts = [headLine(app), metaLine(app), progressBar(app), separatedStems(app), direction(app), jobActions(app), writtenNotice(app, written), choiceList(), conformanceView(app)];
  const element = h("li", { class: "job" }, ...parts.map((part) => part.element));
  return {
    element,
    show: (job) => {
      element.dataset["state"] = job.state;
      for (const part of parts) part.show(job);
    },
  };
}

function headLine(app: App): JobPart {
  let job: Job | null = null;
  const title = h("span", { class: "job-title" });
  const end = (): void => {
    if (job?.state === "failed") app.dismiss(job.job);
    else if (job !== null) app.cancel(job.job);
  };
  const button = iconButton(X, "", end, { class: "icon-button quiet" });
  return {
    element: h("div", { class: "job-line" }, title, button),
    show: (shown) => {
      job = shown;
      const text = titleIn(app.room, app.work.document, shown);
      setText(title, text);
      title.title = text;
      const does = shown.state === "failed" ? "Dismiss" : shown.state !== "done" ? "Cancel" : shown.kind === "score" ? "Forget" : "Take off the timeline";
      button.setAttribute("aria-label", `${does}: ${text}`);
      button.title = does;
    },
  };
}

function metaLine(app: App): JobPart {
  const dot = h("span", { class: "dot" });
  const text = h("span", {});
  const error = h("p", { class: "job-error" });
  const pace = new Pace();
  return {
    element: h("div", {}, h("div", { class: "job-meta" }, dot, text), error),
    show: (job) => {
      if (job.state === "running") pace.note(performance.now(), job.progress);
      const left = job.state === "running" && isRendered(app, job) ? leftText(pace.leftS()) : "";
      const by = app.room.members.find((member) => member.session === job.by);
      dot.style.background = by?.color ?? "var(--dim)";
      dot.title = by?.name ?? "someone who left";
      setText(text, [stateOf(app, job), jobDetail(job), left].filter(Boolean).join(" · "));
      error.hidden = job.state !== "failed";
      setText(error, job.error?.message ?? "The engine gave no reason. Try again.");
    },
  };
}

function stateOf(app: App, job: Job): string {
  if (job.state !== "running") return STATES[job.state];
  if (isSeparation(job)) return followsOn(app.room, job) ? "separating as it plays" : `separating, ${Math.floor(job.progress * 100)} %`;
  return job.kind === "score" ? "listening" : isRendered(app, job) ? "rendering" : STATES.running;
}

/** Whether it has an end that it works towards. */
function isRendered(app: App, job: Job): boolean {
  if (isSeparation(job)) return !followsOn(app.room, job);
  return job.kind !== "generate" || (job.params.clip === undefined && typeof job.params.bars === "number");
}

function progressBar(app: App): JobPart {
  const fill = h("div", { class: "progress-fill" });
  const element = h("div", { class: "progress", role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 }, fill);
  return {
    element,
    show: (job) => {
      const percent = Math.round(job.progress * 100);
      element.hidden = !(job.state === "queued" || (job.state === "running" && isRendered(app, job)));
      element.setAttribute("aria-valuenow", String(percent));
      fill.style.width = `${percent}%`;
    },
  };
}

/** What was written down of a job just now, with a way to hear that instead; gone when it is undone. */
function writtenNotice(app: App, written: WrittenOf): JobPart {
  let job: Job | null = null;
  const text = h("span", {});
  const hear = h("button", { type: "button", class: "secondary small", "data-testid": "hear-instead", onclick: () => job && hearInstead(app, job.job) }, "Hear the notes instead");
  const element = h("div", { class: "written", role: "status", hidden: true, "data-testid": "written" }, text, hear);
  return {
    element,
    show: (shown) => {
      job = shown;
      const ops = written(shown.job);
      const clips = ops?.filter((op) => op.op === "put" && op.kind === "clip") ?? [];
      const undone = clips.length > 0 && clips.every(({ id }) => app.work.document.get("clip", id) === undefined);
      element.hidden = ops === undefined || undone;
      hear.hidden = isSeparation(shown);
      setText(text, ops === undefined ? "" : writtenText(ops, app.barTicks()));
    },
  };
}
