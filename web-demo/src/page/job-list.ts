import type { Op } from "../client/index.js";
import type { App } from "./app.js";
import { h } from "./dom.js";
import { jobCard, type JobPart } from "./job-card.js";
import { refusalLine } from "./refusal.js";

/** What the engine works on, the newest first; cards stay what they are while their jobs change. */
export function jobList(app: App): HTMLElement {
  const list = h("ul", { class: "jobs", "aria-label": "Jobs", "data-testid": "jobs" });
  const cards = new Map<string, JobPart>();
  const written = new Map<string, readonly Op[]>();
  const paint = (): void => {
    const jobs = app.room.jobs.toReversed();
    for (const id of [...cards.keys()]) if (!jobs.some(({ job }) => job === id)) forget(id);
    for (const [index, job] of jobs.entries()) {
      const card = cards.get(job.job) ?? jobCard(app, (id) => written.get(id));
      cards.set(job.job, card);
      if (list.children[index] !== card.element) list.insertBefore(card.element, list.children[index] ?? null);
      card.show(job);
    }
  };
  const forget = (id: string): void => {
    cards.get(id)?.element.remove();
    cards.delete(id);
    written.delete(id);
  };
  app.on("room", paint);
  app.work.on("waiting", paint);
  app.work.on("document", paint);
  app.work.editor.on("written", ({ request, ops }) => {
    written.set(request.job, ops);
    paint();
    cards.get(request.job)?.element.scrollIntoView({ block: "nearest" });
  });
  return h("section", { class: "jobs-section", "aria-label": "Jobs" }, h("h2", { class: "label" }, "In this room"), refusalLine(app, "jobs"), list);
}
