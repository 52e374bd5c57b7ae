/** Written notes as sound: all of them, one clip alone, or in the place of the groove that they came from (J8). */
import { Music4, Play, Square } from "lucide";

import { type Entity, type Job, propsOf, tickOf, ticksPerUs } from "../client/index.js";
import type { App, Place } from "./app.js";
import { endOf } from "./clip-edits.js";
import { h, icon, setPressed, setText } from "./dom.js";
import { EVERY_CLIP, notesJob } from "./jobs.js";

const LONGEST_WAIT_MS = 2000;
const NO_NOTES = "There are no notes yet: draw some in a clip, or have a groove written as notes.";

/** Have all notes played, or end that; everybody hears it. */
export function toggleNotes(app: App): void {
  const playing = notesJob(app.room, EVERY_CLIP) !== undefined;
  if (!playing && app.work.document.count("note") === 0) app.emit("refused", { place: "tracks", message: NO_NOTES });
  else toggle(app, "tracks", EVERY_CLIP);
}

/** Have the open clip played alone, from its start where the playhead is elsewhere; or end that. */
export function toggleClip(app: App): void {
  const clip = app.work.open;
  if (clip === undefined || !app.work.may("notes")) return;
  if (notesJob(app.room, clip.id) === undefined && !isInside(app, clip)) app.setTransport({ tick: propsOf(clip).start_tick });
  toggle(app, "notes", clip.id);
}

/** A generation ends where the notes that were written of it begin: nothing sounds twice, and there is no hole. */
export function hearInstead(app: App, job: string): void {
  if (!app.work.may("jobs")) return;
  const end = (): void => app.cancel(job);
  if (notesJob(app.room, EVERY_CLIP) === undefined) app.playNotes("jobs", EVERY_CLIP, () => setTimeout(end, startsInMs(app)));
  else end();
}

/** How long until the notes' first sample is heard; their audio comes a little ahead. */
function startsInMs(app: App): number {
  const job = notesJob(app.room, EVERY_CLIP)?.job;
  const open = app.room.streams.find((stream) => stream.open.job === job)?.open;
  const transport = app.intended();
  if (open === undefined || transport?.playing !== true) return 0;
  const ticks = tickOf(open.start_sample ?? 0, open.anchor_tick, open.bpm) - app.tick;
  return Math.min(LONGEST_WAIT_MS, Math.max(0, ticks / ticksPerUs(transport.bpm) / 1000));
}

/** The switch at the head of the tracks: whether the room plays its written notes. */
export function notesSwitch(app: App): HTMLButtonElement {
  const button = h(
    "button",
    { type: "button", class: "notes-switch", hidden: true, "aria-label": "Play notes", "data-testid": "play-notes", onclick: () => toggleNotes(app) },
    icon(Music4, 13),
    h("span", {}, "Notes"),
  );
  const paint = (): void => {
    const job = notesJob(app.room, EVERY_CLIP);
    button.hidden = job === undefined && app.work.document.count("note") === 0;
    button.disabled = !app.work.mayEdit;
    button.title = job === undefined ? "Play the written notes, for everybody (P)" : "The written notes play; stop them (P)";
    showJob(button, job);
  };
  app.on("room", paint);
  app.work.on("document", paint);
  return button;
}

/** The same for the clip in the piano roll. */
export function clipSwitch(app: App): HTMLButtonElement {
  const symbol = h("span", {}, icon(Play, 13));
  const label = h("span", {}, "Play clip");
  const button = h("button", { type: "button", class: "notes-switch", "data-testid": "play-clip", onclick: () => toggleClip(app) }, symbol, label);
  let shown = false;
  const paint = (): void => {
    const clip = app.work.open;
    const job = clip && notesJob(app.room, clip.id);
    button.disabled = clip === undefined || !app.work.mayEdit;
    button.title = "Play this clip alone, for everybody (shift P)";
    showJob(button, job);
    if (shown !== (job !== undefined)) symbol.replaceChildren(icon((shown = job !== undefined) ? Square : Play, 13));
    setText(label, job === undefined ? "Play clip" : "Stop clip");
  };
  app.on("room", paint);
  app.work.on("selection", paint);
  app.work.on("document", paint);
  return button;
}

function toggle(app: App, place: Place, clip: string): void {
  if (!app.work.may(place)) return;
  const job = notesJob(app.room, clip);
  if (job === undefined) app.playNotes(place, clip);
  else app.cancel(job.job);
}

function isInside(app: App, clip: Entity): boolean {
  return app.tick >= propsOf(clip).start_tick && app.tick < endOf(clip);
}

function showJob(button: HTMLElement, job: Job | undefined): void {
  setPressed(button, job !== undefined);
  button.toggleAttribute("data-waiting", job?.state === "queued");
}
