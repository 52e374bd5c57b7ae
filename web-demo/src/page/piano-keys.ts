import { type Entity, type Op, propsOf, type Props } from "../client/index.js";
import type { App } from "./app.js";
import { duplicateNotes, movedNotes, newNote, noteEnd, resizedNotes, setNotes, withVelocity } from "./note-edits.js";
import type { Rows } from "./piano-rows.js";
import type { PreviewTone } from "./preview-tone.js";
import { remove } from "./track-edits.js";

export interface KeySight {
  /** every note of the open clip, by beginning */
  readonly notes: () => readonly Entity[];
  readonly noteLength: () => number;
  readonly rows: () => Rows;
  /** a pitch was reached that may be out of sight */
  readonly onPitch: (pitch: number) => void;
}

const OCTAVE = 12;
const MIDDLE_C = 60;
const VELOCITY_STEP = 8;
const NEEDS_NOTES = /^[+d-]$|Delete|Backspace/;

/** The piano roll by keys alone: what they do is in the sheet of shortcuts. */
export class PianoKeys {
  readonly #app: App;
  readonly #tone: PreviewTone;
  readonly #sight: KeySight;

  constructor(app: App, canvas: HTMLElement, tone: PreviewTone, sight: KeySight) {
    this.#app = app;
    this.#tone = tone;
    this.#sight = sight;
    const actions = { ...this.#moving(), ...this.#choosing() };
    canvas.addEventListener("keydown", (event) => this.#press(event, actions));
  }

  #press(event: KeyboardEvent, actions: Readonly<Record<string, () => void>>): void {
    const { work } = this.#app;
    const shift = event.shiftKey && event.key.startsWith("Arrow") ? "shift+" : "";
    const key = shift + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
    const act = actions[key];
    const command = event.ctrlKey || event.metaKey;
    if (act === undefined || event.altKey || (command && key !== "a") || (key.includes("Arrow") && work.notes.length === 0)) return;
    event.preventDefault();
    // Without notes to delete, the clip is not what was meant.
    event.stopPropagation();
    if (work.notes.length > 0 || !NEEDS_NOTES.test(key)) act();
  }

  #moving(): Readonly<Record<string, () => void>> {
    const { work } = this.#app;
    const step = (): number => work.gridTicks("notes");
    const move = (byTicks: number, byRows: number): void => this.#change(movedNotes(work.notes, byTicks, byRows, this.#sight.rows()));
    return {
      ArrowUp: () => move(0, 1),
      ArrowDown: () => move(0, -1),
      "shift+ArrowUp": () => move(0, OCTAVE),
      "shift+ArrowDown": () => move(0, -OCTAVE),
      ArrowLeft: () => move(-step(), 0),
      ArrowRight: () => move(step(), 0),
      "shift+ArrowLeft": () => this.#change(resizedNotes(work.notes, -step(), step())),
      "shift+ArrowRight": () => this.#change(resizedNotes(work.notes, step(), step())),
      "+": () => this.#change(louder(work.notes, VELOCITY_STEP)),
      "-": () => this.#change(louder(work.notes, -VELOCITY_STEP)),
    };
  }

  #choosing(): Readonly<Record<string, () => void>> {
    const { work } = this.#app;
    const take = (): void => void work.edit("notes", remove("note", work.notes.map((note) => note.id)));
    return {
      Delete: take,
      Backspace: take,
      a: () => work.chooseNotes(this.#sight.notes().map((note) => note.id)),
      d: () => this.#put(duplicateNotes(work.notes, work.gridTicks("notes"))),
      n: () => this.#add(),
      ".": () => this.#choose(1),
      ",": () => this.#choose(-1),
      Escape: () => work.chooseNotes([]),
    };
  }

  #change(changes: ReadonlyMap<string, Props>): void {
    const { work } = this.#app;
    if (work.edit("notes", setNotes(work.notes, changes)) && work.notes[0] !== undefined) this.#hear(work.notes[0]);
  }

  #put({ ids, ops }: { readonly ids: readonly string[]; readonly ops: readonly Op[] }): void {
    if (this.#app.work.edit("notes", ops)) this.#app.work.chooseNotes(ids);
  }

  /** A new note after the chosen ones, or at the beginning. */
  #add(): void {
    const { open, notes } = this.#app.work;
    const last = notes.at(-1);
    if (open === undefined) return;
    const tick = last === undefined ? 0 : noteEnd(last);
    const pitch = last === undefined ? (this.#sight.rows()?.[0] ?? MIDDLE_C) : propsOf(last).pitch;
    const { id, ops } = newNote(open.id, { tick, pitch, length_ticks: this.#sight.noteLength(), velocity: 100 });
    this.#put({ ids: [id], ops });
  }

  #choose(by: 1 | -1): void {
    const notes = this.#sight.notes();
    const at = notes.findIndex((note) => this.#app.work.isChosen(note.id));
    const next = notes[at < 0 ? (by > 0 ? 0 : notes.length - 1) : Math.min(notes.length - 1, Math.max(0, at + by))];
    if (next === undefined) return;
    this.#app.work.chooseNotes([next.id]);
    this.#hear(next);
  }

  #hear(note: Entity): void {
    this.#tone.play(propsOf(note).pitch, propsOf(note).velocity);
    this.#sight.onPitch(propsOf(note).pitch);
  }
}

function louder(notes: readonly Entity[], by: number): ReadonlyMap<string, Props> {
  return new Map(notes.flatMap((note) => [...withVelocity([note], propsOf(note).velocity + by)]));
}
