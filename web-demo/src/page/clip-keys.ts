/** What keys do to tracks, clips and markers. */
import { type Entity, type Op, propsOf } from "../client/index.js";
import type { App } from "./app.js";
import { duplicateClips, endOf, moveClips, moved, newClip, splitClip } from "./clip-edits.js";
import { snapDown } from "./grid.js";
import { moveTrack, remove } from "./track-edits.js";

/** Take away what is chosen: clips, else a marker, else the track. */
export function deleteChosen(app: App): void {
  const { work } = app;
  const track = work.document.get("track", app.selected ?? "");
  if (work.clips.length > 0) work.edit("arrangement", remove("clip", work.clips.map((clip) => clip.id)));
  else if (work.marker !== undefined) work.edit("arrangement", remove("marker", [work.marker.id]));
  else if (track !== undefined) work.edit("tracks", remove("track", [track.id]));
}

export function duplicateChosen(app: App): void {
  const { work } = app;
  if (work.clips.length === 0) return;
  const { ids, ops } = duplicateClips(work.document, work.clips);
  if (work.edit("arrangement", ops)) work.chooseClips(ids);
}

/** Cut the chosen clips at the playhead, those that it stands in; false where there is none to cut. */
export function splitChosen(app: App): boolean {
  const { work } = app;
  const at = Math.round(app.tick);
  const cut = work.clips.filter((clip) => at > propsOf(clip).start_tick && at < endOf(clip));
  const parts = cut.map((clip) => splitClip(work.document, clip, at, app.intended()?.bpm ?? 120));
  if (cut.length > 0 && work.edit("arrangement", parts.flatMap((part) => part.ops))) work.chooseClips(parts.flatMap((part) => part.ids));
  if (cut.length === 0 && work.clips.length > 0) app.emit("refused", { place: "arrangement", message: "Put the playhead inside a chosen clip to split it there." });
  return work.clips.length > 0;
}

/** Move the chosen clips by lines of the grid and by tracks; without clips, the track among the others. */
export function nudge(app: App, lines: number, rows: number): void {
  const { work } = app;
  const tracks = work.tracks.map((track) => track.id);
  if (work.clips.length > 0) {
    work.edit("arrangement", moveClips(work.document, moved(work.clips, lines * work.gridTicks("clips"), rows, tracks)));
    return;
  }
  const at = tracks.indexOf(app.selected ?? "");
  const to = Math.min(tracks.length - 1, Math.max(0, at + rows));
  if (at >= 0 && to !== at) work.edit("tracks", moveTrack(work.document, tracks[at]!, to));
}

/** A new clip of a bar at the playhead, on the chosen track. */
export function addClip(app: App): void {
  const { work } = app;
  const track = work.document.get("track", app.selected ?? "") ?? work.tracks[0];
  if (track === undefined) return;
  const bar = app.barTicks();
  const { id, ops } = newClip(track.id, snapDown(app.tick, bar), bar);
  if (!work.edit("arrangement", ops)) return;
  work.chooseClips([id]);
  work.openClip(id);
}

/** The clip before or after the chosen one on its track; returns what it is, to be read out. */
export function chooseClip(app: App, by: 1 | -1): string | null {
  const { work } = app;
  const track = work.clips[0] === undefined ? (app.selected ?? "") : propsOf(work.clips[0]).track;
  const clips = [...work.document.children(track)].sort((a, b) => propsOf(a).start_tick - propsOf(b).start_tick);
  const at = clips.findIndex((clip) => work.isChosen(clip.id));
  const next = clips[at < 0 ? (by > 0 ? 0 : clips.length - 1) : Math.min(clips.length - 1, Math.max(0, at + by))];
  if (next === undefined) return null;
  work.chooseClips([next.id]);
  work.openClip(next.id);
  return described(app, next);
}

function described(app: App, clip: Entity): string {
  const { name, start_tick, length_ticks, track } = propsOf(clip);
  const bar = app.barTicks();
  const notes = [...app.work.document.children(clip.id)].length;
  const on = app.work.document.get("track", track)?.props?.name ?? "";
  return `${name || "Unnamed clip"} on ${on}, bar ${Math.floor(start_tick / bar) + 1}, ${Math.round((length_ticks / bar) * 100) / 100} bars, ${notes} notes`;
}

/** Mute or solo a track, for everybody; false where the choice is no track of the room's. */
export function flip(app: App, what: "mute" | "solo"): boolean {
  const track = app.work.document.get("track", app.selected ?? "");
  if (track === undefined) return false;
  const op: Op = { op: "set", kind: "track", id: track.id, props: { [what]: !propsOf(track)[what] } };
  app.work.edit("tracks", [op]);
  return true;
}
