import { Split } from "lucide";

import { type Entity, propsOf } from "../client/index.js";
import type { App } from "./app.js";
import { h, icon } from "./dom.js";
import { isComposed } from "./jobs.js";
import { jobTitle } from "./lanes.js";
import { soundName } from "./separations.js";

/** The button that separates the sound of the clip in the piano roll. */
export function separateClip(app: App): HTMLButtonElement {
  const ask = (): void => void (app.work.open !== undefined && offerClip(app, app.work.open));
  const button = h("button", { type: "button", class: "secondary small", title: "Pull this sound into stems (X)", hidden: true, onclick: ask }, icon(Split, 14), "Separate");
  const paint = (): void => {
    button.hidden = app.work.open === undefined || propsOf(app.work.open).asset === null;
    button.disabled = !app.work.mayEdit;
  };
  app.work.on("selection", paint);
  app.work.on("document", paint);
  app.on("room", paint);
  return button;
}

/** Separate what is chosen: a clip's sound, the piece that a chosen stem is of, else the newest piece. */
export function separateChosen(app: App): void {
  const clip = [...app.work.clips, ...(app.work.open === undefined ? [] : [app.work.open])].find((one) => propsOf(one).asset !== null);
  if (clip !== undefined) return offerClip(app, clip);
  const chosen = app.room.streams.find(({ open }) => open.stream === app.selected)?.open.job;
  const pieces = app.room.jobs.filter((job) => isComposed(job) && (job.state === "running" || job.state === "done"));
  const piece = pieces.find(({ job }) => job === chosen) ?? pieces.at(-1);
  if (piece !== undefined) app.emit("separate", { title: jobTitle(piece), of: { job: piece.job } });
  else app.emit("refused", { place: "arrangement", message: "There is nothing to separate: drop a sound here, or choose a clip that has one." });
}

function offerClip(app: App, clip: Entity): void {
  const sound = app.room.assets.find(({ asset }) => asset === propsOf(clip).asset);
  app.emit("separate", { title: propsOf(clip).name || (sound === undefined ? "A clip" : soundName(sound.name)), of: { clip: clip.id } });
}
