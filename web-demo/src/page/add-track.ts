import { Plus } from "lucide";

import type { App } from "./app.js";
import { iconButton } from "./dom.js";
import { newTrack } from "./track-edits.js";

/** The button that adds a track to the room. */
export function addTrack(app: App): HTMLButtonElement {
  const button = iconButton(Plus, "Add a track (T)", () => addTrackNow(app), { "data-testid": "add-track" });
  app.on("room", () => (button.disabled = !app.work.mayEdit));
  return button;
}

/** Add a track, and choose it. */
export function addTrackNow(app: App): void {
  const { id, ops } = newTrack(app.work.document);
  if (app.work.edit("tracks", ops)) app.select(id);
}
