import { X } from "lucide";

import type { Job } from "../client/index.js";
import type { App } from "./app.js";
import { h, iconButton } from "./dom.js";
import { jobDetail, jobTitle } from "./lanes.js";
import { refusalLine } from "./refusal.js";

const STATES: Readonly<Record<Job["state"], string>> = {
  queued: "waiting",
  running: "playing",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
};

/** What the engine works on, who asked for it, how far it is, and a way to end it. */
export function jobList(app: App): HTMLElement {
  const list = h("ul", { class: "jobs", "aria-label": "Jobs" });
  const began = new Map<string, number>();
  app.on("room", (room) => {
    for (const job of room.jobs) if (job.state === "running" && !began.has(job.job)) began.set(job.job, performance.now());
    list.replaceChildren(...room.jobs.toReversed().map((job) => jobCard(app, job, began.get(job.job))));
  });
  return h("section", { class: "jobs-section", "aria-label": "Jobs" }, h("h2", { class: "label" }, "In this room"), refusalLine(app, "jobs"), list);
}

function jobCard(app: App, job: Job, beganMs: number | undefined): HTMLElement {
  const title = jobTitle(job);
  const by = app.room.members.find((member) => member.session === job.by);
  const failed = job.state === "failed";
  const end = failed ? "Dismiss" : job.state === "done" ? "Take off the timeline" : "Cancel";
  return h(
    "li",
    { class: `job ${job.state}` },
    h(
      "div",
      { class: "job-line" },
      h("span", { class: "job-title", title }, title),
      iconButton(X, `${end}: ${title}`, () => (failed ? app.dismiss(job.job) : app.cancel(job.job)), { class: "icon-button quiet" }),
    ),
    h(
      "div",
      { class: "job-meta" },
      h("span", { class: "dot", style: `background:${by?.color ?? "var(--dim)"}`, title: by?.name ?? "someone who left" }),
      h("span", {}, [stateOf(job), jobDetail(job), timeLeft(job, beganMs)].filter(Boolean).join(" · ")),
    ),
    failed && h("p", { class: "job-error" }, job.error?.message ?? "The engine gave no reason. Try again."),
    (job.state === "queued" || (job.state === "running" && typeof job.params.bars === "number")) && progressBar(job),
  );
}

function stateOf(job: Job): string {
  return job.state === "running" && typeof job.params.bars === "number" ? "rendering" : STATES[job.state];
}

function progressBar(job: Job): HTMLElement {
  const percent = Math.round(job.progress * 100);
  const bar = h("div", { class: "progress-fill", style: `width:${percent}%` });
  return h("div", { class: "progress", role: "progressbar", "aria-label": "Progress", "aria-valuenow": percent, "aria-valuemin": 0, "aria-valuemax": 100 }, bar);
}

function timeLeft(job: Job, beganMs: number | undefined): string {
  if (job.state !== "running" || typeof job.params.bars !== "number" || beganMs === undefined || job.progress < 0.05 || job.progress >= 1) return "";
  const spent = performance.now() - beganMs;
  return `${Math.max(1, Math.round(((spent / job.progress) * (1 - job.progress)) / 1000))} s left`;
}
