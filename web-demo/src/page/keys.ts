import type { App } from "./app.js";
import type { Arrangement } from "./arrangement.js";
import { addClip, chooseClip, deleteChosen, duplicateChosen, flip, nudge, splitChosen } from "./clip-keys.js";
import { stepGrid } from "./grid.js";
import { addTrackNow } from "./add-track.js";
import { leadTo } from "./direction.js";
import { isComposed, ledJob, SECTIONS } from "./jobs.js";
import { toggleClip, toggleNotes } from "./notes-sound.js";
import { separateChosen } from "./separate-clip.js";
import { toggleLoop } from "./transport-bar.js";
import type { Surface } from "./work.js";

/** What each key does; the sheet shows the same list. */
export const SHORTCUTS: readonly (readonly [keys: string, what: string])[] = [
  ["Space", "Play or stop, for everybody"],
  ["←  →", "A bar back, a bar on"],
  ["Home", "Return to the start"],
  ["L", "Loop on or off"],
  ["↑  ↓", "Choose a track"],
  ["T", "Add a track"],
  ["M  S", "Mute, solo the chosen track"],
  ["N", "A clip at the playhead, or a note in the piano roll"],
  [",  .", "The clip or note before, after"],
  ["D", "Duplicate what is chosen"],
  ["S", "Split the chosen clip at the playhead"],
  ["Alt ←↑→↓", "Move clips, or the track"],
  ["Enter", "The clip's notes; F2 renames"],
  ["Delete", "Take away what is chosen"],
  ["Z  ⇧Z", "Undo, redo what you did"],
  ["B  E", "Snap coarser, finer"],
  ["K", "A marker at the playhead"],
  ["↑↓←→", "In the piano roll: move notes; ⇧ by octaves, or their length; + and − their velocity; A chooses all"],
  ["P  ⇧P", "Play or stop all written notes, the open clip alone"],
  ["1 … 5", "Intro, build, drop, break, outro of the running groove"],
  ["W", "Write the running groove's section as notes"],
  ["X", "Separate the chosen clip's sound, or the piece"],
  ["U", "Go to the sounds; add one there"],
  ["G", "Go to the prompt; Enter generates"],
  ["C", "Go to the chat"],
  ["V", "Go to the versions"],
  ["?", "This sheet"],
];

export interface Actions {
  readonly app: App;
  readonly arrangement: Arrangement;
  readonly showSheet: () => void;
  readonly openChat: () => void;
  readonly openNotes: () => void;
  readonly openSounds: () => void;
  readonly openVersions: () => void;
  /** say something to who cannot see the canvas */
  readonly announce: (text: string) => void;
}

type Act = () => void;

/** Listen for shortcuts; fields keep their own keys. The returned function stops. */
export function listenForKeys(actions: Actions): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (takesText(event.target) || onControl(event)) return;
    const act = event.ctrlKey || event.metaKey ? commandOf(event, actions) : event.altKey ? nudgeOf(event.key, actions) : actionOf(event, actions);
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  addEventListener("keydown", onKey);
  return () => removeEventListener("keydown", onKey);
}

function commandOf(event: KeyboardEvent, { app }: Actions): Act | undefined {
  const key = event.key.toLowerCase();
  if (key === "z") return () => (event.shiftKey ? app.work.redo() : app.work.undo());
  return key === "y" ? () => app.work.redo() : undefined;
}

function nudgeOf(key: string, { app }: Actions): Act | undefined {
  const ways: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const way = ways[key];
  return way && (() => nudge(app, ...way));
}

function actionOf(event: KeyboardEvent, actions: Actions): Act | undefined {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return editingKeys(event, actions)[key] ?? movingKeys(actions)[key];
}

function movingKeys({ app, arrangement, showSheet, openChat, openSounds, openVersions }: Actions): Readonly<Record<string, Act>> {
  return {
    " ": () => app.togglePlay(),
    ArrowLeft: () => arrangement.step(-1),
    ArrowRight: () => arrangement.step(1),
    ArrowUp: () => arrangement.selectNext(-1),
    ArrowDown: () => arrangement.selectNext(1),
    Home: () => app.setTransport({ tick: 0 }),
    l: () => toggleLoop(app),
    ...Object.fromEntries(SECTIONS.map((section, i) => [String(i + 1), () => void leadTo(app, section)])),
    g: () => focus("prompt"),
    c: openChat,
    v: openVersions,
    u: openSounds,
    x: () => separateChosen(app),
    "?": showSheet,
  };
}

function editingKeys(event: KeyboardEvent, { app, arrangement, openNotes, announce }: Actions): Readonly<Record<string, Act>> {
  const surface: Surface = event.target instanceof HTMLElement && event.target.closest(".piano-roll") !== null ? "notes" : "clips";
  const choose = (by: 1 | -1): void => announce(chooseClip(app, by) ?? "There is no clip on this track.");
  return {
    p: () => (event.shiftKey ? toggleClip(app) : toggleNotes(app)),
    w: () => writeRunning(app),
    z: () => (event.shiftKey ? app.work.redo() : app.work.undo()),
    b: () => app.work.setGrid(surface, stepGrid(app.work.grid(surface), -1)),
    e: () => app.work.setGrid(surface, stepGrid(app.work.grid(surface), 1)),
    t: () => addTrackNow(app),
    k: () => arrangement.nameMarker(null, Math.round(app.tick)),
    n: () => addClip(app),
    d: () => duplicateChosen(app),
    m: () => flip(app, "mute") || mixStem(app, "mute"),
    s: () => splitChosen(app) || flip(app, "solo") || mixStem(app, "solo"),
    ",": () => choose(-1),
    ".": () => choose(1),
    Enter: openNotes,
    F2: () => rename(app, openNotes),
    Delete: () => deleteChosen(app),
    Backspace: () => deleteChosen(app),
    Escape: () => app.work.chooseClips([]),
  };
}

/** A stem's mute and solo are this listener's own. */
function mixStem(app: App, what: "mute" | "solo"): void {
  const stream = app.selected;
  if (stream !== null) app.mix(stream, { [what]: !app.player.strip(stream)[what] });
}

/** The groove that runs, else the newest that is done. */
function writeRunning(app: App): void {
  const job = ledJob(app.room) ?? app.room.jobs.findLast((one) => isComposed(one) && one.state === "done");
  if (job !== undefined) app.work.writeNotes(job.job);
}

function rename(app: App, openNotes: () => void): void {
  if (app.work.clips.length > 0) {
    openNotes();
    document.querySelector<HTMLInputElement>(".clip-name")?.select();
    return;
  }
  const head = document.querySelector(`.track.own.selected`);
  head?.dispatchEvent(new CustomEvent("logdrum:rename"));
}

/** What has the focus keeps its own keys: a button Enter, a fader those that move it. */
function onControl({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (key === " ") return target.matches("input[type=checkbox]");
  return (key === "Enter" && target.matches("button, a, summary")) || (/^(Arrow|Home|End|Page)/.test(key) && target.matches("input[type=range], input[type=radio]"));
}

function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("input:not([type=range]):not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]") || target.closest("dialog") !== null;
}

function focus(id: string): void {
  dispatchEvent(new CustomEvent("logdrum:panel", { detail: "make" }));
  document.getElementById(id)?.focus();
}
