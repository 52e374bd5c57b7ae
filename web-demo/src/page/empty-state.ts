import { Sparkles } from "lucide";

import type { App } from "./app.js";
import { h, icon } from "./dom.js";
import { addSound } from "./sounds.js";
import { addTrackNow } from "./add-track.js";

const INVITING = "Everyone in the room hears it at the same moment.";

/** What an empty room offers: sound at once, or a track of one's own. */
export function emptyState(app: App): HTMLElement {
  const generate = (): void => app.generate({});
  const button = h("button", { type: "button", class: "big-button", "data-testid": "generate-big", onclick: generate }, icon(Sparkles, 20), "Generate a groove");
  const said = h("p", { class: "empty-note" }, INVITING);
  const own = h("button", { type: "button", class: "secondary", onclick: () => addTrackNow(app) }, "or add a track");
  const sound = addSound(app, "secondary");
  const element = h("div", { class: "empty-state" }, button, said, h("div", { class: "empty-more" }, own, sound));
  const paint = (): void => {
    const busy = app.room.jobs.some((job) => job.state === "queued" || job.state === "running");
    element.hidden = app.room.streams.length > 0 || app.work.tracks.length > 0;
    button.disabled = busy || app.connection.state.at !== "live" || !app.work.mayEdit;
    own.disabled = !app.work.mayEdit;
    said.textContent = busy ? "The engine is warming up…" : INVITING;
  };
  app.on("room", paint);
  app.work.on("document", paint);
  app.on("link", paint);
  return element;
}
