import type { Job } from "../client/index.js";
import type { App } from "./app.js";
import { h, setPressed } from "./dom.js";
import type { JobPart } from "./job-card.js";
import { isLed, ledJob, type Section, SECTIONS } from "./jobs.js";

const NAMES: Readonly<Record<Section, string>> = { intro: "Intro", build: "Build", drop: "Drop", break: "Break", outro: "Outro" };

/** Where a running groove is to go, from its next bar on; the one that was asked for last stays pressed. */
export function direction(app: App): JobPart {
  let job: Job | null = null;
  const ask = (section: Section): void => {
    if (job === null || !app.work.may("jobs")) return;
    app.steer(job.job, { section }, "jobs");
    paint(section);
  };
  const buttons = SECTIONS.map((section, i) => {
    const title = `${NAMES[section]} from the next bar on (${i + 1})`;
    return h("button", { type: "button", "aria-pressed": "false", title, onclick: () => ask(section) }, NAMES[section]);
  });
  const element = h("div", { class: "sections", role: "group", "aria-label": "Direction of the groove" }, ...buttons);
  const paint = (asked: Section | undefined): void => {
    for (const [i, button] of buttons.entries()) setPressed(button, SECTIONS[i] === asked);
  };
  return {
    element,
    show: (shown) => {
      job = shown;
      element.hidden = !isLed(shown);
      paint(shown.params.section);
    },
  };
}

/** Lead the running groove to a section, where one runs. */
export function leadTo(app: App, section: Section): void {
  const job = ledJob(app.room);
  if (job !== undefined && app.work.may("jobs")) app.steer(job.job, { section }, "jobs");
}
